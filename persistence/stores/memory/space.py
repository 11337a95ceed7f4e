"""Records by partition, each in the order of its sort key: how a table and its indexes are laid out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from persistence.attributes import Item
from persistence.stores.memory.contents import Partition, Position, content, stable_hash
from persistence.stores.memory.ranges import EVERYTHING, Range
from persistence.stores.validation.keys import KeyPart, fits
from persistence.stores.validation.record import Record


class Place(NamedTuple):
    """Where a record lies: its partition and its position in it."""

    partition: Partition
    position: Position


class Shelf:
    """The records of one partition, in order."""

    __slots__ = ("positions", "records")

    def __init__(self) -> None:
        self.positions: list[Position] = []
        self.records: dict[Position, Record] = {}

    def put(self, position: Position, record: Record) -> None:
        """Insert or replace the record at a position."""
        if position not in self.records:
            insort(self.positions, position)
        self.records[position] = record

    def remove(self, position: Position) -> None:
        """Delete the record at a position."""
        del self.records[position]
        del self.positions[bisect_left(self.positions, position)]


class KeySpace:
    """All records of a table or index.

    Args:
        key: the parts of its key.
        tail: for an index, the parts of the table's key.
    """

    def __init__(self, key: tuple[KeyPart, ...], tail: tuple[KeyPart, ...] = ()) -> None:
        self.key = key
        self.tail = tail
        self._located = key + tail
        self._several = sum(part.partition for part in key)
        self._partitions: dict[Partition, Shelf] = {}
        self._order: list[tuple[int, Partition]] | None = []

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that tell where a record lies, as the last key of a page holds them."""
        return tuple(dict.fromkeys(part.name for part in self._located))

    @property
    def sorts(self) -> tuple[KeyPart, ...]:
        """The attributes of the sort key, if there is one."""
        return self.key[self._several :]

    @property
    def records(self) -> Iterator[Record]:
        """All records, in no particular order."""
        return (record for shelf in self._partitions.values() for record in shelf.records.values())

    def partition_of(self, item: Item) -> Partition:
        """Tell the partition of an item, or of the values of a partition key."""
        if self._several == 1:
            return content(self.key[0], item)
        return tuple([content(part, item) for part in self.key[: self._several]])

    def holds(self, item: Item) -> bool:
        """Tell whether an item has what it takes to be in here; one that lacks a key attribute has not."""
        return all(fits(part, item) for part in self.key)

    def place(self, item: Item) -> Place:
        """Tell where an item or a page's last key lies."""
        rest = self._located[self._several :]
        return Place(self.partition_of(item), tuple([content(part, item) for part in rest]))

    def place_of(self, key: Position) -> Place:
        """Tell where an item of a table lies that has a key."""
        partition = key[0] if self._several == 1 else key[: self._several]
        return Place(partition, key[self._several :])

    def put(self, place: Place, record: Record) -> None:
        """Insert or replace the record of a place."""
        partition = self._partitions.get(place.partition)
        if partition is None:
            partition = self._partitions[place.partition] = Shelf()
            self._order = None
        partition.put(place.position, record)

    def remove(self, place: Place) -> None:
        """Delete the record of a place."""
        partition = self._partitions[place.partition]
        partition.remove(place.position)
        if not partition.positions:
            del self._partitions[place.partition]
            self._order = None

    def discard(self, place: Place) -> None:
        """Delete the record of a place, if there is one."""
        partition = self._partitions.get(place.partition)
        if partition is not None and place.position in partition.records:
            self.remove(place)

    def range(
        self,
        value: Partition,
        wanted: Range,
        start: Position | None,
        *,
        descending: bool,
    ) -> Iterator[Record]:
        """Give the records of one partition whose sort key is as wanted, in order.

        Args:
            value: the partition key.
            wanted: what is demanded of the sort key.
            start: the position behind which to begin.
            descending: greatest sort key first.
        """
        partition = self._partitions.get(value)
        if partition is None:
            return iter(())
        low, high = wanted.bounds(partition.positions)
        if start is not None and descending:
            high = min(high, bisect_left(partition.positions, start))
        elif start is not None:
            low = max(low, bisect_right(partition.positions, start))
        order = range(high - 1, low - 1, -1) if descending else range(low, high)
        return map(partition.records.__getitem__, map(partition.positions.__getitem__, order))

    def walk(self, start: Place | None, segment: int = 0, segments: int = 1) -> Iterator[Record]:
        """Give all records of a segment, in an order that lasts as partitions come and go.

        Args:
            start: the place behind which to begin.
            segment: which part, counted from 0.
            segments: of how many.
        """
        order = self._ordered()
        first = 0
        if start is not None:
            mark = (stable_hash(start.partition), start.partition)
            yield from self.range(start.partition, EVERYTHING, start.position, descending=False)
            first = bisect_right(order, mark)
        for number, value in islice(order, first, None):
            if number % segments == segment:
                partition = self._partitions[value]
                for position in partition.positions:
                    yield partition.records[position]

    def _ordered(self) -> list[tuple[int, Partition]]:
        if self._order is None:
            self._order = sorted((stable_hash(value), value) for value in self._partitions)
        return self._order
