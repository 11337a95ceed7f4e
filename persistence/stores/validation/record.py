"""An item as a table holds it.

Records never change: a write replaces them. So readers need no copy of what they compare, and only what
leaves the store is copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from persistence.attributes import AttributeValue, Item, value_size


class Record(NamedTuple):
    """One stored item.

    Attributes:
        item: shared by nobody outside the store and never changed; numbers in canonical form.
        size: its bytes as the service counts them.
        nested: names of the attributes that hold documents or sets, in other words mutable parts.
    """

    item: Item
    size: int
    nested: tuple[str, ...]

    def copy(self) -> Item:
        """Give the item as the caller's own."""
        item = {name: value.copy() for name, value in self.item.items()}
        for name in self.nested:
            item[name] = copied(item[name])
        return item

    def narrowed(self, names: Iterable[str]) -> Record:
        """Give the part of the item that an index holds."""
        item = {name: self.item[name] for name in names if name in self.item}
        size = sum(len(name.encode()) + value_size(value) for name, value in item.items())
        return Record(item, size, tuple(name for name in self.nested if name in item))


def copied(value: AttributeValue) -> AttributeValue:
    """Copy a value with all its parts."""
    if "M" in value:
        return {"M": copied_item(value["M"])}
    if "L" in value:
        return {"L": [{"M": copied_item(part["M"])} if "M" in part else copied(part) for part in value["L"]]}
    for tag, content in value.items():
        return {tag: content.copy() if type(content) is list else content}
    return {}


def copied_item(item: Item) -> Item:
    """Copy an item with all its parts."""
    return {
        name: value.copy() if "S" in value or "N" in value else copied(value) for name, value in item.items()
    }
