"""The cases of conditions that break naive implementations: absent values, groups of one, and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest

from persistence import Key, MappingSchema, QueryError, Repository
from persistence.errors import InvalidRequest
from persistence.expressions import And, Or
from persistence.mapping import mapping_of
from persistence.operations import ScanPage
from persistence.query import (
    Specification,
    attribute_type,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    raw,
    size,
)
from persistence.query.lowering import lower
from persistence.query.recorder import record
from tests.semantics.world import World


@dataclass
class Row:
    id: str
    a: str | None = None
    note: str | None = "unset"
    version: int = 0
    total: Decimal = Decimal(0)
    tags: set[str] = field(default_factory=set)


class RowMapping(MappingSchema[Row]):
    class Meta:
        table = "rows"
        key = Key("id")


Lambda = Callable[[Row], bool]


@pytest.fixture
def rows(world: World) -> Repository[Row]:
    return world.repository(RowMapping)


def found(rows: Repository[Row], predicate: Lambda) -> set[str]:
    """Ask the store, and every row by itself, which must agree."""
    stored = rows.scan(predicate).all()
    spec = Specification[Row](predicate)
    assert stored == [row for row in stored if spec.is_satisfied_by(row)]
    return {row.id for row in stored}


class TestAbsentAndNull:
    """Case 36: None, a missing attribute and NULL are told apart."""

    @pytest.fixture
    def three(self, world: World, rows: Repository[Row]) -> Repository[Row]:
        """A row without the attributes, one with NULL in both, and one with text."""
        zero = {"version": {"N": "0"}, "total": {"N": "0"}}
        world.put(RowMapping, {"id": {"S": "missing"}, **zero})
        world.put(RowMapping, {"id": {"S": "null"}, "a": {"NULL": True}, "note": {"NULL": True}, **zero})
        world.put(RowMapping, {"id": {"S": "text"}, "a": {"S": "x"}, "note": {"S": "x"}, **zero})
        return rows

    @pytest.mark.parametrize(
        ("predicate", "ids"),
        [
            (lambda o: exists(o.a), {"null", "text"}),
            (lambda o: not_exists(o.a), {"missing"}),
            (lambda o: attribute_type(o.a, "NULL"), {"null"}),
            (lambda o: o.a == "x", {"text"}),
            (lambda o: o.a != "x", {"missing", "null"}),
            (lambda o: not_(o.a == "x"), {"missing", "null"}),
            (lambda o: o.a < "y", {"text"}),
            (lambda o: not_(o.a < "y"), {"missing", "null"}),
            (lambda o: o.note == None, {"null"}),  # noqa: E711  # that is the subject
            (lambda o: o.note != None, {"missing", "text"}),  # noqa: E711  # that is the subject
        ],
        ids=[
            *("there", "not-there", "null", "equal", "different", "not-equal", "less", "not-less"),
            *("equal-to-none", "different-from-none"),
        ],
    )
    def test_are_told_apart(self, three: Repository[Row], predicate: Lambda, ids: set[str]) -> None:
        """A field whose None is stored as NULL can be asked for it."""
        assert {row.id for row in three.scan(predicate)} == ids

    def test_nothing_equals_what_is_not_stored(self, rows: Repository[Row]) -> None:
        """Where None is left out, `== None` would find nothing for ever, so that it is refused."""
        with pytest.raises(QueryError, match=r"never stored.*write not_exists"):
            rows.scan(lambda o: o.a == None).all()  # noqa: E711  # that is the subject

    def test_what_a_plain_object_answers(self, rows: Repository[Row]) -> None:
        """As its item would: None of one field is absent, of the other NULL."""
        rows.add(Row("1", a=None, note=None))

        assert found(rows, lambda o: not_exists(o.a) & exists(o.note)) == {"1"}
        assert found(rows, lambda o: (o.a != "x") & (o.note != "x")) == {"1"}


class TestWhatIsMissing:
    """Case 37: `<>` and NOT of what is missing; for its updates see the cases of values."""

    @pytest.mark.parametrize(
        ("predicate", "answer"),
        [
            (lambda o: o.version != 1, True),
            (lambda o: not_(o.version == 1), True),
            (lambda o: o.version == 1, False),
            (lambda o: not_(o.version != 1), False),
            (lambda o: not_(between(o.version, 0, 2)), True),
            (lambda o: not_(is_in(o.version, [1])), True),
            (lambda o: not_(o.total == o.version), True),
        ],
    )
    def test_differs(self, world: World, rows: Repository[Row], predicate: Lambda, answer: bool) -> None:
        """A condition on a version must be `=`, never `<>`."""
        world.put(RowMapping, {"id": {"S": "1"}, "total": {"N": "0"}})

        assert (rows.scan(predicate).count() == 1) is answer


class TestGroupsOfOne:
    """Case 39: no redundant parentheses, which the service refuses, and no empty groups."""

    @pytest.mark.parametrize(
        "predicate",
        [
            lambda o: not_(not_(o.a == "x")),
            lambda o: not_(not_(not_((o.a != "x") | (o.a == "y")))),
            lambda o: not_(not_((o.a == "x") & not_(not_(o.version == 0)))),
            lambda o: (o.a == "x") & ((o.version == 0) & ((o.version == 0) | (o.a == "y"))),
            lambda o: between("x", o.a, o.note) | not_(o.a != "x"),
            lambda _: raw("((a = :x)) AND (((NOT (NOT (a = :x)))))", x="x"),
        ],
    )
    def test_are_written_without_parentheses(self, rows: Repository[Row], predicate: Any) -> None:
        """Whatever is built, each store takes it and answers alike."""
        rows.add(Row("1", a="x", note="y"))
        rows.add(Row("2", a="z", note="a"))

        assert found(rows, predicate) == {"1"}

    def test_nested_in_each_other(self, world: World, rows: Repository[Row]) -> None:
        """And(single(Or(single(x)))) is x."""
        rows.add(Row("1", a="x"))
        condition = lower(record(lambda o: o.a == "x"), mapping_of(RowMapping))
        nested = And((Or((And((Or((condition,)),)),)),))

        page = world.store.below.perform(ScanPage(mapping_of(RowMapping).table, filter=nested))

        assert page.count == 1

    @pytest.mark.parametrize("kind", [And, Or])
    def test_of_nothing_are_refused(self, world: World, rows: Repository[Row], kind: Any) -> None:
        """An empty expression is none."""
        with pytest.raises((QueryError, InvalidRequest)):
            world.store.below.perform(ScanPage(mapping_of(RowMapping).table, filter=kind(())))


class TestLimits:
    """Case 41: what is too large for the service is refused before it is sent."""

    @pytest.mark.parametrize(
        ("predicate", "what"),
        [
            (lambda o: _any(o.version == number for number in range(151)), "300 operators"),
            (lambda o: _any(is_in(o.version, range(base, base + 99)) for base in range(10)), "4096"),
            (lambda o: is_in(o.version, range(101)), "1 to 100 options"),
        ],
    )
    def test_of_an_expression(self, rows: Repository[Row], predicate: Lambda, what: str) -> None:
        """300 operators, 4,096 bytes, 100 options."""
        with pytest.raises((QueryError, InvalidRequest), match=what):
            rows.scan(predicate).all()

    def test_that_are_just_met(self, rows: Repository[Row]) -> None:
        """150 comparisons joined by 149 operators are 299."""
        rows.add(Row("1", version=149))

        assert found(rows, lambda o: _any(o.version == number for number in range(150))) == {"1"}

    def test_of_depth(self, rows: Repository[Row]) -> None:
        """A thousand conditions in a chain are one level; nothing overflows a stack."""

        def chained(o: Row) -> bool:
            condition = o.version == 0
            for _ in range(1000):
                condition = not_(condition & (o.a == "x"))
            return condition

        with pytest.raises(QueryError, match="nested more than 100 levels"):
            rows.scan(chained)
        with pytest.raises((QueryError, InvalidRequest), match="300 operators"):
            rows.scan(lambda o: _any(o.version == number for number in range(1000))).all()

    def test_of_deep_conditions_that_are_allowed(self, rows: Repository[Row]) -> None:
        """Ninety levels of `&` and `|` are asked as they are."""
        rows.add(Row("1", a="x", tags={"t"}))

        def deep(o: Row) -> bool:
            condition = contains(o.tags, "t") & (size(o.tags) == 1)
            for number in range(45):
                condition = (condition | (o.version == number)) & (o.a == "x")
            return condition

        assert found(rows, deep) == {"1"}


def _any(conditions: Iterable[bool]) -> bool:
    return reduce(lambda one, other: one | other, conditions)
