"""One run through the results of a query: the requests that it makes, and what becomes of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from persistence.attributes import Item
from persistence.errors import UnitOfWorkStateError
from persistence.flows import Flow
from persistence.query.access import AccessPath
from persistence.query.joined import parts_of
from persistence.query.reading import Read, Reader
from persistence.store import tenant_of
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit
from persistence.wire_items import WireItems

R = TypeVar("R")

ITEMS_IN_TURN = (32, 512)
"""Of how many items results are made at a time: few at first, since many look at the first result only."""

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
        tenant: whose entities are read, where they are a tenant's: outside of any unit the store may have
            become another tenant's from one request to the next.
        made_at_once: makes the results of several items, cheaper than one by one, where the unit has no part
            in it; None where they are made one by one.
        given: how many results there were so far.
        scanned: how many items were read so far.
        matched: how many of them the conditions left.
        requests: how many steps there were so far.
        left: whether items were read behind the last result that was wanted.
    """

    uow: UnitOfWorkBase[Any]
    unit: Unit[Any] | None
    path: AccessPath
    reader: Reader
    made: Callable[[Item], R | Dropped]
    limit: int | None = None
    at_end: Callable[[int, int], None] | None = None
    made_at_once: Callable[[Sequence[Item]], Sequence[R | Dropped]] | None = None
    tenant: str | None = None
    drops: bool = False
    given: int = 0
    scanned: int = 0
    matched: int = 0
    requests: int = 0
    left: bool = False
    _last: tuple[Sequence[Item], int] | None = None
    _enough: bool = False
    _reach: int = 0

    @property
    def finished(self) -> bool:
        """Whether no further request is needed."""
        return self._enough or self.reader.finished

    @property
    def last(self) -> Item | None:
        """The origin of the last result."""
        if self._last is None:
            return None
        origins, place = self._last
        return origins[place]

    def next_page(self, *, count_only: bool = False) -> Flow[Read]:
        """Read on.

        Raises:
            UnitOfWorkStateError: the unit of the run, or the one that is open here, can't be used.
        """
        if self.unit is None:
            self.uow.current_unit()
            self._check_tenant()
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
        for place, result in enumerate(self._made(read.items)):
            if result is DROPPED:
                continue
            self.given += 1
            self._last = (read.origins, place) if read.origins else None
            if self.given == self.limit:
                self._enough = True
                self.left = place + 1 < len(read.items)
            yield result
            if self._enough:
                return
        self._let_go()

    def _let_go(self) -> None:
        """Keep of a page no more than the origin of its last result, where that is at hand."""
        if self._last is not None and isinstance(self._last[0], tuple | list):
            origins, place = self._last
            self._last = ((origins[place],), 0)

    def all_results(self, read: Read) -> list[R]:
        """Make all results of items that are wanted: what `results` gives, at once where it can be."""
        wanted = self.limit is None or self.given + len(read.items) <= self.limit
        made = self._made_together(read.items) if wanted else None
        if made is None:
            return list(self.results(read))
        last = len(made) - 1
        while last >= 0 and made[last] is DROPPED:
            last -= 1
        found = cast("list[R]", [each for each in made if each is not DROPPED] if self.drops else made)
        if found:
            self.given += len(found)
            self._last = (read.origins, last) if read.origins else None
            self._let_go()
            self._enough = self.given == self.limit
        return found

    def _made_together(self, items: Sequence[Item]) -> list[R | Dropped] | None:
        """Make something of each item; None where that takes turns."""
        if self.made_at_once is None:
            return None
        self._check()
        made: list[R | Dropped] = []
        try:
            for part in parts_of(items):
                made += self.made_at_once(part)
        except Exception:  # noqa: BLE001  # it fails in its own turn
            return None
        self._check()
        return made

    def _made(self, items: Sequence[Item]) -> Iterator[R | Dropped]:
        if self.made_at_once is None:
            yield from self._one_by_one(items)
            return
        for part in parts_of(items):
            for turn in _turns(part):
                yield from self._several(turn, self.made_at_once)

    def _one_by_one(self, items: Sequence[Item]) -> Iterator[R | Dropped]:
        for item in items:
            self._check()
            yield self.made(item)

    def _several(
        self, items: Sequence[Item], made: Callable[[Sequence[Item]], Sequence[R | Dropped]]
    ) -> Iterator[R | Dropped]:
        try:
            left = list(made(items))
        except Exception:  # noqa: BLE001  # what can't be made fails in its own turn, after the results before it
            yield from self._one_by_one(items)
            return
        left.reverse()
        while left:
            self._check()
            yield left.pop()  # what was given is not held on to

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

    def _check_tenant(self) -> None:
        if self.tenant is not None and tenant_of(self.uow.store) != self.tenant:
            raise UnitOfWorkStateError(
                "a query that began for one tenant was read on where the store is another one's; read it to "
                "its end in the context in which it began, or within a unit of work"
            )


def _turns(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    if isinstance(items, WireItems):
        yield items
        return
    first, others = ITEMS_IN_TURN
    yield items[:first]
    for start in range(first, len(items), others):
        yield items[start : start + others]
