"""Several values at once are what picks read one by one, or the same error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import Key, MappingSchema, Table, fields
from persistence.attributes import Item
from persistence.mapping import EntityMapping
from persistence.mapping.picking import pick
from persistence.mapping.rows import rows_reader
from persistence.mapping.schema import mapping_of
from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, mappings, outcome


@dataclass
class Address:
    city: str
    zip: str | None = "none"


@dataclass
class Customer:
    id: str
    number: int
    address: Address
    second: Address | None = None
    names: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    note: str | None = None
    born: str = "unknown"
    shout: str = ""


class Shouted(fields.String):
    """Looks at what is beside it, which a row may not have."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return f"{value}{data['id'] if value == 'look' else ''}"


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = Table("shop", "PK", "SK")
        key = Key("CUSTOMER#{id}", "NUMBER#{number:04d}")

    number = fields.Integer(data_key="no")
    shout = Shouted()


CUSTOMERS = mapping_of(CustomerMapping)
NAMES: list[tuple[str | int, ...]] = [
    ("id",),
    ("number",),
    ("address",),
    ("address", "city"),
    ("address", "zip"),
    ("second", "city"),
    ("names",),
    ("names", 0),
    ("tags",),
    ("note",),
    ("born",),
    ("shout",),
]
ODD: list[Any] = [None, *WRONG]
WHOLE = CUSTOMERS.codec.encode(
    Customer("c", 7, Address("Rome", "1"), Address("Bonn"), ["a"], {"x"}, "n", "then", "loud")
)


def agree(mapping: EntityMapping[Any], names: Sequence[tuple[str | int, ...]], items: list[Item]) -> None:
    picks = tuple(pick(mapping, each) for each in names)

    def one_by_one(items: Sequence[Item]) -> list[Any]:
        return [tuple(each.read(item) for each in picks) for item in items]

    assert outcome(rows_reader(picks), items) == outcome(one_by_one, items)


@pytest.mark.parametrize("hint", list(HINTS), ids=str)
def test_of_any_type_are_read_or_refused_as_alone(hint: Any) -> None:
    mapping, _ = mappings(hint)

    @SETTINGS
    @given(st.lists(HINTS[hint] | st.sampled_from(ODD).map(lambda stored: (stored,)), max_size=3))
    def check(values: list[Any]) -> None:
        items = []
        for place, value in enumerate(values):
            key = {"id": {"S": str(place)}}
            match value:
                case (stored,) if any(stored is each for each in ODD):
                    items.append(key if stored is None else {**key, "f0": stored})
                case _:
                    items.append(mapping.codec.encode(mapping.entity_type(str(place), value)))
        agree(mapping, [("id",), ("f0",)], items)

    check()


@SETTINGS
@given(st.data(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
def test_of_parts_and_keys_are_read_or_refused_as_alone(
    data: st.DataObject, names: list[tuple[str | int, ...]]
) -> None:
    items: list[Item] = []
    for _ in range(data.draw(st.integers(1, 3))):
        changed = data.draw(st.dictionaries(st.sampled_from(list(WHOLE)), st.sampled_from(ODD), max_size=2))
        item = {**WHOLE, **changed, "shout": {"S": data.draw(st.sampled_from(["loud", "look"]))}}
        items.append({name: stored for name, stored in item.items() if stored is not None})
    inside = data.draw(st.sampled_from([None, {}, {"city": {"NULL": True}}, {"city": {"S": "Rome"}}]))
    if inside is not None:
        items.append({**WHOLE, "address": {"M": inside}})
    agree(CUSTOMERS, names, items)


def test_are_read_by_one_function_for_the_same_names() -> None:
    first, second = ((pick(CUSTOMERS, ("id",)), pick(CUSTOMERS, ("note",))) for _ in range(2))

    assert rows_reader(first) is rows_reader(second)
