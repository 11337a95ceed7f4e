"""A shop that records events, and relays of both kinds over its outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from persistence import MemoryStore, Repository, SchemaService, UnitOfWork
from persistence.operations import Operation
from persistence.outbox import (
    AsyncOutboxRelay,
    Delivery,
    OutboxEntry,
    OutboxMapping,
    OutboxRelay,
    Polled,
    Recorded,
    entries,
)
from persistence.store import Limits, Store
from persistence.timing import Timing

R = TypeVar("R")

NOON = datetime(2026, 1, 2, 12, 0, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class OrderPlaced:
    order_id: str
    number: int = 0


@dataclass(frozen=True)
class OrderCancelled:
    order_id: str


class ShopOutbox(OutboxMapping):
    class Meta:
        table = "outbox"

    events = (OrderPlaced, OrderCancelled)


class ShardedOutbox(ShopOutbox):
    class Meta:
        table = "sharded-outbox"

    shards = 4


def counted(prefix: str = "id-") -> Callable[[], str]:
    """Give a source of ids that counts."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def placed(order_id: str, version: int, number: int = 0) -> Recorded:
    """Say that an order was placed, by the commit that gave it a version."""
    return Recorded(OrderPlaced(order_id, number), "Order", (order_id,), version)


@dataclass
class Awaited:
    """A store, awaited."""

    below: Store

    @property
    def limits(self) -> Limits:
        return self.below.limits

    async def perform(self, operation: Operation[R]) -> R:
        await asyncio.sleep(0)
        return self.below.perform(operation)


@dataclass
class Recording:
    """A store that keeps what it was asked, and raises what it is told to, once each."""

    below: Store
    asked: list[Operation[Any]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    failing: type[Operation[Any]] = Operation

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        if self.failures and isinstance(operation, self.failing):
            raise self.failures.pop(0)
        return self.below.perform(operation)


@dataclass
class Shop:
    """An outbox in memory, and what its handler was given."""

    kind: str
    mapping: type[OutboxMapping] = ShopOutbox
    seen: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Recording(MemoryStore(auto_create=False))
        SchemaService(self.store, [self.mapping]).ensure_table(self.mapping)
        self.uow = UnitOfWork(self.store)
        self.entries = Repository(self.mapping, self.uow)
        self.now = NOON
        self.pauses: list[float] = []
        self._ids = counted()

    def commit(
        self, *recorded: Recorded, at: datetime = NOON, mapping: type[OutboxMapping] | None = None
    ) -> None:
        """Write the entries of one commit, perhaps of an application with another mapping of the table."""
        with self.uow:
            for entry in entries(mapping or self.mapping, recorded, at, self._ids):
                self.entries.add(entry)

    def commits(self, recorded: Iterable[Recorded]) -> None:
        """Write each event by a commit of its own, a second apart."""
        for number, each in enumerate(recorded):
            self.commit(each, at=NOON + timedelta(seconds=number))

    def relay(
        self, handler: Callable[[Delivery], object] | None = None, *, kind: str = "", **settings: Any
    ) -> Relay:
        """Make a relay of this shop's kind, or of another one."""
        timing = Timing(sleep=self.pauses.append, sleep_async=self._pause, chance=lambda: 1.0)
        arguments = {"clock": lambda: self.now, "timing": timing, **settings}
        taking = handler or self.seen.append
        if (kind or self.kind) == "sync":
            return Relay(OutboxRelay(self.store, self.mapping, taking, **arguments).poll)
        relay = AsyncOutboxRelay(Awaited(self.store), self.mapping, taking, **arguments)
        return Relay(lambda limit: asyncio.run(relay.poll(limit)))

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def events(self) -> list[object]:
        """The events that were handed on."""
        return [delivery.event for delivery in self.seen]

    def left(self, partition: str = "pending#0") -> list[OutboxEntry]:
        """Read the entries of a partition."""
        return self.entries.where("partition", "=", partition).all()


@dataclass
class Relay:
    """A relay of either kind."""

    poll_up_to: Callable[[int], Polled]

    def poll(self, limit: int = 100) -> Polled:
        return self.poll_up_to(limit)


def failing(shop: Shop, errors: dict[object, BaseException]) -> Callable[[Delivery], None]:
    """Give a handler that raises for some events, and else keeps what it is given."""

    def handler(delivery: Delivery) -> None:
        if delivery.event in errors:
            raise errors[delivery.event]
        shop.seen.append(delivery)

    return handler


def drained(relay: Relay, limit: int) -> Iterator[Polled]:
    """Poll until nothing is left that could be handed on."""
    while True:
        polled = relay.poll(limit)
        yield polled
        if not polled.more:
            return
