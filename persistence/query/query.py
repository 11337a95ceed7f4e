"""Synchronous queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from persistence.query.base import QueryBase
from persistence.query.running import Run
from persistence.unit_of_work import UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Query(QueryBase[T, UnitOfWork]):
    """A question to a repository; iterating over it, or asking for `all()`, `first()` or `one()`, reads.

    Made by `Repository.query`, `where` and `scan`. Every call gives a new query. One that was made inside a
    unit of work can only be asked while that unit is open; its results are tracked there. It sees what is
    stored, not the unit's pending changes: added entities are absent, removed ones left out, changed ones
    come as they are in memory.
    """

    def __iter__(self) -> Iterator[T]:
        return self._results(self._run())

    def all(self) -> list[T]:
        """Give all results."""
        return list(self)

    def first(self) -> T | None:
        """Give the first result, or None."""
        found = self._at_most(1).all()
        return found[0] if found else None

    def one(self) -> T:
        """Give the only result.

        Raises:
            EntityNotFound: there is none.
            MultipleResultsFound: there are several; no more than two are read where each read is a result.
        """
        return self._only(self._at_most(2).all())

    def count(self) -> int:
        """Count the results without building entities; the reads are paid for all the same.

        Counts what is stored: entities that the unit of work has removed count until it commits.
        """
        return self._uow.perform(self._run().count())

    def exists(self) -> bool:
        """Tell whether there is any result; as `count`, it goes by what is stored."""
        return self._at_most(1).count() > 0

    def _results(self, run: Run[T]) -> Iterator[T]:
        while not run.finished:
            yield from run.results(self._uow.perform(run.next_page()))
