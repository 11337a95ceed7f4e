"""Queries and scans: one page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from persistence.attributes import Item
from persistence.evaluate import holds
from persistence.operations import ConsumedCapacity, Page, QueryPage, ScanPage
from persistence.stores.memory.capacity import read_units
from persistence.stores.memory.reads import shown
from persistence.stores.memory.record import Record
from persistence.stores.memory.space import KeySpace, content, stable_hash
from persistence.stores.memory.table import LiveTable
from persistence.stores.validation.pages import START_INVALID, check_query, check_scan
from persistence.stores.validation.refused import Refused
from persistence.table import LocalIndex

PAGE_BYTES = 1024 * 1024


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
    condition = operation.key_condition
    wanted = content(space.key[0], {space.key[0].name: condition.partition[1]})
    start = space.place(operation.start).position if operation.start is not None else None
    records = space.range(wanted, condition.sort, start, descending=operation.descending)
    return _page(operation, table, space, _read(records, operation.limit))


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
    return _page(operation, table, space, _read(space.walk(start, segment, segments), operation.limit))


def _space(table: LiveTable, index: str | None) -> KeySpace:
    return table.space if index is None else table.indexes[index].space


def _read(records: Iterator[Record], limit: int | None) -> _Read:
    """Read until the page is full; whether anything follows is not looked at, as in the service."""
    read: list[Record] = []
    size = 0
    for record in records:
        read.append(record)
        size += record.size
        if size >= PAGE_BYTES or len(read) == limit:
            return _Read(read, size, ended=False)
    return _Read(read, size, ended=True)


def _page(operation: QueryPage | ScanPage, table: LiveTable, space: KeySpace, read: _Read) -> Page:
    condition = operation.filter
    matching = [record for record in read.records if condition is None or holds(condition, record.item)]
    units = read_units(read.size, consistent=operation.consistent)
    items: tuple[Item, ...] = ()
    if not operation.count_only:
        whole = _fetched(operation, table, matching)
        units += sum(read_units(record.size, consistent=operation.consistent) for record in whole)
        items = tuple(shown(record, operation.projection) for record in whole or matching)
    return Page(
        items=items,
        last_key=None if read.ended else _last_key(space, read.records[-1]),
        count=len(matching),
        scanned_count=len(read.records),
        capacity=(ConsumedCapacity(table.name, read_units=units),),
    )


def _last_key(space: KeySpace, record: Record) -> Item:
    return {name: record.item[name].copy() for name in space.names}


def _fetched(operation: QueryPage | ScanPage, table: LiveTable, records: list[Record]) -> list[Record]:
    """Fetch from the table what a local index does not hold of the attributes that are asked for."""
    if operation.index is None or operation.projection is None:
        return []
    live = table.indexes[operation.index]
    if not isinstance(live.declaration, LocalIndex) or live.names is None:
        return []
    if {path.attribute for path in operation.projection} <= set(live.names):
        return []
    return [table.records[table.key_of(record.item)] for record in records]
