"""A live table: its items, and the indexes that follow them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from persistence.attributes import Item
from persistence.expressions import AttributeNotExists, Condition
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
    plain_key,
)
from persistence.stores.validation.record import Record
from persistence.table import GlobalIndex, Index, Table

__all__ = ["Lag", "LiveIndex", "LiveTable", "TableKey"]


class Lag(NamedTuple):
    """How far global indexes are behind their tables.

    Attributes:
        clock: gives the time in epoch seconds.
        seconds: how long a change takes to reach them.
    """

    clock: Callable[[], float]
    seconds: float


class LiveIndex:
    """An index of a live table: the records that have its key, each narrowed to its projection.

    Args:
        declaration: what it is.
        table: the table's declaration.
        lag: how far it is behind the table, if it is a global index; None for not at all.

    Attributes:
        filling: tells whether the service would still be filling it, so that it can't be read; None for an
            index that is there for good.
    """

    def __init__(self, declaration: Index, table: Table, lag: Lag | None = None) -> None:
        self.filling: Callable[[], bool] | None = None
        self.declaration = declaration
        key, tail = key_parts(table, declaration.name), key_parts(table)
        self._present = self._shown = KeySpace(key, tail)
        self._lag = lag if isinstance(declaration, GlobalIndex) else None
        if self._lag is not None:
            self._shown = KeySpace(key, tail)
        self._under_way: deque[tuple[float, Record | None, Record | None]] = deque()
        projection = declaration.projection
        self.names = None if projection.kind == "ALL" else (*self._present.names, *projection.attributes)

    @property
    def space(self) -> KeySpace:
        """What readers see of it."""
        if self._lag is not None:
            now = self._lag.clock()
            while self._under_way and self._under_way[0][0] <= now:
                _, was, entry = self._under_way.popleft()
                _follow(self._shown, was, entry)
        return self._shown

    def fill(self, records: Iterable[Record]) -> None:
        """Take in what the table holds when the index is made: it can be read when that is done."""
        for record in records:
            entry = self._entry(record)
            _follow(self._present, None, entry)
            if self._lag is not None:
                _follow(self._shown, None, entry)

    def replace(self, old: Record | None, new: Record | None) -> float:
        """Follow a change of the table.

        Returns:
            The write units that it costs: nothing if the index holds the same as before.
        """
        was, now = self._entry(old), self._entry(new)
        if self._lag is not None and (was is not None or now is not None):
            self._under_way.append((self._lag.clock() + self._lag.seconds, was, now))
        return _follow(self._present, was, now)

    def _entry(self, record: Record | None) -> Record | None:
        if record is None or not self._present.holds(record.item):
            return None
        return record if self.names is None else record.narrowed(self.names)


def _follow(space: KeySpace, was: Record | None, now: Record | None) -> float:
    """Bring the entries of an index in line with a change; give the write units that it costs."""
    if was is not None and now is not None:
        return _moved(space, was, now)
    if was is not None:
        space.remove(space.place(was.item))
        return write_units(was.size)
    if now is not None:
        space.put(space.place(now.item), now)
        return write_units(now.size)
    return 0.0


def _moved(space: KeySpace, was: Record, now: Record) -> float:
    origin, target = space.place(was.item), space.place(now.item)
    if origin == target:
        space.put(target, now)
        return write_units(max(was.size, now.size)) if was.item != now.item else 0.0
    space.remove(origin)
    space.put(target, now)
    return write_units(was.size) + write_units(now.size)


class LiveTable:
    """A table with its items; whoever uses it holds the store's lock.

    Args:
        declaration: keys, indexes and key types.
        records: the items that it has from the start.
        lag: how far its global indexes are behind it; None for not at all.

    Attributes:
        journal: what it held before each change, while that is kept.
    """

    def __init__(self, declaration: Table, records: Iterable[Record] = (), lag: Lag | None = None) -> None:
        self._lag = lag
        self.journal: Journal | None = None
        self.key = key_parts(declaration)
        self.name = declaration.name
        self.records: dict[TableKey, Record] = {}
        self._plain = plain_key(self.key)
        self._guarded = (declaration.partition,)
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
                live = LiveIndex(index, declaration, self._lag)
                live.fill(self.records.values())
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

    def is_free_by(self, condition: Condition) -> bool:
        """Tell whether a condition demands just that an item is absent, as that of most puts does."""
        return isinstance(condition, AttributeNotExists) and condition.path.segments == self._guarded

    def checked_key(self, key: Item) -> TableKey:
        """Check a key that stands alone, and give the identity of its item.

        Raises:
            Refused: it does not match the table.
        """
        plain = self._plain(key)
        if plain is not None and len(key) == len(self.key):
            return plain
        check_key(self.key, key)
        return self.key_of(key)

    def checked_keys(self, item: Item) -> TableKey:
        """Check all keys within an item that was admitted, and give its identity.

        Raises:
            Refused: they do not match the table and its indexes.
        """
        plain = self._plain(item)
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
        records = self.records
        old = records.get(key)
        if old is None and new is None:
            return write_units(0)
        if self.journal is not None:
            self.journal.note(key, old)
        self._unplaced[key] = None
        if new is None:
            del records[key]
        else:
            records[key] = new
        size = 0 if new is None else new.size
        units = write_units(size if old is None or old.size < size else old.size)
        for index in self.indexes.values():
            units += index.replace(old, new)
        return units
