"""What the tests of this folder work with: a recorded store, a clock that stands still, and other writers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from persistence import MappingSchema, Repository, SchemaService, UnitOfWork
from persistence.attributes import Item
from persistence.mapping import mapping_of
from persistence.operations import GetItem, Operation, PutItem, TransactAction, TransactWrite
from persistence.store import AWS_LIMITS, Limits, Store
from persistence.unit_of_work import Timing

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
    """A layer that keeps every operation that passes."""

    def __init__(self, store: Store) -> None:
        self.below = store
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
        return Timing(monotonic=lambda: sum(self.seconds), sleep=self.seconds.append, chance=lambda: 0.5)


@dataclass
class World:
    """A store with a unit of work over it, and a way round both."""

    store: Recording
    clock: Clock = field(default_factory=Clock)
    pauses: Pauses = field(default_factory=Pauses)

    def __post_init__(self) -> None:
        self.uow = self.unit_of_work()

    def unit_of_work(self, **policies: Any) -> UnitOfWork:
        """Make a further unit of work on the same store."""
        return UnitOfWork(self.store, clock=self.clock, timing=self.pauses.timing, **policies)

    def repository(self, mapping: type[MappingSchema[T]], uow: UnitOfWork | None = None) -> Repository[T]:
        """Make a repository, and its table unless it is there."""
        SchemaService(self.store.below, [mapping]).ensure_table(mapping)
        return Repository(mapping, uow or self.uow)

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
