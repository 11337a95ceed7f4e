"""What the tests of this folder work with: a recorded store, a clock that stands still, and other writers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    MappingSchema,
    Repository,
    SchemaService,
    UnitOfWork,
)
from persistence.attributes import Item
from persistence.mapping import mapping_of
from persistence.operations import GetItem, Operation, PutItem, TransactAction, TransactWrite
from persistence.store import AWS_LIMITS, AsyncStore, Limits, Store
from persistence.testing.faults import AsyncFaultyStore, FaultyStore, Rule
from persistence.testing.faults.store import FaultLayer
from persistence.unit_of_work import Timing
from tests.semantics.awaited import AwaitedRepository, AwaitedUnitOfWork, OneTask, RecordingAsync

R = TypeVar("R")
T = TypeVar("T")

BEGINNING = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class Recording:
    """A layer that keeps every operation that passes.

    Attributes:
        below: the store.
        awaited: an asynchronous store on the same items; None in the tests of synchronous units.
    """

    def __init__(self, store: Store, awaited: AsyncStore | None = None) -> None:
        self.below = store
        self.awaited = awaited
        self.operations: list[Operation[Any]] = []

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        self.operations.append(operation)
        return self.below.perform(operation)


class WithMoreActions:
    """A layer for a server that takes fewer actions than the service: it allows the service's number."""

    limits = AWS_LIMITS

    def __init__(self, store: Store) -> None:
        self.perform = store.perform


@dataclass
class Pauses:
    """Time that passes only while somebody waits, and chance that is no chance."""

    seconds: list[float] = field(default_factory=list)

    @property
    def timing(self) -> Timing:
        return Timing(
            monotonic=lambda: sum(self.seconds),
            sleep=self.seconds.append,
            sleep_async=self._sleep_async,
            chance=lambda: 0.5,
        )

    async def _sleep_async(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@dataclass
class World:
    """A store with a unit of work over it, and a way round both.

    Where the store has an asynchronous side, units of work and repositories are asynchronous ones behind the
    synchronous names.
    """

    store: Recording
    clock: Clock = field(default_factory=Clock)
    pauses: Pauses = field(default_factory=Pauses)
    task: OneTask | None = None

    def __post_init__(self) -> None:
        self.uow = self.unit_of_work()

    def unit_of_work(self, store: Any = None, **policies: Any) -> UnitOfWork:
        """Make a further unit of work on the same store, or another one."""
        policies = {"clock": self.clock, "timing": self.pauses.timing, **policies}
        if self.task is None or self.store.awaited is None:
            return UnitOfWork(store or self.store, **policies)
        awaited = RecordingAsync(self.store.awaited, self.store)
        made = AwaitedUnitOfWork(AsyncUnitOfWork(store or awaited, **policies), self.task)
        return cast(UnitOfWork, made)

    def faulty(self, *plan: Rule, seed: int = 0, **policies: Any) -> tuple[UnitOfWork, FaultLayer[Any]]:
        """Make a unit of work over a layer that fails as rules say; the layer tells what it was sent."""
        if self.task is None or self.store.awaited is None:
            layer: FaultLayer[Any] = FaultyStore(self.store, plan, seed=seed, sleep=self.pauses.timing.sleep)
        else:
            awaited = RecordingAsync(self.store.awaited, self.store)
            layer = AsyncFaultyStore(awaited, plan, seed=seed, sleep=self.pauses.timing.sleep_async)
        return self.unit_of_work(layer, **policies), layer

    def repository(
        self, mapping: type[MappingSchema[T]], uow: UnitOfWork | None = None, *, create: bool = True
    ) -> Repository[T]:
        """Make a repository, and its table unless it is there."""
        if create:
            SchemaService(self.store.below, [mapping]).ensure_table(mapping)
        owner: Any = uow or self.uow
        if self.task is None or not isinstance(owner, AwaitedUnitOfWork):
            return Repository(mapping, owner)
        awaited = AwaitedRepository(AsyncRepository(mapping, owner.asynchronous), self.task)
        return cast(Repository[T], awaited)

    def elsewhere(self, mapping: type[MappingSchema[T]]) -> Repository[T]:
        """Make the repository of another writer, whose calls are not recorded."""
        return Repository(mapping, UnitOfWork(self.store.below, clock=self.clock))

    def stored(self, mapping: type[MappingSchema[Any]], *key: object) -> Item | None:
        """Read an item as it is stored, past all repositories."""
        known = mapping_of(mapping)
        get = GetItem(known.table, known.key_from(key, {}), consistent=True)
        return self.store.below.perform(get).item

    def put(self, mapping: type[MappingSchema[Any]], item: Item) -> None:
        """Write an item past all repositories."""
        self.store.below.perform(PutItem(mapping_of(mapping).table, item))

    def amend(self, mapping: type[MappingSchema[Any]], *key: object, **attributes: Any) -> None:
        """Give a stored item further attributes past all repositories."""
        item = self.stored(mapping, *key)
        assert item is not None
        self.put(mapping, {**item, **attributes})

    @property
    def sent(self) -> list[Operation[Any]]:
        """All operations since `forget`."""
        return self.store.operations

    @property
    def writes(self) -> list[tuple[TransactAction, ...]]:
        """The actions of each commit since `forget`; any other kind of write fails the test."""
        others = [each for each in self.sent if isinstance(each, PutItem) or "Batch" in type(each).__name__]
        assert not [each for each in others if "Get" not in type(each).__name__]
        return [each.actions for each in self.sent if isinstance(each, TransactWrite)]

    def forget(self) -> None:
        """Begin to record anew."""
        self.store.operations.clear()
