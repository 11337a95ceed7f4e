"""One run through the results of a query: the requests that it makes, and what becomes of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.flows import Flow
from persistence.query.access import AccessPath
from persistence.query.reading import Read, Reader
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

R = TypeVar("R")

LEAST_REACH = 25
"""Items that a request reads at least where conditions may drop some: fewer cost about as much."""

GROWTH = 4
"""How much more is read with each request that a filter leaves short."""


class Dropped(Enum):
    """What is made of an item that is no result."""

    DROPPED = "dropped"


DROPPED = Dropped.DROPPED


@dataclass(slots=True)
class Run(Generic[R]):
    """One run through a query's results; each request is one flow, so that any driver can stream them.

    Attributes:
        uow: the unit of work of the query.
        unit: the unit that the run began in, if any; the run ends with it.
        path: how it is read.
        reader: reads items.
        made: makes a result of an item, or `DROPPED` where it is none.
        limit: how many results are wanted; None for all.
        at_end: called with what was scanned and what matched, once all is read.
        given: how many results there were so far.
        scanned: how many items were read so far.
        matched: how many of them the conditions left.
        requests: how many steps there were so far.
        last: the origin of the last result.
        left: whether items were read behind the last result that was wanted.
    """

    uow: UnitOfWorkBase[Any]
    unit: Unit[Any] | None
    path: AccessPath
    reader: Reader
    made: Callable[[Item], R | Dropped]
    limit: int | None = None
    at_end: Callable[[int, int], None] | None = None
    given: int = 0
    scanned: int = 0
    matched: int = 0
    requests: int = 0
    last: Item | None = None
    left: bool = False
    _enough: bool = False
    _reach: int = 0

    @property
    def finished(self) -> bool:
        """Whether no further request is needed."""
        return self._enough or self.reader.finished

    def next_page(self, *, count_only: bool = False) -> Flow[Read]:
        """Read on.

        Raises:
            UnitOfWorkStateError: the unit of the run, or the one that is open here, can't be used.
        """
        if self.unit is None:
            self.uow.current_unit()
        self._check()
        read = yield from self.reader.step(self._page_limit(), count_only=count_only)
        self._check()
        self.scanned += read.scanned
        self.matched += read.count
        self.requests += 1
        if self.reader.finished and self.at_end is not None:
            self.at_end(self.scanned, self.matched)
        return read

    def results(self, read: Read) -> Iterator[R]:
        """Make results of items, one by one; what the unit has removed is left out."""
        for place, item in enumerate(read.items):
            self._check()
            result = self.made(item)
            if result is DROPPED:
                continue
            self.given += 1
            self.last = read.origins[place] if read.origins else None
            if self.given == self.limit:
                self._enough = True
                self.left = place + 1 < len(read.items)
            yield result
            if self._enough:
                return

    def count(self) -> Flow[int]:
        """Count the results that are stored."""
        while not self.finished:
            read = yield from self.next_page(count_only=True)
            self.given += read.count
            self._enough = self.limit is not None and self.given >= self.limit
        return self.given if self.limit is None else min(self.given, self.limit)

    def _page_limit(self) -> int | None:
        """Read no more than what is wanted; where some of it is dropped, more and more."""
        if self.limit is None:
            return None
        wanted = self.limit - self.given
        if not self.path.discards:
            return wanted
        least = LEAST_REACH if self.path.narrows else 0
        self._reach = max(wanted, least, self._reach * GROWTH)
        return self._reach

    def _check(self) -> None:
        if self.unit is not None:
            self.unit.check()
