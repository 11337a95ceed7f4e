"""The words in which cases are written: attribute values, items, and ways to store and read one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.expressions import (
    Add,
    AttributeExists,
    AttributeNotExists,
    Comparator,
    Compare,
    Condition,
    Path,
    UpdateAction,
    Value,
)
from persistence.operations import GetItem, PutItem, UpdateItem
from persistence.store import Store
from persistence.table import Table

NULL: AttributeValue = {"NULL": True}
TRUE: AttributeValue = {"BOOL": True}
FALSE: AttributeValue = {"BOOL": False}

_SETS = frozenset({"SS", "NS", "BS"})

PRESENT: Condition = AttributeExists(Path.of("pk"))
"""An item with this key is there."""
FREE: Condition = AttributeNotExists(Path.of("pk"))
"""No item with this key is there."""


def text(value: str) -> AttributeValue:
    """Make a string."""
    return {"S": value}


def number(value: int | str) -> AttributeValue:
    """Make a number, from its text if it matters how it is written."""
    return {"N": str(value)}


def binary(value: bytes) -> AttributeValue:
    """Make a binary value."""
    return {"B": value}


def list_of(*elements: AttributeValue) -> AttributeValue:
    """Make a list."""
    return {"L": list(elements)}


def map_of(**entries: AttributeValue) -> AttributeValue:
    """Make a map."""
    return {"M": entries}


def strings(*members: str) -> AttributeValue:
    """Make a string set."""
    return {"SS": list(members)}


def numbers(*members: int | str) -> AttributeValue:
    """Make a number set."""
    return {"NS": [str(member) for member in members]}


def binaries(*members: bytes) -> AttributeValue:
    """Make a binary set."""
    return {"BS": list(members)}


def at(*segments: str | int) -> Path:
    """Make a path."""
    return Path.of(*segments)


def compare(left: Path | str, operator: Comparator, right: AttributeValue) -> Compare:
    """Compare a path, or an attribute named by a str, with a constant."""
    return Compare(operator, at(left) if isinstance(left, str) else left, Value(right))


def add(attribute: str, step: int = 1) -> tuple[UpdateAction, ...]:
    """Add to a number."""
    return (Add(at(attribute), Value(number(step))),)


def key(partition: str, sort: int | None = None) -> Item:
    """Make the key of an item of one of the contract's tables."""
    return {"pk": text(partition)} if sort is None else {"pk": text(partition), "sk": number(sort)}


def put(store: Store, table: Table, stored: Item, **attributes: AttributeValue) -> Item:
    """Store an item.

    Returns:
        What was stored.
    """
    item = {**stored, **attributes}
    store.perform(PutItem(table, item))
    return item


def put_rows(store: Store, table: Table, partition: str, sorts: Iterable[int]) -> None:
    """Store one item per sort key."""
    for sort in sorts:
        put(store, table, key(partition, sort))


def read(store: Store, table: Table, wanted: Item) -> Item | None:
    """Read an item consistently; members of sets in their natural order."""
    found = store.perform(GetItem(table, wanted, consistent=True)).item
    return None if found is None else settled(found)


def settled(item: Mapping[str, AttributeValue]) -> Item:
    """Copy an item with the members of its sets in their natural order, since sets have none."""
    return {name: _settled(value) for name, value in item.items()}


def _settled(value: AttributeValue) -> AttributeValue:
    ((tag, content),) = value.items()
    if tag in _SETS:
        return {tag: sorted(content)}
    if tag == "L":
        return {tag: [_settled(part) for part in content]}
    return {tag: settled(content)} if tag == "M" else value


def in_key_order(items: Iterable[Item]) -> list[Item]:
    """Sort items by the text of their keys."""
    return sorted(items, key=lambda item: (str(item["pk"]), str(item.get("sk"))))


def updated(store: Store, table: Table, before: Item, *actions: UpdateAction) -> Item | None:
    """Store an item with some attributes, update it, and give its attributes without the key."""
    stored = put(store, table, key("updated"), **before)
    store.perform(UpdateItem(table, {"pk": stored["pk"]}, actions))
    after = read(store, table, key("updated"))
    return None if after is None else {name: value for name, value in after.items() if name != "pk"}


def rows(names: str, table: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Run a case once per row of a table.

    Args:
        names: the case's arguments, separated by commas.
        table: what each row is called -> its values.
    """
    several = "," in names
    return pytest.mark.parametrize(
        [name.strip() for name in names.split(",")],
        [pytest.param(*(row if several else (row,)), id=name) for name, row in table.items()],
    )
