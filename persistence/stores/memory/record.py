"""An item as a table holds it.

Records never change: a write replaces them. So readers need no copy of what they compare, and only what
leaves the store is copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from persistence.attributes import AttributeValue, Item, value_size
from persistence.stores.validation.values import Admitted


class Record(NamedTuple):
    """One stored item.

    Attributes:
        item: in canonical form, shared by nobody outside the store; never changed.
        size: its bytes as the service counts them.
        nested: the attributes whose values have mutable parts.
    """

    item: Item
    size: int
    nested: tuple[str, ...]

    @classmethod
    def of(cls, admitted: Admitted) -> Record:
        """Take an item that passed validation."""
        return cls(*admitted)

    def copy(self) -> Item:
        """Give the item as the caller's own."""
        if not self.nested:
            return {name: value.copy() for name, value in self.item.items()}
        return copied_item(self.item)

    def narrowed(self, names: Iterable[str]) -> Record:
        """Give the part of the item that an index holds."""
        item = {name: self.item[name] for name in names if name in self.item}
        size = sum(len(name.encode()) + value_size(value) for name, value in item.items())
        return Record(item, size, tuple(name for name in self.nested if name in item))


def copied(value: AttributeValue) -> AttributeValue:
    """Copy a value with all its parts."""
    for tag, content in value.items():
        if type(content) is list:
            return {tag: [copied(part) for part in content] if tag == "L" else content.copy()}
        if tag == "M":
            return {tag: copied_item(content)}
    return value.copy()


def copied_item(item: Item) -> Item:
    """Copy an item with all its parts."""
    return {name: copied(value) for name, value in item.items()}
