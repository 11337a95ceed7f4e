"""A live table: its items, and the indexes that follow them."""

from __future__ import annotations

from datetime import datetime

from persistence.attributes import Item
from persistence.operations import IndexDescription, TableDescription
from persistence.stores.memory.capacity import write_units
from persistence.stores.memory.contents import Content, content
from persistence.stores.memory.record import Record
from persistence.stores.memory.space import KeySpace
from persistence.stores.validation.keys import index_key_parts, key_parts
from persistence.table import Index, Table

TableKey = tuple[Content, ...]


class LiveIndex:
    """An index of a live table: the records that have its key, each narrowed to its projection."""

    def __init__(self, declaration: Index, table: Table) -> None:
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
        created_at: when it was made.
    """

    def __init__(self, declaration: Table, created_at: datetime) -> None:
        self.created_at = created_at
        self.time_to_live: str | None = None
        self.key = key_parts(declaration)
        self.records: dict[TableKey, Record] = {}
        self.space = KeySpace(self.key)
        self.indexes: dict[str, LiveIndex] = {}
        self.declare(declaration)

    def declare(self, declaration: Table) -> None:
        """Take over a declaration of the same table with more indexes, and fill those."""
        self.declaration = declaration
        self.index_key = index_key_parts(declaration)
        for index in declaration.indexes:
            if index.name not in self.indexes:
                live = self.indexes[index.name] = LiveIndex(index, declaration)
                for record in self.records.values():
                    live.replace(None, record)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.declaration.name

    def key_of(self, item: Item) -> TableKey:
        """Give the identity of an item or key."""
        return tuple([content(part, item) for part in self.key])

    def replace(self, key: TableKey, new: Record | None) -> float:
        """Put a record in place of what has its key, or delete that; the indexes follow.

        Returns:
            The write units of table and indexes.
        """
        old = self.records.get(key)
        if new is not None:
            self.records[key] = new
            self.space.put(self.space.place(new.item), new)
        elif old is not None:
            del self.records[key]
            self.space.remove(self.space.place(old.item))
        size = max(old.size if old else 0, new.size if new else 0)
        return write_units(size) + sum(index.replace(old, new) for index in self.indexes.values())

    def describe(self) -> TableDescription:
        """Describe the table as the service does."""
        return TableDescription(
            table=self.declaration,
            status="ACTIVE",
            indexes=tuple(IndexDescription(name, "ACTIVE") for name in self.indexes),
            item_count=len(self.records),
            size_bytes=sum(record.size for record in self.records.values()),
            created_at=self.created_at,
        )
