"""Records by partition, each in the order of its sort key: how a table and its indexes are laid out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

from persistence.attributes import Item, number_text
from persistence.expressions import BeginsWith, Between, Compare, Value
from persistence.stores.memory.record import Record
from persistence.stores.validation.keys import KeyPart, fits

Content = str | Decimal | bytes
Position = tuple[Content, ...]
"""A place within a partition: the sort key's content, and in an index the table's key to settle ties."""


class Place(NamedTuple):
    """Where a record lies: its partition and its position in it."""

    partition: Content
    position: Position


class Partition:
    """The records of one partition key, in order."""

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
        self._partitions: dict[Content, Partition] = {}
        self._order: list[tuple[int, Content]] | None = []

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that tell where a record lies, as the last key of a page holds them."""
        return tuple(dict.fromkeys(part.name for part in self._located))

    @property
    def sort(self) -> KeyPart | None:
        """The sort key, where there is one."""
        return self.key[1] if len(self.key) > 1 else None

    def holds(self, item: Item) -> bool:
        """Tell whether an item has what it takes to be in here; one that lacks a key attribute has not."""
        return all(fits(part, item) for part in self.key)

    def place(self, item: Item) -> Place:
        """Tell where an item or a page's last key lies."""
        first, *rest = [content(part, item) for part in self._located]
        return Place(first, tuple(rest))

    def put(self, place: Place, record: Record) -> None:
        """Insert or replace the record of a place."""
        partition = self._partitions.get(place.partition)
        if partition is None:
            partition = self._partitions[place.partition] = Partition()
            self._order = None
        partition.put(place.position, record)

    def remove(self, place: Place) -> None:
        """Delete the record of a place."""
        partition = self._partitions[place.partition]
        partition.remove(place.position)
        if not partition.positions:
            del self._partitions[place.partition]
            self._order = None

    def range(
        self,
        value: Content,
        condition: Compare | Between | BeginsWith | None,
        start: Position | None,
        *,
        descending: bool,
    ) -> Iterator[Record]:
        """Give the records of one partition whose sort key meets a condition, in order.

        Args:
            value: the partition key.
            condition: on the sort key.
            start: the position behind which to begin.
            descending: greatest sort key first.
        """
        partition = self._partitions.get(value)
        if partition is None:
            return iter(())
        low, high = bounds(partition.positions, condition, self.sort)
        if start is not None and descending:
            high = min(high, bisect_left(partition.positions, start))
        elif start is not None:
            low = max(low, bisect_right(partition.positions, start))
        wanted = range(high - 1, low - 1, -1) if descending else range(low, high)
        return (partition.records[partition.positions[index]] for index in wanted)

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
            yield from self.range(start.partition, None, start.position, descending=False)
            first = bisect_right(order, mark)
        for number, value in islice(order, first, None):
            if number % segments == segment:
                partition = self._partitions[value]
                for position in partition.positions:
                    yield partition.records[position]

    def _ordered(self) -> list[tuple[int, Content]]:
        if self._order is None:
            self._order = sorted((stable_hash(value), value) for value in self._partitions)
        return self._order


def content(part: KeyPart, item: Item) -> Content:
    """Give a key attribute's value in a form that has the service's order and equality."""
    found: str | bytes = item[part.name][part.type]
    return Decimal(found) if part.type == "N" and isinstance(found, str) else found


def stable_hash(value: Content) -> int:
    """Hash a partition key so that it stays in its segment, in this process and any other."""
    if isinstance(value, Decimal):
        value = number_text(value)
    return crc32(value.encode() if isinstance(value, str) else value)


def bounds(
    positions: list[Position], condition: Compare | Between | BeginsWith | None, sort: KeyPart | None
) -> tuple[int, int]:
    """Find where the positions that meet a condition on the sort key begin and end."""
    if condition is None or sort is None:
        return 0, len(positions)

    def sought(operand: object) -> Content:
        assert isinstance(operand, Value), "key conditions have constant operands"
        return content(sort, {sort.name: operand.value})

    match condition:
        case Between(_, lower, upper):
            return _left(positions, sought(lower)), _right(positions, sought(upper))
        case BeginsWith(_, prefix):
            return _prefixed(positions, sought(prefix))
        case Compare("<", _, value):
            return 0, _left(positions, sought(value))
        case Compare("<=", _, value):
            return 0, _right(positions, sought(value))
        case Compare(">", _, value):
            return _right(positions, sought(value)), len(positions)
        case Compare(">=", _, value):
            return _left(positions, sought(value)), len(positions)
        case Compare(_, _, value):
            return _left(positions, sought(value)), _right(positions, sought(value))


_first = itemgetter(0)


def _left(positions: list[Position], value: Content) -> int:
    return bisect_left(positions, value, key=_first)


def _right(positions: list[Position], value: Content) -> int:
    return bisect_right(positions, value, key=_first)


def _prefixed(positions: list[Position], prefix: Content) -> tuple[int, int]:
    def is_behind(position: Position) -> bool:
        found = position[0]
        if isinstance(found, str) and isinstance(prefix, str):
            return found > prefix and not found.startswith(prefix)
        assert isinstance(found, bytes), "prefixes are of strings or binary"
        assert isinstance(prefix, bytes), "prefixes are of strings or binary"
        return found > prefix and not found.startswith(prefix)

    return _left(positions, prefix), bisect_left(positions, True, key=is_behind)
