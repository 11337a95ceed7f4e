"""Recording lambdas: what can be recorded, and what is refused with a word on what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.query import (
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    size,
    value,
)
from persistence.query.recorder import record
from persistence.query.terms import AllOf, AnyOf, Comparison, Negated, PathOperand, Term

A1 = Comparison(("a",), "=", (1,))
B2 = Comparison(("b",), "=", (2,))
C3 = Comparison(("c",), "=", (3,))

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
            (lambda o: o.a & (o.b == 2), AllOf((Comparison(("a",), "=", (True,)), B2))),
            (lambda o: (o.a == 1) | o.b, AnyOf((A1, Comparison(("b",), "=", (True,))))),
        ],
    )
    def test_what_a_lambda_demands(self, predicate: Lambda, term: Term) -> None:
        """Operators, `&`, `|`, `.startswith()`, a bare boolean path, and the typed helpers."""
        assert record(predicate) == term


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
        ],
    )
    def test_what_can_t_be_recorded_and_says_what_to_write(self, predicate: Lambda, remedy: str) -> None:
        """Each raises an error that says what to write."""
        with pytest.raises(QueryError, match=remedy):
            record(predicate)

    @pytest.mark.parametrize("predicate", [None, "o.a == 1", A1])
    def test_what_is_no_lambda(self, predicate: Any) -> None:
        """A query takes a lambda."""
        with pytest.raises(QueryError, match="lambda"):
            record(predicate)
