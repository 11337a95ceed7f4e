"""Aggregates, which DynamoDB does not have: made of values that stream by, one accumulator in memory each.

An `Aggregate` says what is computed. Bound to a mapping it becomes an `Aggregation`, which knows what has to
be read for it, and makes its result of the values, wherever these come from.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import gt, lt
from typing import Any, Generic, Literal, Protocol, TypeVar

from persistence.errors import QueryError
from persistence.mapping import EntityMapping
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.nodes import NO_EMPTY, Node, Scalar
from persistence.mapping.paths import bare
from persistence.mapping.records import Record
from persistence.query.rows import Row
from persistence.query.selection import Selection, select_one, select_paths, select_recorded
from persistence.query.terms import dotted
from persistence.query.totals import Accumulator, Average, Count, Extreme, Groups, Several, Total

T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V")
G = TypeVar("G")

Verb = Literal["count", "sum", "min", "max", "avg"]
Of = str | Callable[[Any], Any]
"""A field: its Python name, a dotted path, or a lambda such as `lambda o: o.total`."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[R]):
    """What is computed of many entities.

    Attributes:
        verb: how.
        of: the field; None counts the entities themselves.
    """

    verb: Verb
    of: Of | None = None


def count_of(of: Of | None = None) -> Aggregate[int]:
    """Count entities, or those in which a field is neither absent nor None."""
    return Aggregate("count", of)


def sum_of(of: Of) -> Aggregate[Any]:
    """Add numbers or periods, exactly; of nothing it is 0."""
    return Aggregate("sum", of)


def min_of(of: Of) -> Aggregate[Any]:
    """Find the least of values that have an order; of nothing it is None."""
    return Aggregate("min", of)


def max_of(of: Of) -> Aggregate[Any]:
    """Find the greatest of values that have an order; of nothing it is None."""
    return Aggregate("max", of)


def avg_of(of: Of) -> Aggregate[Any]:
    """Take the mean: of whole numbers and Decimals a Decimal of at most 38 digits; of nothing it is None."""
    return Aggregate("avg", of)


class Floating(Protocol):
    """A float, and nothing that type checkers take for one: to them an int is a float too.

    So the mean of whole numbers is seen to be a Decimal. Overloads with it overlap for what is always None;
    of that there is no mean, and either answer is right.
    """

    def as_integer_ratio(self) -> tuple[int, int]:
        """Give the fraction that it is."""
        ...

    def hex(self) -> str:
        """Write it exactly; it is what neither an int nor a Decimal can."""
        ...


class Values(Protocol):
    """Gives what a selection reads, entity by entity."""

    def __call__(self, selection: Selection[R], /) -> Iterator[R]:
        """Read."""
        ...


class AsyncValues(Protocol):
    """Gives what a selection reads, entity by entity, awaited."""

    def __call__(self, selection: Selection[R], /) -> AsyncIterator[R]:
        """Read."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation(Generic[R]):
    """An aggregate of one mapping's entities.

    Attributes:
        selection: what must be read.
        begin: makes an accumulator, which takes what the selection gives.
    """

    selection: Selection[Any] = field(repr=False)
    begin: Callable[[], Accumulator[R]] = field(repr=False)

    def run(self, values: Values) -> R:
        """Read, and give the result."""
        accumulator = self.begin()
        for value in values(self.selection):
            accumulator.take(value)
        return accumulator.result

    async def run_async(self, values: AsyncValues) -> R:
        """Read, awaited, and give the result."""
        accumulator = self.begin()
        async for value in values(self.selection):
            accumulator.take(value)
        return accumulator.result


def aggregation(mapping: EntityMapping[Any], aggregate: Aggregate[R]) -> Aggregation[R]:
    """Bind an aggregate to a mapping.

    Raises:
        QueryError: there is no such field, it can't be read alone, or its values can't be added.
    """
    if aggregate.of is None:
        return Aggregation(select_paths(mapping, ()), Count)  # type: ignore[arg-type]  # R is int where `of` is None
    selection = select_one(mapping, aggregate.of)
    said = f"{aggregate.verb}({dotted(selection.names[0])!r}) of {mapping.name}"
    return Aggregation(selection, _begin(aggregate.verb, said, selection.picks[0].node))


def _begin(verb: Verb, said: str, node: Node) -> Callable[[], Accumulator[Any]]:
    match verb:
        case "count":
            return Count
        case "sum":
            _refuse_other_than_numbers(said, bare(node))
            return partial(Total, said, _zero(bare(node)))
        case "avg":
            _refuse_other_than_numbers(said, bare(node))
            return partial(Average, said)
        case "min":
            return partial(Extreme, said, lt)
        case "max":
            return partial(Extreme, said, gt)


def _refuse_other_than_numbers(said: str, node: Node) -> None:
    other = isinstance(node, Record | ListOf | TupleOf | MapOf | SetOf)
    if other or (isinstance(node, Scalar) and node.tag != "N"):
        raise QueryError(f"{said}: it is stored as {node.expected}; numbers and periods can be added")


def _zero(node: Node) -> Any:
    known = isinstance(node, Scalar) and node.empty is not NO_EMPTY
    return node.empty if known else 0


def aggregation_row(
    mapping: EntityMapping[Any], aggregates: Mapping[str, Aggregate[Any]]
) -> Aggregation[Row]:
    """Bind several aggregates, which are computed in one go.

    Args:
        mapping: the entities' mapping.
        aggregates: name in the row -> what is computed.

    Raises:
        QueryError: there are none, or as `aggregation` does.
    """
    if not aggregates:
        raise QueryError(
            f"aggregate of {mapping.name} takes at least one, by name: aggregate(revenue=sum_of('total'))"
        )
    for name, aggregate in aggregates.items():
        if not isinstance(aggregate, Aggregate):
            raise QueryError(
                f"aggregate({name}=...) takes count_of(), sum_of(...), min_of(...), max_of(...) or "
                f"avg_of(...), not {type(aggregate).__name__}"
            )
    parts = [aggregation(mapping, aggregate) for aggregate in aggregates.values()]
    return _together(parts, lambda results: Row(mapping.name, dict(zip(aggregates, results, strict=True))))


def _together(parts: list[Aggregation[Any]], build: Callable[[tuple[Any, ...]], R]) -> Aggregation[R]:
    first, *others = (part.selection for part in parts)
    joined: Selection[tuple[Any, ...]] = first.then(lambda value: (value,))
    for other in others:
        joined = joined.beside(other).then(lambda pair: (*pair[0], pair[1]))
    return Aggregation(joined, lambda: Several(tuple(part.begin() for part in parts), build))


def grouped(
    mapping: EntityMapping[Any],
    by: str | Callable[[Any], G],
    each: Aggregation[V],
    at_most: int | None = None,
) -> Aggregation[dict[G, V]]:
    """Compute an aggregation for each group of entities.

    Args:
        mapping: the entities' mapping.
        by: the field whose values are the groups, or a lambda that picks one or a tuple of them.
        each: what is computed of each group.
        at_most: refuse to keep more groups than these in memory; None for any number.

    Raises:
        QueryError: there is no such field, or it can't be read alone.
    """
    groups: Selection[Any] = select_one(mapping, by) if isinstance(by, str) else select_recorded(mapping, by)
    said = f"group_by({', '.join(map(dotted, groups.names))}) of {mapping.name}"
    return Aggregation(groups.beside(each.selection), partial(Groups, said, each.begin, at_most))
