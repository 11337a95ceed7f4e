"""The cases of values, keys and conditions that break naive implementations, one test or more each."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from persistence import Key, MappingSchema, Table, ValidationFailed
from persistence.attributes import Item
from persistence.errors import ConditionFailed
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    Not,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.mapping import mapping_of
from persistence.operations import CreateTable, GetItem, PutItem, UpdateItem
from tests.semantics.world import World


@dataclass
class Measure:
    id: Decimal
    value: Decimal | None = None
    approximate: float | None = None
    count: int | None = None
    samples: set[int] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    remark: str | None = None


class MeasureMapping(MappingSchema[Measure]):
    class Meta:
        table = "measures"
        key = Key("id")


PLAIN = Table("plain-items", "id")
HERE = {"id": {"S": "1"}}


def put(world: World, item: Item, condition: Condition | None = None) -> None:
    world.store.below.perform(PutItem(PLAIN, HERE | item, condition))


def updated(world: World, item: Item, *actions: UpdateAction) -> Item:
    """Store an item, update it, and give what is stored then, without its key."""
    store = world.store.below
    store.perform(CreateTable(PLAIN))
    put(world, item)
    store.perform(UpdateItem(PLAIN, HERE, actions))
    found = store.perform(GetItem(PLAIN, HERE, consistent=True)).item
    assert found is not None
    return {name: value for name, value in found.items() if name != "id"}


def holds(world: World, item: Item, condition: Condition) -> bool:
    """Tell whether a condition holds for a stored item."""
    world.store.below.perform(CreateTable(PLAIN))
    put(world, item)
    try:
        put(world, item, condition)
    except ConditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    "number",
    [
        Decimal("12345678901234567890123456789012345678"),
        Decimal("0.12345678901234567890123456789012345678"),
        Decimal("1E125"),
        Decimal("9.9E125"),
        Decimal("1E-130"),
        Decimal("1e100"),
        Decimal(10**38),
        Decimal("-1E-130"),
    ],
)
def test_case_32_numbers_are_exact(world: World, number: Decimal) -> None:
    """38 digits and every magnitude that the service knows come back as they went."""
    measures = world.repository(MeasureMapping)

    measures.add(Measure(Decimal(1), number))

    assert measures.get(1).value == number


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value", Decimal("NaN")),
        ("value", Decimal("sNaN")),
        ("value", Decimal("Infinity")),
        ("value", Decimal("-Infinity")),
        ("value", Decimal("1." + "1" * 38)),
        ("value", Decimal("1E126")),
        ("value", Decimal("1E-131")),
        ("approximate", float("nan")),
        ("approximate", float("-inf")),
        ("count", 2**130),
        ("count", True),
        ("samples", {True, 2}),
    ],
)
def test_case_33_other_numbers_are_refused_by_field(world: World, name: str, value: object) -> None:
    """A typed error that names the field, before anything is sent."""
    measures = world.repository(MeasureMapping)
    world.forget()
    measure = Measure(Decimal(1))
    setattr(measure, name, value)

    with pytest.raises(ValidationFailed) as refused:
        measures.add(measure)

    assert list(refused.value.messages) == [name]
    assert world.sent == []


def test_case_34_empty_sets_are_left_out(world: World) -> None:
    """DynamoDB has no empty set; an absent one loads as empty."""
    measures = world.repository(MeasureMapping)

    measures.add(Measure(Decimal(1)))

    assert world.stored(MeasureMapping, 1) == {"id": {"N": "1"}}
    assert (measures.get(1).samples, measures.get(1).labels) == (set(), set())


def test_case_34_the_order_of_a_set_does_not_alter_the_request() -> None:
    """Sets are written in one order, however they were filled."""
    codec = mapping_of(MeasureMapping).codec
    one, other = {"a", "b", "c"}, {"c"} | {"b"} | {"a"}

    written = [
        codec.encode(Measure(Decimal(1), samples={*n}, labels=s)) for n, s in (((9, 1), one), ((1, 9), other))
    ]

    assert written[0] == written[1]
    assert (written[0]["labels"], written[0]["samples"]) == ({"SS": ["a", "b", "c"]}, {"NS": ["1", "9"]})


@pytest.mark.parametrize("same", [1, Decimal("1.0"), Decimal("1E0")])
def test_case_35_number_keys_that_are_equal_are_one(world: World, same: object) -> None:
    """`1`, `1.0` and `1E0` are one item, one identity, one object."""
    measures = world.repository(MeasureMapping)
    measures.add(Measure(Decimal(1), remark="the one"))

    with world.uow:
        entity = measures.get(Decimal(1))
        again = measures.get(same)

    assert again is entity


@pytest.mark.parametrize(
    ("item", "condition", "expected"),
    [
        ({}, AttributeExists(Path.of("a")), False),
        ({"a": {"NULL": True}}, AttributeExists(Path.of("a")), True),
        ({"a": {"NULL": True}}, AttributeNotExists(Path.of("a")), False),
        ({}, Compare("=", Path.of("a"), Value({"NULL": True})), False),
        ({"a": {"NULL": True}}, Compare("=", Path.of("a"), Value({"NULL": True})), True),
        ({}, Compare("<>", Path.of("a"), Value({"NULL": True})), True),
        ({"a": {"S": "x"}}, Compare("<>", Path.of("a"), Value({"NULL": True})), True),
    ],
    ids=[
        *("missing-is-not-there", "null-is-there", "null-is-not-missing"),
        *("missing-is-not-null", "null-is-null", "missing-differs-from-null", "text-differs-from-null"),
    ],
)
def test_case_36_missing_and_null_are_told_apart(
    world: World, item: Item, condition: Condition, expected: bool
) -> None:
    """A missing attribute equals nothing, not even NULL."""
    assert holds(world, item, condition) is expected


def test_case_36_none_is_left_out(world: World) -> None:
    """None in Python is no attribute in the table."""
    measures = world.repository(MeasureMapping)

    measures.add(Measure(Decimal(1), remark=None))

    assert "remark" not in (world.stored(MeasureMapping, 1) or {})
    assert measures.get(1).remark is None


class TestCase37:
    """What is counter-intuitive is the service's rule all the same, on every store."""

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (Compare("<>", Path.of("version"), Value({"N": "3"})), True),
            (Not(Compare("=", Path.of("version"), Value({"N": "3"}))), True),
            (Compare("=", Path.of("version"), Value({"N": "3"})), False),
        ],
    )
    def test_a_missing_version_differs_from_every_version(
        self, world: World, condition: Condition, expected: bool
    ) -> None:
        """Only `=` is a safe version condition."""
        assert holds(world, {}, condition) is expected

    def test_list_elements_are_removed_by_their_old_numbers(self, world: World) -> None:
        """Several REMOVE of one list use the numbering from before the update."""
        letters = {"letters": {"L": [{"S": "a"}, {"S": "b"}, {"S": "c"}]}}

        after = updated(world, letters, Remove(Path.of("letters", 0)), Remove(Path.of("letters", 1)))

        assert after == {"letters": {"L": [{"S": "c"}]}}

    def test_set_reads_old_values(self, world: World) -> None:
        """`SET a = :x, b = a` stores what `a` was before."""
        new = Set(Path.of("a"), Value({"S": "new"}))

        after = updated(world, {"a": {"S": "old"}}, new, Set(Path.of("b"), Path.of("a")))

        assert after == {"a": {"S": "new"}, "b": {"S": "old"}}
