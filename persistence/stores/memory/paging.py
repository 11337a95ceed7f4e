"""Queries and scans: one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import NamedTuple

from persistence.attributes import Item
from persistence.evaluate import holds
from persistence.expressions import KeyCondition
from persistence.operations import ConsumedCapacity, Page, QueryPage, ScanPage
from persistence.stores.memory.capacity import read_units
from persistence.stores.memory.contents import Partition, content, stable_hash
from persistence.stores.memory.ranges import Range
from persistence.stores.memory.reads import shown
from persistence.stores.memory.space import KeySpace
from persistence.stores.memory.table import LiveTable
from persistence.stores.validation.pages import START_INVALID, check_query, check_scan, demanded
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import Refused
from persistence.table import LocalIndex

PAGE_BYTES = 1024 * 1024

_Fetch = Callable[[Record], Record]
"""Gives the whole item of an index's entry."""


class _Read(NamedTuple):
    """What a page read before the filter."""

    records: list[Record]
    size: int
    ended: bool


def query(operation: QueryPage, table: LiveTable) -> Page:
    """Read one page of one partition.

    Raises:
        Refused: the service would not answer it.
    """
    check_query(operation, table.declaration)
    space = _space(table, operation.index)
    partition, wanted = _wanted(operation.key_condition, space)
    start = space.place(operation.start).position if operation.start is not None else None
    records = space.range(partition, wanted, start, descending=operation.descending)
    return _page(operation, table, space, records)


def scan(operation: ScanPage, table: LiveTable) -> Page:
    """Read one page of a whole table or index, or of a segment of it.

    Raises:
        Refused: the service would not answer it.
    """
    check_scan(operation, table.declaration)
    space = _space(table, operation.index)
    segment, segments = operation.segment or 0, operation.segments or 1
    start = space.place(operation.start) if operation.start is not None else None
    if start is not None and stable_hash(start.partition) % segments != segment:
        raise Refused(
            f"{START_INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            f"TotalSegments: {segments} Segment: {segment}"
        )
    return _page(operation, table, space, space.walk(start, segment, segments))


def _wanted(condition: KeyCondition, space: KeySpace) -> tuple[Partition, Range]:
    """Tell the partition that is asked for, and which part of it."""
    equal, further = demanded(condition)
    leading = tuple(takewhile(lambda part: part.name in equal, space.sorts))
    behind = space.sorts[len(leading) : len(leading) + 1]
    wanted = Range(
        tuple(content(part, equal) for part in leading),
        further,
        behind[0] if behind and further is not None else None,
    )
    return space.partition_of(equal), wanted


def _space(table: LiveTable, index: str | None) -> KeySpace:
    if index is None:
        return table.space
    live = table.indexes[index]
    if live.filling is not None and live.filling():
        raise Refused(f"Cannot read from backfilling global secondary index: {index}")
    return live.space


def _page(
    operation: QueryPage | ScanPage, table: LiveTable, space: KeySpace, records: Iterator[Record]
) -> Page:
    fetch = _fetcher(operation, table)
    read = _read(records, operation.limit, fetch)
    condition = operation.filter
    matching = read.records
    if condition is not None:
        matching = [record for record in matching if holds(condition, record.glance)]
    units = read_units(read.size, consistent=operation.consistent)
    items: tuple[Item, ...] = ()
    if not operation.count_only:
        whole = [fetch(record) for record in matching] if fetch is not None else []
        units += sum(read_units(record.size, consistent=operation.consistent) for record in whole)
        projection = operation.projection
        items = tuple([shown(record, projection) for record in whole or matching])
    return Page(
        items=items,
        last_key=None if read.ended else _last_key(space, read.records[-1]),
        count=len(matching),
        scanned_count=len(read.records),
        capacity=(ConsumedCapacity(table.name, read_units=units),),
    )


def _read(records: Iterator[Record], limit: int | None, fetch: _Fetch | None) -> _Read:
    """Read until the page is full; whether anything follows is not looked at, as in the service."""
    read: list[Record] = []
    size = fetched = 0
    for record in records:
        read.append(record)
        size += record.size
        if fetch is not None:
            fetched += fetch(record).size
        if size + fetched >= PAGE_BYTES or len(read) == limit:
            return _Read(read, size, ended=False)
    return _Read(read, size, ended=True)


def _last_key(space: KeySpace, record: Record) -> Item:
    item = record.glance
    return {name: item[name].copy() for name in space.names}


def _fetcher(operation: QueryPage | ScanPage, table: LiveTable) -> _Fetch | None:
    """Give what fetches items from the table where a local index does not hold all that is asked for."""
    if operation.index is None or operation.count_only:
        return None
    live = table.indexes[operation.index]
    if not isinstance(live.declaration, LocalIndex) or live.names is None:
        return None
    wanted = {path.attribute for path in operation.projection or ()}
    if not operation.whole and wanted <= set(live.names):
        return None
    return lambda record: table.records[table.key_of(record.glance)]
