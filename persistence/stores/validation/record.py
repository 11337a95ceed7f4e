"""An item as a table holds it.

Records never change: a write replaces them. So readers need no copy of what they compare, and only what
leaves the store is copied.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable

from persistence.attributes import AttributeValue, Item, value_size


class Record:
    """One stored item.

    Most items are put, and read by their keys; nobody looks inside. As long as that is so, an item may be
    kept packed: that takes a tenth of the memory, in one piece, and each reader unpacks a copy of its own.

    Args:
        item: shared by nobody outside the store and never changed; numbers in canonical form.
        size: its bytes as the service counts them.
        nested: names of the attributes that hold documents or sets, in other words mutable parts; None where
            nobody knows them.

    Attributes:
        size, nested: see there.
    """

    __slots__ = ("_item", "_packed", "nested", "size")

    def __init__(self, item: Item, size: int, nested: tuple[str, ...] | None) -> None:
        self.size = size
        self._item: Item | None = item
        self.nested = nested
        self._packed = b""

    @classmethod
    def packed(cls, packed: bytes, size: int) -> Record:
        """Keep an item that the standard library's marshal has packed in this process.

        Args:
            packed: the item, without references, so that no two parts of a copy are one.
            size: see there.
        """
        record = cls.__new__(cls)
        record.size = size
        record._item = record.nested = None
        record._packed = packed
        return record

    @property
    def item(self) -> Item:
        """The item, to be looked at only."""
        packed, item = self._packed, self._item  # in this order, since another thread may look too
        if item is None:
            item = self._item = unpacked(packed)
            self._packed = b""
        return item

    @property
    def glance(self) -> Item:
        """The item, to be looked at only, for who looks at many: what is packed stays packed."""
        packed = self._packed
        return unpacked(packed) if packed else self.item

    def copy(self) -> Item:
        """Give the item as the caller's own."""
        packed = self._packed
        if packed:
            return unpacked(packed)
        if self.nested is None:
            return copied_item(self.item)
        item = {name: value.copy() for name, value in self.item.items()}
        for name in self.nested:
            item[name] = copied(item[name])
        return item

    def narrowed(self, names: Iterable[str]) -> Record:
        """Give the part of the item that an index holds."""
        whole = self.item
        item = {name: whole[name] for name in names if name in whole}
        size = sum(len(name.encode()) + value_size(value) for name, value in item.items())
        return Record(item, size, None)


def unpacked(item: bytes) -> Item:
    """Unpack an item that was packed in this process."""
    found: Item = marshal.loads(item)
    return found


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
