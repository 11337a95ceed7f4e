"""Groups of a query's entities, of which something is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload

from persistence.errors import QueryError
from persistence.mapping import EntityMapping
from persistence.query.aggregates import (
    Aggregate,
    Aggregation,
    AsyncValues,
    Floating,
    Of,
    Values,
    aggregation,
    aggregation_row,
    avg_of,
    count_of,
    grouped,
    max_of,
    min_of,
    sum_of,
)
from persistence.query.rows import Row

T = TypeVar("T")
G = TypeVar("G")
V = TypeVar("V")
N = TypeVar("N", int, float, Decimal, timedelta)


@dataclass(frozen=True, slots=True, repr=False)
class GroupingBase(Generic[T, G]):
    """What synchronous and asynchronous groupings share; see `Grouping`."""

    _mapping: EntityMapping[T]
    _by: str | Callable[[T], G]
    _at_most: int | None

    def __post_init__(self) -> None:
        most = self._at_most
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise QueryError(f"group_by takes at_most as a whole number of at least 1, not {most!r}")
        self._grouped(count_of())

    def __repr__(self) -> str:
        return f"<groups of {self._mapping.name}>"

    def _grouped(self, aggregate: Aggregate[V]) -> Aggregation[dict[G, V]]:
        return self._each(aggregation(self._mapping, aggregate))

    def _grouped_rows(self, aggregates: dict[str, Aggregate[Any]]) -> Aggregation[dict[G, Row]]:
        return self._each(aggregation_row(self._mapping, aggregates))

    def _each(self, each: Aggregation[V]) -> Aggregation[dict[G, V]]:
        return grouped(self._mapping, self._by, each, self._at_most)


@dataclass(frozen=True, slots=True, repr=False)
class Grouping(GroupingBase[T, G]):
    """Groups of a query's entities; asking for a count, a sum or the like reads, and computes on the way.

        orders.query(lambda o: o.customer_id == "c1").group_by(lambda o: o.status).sum(lambda o: o.total)

    Gives group -> result; entities without a value are in the group None. In memory there is one result per
    group, never the entities.
    """

    _values: Values

    def count(self, of: Of | None = None) -> dict[G, int]:
        """Count the entities of each group, or those in which a field is neither absent nor None."""
        return self._grouped(count_of(of)).run(self._values)

    @overload
    def sum(self, of: Callable[[T], N | None]) -> dict[G, N]: ...
    @overload
    def sum(self, of: str) -> dict[G, Any]: ...
    def sum(self, of: Of) -> dict[G, Any]:
        """Add a field's numbers or periods in each group, exactly.

        Args:
            of: its name, a dotted path, or a lambda.

        Raises:
            QueryError: there is no such field, or its values can't be added.
        """
        return self._grouped(sum_of(of)).run(self._values)

    @overload
    def min(self, of: Callable[[T], V | None]) -> dict[G, V | None]: ...
    @overload
    def min(self, of: str) -> dict[G, Any]: ...
    def min(self, of: Of) -> dict[G, Any]:
        """Find the least value of a field in each group; None where no entity has one."""
        return self._grouped(min_of(of)).run(self._values)

    @overload
    def max(self, of: Callable[[T], V | None]) -> dict[G, V | None]: ...
    @overload
    def max(self, of: str) -> dict[G, Any]: ...
    def max(self, of: Of) -> dict[G, Any]:
        """Find the greatest value of a field in each group; None where no entity has one."""
        return self._grouped(max_of(of)).run(self._values)

    @overload
    def avg(self, of: Callable[[T], int | Decimal | None]) -> dict[G, Decimal | None]: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    def avg(self, of: Callable[[T], Floating | None]) -> dict[G, float | None]: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    def avg(self, of: Callable[[T], timedelta | None]) -> dict[G, timedelta | None]: ...
    @overload
    def avg(self, of: str) -> dict[G, Any]: ...
    def avg(self, of: Of) -> dict[G, Any]:
        """Take the mean of a field in each group; of whole numbers and Decimals a Decimal of 38 digits."""
        return self._grouped(avg_of(of)).run(self._values)

    def aggregate(self, **aggregates: Aggregate[Any]) -> dict[G, Row]:
        """Compute several things of each group in one go.

        Args:
            aggregates: name in the row -> `count_of()`, `sum_of(...)`, `min_of(...)`, `max_of(...)`,
                `avg_of(...)`.
        """
        return self._grouped_rows(aggregates).run(self._values)


@dataclass(frozen=True, slots=True, repr=False)
class AsyncGrouping(GroupingBase[T, G]):
    """Groups of an asynchronous query's entities: what `Grouping` is, awaited."""

    _values: AsyncValues

    async def count(self, of: Of | None = None) -> dict[G, int]:
        """Count the entities of each group; see `Grouping.count`."""
        return await self._grouped(count_of(of)).run_async(self._values)

    @overload
    async def sum(self, of: Callable[[T], N | None]) -> dict[G, N]: ...
    @overload
    async def sum(self, of: str) -> dict[G, Any]: ...
    async def sum(self, of: Of) -> dict[G, Any]:
        """Add a field's numbers or periods in each group; see `Grouping.sum`."""
        return await self._grouped(sum_of(of)).run_async(self._values)

    @overload
    async def min(self, of: Callable[[T], V | None]) -> dict[G, V | None]: ...
    @overload
    async def min(self, of: str) -> dict[G, Any]: ...
    async def min(self, of: Of) -> dict[G, Any]:
        """Find the least value of a field in each group; see `Grouping.min`."""
        return await self._grouped(min_of(of)).run_async(self._values)

    @overload
    async def max(self, of: Callable[[T], V | None]) -> dict[G, V | None]: ...
    @overload
    async def max(self, of: str) -> dict[G, Any]: ...
    async def max(self, of: Of) -> dict[G, Any]:
        """Find the greatest value of a field in each group; see `Grouping.max`."""
        return await self._grouped(max_of(of)).run_async(self._values)

    @overload
    async def avg(self, of: Callable[[T], int | Decimal | None]) -> dict[G, Decimal | None]: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    async def avg(self, of: Callable[[T], Floating | None]) -> dict[G, float | None]: ...  # type: ignore[overload-overlap]  # see `Floating`
    @overload
    async def avg(self, of: Callable[[T], timedelta | None]) -> dict[G, timedelta | None]: ...
    @overload
    async def avg(self, of: str) -> dict[G, Any]: ...
    async def avg(self, of: Of) -> dict[G, Any]:
        """Take the mean of a field in each group; see `Grouping.avg`."""
        return await self._grouped(avg_of(of)).run_async(self._values)

    async def aggregate(self, **aggregates: Aggregate[Any]) -> dict[G, Row]:
        """Compute several things of each group in one go; see `Grouping.aggregate`."""
        return await self._grouped_rows(aggregates).run_async(self._values)
