"""What can't be compared: each misuse says what is stored, what came, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.expressions import (
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Path,
    Size,
    Value,
)
from persistence.mapping import mapping_of
from persistence.query import (
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    raw,
    size,
)
from persistence.query.lowering import lower
from persistence.query.recorder import record
from tests.unit.query.conditions import Status, TerseThingMapping, Thing, ThingMapping

THINGS = mapping_of(ThingMapping)
TERSE = mapping_of(TerseThingMapping)
NOW = datetime(2026, 1, 2, tzinfo=UTC)

Lambda = Callable[[Any], Any]


def lowered(predicate: Lambda) -> Condition:
    return lower(record(predicate), THINGS)


class TestAreCompared:
    @pytest.mark.parametrize(
        ("predicate", "condition"),
        [
            (lambda o: o.tags == {"b", "a"}, Compare("=", Path.of("tags"), Value({"SS": ["a", "b"]}))),
            (lambda o: o.marks != {1}, Compare("<>", Path.of("marks"), Value({"NS": ["1"]}))),
            (lambda o: o.words[0] == None, Compare("=", Path.of("words", 0), Value({"NULL": True}))),  # noqa: E711
            (lambda o: o.named == None, Compare("=", Path.of("named"), Value({"NULL": True}))),  # noqa: E711
            (lambda o: o.extra["k"] == None, Compare("=", Path.of("extra", "k"), Value({"NULL": True}))),  # noqa: E711
            (lambda o: contains(o.words, None), Contains(Path.of("words"), Value({"NULL": True}))),
            (lambda o: contains(o.pair, 1), Contains(Path.of("pair"), Value({"N": "1"}))),
            (lambda o: contains(o.tags, o.text), Contains(Path.of("tags"), Path.of("text"))),
            (lambda o: contains(o.text, o.other), Contains(Path.of("text"), Path.of("other"))),
            (lambda o: contains(o.extra["k"], o.count), Contains(Path.of("extra", "k"), Path.of("count"))),
            (lambda o: begins_with(o.text, o.other), BeginsWith(Path.of("text"), Path.of("other"))),
            (lambda o: begins_with(o.at, "2026-"), BeginsWith(Path.of("at"), Value({"S": "2026-"}))),
            (lambda o: begins_with(o.data, b"x"), BeginsWith(Path.of("data"), Value({"B": b"x"}))),
            (lambda o: o.count < o.price, Compare("<", Path.of("count"), Path.of("price"))),
            (lambda o: o.text == o.at, Compare("=", Path.of("text"), Path.of("at"))),
            (lambda o: o.extra["k"] > o.at, Compare(">", Path.of("extra", "k"), Path.of("at"))),
            (lambda o: o.count == size(o.tags), Compare("=", Path.of("count"), Size(Path.of("tags")))),
            (
                lambda o: size(o.tags) > size(o.marks),
                Compare(">", Size(Path.of("tags")), Size(Path.of("marks"))),
            ),
            (
                lambda o: between(o.count, o.least, 5),
                Between(Path.of("count"), Path.of("least"), Value({"N": "5"})),
            ),
            (
                lambda o: between(size(o.text), 1, o.count),
                Between(Size(Path.of("text")), Value({"N": "1"}), Path.of("count")),
            ),
            (
                lambda o: is_in(size(o.text), [1, o.count]),
                In(Size(Path.of("text")), (Value({"N": "1"}), Path.of("count"))),
            ),
            (lambda o: is_in(o.text, [o.other]), In(Path.of("text"), (Path.of("other"),))),
            (lambda o: attribute_type(o.count, "S"), AttributeType(Path.of("count"), "S")),
        ],
    )
    def test_what_may_agree(self, predicate: Lambda, condition: Condition) -> None:
        """Sets with sets, paths with paths, sizes with numbers, None where None is stored."""
        assert lowered(predicate) == condition


class TestRefuses:
    @pytest.mark.parametrize(
        ("predicate", "remedy"),
        [
            (lambda o: o.tags < {"a"}, r"set of text \(SS\); write contains"),
            (lambda o: between(o.marks, {1}, {2}), r"set of numbers \(NS\); write contains"),
            (lambda o: o.words > ["a"], r"list \(L\); compare an element"),
            (lambda o: o.pair > ("a", 1), r"list \(L\); compare an element"),
            (lambda o: o.sums > {"a": 1}, r"map \(M\); compare a part"),
            (lambda o: o.address >= o.places[0], r"map \(M\); compare a part"),
            (lambda o: o.flag > False, r"boolean \(BOOL\); write =="),
            (lambda o: o.named > None, r"None, which is nothing \(NULL\); write exists"),
            (lambda o: o.extra["k"] > True, r"this bool, which is a boolean \(BOOL\); write =="),
            (lambda o: between(o.extra["k"], [1], [2]), r"this list, which is a list \(L\)"),
        ],
    )
    def test_the_order_of_what_has_none(self, predicate: Lambda, remedy: str) -> None:
        """The service orders text, numbers and bytes, and nothing else."""
        with pytest.raises(QueryError, match=remedy):
            lowered(predicate)

    @pytest.mark.parametrize(
        ("predicate", "what"),
        [
            (lambda o: o.text == o.count, r"text \(S\), and Thing\.count, which is a number \(N\), .* equal"),
            (lambda o: o.text < o.count, r"text \(S\), and Thing\.count, which is a number \(N\), .* order"),
            (lambda o: is_in(o.text, [o.other, o.count]), r"Thing\.count, which is a number"),
            (lambda o: between(o.count, 1, o.text), r"Thing\.text, which is text"),
            (
                lambda o: size(o.text) == o.other,
                r"size\(Thing\.text\), which is a number \(N\), and Thing\.other",
            ),
            (lambda o: begins_with(o.text, o.data), r"never the beginning"),
            (lambda o: contains(o.tags, o.count), r"Thing\.tags holds text \(S\) and never Thing\.count"),
            (lambda o: contains(o.text, o.tags), r"Thing\.text holds text \(S\) and never Thing\.tags"),
        ],
    )
    def test_types_that_never_agree(self, predicate: Lambda, what: str) -> None:
        """The service would answer that they differ, for ever."""
        with pytest.raises(QueryError, match=what):
            lowered(predicate)

    @pytest.mark.parametrize(
        "predicate",
        [
            lambda o: o.text == o.text,
            lambda o: o.text >= o.text,
            lambda o: between(o.count, 1, o.count),
            lambda o: is_in(o.text, ["a", o.text]),
            lambda o: begins_with(o.text, o.text),
            lambda o: contains(o.text, o.text),
            lambda o: size(o.text) == size(o.text),
        ],
    )
    def test_what_is_compared_with_itself(self, predicate: Lambda) -> None:
        """The service demands that operands differ."""
        with pytest.raises(QueryError, match="compared with itself"):
            lowered(predicate)

    @pytest.mark.parametrize(
        ("predicate", "remedy"),
        [
            (lambda o: o.text == None, "None, which is never stored.*not_exists"),  # noqa: E711
            (lambda o: o.text != None, "None, which is never stored.*exists"),  # noqa: E711
            (lambda o: o.count > None, "None, which is never stored.*exists"),
            (lambda o: is_in(o.text, ["a", None]), "None, which is never stored"),
            (lambda o: contains(o.tags, None), "None, which is never stored"),
            (lambda o: o.tags == set(), "an empty set, which is never stored.*not_exists"),
            (lambda o: o.extra["k"] == frozenset(), "an empty set, which is never stored"),
            (lambda o: size(o.text) == None, "whole number"),  # noqa: E711
        ],
    )
    def test_what_is_never_stored(self, predicate: Lambda, remedy: str) -> None:
        """Nothing equals what is absent; whether it is there is another question."""
        with pytest.raises(QueryError, match=remedy):
            lowered(predicate)

    @pytest.mark.parametrize(
        "predicate", [lambda o: o.text == "", lambda o: o.count != 0, lambda o: is_in(o.count, [0, 1])]
    )
    def test_empties_that_are_left_out(self, predicate: Lambda) -> None:
        """With `omit_empty` an empty value is absent, which `!=` would even find."""
        with pytest.raises(QueryError, match=r"an empty (str|int), which is never stored"):
            lower(record(predicate), TERSE)

    def test_no_bound_that_happens_to_be_empty(self) -> None:
        """What is greater than an empty value is stored."""
        condition = lower(record(lambda o: o.count > 0), TERSE)

        assert condition == Compare(">", Path.of("c"), Value({"N": "0"}))

    @pytest.mark.parametrize(
        ("predicate", "what"),
        [
            (lambda o: begins_with(o.count, "1"), r"an integer \(N\) and can't contain or begin"),
            (lambda o: begins_with(o.count, o.text), r"begins_with takes text or bytes, not Thing\.count"),
            (lambda o: begins_with(o.text, 1), "begin with int"),  # type: ignore[arg-type]  # the subject
            (lambda o: begins_with(o.text, b"x"), "begin with bytes"),
            (lambda o: begins_with(o.data, "x"), "begin with str"),
            (lambda o: contains(o.count, 1), "only sets, lists, text and bytes"),
            (lambda o: contains(o.count, o.least), "only sets, lists, text and bytes"),
            (lambda o: contains(o.sums, "k"), "only sets, lists, text and bytes"),
            (lambda o: contains(o.address, "k"), "only sets, lists, text and bytes"),
            (lambda o: contains(o.tags, 1), r"can't be compared with this int; it is stored as a string"),
            (lambda o: contains(o.pair, b"x"), r"can't be compared with this bytes"),
            (
                lambda o: size(o.count) > 1,
                r"size takes text, bytes, a set, a list or a map, not Thing\.count",
            ),
            (lambda o: size(o.flag) > 1, r"a boolean \(BOOL\)"),
            (lambda o: o.count == size(o.price), r"a number \(N\)"),
            (lambda o: size(o.text) > Decimal(1), "whole number"),
            (lambda o: exists(size(o.text)), "field itself"),
            (lambda o: attribute_type(o.count, "NUMBER"), "takes one of S, SS, N"),  # type: ignore[arg-type]
            (lambda o: between(o.count, 5, 1), "lower bound first"),
            (lambda o: between(o.at, NOW, NOW.replace(year=2025)), "lower bound first"),
            (lambda o: between(o.extra["k"], 1, "x"), "never in order"),
            (lambda o: is_in(o.count, []), "1 to 100 options"),
            (lambda o: is_in(o.count, range(101)), "1 to 100 options"),
            (lambda o: o.txet == "x", "did you mean 'text'"),
            (lambda o: o.address.ctiy == "x", "Address has no attribute 'ctiy'.*did you mean 'city'"),
            (lambda o: o.text.city == "x", "no such part"),
            (lambda o: o.pair[2] == "x", "no such part"),
            (lambda o: o.status == "open", r"this str; it is stored as a member of Status \(S\)"),
            (lambda o: o.price == 1.5, r"Thing\.price can't be compared with this float; .* a number \(N\)"),
            (lambda o: o.count == True, "this bool; it is stored as an integer"),  # noqa: E712
        ],
    )
    def test_what_an_operator_does_not_take(self, predicate: Lambda, what: str) -> None:
        """Each says the field, what is stored there, and what came."""
        with pytest.raises(QueryError, match=what):
            lowered(predicate)

    def test_no_type_that_hooks_decide(self) -> None:
        """What an attribute that the mapping does not know holds is anybody's guess."""
        condition = lower(raw("PK > tally AND contains(PK, :x) AND size(PK) > :n", x=1, n=2), TERSE)

        assert [type(each) for each in condition.conditions] == [Compare, Contains, Compare]  # type: ignore[union-attr]

    def test_showing_values(self) -> None:
        """Messages never contain values."""
        for predicate in (
            lambda o: o.count == "secret",
            lambda o: between(o.text, "secret", "no secret"),
            lambda o: o.extra["k"] > ["secret"],
        ):
            with pytest.raises(QueryError) as refused:
                lowered(predicate)

            assert "secret" not in str(refused.value)


def test_things_are_things() -> None:
    """The mapping of the tests infers all but what it declares."""
    assert THINGS.codec.encode(Thing())["status"] == {"S": Status.OPEN.value}
