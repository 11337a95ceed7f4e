"""One run through the results of a query: the pages that it reads, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.flows import Flow, perform
from persistence.operations import Page, QueryPage, ScanPage
from persistence.query.planner import AccessPath
from persistence.table import Table
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the pages of a query are read.

    Attributes:
        table: the table.
        path: the access path.
        descending: whether the greatest sort key comes first.
        consistent: whether the read is strongly consistent.
    """

    table: Table
    path: AccessPath
    descending: bool = False
    consistent: bool = False

    def page(self, start: Item | None, limit: int | None, *, count_only: bool) -> QueryPage | ScanPage:
        """Give the operation that reads one page.

        Args:
            start: the key after which it begins, None for the beginning.
            limit: how many items are read at most; None for as many as fit.
            count_only: whether items are counted only.
        """
        if self.path.key_condition is None:
            return ScanPage(
                self.table,
                self.path.index,
                self.path.filter,
                limit=limit,
                start=start,
                consistent=self.consistent,
                count_only=count_only,
            )
        return QueryPage(
            self.table,
            self.path.key_condition,
            self.path.index,
            self.path.filter,
            descending=self.descending,
            limit=limit,
            start=start,
            consistent=self.consistent,
            count_only=count_only,
        )


@dataclass(slots=True)
class Run(Generic[T]):
    """One run through a query's results; a page is one flow, so that any driver can stream them.

    Attributes:
        flows: the flows of the entities.
        reading: how pages are read.
        unit: the unit that the run began in, if any; the run ends with it.
        limit: how many results are wanted; None for all.
        tracking: whether the entities become part of the unit.
        given: how many results there were so far.
        finished: whether no further page is needed.
    """

    flows: EntityFlows[T]
    reading: Reading
    unit: Unit[Any] | None
    limit: int | None = None
    tracking: bool = True
    given: int = 0
    finished: bool = False
    _start: Item | None = None

    def next_page(self, *, count_only: bool = False) -> Flow[Page]:
        """Read one page.

        Raises:
            UnitOfWorkStateError: the unit of the run, or the one that is open here, can't be used.
        """
        if self.unit is None:
            self.flows.uow.current_unit()
        self._check()
        page = yield from perform(self.reading.page(self._start, self._page_limit(), count_only=count_only))
        self._check()
        self._start = page.last_key
        self.finished = page.last_key is None
        return page

    def results(self, page: Page) -> Iterator[T]:
        """Make entities of a page, one by one; those that the unit has removed are left out."""
        for item in page.items:
            self._check()
            entity = self.flows.took_in(self.unit if self.tracking else None, item)
            if entity is None:
                continue
            self.given += 1
            yield entity
            if self.given == self.limit:
                self.finished = True
                return

    def count(self) -> Flow[int]:
        """Count the results that are stored."""
        while not self.finished:
            page = yield from self.next_page(count_only=True)
            self.given += page.count
            self.finished |= self.limit is not None and self.given >= self.limit
        return self.given if self.limit is None else min(self.given, self.limit)

    def _page_limit(self) -> int | None:
        """Read no more than what is wanted, where each item that is read is a result."""
        if self.limit is None or self.reading.path.filter is not None:
            return None
        return self.limit - self.given

    def _check(self) -> None:
        if self.unit is not None:
            self.unit.check()
