"""Asynchronous queries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar, overload

from persistence.bulk import AsyncBulk, BulkProgress
from persistence.errors import BulkReport
from persistence.query.aggregates import (
    Aggregate,
    Floating,
    Of,
    aggregation,
    aggregation_row,
    avg_of,
    max_of,
    min_of,
    sum_of,
)
from persistence.query.base import QueryBase
from persistence.query.grouping import AsyncGrouping
from persistence.query.pages import ResultPage
from persistence.query.rows import Row
from persistence.query.running import Run
from persistence.query.selection import Selection
from persistence.unit_of_work import AsyncUnitOfWork

T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V")
G = TypeVar("G")
N = TypeVar("N", int, float, Decimal, timedelta)


@dataclass(frozen=True, slots=True, repr=False)
class AsyncQuery(QueryBase[T, AsyncUnitOfWork]):
    """A question to an asynchronous repository: `async for order in query`, `await query.all()`.

    It is what `Query` is, awaited. A query that was made inside a unit of work can only be asked while that
    unit is open.
    """

    def __aiter__(self) -> AsyncIterator[T]:
        return self._results(self._run())

    async def all(self) -> list[T]:
        """Give all results."""
        run = self._run()
        found: list[T] = []
        while not run.finished:
            found += run.all_results(await self._uow.perform(run.next_page()))
        return found

    async def first(self) -> T | None:
        """Give the first result, or None."""
        found = await self._at_most(1).all()
        return found[0] if found else None

    async def one(self) -> T:
        """Give the only result; see `Query.one`.

        Raises:
            EntityNotFound: there is none.
            MultipleResultsFound: there are several.
        """
        return self._only(await self._at_most(2).all())

    async def count(self) -> int:
        """Count the results that are stored without building entities; see `Query.count`."""
        return await self._uow.perform(self._counted().count())

    async def exists(self) -> bool:
        """Tell whether there is any result; as `count`, it goes by what is stored."""
        return await self._at_most(1).count() > 0

    async def page(
        self,
        size: int = 20,
        after: str | None = None,
        *,
        max_reads: int | None = None,
        tenant: str | None = None,
    ) -> ResultPage[T]:
        """Give some results, and a cursor that leads to the next ones; see `Query.page`.

        Raises:
            InvalidCursor: it is not the cursor of such a page, was changed, or has expired; nothing was sent.
            QueryError: numbers below 1, or a query that has no fixed order.
        """
        paging, seal = self._paging(size, after, max_reads, tenant)
        while not paging.full:
            paging.items += paging.run.all_results(await self._uow.perform(paging.run.next_page()))
        return self._filled(paging, seal)

    async def delete(self, progress: Callable[[BulkProgress], object] | None = None) -> BulkReport:
        """Remove all results in bulk, not as a whole; see `Query.delete`."""
        run = self._removal()
        async with AsyncBulk(self._subject.mapping, self._uow, progress=progress) as bulk:
            while not run.finished:
                for item in run.results(await self._uow.perform(run.next_page())):
                    await bulk.remove_item(item)
        return bulk.report

    @overload
    def select(self, chosen: Callable[[T], R], /) -> AsyncQuery[R]: ...
    @overload
    def select(self, name: str, /, *names: str) -> AsyncQuery[Row]: ...
    def select(self, *chosen: Any) -> AsyncQuery[Any]:
        """Read some attributes only, and give tuples or rows instead of entities; see `Query.select`."""
        return self._selecting(chosen)  # type: ignore[no-any-return]  # a copy with other results

    @overload
    async def sum(self, of: Callable[[T], N | None], /) -> N: ...
    @overload
    async def sum(self, of: str, /) -> Any: ...
    async def sum(self, of: Of, /) -> Any:
        """Add numbers or periods of all results, exactly; see `Query.sum`."""
        return await self._computed(sum_of(of))

    @overload
    async def min(self, of: Callable[[T], V | None], /) -> V | None: ...
    @overload
    async def min(self, of: str, /) -> Any: ...
    async def min(self, of: Of, /) -> Any:
        """Find the least value of a field among all results, which are read; None where there is none."""
        return await self._computed(min_of(of))

    @overload
    async def max(self, of: Callable[[T], V | None], /) -> V | None: ...
    @overload
    async def max(self, of: str, /) -> Any: ...
    async def max(self, of: Of, /) -> Any:
        """Find the greatest value of a field among all results, which are read; None where there is none."""
        return await self._computed(max_of(of))

    @overload
    async def avg(self, of: Callable[[T], int | Decimal | None], /) -> Decimal | None: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    async def avg(self, of: Callable[[T], Floating | None], /) -> float | None: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    async def avg(self, of: Callable[[T], timedelta | None], /) -> timedelta | None: ...
    @overload
    async def avg(self, of: str, /) -> Any: ...
    async def avg(self, of: Of, /) -> Any:
        """Take the mean of a field over all results: of whole numbers and Decimals a Decimal of 38 digits."""
        return await self._computed(avg_of(of))

    async def aggregate(self, **aggregates: Aggregate[Any]) -> Row:
        """Compute several things of all results in one go; see `Query.aggregate`."""
        return await aggregation_row(self._subject.mapping, aggregates).run_async(self._values)

    @overload
    def group_by(self, by: Callable[[T], G], /, *, at_most: int | None = None) -> AsyncGrouping[T, G]: ...
    @overload
    def group_by(self, by: str, /, *, at_most: int | None = None) -> AsyncGrouping[T, Any]: ...
    def group_by(self, by: Any, /, *, at_most: int | None = None) -> AsyncGrouping[T, Any]:
        """Compute something of each group of results; see `Query.group_by`."""
        return AsyncGrouping(self._subject.mapping, by, at_most, self._values)

    async def _computed(self, aggregate: Aggregate[R]) -> R:
        return await aggregation(self._subject.mapping, aggregate).run_async(self._values)

    def _values(self, selection: Selection[R], /) -> AsyncIterator[R]:
        return aiter(self._reading(selection))

    async def _results(self, run: Run[T]) -> AsyncIterator[T]:
        while not run.finished:
            for entity in run.results(await self._uow.perform(run.next_page())):
                yield entity
