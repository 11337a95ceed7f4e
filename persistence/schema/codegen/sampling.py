"""What a live table tells of itself, and some of its items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from persistence.attributes import Item
from persistence.errors import NotSupported
from persistence.flows import Flow, perform, perform_together
from persistence.operations import DescribeTable, DescribeTimeToLive, ScanPage
from persistence.table import Table

SEGMENTS = 8
"""Places of the table from which items are taken, so that not all are of one partition."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A table and some of its items.

    Attributes:
        table: its keys, indexes and time to live.
        items: the items; none where the table is empty.
    """

    table: Table
    items: tuple[Item, ...]


def sampled(name: str, most: int) -> Flow[Sample]:
    """Describe a table, and read some of its items from several places.

    Args:
        name: the table.
        most: how many items to read at most; they are read eventually consistent.
    """
    description = yield from perform(DescribeTable(name))
    table = replace(description.table.structure, time_to_live=(yield from _time_to_live(name)))
    return Sample(table, (yield from _items(table, most)))


def _time_to_live(name: str) -> Flow[str | None]:
    try:
        return (yield from perform(DescribeTimeToLive(name)))
    except NotSupported:
        return None


def _items(table: Table, most: int) -> Flow[tuple[Item, ...]]:
    """Read a part of the wanted number from each segment, and then more from those that have more."""
    segments = max(1, min(SEGMENTS, most))
    pending: dict[int, Item | None] = dict.fromkeys(range(segments))
    items: list[Item] = []
    while pending and len(items) < most:
        limit = ceil((most - len(items)) / len(pending))
        scans = [
            ScanPage(table, limit=limit, start=start, segment=segment, segments=segments)
            for segment, start in pending.items()
        ]
        pages = yield from perform_together(scans)
        items += [item for page in pages for item in page.items]
        read = zip(list(pending), pages, strict=True)
        pending = {segment: page.last_key for segment, page in read if page.last_key is not None}
    return tuple(items[:most])
