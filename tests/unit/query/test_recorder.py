"""Recording lambdas: what can be recorded, and what is refused with a word on what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.query import (
    Specification,
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    raw,
    size,
    value,
)
from persistence.query.recorder import record
from persistence.query.terms import AllOf, AnyOf, Comparison, Negated, PathOperand, Term, inside

A1 = Comparison(("a",), "=", (1,))
B2 = Comparison(("b",), "=", (2,))
C3 = Comparison(("c",), "=", (3,))

SPEC = Specification[Any](lambda o: o.a == 1)

Lambda = Callable[[Any], Any]


class TestRecords:
    @pytest.mark.parametrize(
        ("predicate", "term"),
        [
            (lambda o: o.a == 1, A1),
            (lambda o: o.a != 1, Comparison(("a",), "<>", (1,))),
            (lambda o: o.a < 1, Comparison(("a",), "<", (1,))),
            (lambda o: o.a <= 1, Comparison(("a",), "<=", (1,))),
            (lambda o: o.a > 1, Comparison(("a",), ">", (1,))),
            (lambda o: o.a >= 1, Comparison(("a",), ">=", (1,))),
            (lambda o: 1 < o.a, Comparison(("a",), ">", (1,))),  # noqa: SIM300  # both orders are the subject
            (lambda o: o.a.startswith("x"), Comparison(("a",), "begins_with", ("x",))),
            (lambda o: begins_with(o.a, "x"), Comparison(("a",), "begins_with", ("x",))),
            (lambda o: between(o.a, 1, 2), Comparison(("a",), "between", (1, 2))),
            (lambda o: is_in(o.a, [1, 2]), Comparison(("a",), "in", (1, 2))),
            (lambda o: contains(o.a, 1), Comparison(("a",), "contains", (1,))),
            (lambda o: exists(o.a), Comparison(("a",), "exists")),
            (lambda o: not_exists(o.a), Comparison(("a",), "not_exists")),
            (lambda o: size(o.a) > 1, Comparison(("a",), ">", (1,), size=True)),
            (lambda o: value(o.a) > 1, Comparison(("a",), ">", (1,))),
            (lambda o: o.a.b == 1, Comparison(("a", "b"), "=", (1,))),
            (lambda o: o.a[0].b == 1, Comparison(("a", 0, "b"), "=", (1,))),
            (lambda o: o.a["k"] == 1, Comparison(("a", "k"), "=", (1,))),
            (lambda o: o.a == o.b, Comparison(("a",), "=", (PathOperand(("b",)),))),
            (lambda o: o.a == size(o.b), Comparison(("a",), "=", (PathOperand(("b",), size=True),))),
            (lambda o: o.a, Comparison(("a",), "=", (True,))),
            (lambda o: (o.a == 1) & (o.b == 2), AllOf((A1, B2))),
            (lambda o: (o.a == 1) | (o.b == 2), AnyOf((A1, B2))),
            (lambda o: (o.a == 1) & (o.b == 2) & (o.c == 3), AllOf((A1, B2, C3))),
            (lambda o: (o.a == 1) & ((o.b == 2) | (o.c == 3)), AllOf((A1, AnyOf((B2, C3))))),
            (lambda o: not_(o.a == 1), Negated(A1)),
            (lambda o: not_(o.a), Negated(Comparison(("a",), "=", (True,)))),
            (lambda o: not_(not_(o.a == 1)), A1),
            (lambda o: ~(o.a == 1), Negated(A1)),
            (lambda o: attribute_type(o.a, "S"), Comparison(("a",), "attribute_type", ("S",))),
            (lambda o: between(size(o.a), 1, 2), Comparison(("a",), "between", (1, 2), size=True)),
            (lambda o: is_in(size(o.a), (1, 2)), Comparison(("a",), "in", (1, 2), size=True)),
            (lambda o: between(o.a, o.b, 2), Comparison(("a",), "between", (PathOperand(("b",)), 2))),
            (
                lambda o: between(1, o.a, o.b),
                AllOf((Comparison(("a",), "<=", (1,)), Comparison(("b",), ">=", (1,)))),
            ),
            (lambda o: is_in(1, [o.a, o.b]), AnyOf((A1, Comparison(("b",), "=", (1,))))),
            (lambda o: is_in(o.a, [o.b]), Comparison(("a",), "in", (PathOperand(("b",)),))),
            (lambda o: contains(o.a, o.b), Comparison(("a",), "contains", (PathOperand(("b",)),))),
            (lambda o: begins_with(o.a, o.b), Comparison(("a",), "begins_with", (PathOperand(("b",)),))),
            (lambda o: o.a.startswith(o.b), Comparison(("a",), "begins_with", (PathOperand(("b",)),))),
            (lambda o: o.a == True, Comparison(("a",), "=", (True,))),  # noqa: E712  # that is the subject
            (
                lambda o: o.a & o.b,
                AllOf((Comparison(("a",), "=", (True,)), Comparison(("b",), "=", (True,)))),
            ),
            (lambda o: o.a & (o.b == 2), AllOf((Comparison(("a",), "=", (True,)), B2))),
            (lambda o: (o.a == 1) | o.b, AnyOf((A1, Comparison(("b",), "=", (True,))))),
        ],
    )
    def test_what_a_lambda_demands(self, predicate: Lambda, term: Term) -> None:
        """Operators, `&`, `|`, `.startswith()`, a bare boolean path, and the typed helpers."""
        assert record(predicate) == term

    def test_a_term_is_what_it_demands(self) -> None:
        """What a term builder gives needs no lambda."""
        term = raw("a = :x", x=1)

        assert record(term) is term

    def test_a_chain_is_flat(self) -> None:
        """A thousand conditions that are joined one after the other are one level of conditions."""

        def chained(o: Any) -> Any:
            term = o.a == 0
            for number in range(1, 1000):
                term = term | (o.a == number)
            return term

        term = record(chained)

        assert isinstance(term, AnyOf)
        assert (len(term.terms), term.depth) == (1000, 1)

    def test_what_is_asked_of_something_nested(self) -> None:
        """A specification of a nested entity is asked of where it is."""
        spec = Specification[Any](lambda a: not_((a.b == a.c) | (size(a.d) > 1)) & contains(a.e, 1))

        term = record(lambda o: spec(o.x[0]))

        at = ("x", 0)
        assert term == AllOf(
            (
                Negated(
                    AnyOf(
                        (
                            Comparison((*at, "b"), "=", (PathOperand((*at, "c")),)),
                            Comparison((*at, "d"), ">", (1,), size=True),
                        )
                    )
                ),
                Comparison((*at, "e"), "contains", (1,)),
            )
        )
        assert record(lambda o: spec(o)) == spec.term == inside(spec.term, ())


class TestRefuses:
    @pytest.mark.parametrize(
        ("predicate", "remedy"),
        [
            (lambda o: o.a == 1 and o.b == 2, "`&`"),
            (lambda o: o.a == 1 or o.b == 2, "`|`"),
            (lambda o: not o.a, r"not_\("),
            (lambda o: not (o.a == 1), r"not_\("),  # noqa: SIM201  # `not` is the subject
            (lambda o: ~o.a, r"not_\("),
            (lambda o: 1 < o.a < 2, "between"),
            (lambda o: 1 in o.a, "contains"),
            (lambda o: o.a in [1, 2], "is_in|truth value"),
            (lambda o: o.a is None, "not_exists"),
            (lambda o: len(o.a) > 1, "size"),
            (lambda o: [x for x in o.a], "contains"),  # noqa: C416  # iteration is the subject
            (lambda o: f"{o.a}" == "x", "outside the lambda"),
            (lambda o: str(o.a) == "x", "outside the lambda"),
            (lambda o: o.a.upper() == "X", "startswith"),
            (lambda o: o.a[-1] == 1, "never from the end"),
            (lambda o: o.a[1.5] == 1, "list index or a map key"),
            (lambda o: (o.a == 1) & True, "parentheses|condition"),
            (lambda o: o.a == 1 & o.b == 2, "parentheses|condition"),
            (lambda o: True, "condition"),
            (lambda o: None, "condition"),
            (lambda o: o, "condition"),
            (lambda o: between(1, 2, 3), "field of the entity"),
            (lambda o: size(5) > 1, "field of the entity"),  # type: ignore[arg-type]  # that is the subject
            (lambda o: 1 if o.a else 2, "truth value"),
            (lambda o: o.a + 1 > 5, "other side"),
            (lambda o: 1 - o.a > 5, "other side"),
            (lambda o: -o.a > 5, "other side"),
            (lambda o: round(o.a) > 5, "other side"),
            (lambda o: "x" + o.a == "xy", "outside the lambda"),
            (lambda o: "%s" % o.a == "x", "outside the lambda"),  # noqa: UP031  # that is the subject
            (lambda o: int(o.a) > 5, "own type"),
            (lambda o: "abc"[o.a] == "a", "own type"),
            (lambda o: o.a.lower() == "x", "store a second one"),
            (lambda o: o.a.strip() == "x", "store a second one"),
            (lambda o: o.a.endswith("x"), "contains"),
            (lambda o: o.a.is_in([1]), r"is_in\(o\.a, \.\.\.\)"),
            (lambda o: o.a.exists(), r"exists\(o\.a\)"),
            (lambda o: o.a.get("k") == 1, r'o\.a\["key"\]'),
            (lambda o: o.a.startswith(("x", "y")), r"one beginning"),
            (lambda o: o.a.startswith(), r"one beginning"),
            (lambda o: o(), "the entity"),
            (lambda o: o.a in {1, 2}, "is_in"),
            (lambda o: o.a in (), "`in` of nothing"),  # noqa: RUF060  # that is the subject
            (lambda o: {1: 2}[o.a] == 2, "is_in"),
            (lambda o: max(o.a, 3) == 3, "truth value"),
            (lambda o: o.a[1:2] == [1], "slice"),
            (lambda o: (o.a > 1) < 2, "between"),
            (lambda o: (o.a == 1) == True, "== True"),  # noqa: E712  # that is the subject
            (lambda o: ((o.a == 1) == True) & (o.b == 2), "compare no condition with True"),  # noqa: E712
            (lambda o: True | (o.b == 2), "compare no condition with True"),
            (lambda o: o.a == (o.b == 1), "parentheses"),
            (lambda o: (o.b == 1) == o.a, "parentheses"),
            (lambda o: o == 1, "the entity itself"),
            (lambda o: o.a == o, "not the entity"),
            (lambda o: size(o.a), "a number"),
            (lambda o: not_(size(o.a)), "a number"),  # type: ignore[arg-type]  # the subject
            (lambda o: size(o.a).b == 1, "no parts"),  # type: ignore[attr-defined]  # the subject
            (lambda o: size(o.a)[0] == 1, "no parts"),  # type: ignore[index]  # the subject
            (lambda o: size(size(o.a)) == 1, "takes a field"),  # type: ignore[arg-type]  # the subject
            (lambda o: size(o) == 1, "takes a field"),
            (lambda o: is_in(o.a, "abc"), "list of options"),
            (lambda o: is_in(o.a, 5), "list of options"),  # type: ignore[arg-type]  # that is the subject
            (lambda o: is_in(1, [o.a, 2]), "field of the entity"),
            (lambda o: is_in(1, o.a), "contains"),
            (lambda o: isinstance(o.a, str), "isinstance"),
            (lambda o: (o.a == 1, o.b == 2), "join conditions"),
            (lambda o: "x", "str instead of a condition"),
            (lambda o: SPEC, "call a specification"),
            (lambda o: SPEC & (o.a == 1), r"spec\(o\) &"),
            (lambda o: (o.a == 1) & SPEC, r"spec\(o\)"),
            (lambda o: SPEC.is_satisfied_by(o), r"spec\(o\)"),
            (lambda o: SPEC(size(o.a)), "a number"),
            (lambda o: sum(1, o.a), "computed with|needs its value"),  # type: ignore[call-overload]
            (lambda o: bytearray(o.a) == b"", "own type"),
        ],
    )
    def test_what_can_t_be_recorded_and_says_what_to_write(self, predicate: Lambda, remedy: str) -> None:
        """Each raises an error that says what to write."""
        with pytest.raises(QueryError, match=remedy):
            record(predicate)

    @pytest.mark.parametrize(
        "predicate", [lambda: True, lambda a, b: a.x == b.x, lambda *, o: o.a == 1, Comparison]
    )
    def test_what_does_not_take_one_argument(self, predicate: Any) -> None:
        """A lambda takes the entity and nothing else."""
        with pytest.raises(QueryError, match="one argument"):
            record(predicate)

    def test_nothing_that_the_lambda_raises_itself(self) -> None:
        """An error of the lambda's own is its author's."""
        with pytest.raises(ZeroDivisionError):
            record(lambda o: o.a == 1 / 0)

    def test_what_is_nested_too_deep(self) -> None:
        """Nothing that is built by a program ends in a RecursionError."""

        def deep(o: Any) -> Any:
            term = o.a == 0
            for _ in range(1000):
                term = not_((term & (o.b == 1)) | (o.c == 2))
            return term

        with pytest.raises(QueryError, match="nested more than 100 levels"):
            record(deep)

    @pytest.mark.parametrize("kind", [AllOf, AnyOf])
    def test_a_group_of_nothing(self, kind: Callable[[tuple[Term, ...]], Term]) -> None:
        """No conditions demand nothing, and an expression of nothing is an error of the service's."""
        with pytest.raises(QueryError, match="leave it out"):
            kind(())

    @pytest.mark.parametrize("predicate", [None, "o.a == 1", 7])
    def test_what_is_no_lambda(self, predicate: Any) -> None:
        """A query takes a lambda."""
        with pytest.raises(QueryError, match="lambda"):
            record(predicate)
