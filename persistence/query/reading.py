"""Reading the items of an access path, a request or some at a time; each is one flow.

A reader knows how far it is. What it gives are items with their origins: the item as the table or index that
is read gave it, which has the key after which another reader can go on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from persistence.attributes import Item
from persistence.errors import QueryError
from persistence.evaluate import holds
from persistence.expressions import Condition
from persistence.flows import Flow, perform, perform_together
from persistence.operations import GetItem, Page, QueryPage, ScanPage
from persistence.query.access import AccessPath
from persistence.query.joined import joined
from persistence.query.subject import Subject
from persistence.table import Table
from persistence.unit_of_work.unit import Unit
from persistence.wire_items import Grammar

MOST_ITEMS = 1024 * 1024
"""More than a page of 1 MB holds; the service takes no limit over 2 ** 31 - 1."""

ITEMS_AT_ONCE = 8_000
"""How many items are in memory at most where several pages are read at the same time.

A small item takes some 3.5 kB while its page is decoded. A page of 1 MB may hold more than 13,000 of them,
and two such pages would take about 90 MB.
"""


@dataclass(frozen=True, slots=True)
class Read:
    """What a step gave.

    Attributes:
        items: what matched.
        origins: for each its item in the table or index that was read; it has the keys of both.
        count: how many matched.
        scanned: how many were read.
    """

    items: Sequence[Item]
    origins: Sequence[Item]
    count: int
    scanned: int

    @classmethod
    def of(cls, items: Sequence[Item], scanned: int) -> Read:
        """Tell of items that are their own origins."""
        return cls(items, items, len(items), scanned)

    def fulfilling(self, condition: Condition | None) -> Read:
        """Leave out what does not fulfil a condition."""
        if condition is None:
            return self
        pairs = zip(self.items, self.origins, strict=True)
        kept = [(item, origin) for item, origin in pairs if holds(condition, item)]
        return Read([item for item, _ in kept], [origin for _, origin in kept], len(kept), self.scanned)


class Reader(ABC):
    """Reads an access path from the beginning, or from behind a key, to its end.

    Attributes:
        finished: whether nothing is left to be read.
        start: the key behind which the next step begins; None for the beginning.
        makes_entities: whether the items are wanted for nothing but to make entities of them, page by page.
    """

    finished: bool = False
    start: Item | None = None
    makes_entities: bool = False

    @abstractmethod
    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """Read on.

        Args:
            limit: how many items are read at most, where the service can be told; None for as many as fit.
            count_only: whether items are only counted; then none are given.
        """

    def key_of(self, origin: Item) -> Item:
        """Give the key behind which a reader goes on after an item."""
        return {name: origin[name] for name in self._key_names}

    @property
    @abstractmethod
    def _key_names(self) -> tuple[str, ...]: ...


@dataclass(slots=True)
class _PathReader(Reader):
    subject: Subject[Any]
    path: AccessPath
    unit: Unit[Any] | None = None
    start: Item | None = None
    finished: bool = False
    makes_entities: bool = False

    @property
    def _grammar(self) -> Grammar | None:
        # What is looked at before, by a check or a store that decrypts, is read as dicts anyway.
        table = self.subject.table
        looked_at = self.path.check is not None or table.encrypted or table.tenant_scoped
        return self.subject.grammar if self.makes_entities and not looked_at else None

    @property
    def _key_names(self) -> tuple[str, ...]:
        table = self.subject.table
        return tuple(dict.fromkeys((*table.key_names(), *table.key_names(self.path.index))))

    def _note_size(self, items: Sequence[Item]) -> None:
        if self.path.projection is None:
            self.subject.note_size(items)


class GetReader(_PathReader):
    """Reads the one item of a key."""

    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """See `Reader.step`."""
        (key,) = self.path.keys
        self.finished = True
        if self.start is not None:
            return Read.of((), 0)
        get = GetItem(self.subject.table, key, self.path.consistent, self.path.projection)
        answer = yield from perform(get)
        items = () if answer.item is None else (answer.item,)
        self._note_size(items)
        return Read.of(items, len(items)).fulfilling(self.path.check)


class BatchGetReader(_PathReader):
    """Reads the items of several keys, in the order of the keys."""

    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """See `Reader.step`."""
        left = self._left()
        turn = left[:limit]
        self.start, self.finished = turn[-1] if turn else self.start, len(turn) == len(left)
        found = yield from self.subject.read_items(turn, self.unit, consistent=self.path.consistent)
        items = [item for item in found if item is not None]
        self._note_size(items)
        return Read.of(items, len(items)).fulfilling(self.path.check)

    def _left(self) -> Sequence[Item]:
        """Give the keys that are not read yet."""
        keys = self.path.keys
        return keys if self.start is None else keys[self.subject.place(keys, self.start) + 1 :]


class PageReader(_PathReader):
    """Reads the pages of a query or scan, one after the other."""

    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """See `Reader.step`."""
        # What is checked here must be read, to be counted too.
        count_only = count_only and self.path.check is None
        operation = page_of(
            self.subject.table, self.path, self.start, limit, count_only=count_only, grammar=self._grammar
        )
        page = yield from perform(operation)
        self.start, self.finished = page.last_key, page.last_key is None
        if count_only:
            return Read((), (), page.count, page.scanned_count)
        return (yield from self._checked(page))

    def _checked(self, page: Page) -> Flow[Read]:
        self._note_size(page.items)
        if self.path.fetch != "by batch get":
            return Read(page.items, page.items, page.count, page.scanned_count).fulfilling(self.path.check)
        names = self.subject.table.key_names()
        keys = [{name: item[name] for name in names} for item in page.items]
        found = yield from self.subject.read_items(keys, self.unit, consistent=self.path.consistent)
        pairs = [(item, origin) for item, origin in zip(found, page.items, strict=True) if item is not None]
        whole, origins = [item for item, _ in pairs], [origin for _, origin in pairs]
        self.subject.note_size(whole)
        return Read(whole, origins, len(whole), page.scanned_count).fulfilling(self.path.check)


@dataclass(slots=True)
class SegmentsReader(_PathReader):
    """Reads the segments of a scan, some at a time.

    Attributes:
        segments: how many.
        at_once: of how many a page is read at the same time.
    """

    segments: int = 1
    at_once: int = 1
    _open: list[tuple[int, Item | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = [(segment, None) for segment in range(self.segments)]

    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """See `Reader.step`."""
        turn, rest = self._open[: self.at_once], self._open[self.at_once :]
        scans = [self._scan(*each, limit, count_only=count_only) for each in turn]
        pages = yield from perform_together(scans)
        going_on = [
            (segment, page.last_key)
            for (segment, _), page in zip(turn, pages, strict=True)
            if page.last_key is not None
        ]
        self._open = [*going_on, *rest]
        self.finished = not self._open
        items = joined([page.items for page in pages])
        self._note_size(items)
        return Read(
            items, items, sum(page.count for page in pages), sum(page.scanned_count for page in pages)
        )

    def _scan(
        self, segment: int, start: Item | None, limit: int | None, *, count_only: bool
    ) -> QueryPage | ScanPage:
        path = replace(self.path, segment=(segment, self.segments))
        if not count_only:
            most = max(1, ITEMS_AT_ONCE // self.at_once)
            limit = most if limit is None else min(limit, most)
        return page_of(self.subject.table, path, start, limit, count_only=count_only, grammar=self._grammar)


@dataclass(slots=True)
class SortedReader(Reader):
    """Reads all that another reader gives, and sorts it."""

    below: _PathReader
    sorted_by: str
    descending: bool
    finished: bool = False
    start: Item | None = None

    def step(self, limit: int | None, *, count_only: bool = False) -> Flow[Read]:
        """See `Reader.step`."""
        items: list[Item] = []
        count = scanned = 0
        while not self.below.finished:
            read = yield from self.below.step(None, count_only=count_only)
            items += read.items
            count, scanned = count + read.count, scanned + read.scanned
        self.finished = True
        ordered = self.below.subject.sort(items, self.sorted_by, descending=self.descending)
        return Read(ordered, (), count, scanned)

    def key_of(self, origin: Item) -> Item:
        """See `Reader.key_of`."""
        raise QueryError("what is sorted in memory has no place in the table to go on from")

    @property
    def _key_names(self) -> tuple[str, ...]:
        return ()


def reader_of(
    subject: Subject[Any], path: AccessPath, unit: Unit[Any] | None, parallel: tuple[int, int] | None
) -> Reader:
    """Make the reader of an access path.

    Args:
        subject: what is read.
        path: how it is read.
        unit: the unit that is open, if any.
        parallel: in how many segments a scan is read, and how many of them at once; None for one after the
            other.
    """
    reader = _path_reader(subject, path, unit, parallel)
    if path.sorted_by is None:
        return reader
    return SortedReader(reader, path.sorted_by, path.descending)


def _path_reader(
    subject: Subject[Any], path: AccessPath, unit: Unit[Any] | None, parallel: tuple[int, int] | None
) -> _PathReader:
    match path.kind:
        case "get":
            return GetReader(subject, path, unit)
        case "batch get":
            return BatchGetReader(subject, path, unit)
        case _ if parallel is not None:
            segments, at_once = parallel
            return SegmentsReader(subject, path, unit, segments=segments, at_once=at_once)
        case _:
            return PageReader(subject, path, unit)


def page_of(
    table: Table,
    path: AccessPath,
    start: Item | None,
    limit: int | None,
    *,
    count_only: bool,
    grammar: Grammar | None = None,
) -> QueryPage | ScanPage:
    """Give the operation that reads one page of a query or scan.

    Args:
        table: the table.
        path: what is read.
        start: the key after which it begins, None for the beginning.
        limit: how many items are read at most; None for as many as fit.
        count_only: whether items are counted only.
        grammar: takes the items apart, where entities are made of them.
    """
    if count_only or path.projection is not None or path.fetch == "by batch get":
        grammar = None
    shared: dict[str, Any] = {
        "index": path.index,
        "filter": path.filter,
        "projection": None if count_only else path.projection,
        "limit": None if limit is None else min(limit, MOST_ITEMS),
        "start": start,
        "consistent": path.consistent,
        "count_only": count_only,
        "whole": path.fetch == "by the service" and not count_only,
        "grammar": grammar,
    }
    if path.key_condition is not None:
        return QueryPage(table, path.key_condition, descending=path.descending, **shared)
    segment, segments = path.segment or (None, None)
    return ScanPage(table, segment=segment, segments=segments, **shared)
