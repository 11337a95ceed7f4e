"""The stores that are compared: each with the tables of all models, made once, and in both colours.

What an example writes has a partition key that no other example has, so that they don't meet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar, cast

import hypothesis
from hypothesis import HealthCheck, Phase

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    MappingSchema,
    Repository,
    SchemaService,
    UnitOfWork,
)
from persistence.attributes import Item
from persistence.flows import Flow, perform
from persistence.mapping import mapping_of
from persistence.operations import BatchWriteItems, Operation, PutItem, QueryPage, ScanPage
from persistence.store import AsyncStore, Store
from persistence.stores.layers import Layer, layered
from tests.semantics.awaited import AwaitedRepository, OneTask

R = TypeVar("R")
T = TypeVar("T")

TIMES = int(os.environ.get("MODELS_TIMES", "1"))
"""How many times as many examples are tried as in a usual run: `MODELS_TIMES=50 pytest tests/models`."""


def settings(examples: int) -> hypothesis.settings:
    """Give the settings for so many examples; nothing of them is a matter of luck or of this machine."""
    return hypothesis.settings(
        max_examples=examples * TIMES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )


MOST_PUTS = 25


@dataclass(frozen=True)
class World:
    """A store, in one colour."""

    name: str
    store: Store
    awaited: AsyncStore | None = None
    task: OneTask | None = None

    def repository(self, mapping: type[MappingSchema[T]]) -> Repository[T]:
        """Make a repository; an asynchronous one stands behind the names of a synchronous one."""
        policies: dict[str, Any] = {"scan_policy": "allow"}
        if self.awaited is None or self.task is None:
            return Repository(mapping, UnitOfWork(self.store, **policies))
        made = AsyncRepository(mapping, AsyncUnitOfWork(self.awaited, **policies))
        return cast(Repository[T], AwaitedRepository(made, self.task))

    def put(self, mapping: type[MappingSchema[Any]], items: Sequence[Item]) -> None:
        """Store items past all repositories."""
        table = mapping_of(mapping).table
        puts = [PutItem(table, item) for item in items]
        for begin in range(0, len(puts), MOST_PUTS):
            self.store.perform(BatchWriteItems(tuple(puts[begin : begin + MOST_PUTS])))


class SmallPages(Layer):
    """Reads three items a page, as a store does where items are large.

    Args:
        kinds: of which operations.
    """

    def __init__(self, *kinds: type[QueryPage | ScanPage]) -> None:
        self._kinds = kinds

    def around(self, operation: Operation[R]) -> Flow[R]:
        """See `Layer.around`."""
        small: Operation[R] = self._small(operation)
        return (yield from perform(small))

    def _small(self, operation: Any) -> Any:
        if isinstance(operation, self._kinds):
            return replace(operation, limit=min(operation.limit or SMALL, SMALL))
        return operation


SMALL = 3


@contextmanager
def both_colours(
    name: str,
    store: Store,
    make_awaited: Callable[[], AsyncStore],
    mappings: Sequence[type[MappingSchema[Any]]],
) -> Iterator[tuple[World, World]]:
    """Make the tables, and give the store in both colours; the pages of its queries are small."""
    for mapping in mappings:
        SchemaService(store, [mapping]).ensure_table(mapping)
    task = OneTask()
    # Scans read what other examples have left, which would take too many.
    small = SmallPages(QueryPage)
    awaited = layered(task.run(make_awaited), small)
    yield World(name, layered(store, small)), World(f"{name}, async", store, awaited, task)
    task.close()


_numbers = count(1)


def new_partition() -> str:
    """Give a text that no other example has."""
    return f"p{next(_numbers)}"
