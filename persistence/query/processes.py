"""Scans that several processes of one machine read, each a part: Python threads share one processor core.

What travels between processes are pages of items, as they were read, or what was computed of a part. Entities
are made in the process that wants them: to send one costs more than to make it.
"""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.errors import QueryError
from persistence.query.base import SEGMENTS
from persistence.query.counts import check_count, check_segments
from persistence.query.query import Query
from persistence.query.reading import Read

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a scan, from behind a key on."""

    number: int
    start: Item | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """What was read of a part, and where it goes on; None at its end."""

    items: Sequence[Item]
    scanned: int
    following: _Part | None


class ProcessScan(Generic[T]):
    """A scan of a table or index that processes share among them; the results come in no particular order.

        def large_orders() -> Query[Order]:                 # called once in each process
            orders = Repository(OrderMapping, UnitOfWork(DynamoStore()))
            return orders.scan(lambda o: o.total > 100)

        def revenue(part: Query[Order]) -> Decimal:
            return part.sum(lambda o: o.total)

        scan = ProcessScan(large_orders, segments=32, workers=4)
        total = sum(scan.map(revenue))                      # computed over there, added up here
        for order in scan: ...                              # read over there, made here

    Processes are started for each run and ended with it, also where an iteration is left early. They begin
    anew ("spawn"), so that no connection or lock is shared: a program that is run as a script keeps what
    starts it under `if __name__ == "__main__":`.

    Args:
        query: gives the scan, with a store of the calling process. A function that a process can import.
        segments: into how many parts the table is divided, at most 1,000,000. More than processes, since
            parts differ in size.
        workers: how many processes; None for one per processor core.

    Raises:
        QueryError: numbers that can't be, a function that can't be imported, or a query that has no parts.
    """

    def __init__(
        self, query: Callable[[], Query[T]], *, segments: int = SEGMENTS, workers: int | None = None
    ) -> None:
        check_segments(segments)
        self._query = _importable("query", query)
        self._segments = segments
        self._workers = check_count("workers", _cores() if workers is None else workers)

    def __iter__(self) -> Iterator[T]:
        """Give all results, as they come; a unit of work that is open here does not track them."""
        run = self._whole()._run()
        for page in self._run(_read, follow=lambda page: page.following):
            yield from run.results(Read.of(page.items, page.scanned))

    def map(self, work: Callable[[Query[T]], R]) -> Iterator[R]:
        """Compute something of each part, in the process that reads it.

        Args:
            work: is given the query of a part, and gives what can be pickled. A function that a process can
                import.

        Returns:
            What it gave, a result per part, as they come.

        Raises:
            QueryError: the function can't be imported by another process.
        """
        self._whole()
        return self._run(_apply, _importable("work", work))

    def _whole(self) -> Query[T]:
        """Give the query of this process, which is never read."""
        query = self._query()
        if query._limit or query._parallel or query._after or query._wish.sorted_in_memory:
            raise QueryError(
                "a scan that processes share has no order and no end of its own: leave out limit(...), "
                "after(...), parallel(...) and sorted_in_memory()"
            )
        query.segment(0, of=self._segments).explain()
        return query.untracked()

    def _run(
        self, task: Callable[..., R], *arguments: Any, follow: Callable[[R], _Part | None] = lambda _: None
    ) -> Iterator[R]:
        waiting = deque(_Part(number) for number in range(self._segments))
        working: set[Future[R]] = set()
        pool = ProcessPoolExecutor(self._workers, get_context("spawn"))
        try:
            while waiting or working:
                while waiting and len(working) < 2 * self._workers:
                    part = waiting.popleft()
                    working.add(pool.submit(task, self._query, self._segments, part, *arguments))
                done, working = wait(working, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    following = follow(result)
                    if following is not None:
                        waiting.appendleft(following)
                    yield result
        finally:
            pool.shutdown(cancel_futures=True)


@cache
def _query_of(query: Callable[[], Query[T]]) -> Query[T]:
    return query()


def _read(query: Callable[[], Query[T]], segments: int, part: _Part) -> _Page:
    """Read a page of a part; called in a process of its own."""
    whole = _query_of(query).untracked().segment(part.number, of=segments)
    run = whole._run()
    run.reader.start = part.start
    read = whole._uow.perform(run.next_page())
    following = None if run.reader.finished else _Part(part.number, run.reader.start)
    return _Page(read.items, read.scanned, following)


def _apply(query: Callable[[], Query[T]], segments: int, part: _Part, work: Callable[[Query[T]], R]) -> R:
    """Compute something of a part; called in a process of its own."""
    return work(_query_of(query).segment(part.number, of=segments))


def _importable(argument: str, given: Callable[..., R]) -> Callable[..., R]:
    try:
        pickle.dumps(given)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise QueryError(
            f"ProcessScan: {argument} is called in other processes; give a function that a module defines, "
            f"and no lambda or method, not {getattr(given, '__qualname__', type(given).__name__)}"
        ) from error
    return given


def _cores() -> int:
    return os.cpu_count() or 1
