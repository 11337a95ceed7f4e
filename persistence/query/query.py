"""Synchronous queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar, overload

from persistence.bulk import Bulk, BulkProgress
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
from persistence.query.grouping import Grouping
from persistence.query.pages import ResultPage
from persistence.query.rows import Row
from persistence.query.running import Run
from persistence.query.selection import Selection
from persistence.unit_of_work import UnitOfWork

T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V")
G = TypeVar("G")
N = TypeVar("N", int, float, Decimal, timedelta)


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
        run = self._run()
        found: list[T] = []
        while not run.finished:
            found += run.all_results(self._uow.perform(run.next_page()))
        return found

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
        return self._uow.perform(self._counted().count())

    def exists(self) -> bool:
        """Tell whether there is any result; as `count`, it goes by what is stored."""
        return self._at_most(1).count() > 0

    def page(
        self,
        size: int = 20,
        after: str | None = None,
        *,
        max_reads: int | None = None,
        tenant: str | None = None,
    ) -> ResultPage[T]:
        """Give some results, and a cursor that leads to the next ones.

        Args:
            size: how many results; fewer come at the end only.
            after: the cursor of the page before; None for the first page.
            max_reads: how many requests may be made, after which the page may be short or empty though more
                follows; None for as many as it takes.
            tenant: whom the cursor is for, such as the id of a customer: it is refused for anybody else.

        Raises:
            InvalidCursor: it is not the cursor of such a page, was changed, or has expired; nothing was sent.
            QueryError: numbers below 1, or a query that has no fixed order.
        """
        paging, seal = self._paging(size, after, max_reads, tenant)
        while not paging.full:
            paging.items += paging.run.all_results(self._uow.perform(paging.run.next_page()))
        return self._filled(paging, seal)

    def delete(self, progress: Callable[[BulkProgress], object] | None = None) -> BulkReport:
        """Remove all results in bulk, not as a whole; of each only the key is read, and what shows changes.

        What somebody changed in between stays; the report counts it among the failures. Entities with a
        `DeletedAt` field are marked.

        Args:
            progress: called with a `BulkProgress` whenever something was sent.

        Raises:
            BulkFailed: something was not removed; its report says what.
            UnitOfWorkStateError: a unit is open here.
        """
        run = self._removal()
        with Bulk(self._subject.mapping, self._uow, progress=progress) as bulk:
            while not run.finished:
                for item in run.results(self._uow.perform(run.next_page())):
                    bulk.remove_item(item)
        return bulk.report

    @overload
    def select(self, chosen: Callable[[T], R], /) -> Query[R]: ...
    @overload
    def select(self, name: str, /, *names: str) -> Query[Row]: ...
    def select(self, *chosen: Any) -> Query[Any]:
        """Read some attributes only, and give tuples or rows instead of entities; they are never tracked.

            orders.query(...).select(lambda o: (o.id, o.total))     # tuples, typed
            orders.query(...).select("id", "address.city")          # rows: row.id, row["address.city"]

        Args:
            chosen: a lambda over the entity that gives a field or a tuple of fields, or names of fields.

        Raises:
            QueryError: there is no such field, or it is converted together with others.
        """
        return self._selecting(chosen)  # type: ignore[no-any-return]  # a copy with other results

    @overload
    def sum(self, of: Callable[[T], N | None], /) -> N: ...
    @overload
    def sum(self, of: str, /) -> Any: ...
    def sum(self, of: Of, /) -> Any:
        """Add numbers or periods of all results, exactly; of nothing it is 0.

        Reads all results, of each only what is added up; `query.select(of).explain()` says what that costs.

        Args:
            of: a field's name, a dotted path, or a lambda such as `lambda o: o.total`.

        Raises:
            QueryError: there is no such field, or its values can't be added.
        """
        return self._computed(sum_of(of))

    @overload
    def min(self, of: Callable[[T], V | None], /) -> V | None: ...
    @overload
    def min(self, of: str, /) -> Any: ...
    def min(self, of: Of, /) -> Any:
        """Find the least value of a field among all results, which are read; None where there is none."""
        return self._computed(min_of(of))

    @overload
    def max(self, of: Callable[[T], V | None], /) -> V | None: ...
    @overload
    def max(self, of: str, /) -> Any: ...
    def max(self, of: Of, /) -> Any:
        """Find the greatest value of a field among all results, which are read; None where there is none."""
        return self._computed(max_of(of))

    @overload
    def avg(self, of: Callable[[T], int | Decimal | None], /) -> Decimal | None: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    def avg(self, of: Callable[[T], Floating | None], /) -> float | None: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    def avg(self, of: Callable[[T], timedelta | None], /) -> timedelta | None: ...
    @overload
    def avg(self, of: str, /) -> Any: ...
    def avg(self, of: Of, /) -> Any:
        """Take the mean of a field over all results: of whole numbers and Decimals a Decimal of 38 digits."""
        return self._computed(avg_of(of))

    def aggregate(self, **aggregates: Aggregate[Any]) -> Row:
        """Compute several things of all results in one go.

        Args:
            aggregates: name in the row -> `count_of()`, `sum_of(...)`, `min_of(...)`, `max_of(...)`,
                `avg_of(...)`.
        """
        return aggregation_row(self._subject.mapping, aggregates).run(self._values)

    @overload
    def group_by(self, by: Callable[[T], G], /, *, at_most: int | None = None) -> Grouping[T, G]: ...
    @overload
    def group_by(self, by: str, /, *, at_most: int | None = None) -> Grouping[T, Any]: ...
    def group_by(self, by: Any, /, *, at_most: int | None = None) -> Grouping[T, Any]:
        """Compute something of each group of results: `group_by("status").sum("total")`.

        Args:
            by: the field whose values are the groups, or a lambda that picks one or a tuple of them.
            at_most: refuse to keep more groups than these in memory; None for any number.
        """
        return Grouping(self._subject.mapping, by, at_most, self._values)

    def _computed(self, aggregate: Aggregate[R]) -> R:
        return aggregation(self._subject.mapping, aggregate).run(self._values)

    def _values(self, selection: Selection[R], /) -> Iterator[R]:
        return iter(self._reading(selection))

    def _results(self, run: Run[T]) -> Iterator[T]:
        while not run.finished:
            yield from run.results(self._uow.perform(run.next_page()))
