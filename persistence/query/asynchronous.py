"""Asynchronous queries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

from persistence.query.base import QueryBase
from persistence.query.running import Run
from persistence.unit_of_work import AsyncUnitOfWork

T = TypeVar("T")


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
        return [entity async for entity in self]

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
        return await self._uow.perform(self._run().count())

    async def exists(self) -> bool:
        """Tell whether there is any result; as `count`, it goes by what is stored."""
        return await self._at_most(1).count() > 0

    async def _results(self, run: Run[T]) -> AsyncIterator[T]:
        while not run.finished:
            for entity in run.results(await self._uow.perform(run.next_page())):
                yield entity
