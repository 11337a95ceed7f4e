"""The library, on each way through botocore that it has."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from benchmarks.peers.way import Way, ways_awaited, ways_of
from benchmarks.service.models import PARTITION, Shape
from benchmarks.shapes import Complex, Simple, Wide
from persistence import (
    AsyncDynamoStore,
    AsyncRepository,
    AsyncUnitOfWork,
    DynamoStore,
    Key,
    MappingSchema,
    Repository,
    Store,
    UnitOfWork,
    fields,
)

PLAIN = "persistence, plain"
DEFAULT = "persistence"
TYPED = "persistence, typed"
FAST = "persistence, fast lane"
FAST_TYPED = "persistence, fast lane, typed"
ASYNC = "persistence, async"

_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    PLAIN: {"tuned": False, "accelerated": False},
    DEFAULT: {"accelerated": False},
    TYPED: {"accelerated": True},
    FAST: {"fast_lane": True, "accelerated": False},
    FAST_TYPED: {"fast_lane": True, "accelerated": True},
}
_DEFAULTS: Mapping[str, object] = {"accelerated": False}
"""What a store does that has no such switch yet."""


class SimpleMapping(MappingSchema[Simple]):
    class Meta:
        table = "simple"
        key = Key("name", "id")


class ComplexMapping(MappingSchema[Complex]):
    class Meta:
        table = "complex"
        key = Key("customer_id", "id")

    version = fields.Version()


class WideMapping(MappingSchema[Wide]):
    class Meta:
        table = "wide"
        key = Key("text_01", "text_02")


MAPPINGS: Mapping[str, type[MappingSchema[Any]]] = {
    "simple": SimpleMapping,
    "complex": ComplexMapping,
    "wide": WideMapping,
}


def stores(url: str) -> Iterator[tuple[str, DynamoStore]]:
    """Give a store of each kind that this version of the library has."""
    for name, wanted in _SETTINGS.items():
        settings = _known(wanted)
        if settings is not None:
            yield name, DynamoStore(endpoint_url=url, region="us-east-1", **settings)


def _known(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Leave out what a store has no switch for; None where it then would do something else."""
    parameters = inspect.signature(DynamoStore).parameters
    missing = {name: value for name, value in wanted.items() if name not in parameters}
    if any(_DEFAULTS.get(name, not value) != value for name, value in missing.items()):
        return None
    return {name: value for name, value in wanted.items() if name in parameters}


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    for name, store in stores(url):
        yield ways_of(name, _jobs_on(store), store.close)
    yield from _asynchronous(url)


def _jobs_on(store: Store) -> Callable[[Shape], Iterator[tuple[str, Callable[[], object]]]]:
    return lambda shape: jobs(UnitOfWork(store), shape, UnitOfWork(store, single_write="conditional"))


def jobs(
    uow: UnitOfWork, shape: Shape, alone: UnitOfWork | None = None
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give what a repository and a unit of work do with a shape.

    Args:
        uow: the unit of work.
        shape: of the entities.
        alone: the unit of work that single entities are written with; the same by default. One that sends a
            conditional write does what others do who put an item; else it is a transaction of one.
    """
    repository = Repository[Any](MAPPINGS[shape.name], uow)
    single = Repository[Any](MAPPINGS[shape.name], alone or uow)
    entity, entities = shape.entity(PARTITION, 0), shape.entities(100)
    key = (getattr(entity, shape.partition), getattr(entity, shape.sort))
    given = _given(shape)
    yield "get", lambda: repository.get(*key)
    yield "put", lambda: single.add(entity)
    yield "update", lambda: single.patch(*key).set(shape.changes, given).execute()
    yield "commit of 1", lambda: repository.add(entity)
    for count in (100, 1000):
        yield f"query {count}", _Query(repository, shape, count)
    for count in (10, 25, 100):
        yield f"commit of {count}", _Commit(uow, repository, entities[:count])

    def bulk() -> None:
        with repository.bulk(overwrite=True) as writes:
            for each in entities:
                writes.save(each)

    yield "bulk of 100", bulk


def _given(shape: Shape) -> object:
    ((tag, content),) = shape.given.items()
    return int(content) if tag == "N" else content


class _Query:
    def __init__(self, repository: Repository[Any], shape: Shape, count: int) -> None:
        self._repository, self._field, self._value = repository, shape.partition, str(count)

    def __call__(self) -> list[Any]:
        return self._repository.where(self._field, "=", self._value).untracked().all()


class _Commit:
    def __init__(self, uow: UnitOfWork, repository: Repository[Any], entities: list[Any]) -> None:
        self._uow, self._repository, self._entities = uow, repository, entities

    def __call__(self) -> None:
        with self._uow:
            for entity in self._entities:
                self._repository.add(entity)


def _asynchronous(url: str) -> Iterator[Way]:
    if find_spec("aiohttp") is None or find_spec("persistence.stores.dynamodb.native") is None:
        return
    loop = asyncio.new_event_loop()
    store = AsyncDynamoStore(endpoint_url=url, region="us-east-1")

    def close() -> None:
        loop.run_until_complete(_closed(store))
        loop.close()

    yield from ways_awaited(ASYNC, loop, lambda shape: _awaited(store, shape), close)


async def _closed(store: AsyncDynamoStore) -> None:
    async with store:
        pass


def _awaited(store: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    entity, entities = shape.entity(PARTITION, 0), shape.entities(100)
    key = (getattr(entity, shape.partition), getattr(entity, shape.sort))
    given = _given(shape)
    outside = AsyncRepository[Any](MAPPINGS[shape.name], AsyncUnitOfWork(store))
    alone = AsyncUnitOfWork(store, single_write="conditional")
    single = AsyncRepository[Any](MAPPINGS[shape.name], alone)
    yield "get", lambda: outside.get(*key)
    yield "put", lambda: single.add(entity)
    yield "update", lambda: single.patch(*key).set(shape.changes, given).execute()
    yield "commit of 1", lambda: outside.add(entity)
    for count in (100, 1000):
        yield f"query {count}", _AsyncQuery(outside, shape, count)
    for count in (10, 25, 100):
        yield f"commit of {count}", _AsyncCommit(store, shape, entities[:count])


class _AsyncQuery:
    def __init__(self, repository: AsyncRepository[Any], shape: Shape, count: int) -> None:
        self._repository, self._field, self._value = repository, shape.partition, str(count)

    async def __call__(self) -> list[Any]:
        return await self._repository.where(self._field, "=", self._value).untracked().all()


class _AsyncCommit:
    def __init__(self, store: Any, shape: Shape, entities: list[Any]) -> None:
        self._uow = AsyncUnitOfWork(store)
        self._repository = AsyncRepository[Any](MAPPINGS[shape.name], self._uow)
        self._entities = entities

    async def __call__(self) -> None:
        async with self._uow:
            for entity in self._entities:
                await self._repository.add(entity)
