"""A live table: its items, and the indexes that follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from persistence.attributes import Item
from persistence.stores.memory.capacity import write_units
from persistence.stores.memory.contents import content
from persistence.stores.memory.journal import Journal, TableKey
from persistence.stores.memory.space import KeySpace
from persistence.stores.validation.keys import (
    check_index_keys,
    check_item_keys,
    check_key,
    index_key_parts,
    key_parts,
    plain_contents,
    plain_names,
)
from persistence.stores.validation.record import Record
from persistence.table import Index, Table

__all__ = ["LiveIndex", "LiveTable", "TableKey"]


class LiveIndex:
    """An index of a live table: the records that have its key, each narrowed to its projection.

    Attributes:
        filling: tells whether the service would still be filling it, so that it can't be read; None for an
            index that is there for good.
    """

    def __init__(self, declaration: Index, table: Table) -> None:
        self.filling: Callable[[], bool] | None = None
        self.declaration = declaration
        self.space = KeySpace(key_parts(table, declaration.name), key_parts(table))
        projection = declaration.projection
        self.names = None if projection.kind == "ALL" else (*self.space.names, *projection.attributes)

    def replace(self, old: Record | None, new: Record | None) -> float:
        """Follow a change of the table.

        Returns:
            The write units that it costs: nothing if the index holds the same as before.
        """
        was, now = self._entry(old), self._entry(new)
        if was is not None and now is not None:
            return self._moved(was, now)
        if was is not None:
            self.space.remove(self.space.place(was.item))
            return write_units(was.size)
        if now is not None:
            self.space.put(self.space.place(now.item), now)
            return write_units(now.size)
        return 0.0

    def _entry(self, record: Record | None) -> Record | None:
        if record is None or not self.space.holds(record.item):
            return None
        return record if self.names is None else record.narrowed(self.names)

    def _moved(self, was: Record, now: Record) -> float:
        origin, target = self.space.place(was.item), self.space.place(now.item)
        if origin == target:
            self.space.put(target, now)
            return write_units(max(was.size, now.size)) if was.item != now.item else 0.0
        self.space.remove(origin)
        self.space.put(target, now)
        return write_units(was.size) + write_units(now.size)


class LiveTable:
    """A table with its items; whoever uses it holds the store's lock.

    Args:
        declaration: keys, indexes and key types.
        records: the items that it has from the start.

    Attributes:
        journal: what it held before each change, while that is kept.
    """

    def __init__(self, declaration: Table, records: Iterable[Record] = ()) -> None:
        self.journal: Journal | None = None
        self.key = key_parts(declaration)
        self.name = declaration.name
        self.records: dict[TableKey, Record] = {}
        self._plain = plain_names(self.key)
        self._space = KeySpace(self.key)
        # Keys of what was written since somebody asked for the order of the records: most items are never
        # read but by their keys.
        self._unplaced: dict[TableKey, None] = {}
        self.indexes: dict[str, LiveIndex] = {}
        self.declare(declaration)
        for record in records:
            self.replace(self.key_of(record.item), record)

    def declare(self, declaration: Table) -> None:
        """Take over a declaration of the same table with other indexes: new ones are filled, others go.

        What does not fit into a new index is left out of it, as the service does.
        """
        self.declaration = declaration
        self.index_key = index_key_parts(declaration)
        present, self.indexes = self.indexes, {}
        for index in declaration.indexes:
            live = present.get(index.name)
            if live is None:
                live = LiveIndex(index, declaration)
                for record in self.records.values():
                    live.replace(None, record)
            self.indexes[index.name] = live

    @property
    def space(self) -> KeySpace:
        """All records, in order."""
        for key in self._unplaced:
            place = self._space.place_of(key)
            record = self.records.get(key)
            if record is not None:
                self._space.put(place, record)
            else:
                self._space.discard(place)
        self._unplaced.clear()
        return self._space

    def checked_key(self, key: Item) -> TableKey:
        """Check a key that stands alone, and give the identity of its item.

        Raises:
            Refused: it does not match the table.
        """
        plain = plain_contents(self._plain, key) if len(key) == len(self.key) else None
        if plain is not None:
            return plain
        check_key(self.key, key)
        return self.key_of(key)

    def checked_keys(self, item: Item) -> TableKey:
        """Check all keys within an item, and give its identity.

        Raises:
            Refused: they do not match the table and its indexes.
        """
        plain = plain_contents(self._plain, item)
        if plain is None:
            check_item_keys(self.key, item)
        if self.index_key:
            check_index_keys(self.index_key, item)
        return plain or self.key_of(item)

    def key_of(self, item: Item) -> TableKey:
        """Give the identity of an item or key."""
        return tuple([content(part, item) for part in self.key])

    def partition_of(self, key: TableKey) -> TableKey:
        """Give the identity of the partition that an item is in."""
        return key[: sum(part.partition for part in self.key)]

    def replace(self, key: TableKey, new: Record | None) -> float:
        """Put a record in place of what has its key, or delete that; the indexes follow.

        Returns:
            The write units of table and indexes.
        """
        old = self.records.get(key)
        if self.journal is not None and (old is not None or new is not None):
            self.journal.note(key, old)
        size = 0
        if old is not None:
            size = old.size
        if new is not None:
            size = max(size, new.size)
            self.records[key] = new
            self._unplaced[key] = None
        elif old is not None:
            del self.records[key]
            self._unplaced[key] = None
        units = write_units(size)
        for index in self.indexes.values():
            units += index.replace(old, new)
        return units
