"""Units of work with an outbox: events are items of the transaction that they tell of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from persistence import (
    CommitConflict,
    Key,
    MappingError,
    MappingSchema,
    MemoryStore,
    Repository,
    UnitOfWork,
    ValidationFailed,
    fields,
)
from persistence.operations import PutItem, TransactWrite, UpdateItem
from persistence.outbox import OutboxEntry, OutboxRelay
from persistence.unit_of_work.asynchronous import AsyncUnitOfWork
from tests.unit.outbox.shop import (
    NOON,
    Awaited,
    OrderCancelled,
    OrderPlaced,
    Recording,
    ShopOutbox,
    counted,
)


@dataclass
class Order:
    id: str
    total: int = 0
    version: int = 0
    domain_events: list[object] = field(default_factory=list, init=False, compare=False)

    def cancel(self) -> None:
        self.total = 0
        self.domain_events.append(OrderCancelled(self.id))


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")

    version = fields.Version()


class Units:
    """A store, and units of work over it whose clocks differ."""

    def __init__(self) -> None:
        self.store = Recording(MemoryStore())
        self.uow = self.unit_of_work()
        self.orders = Repository(OrderMapping, self.uow)

    def unit_of_work(self, ahead: timedelta = timedelta(0), prefix: str = "id-") -> UnitOfWork:
        ids = counted(prefix)
        return UnitOfWork(self.store, outbox=ShopOutbox, clock=lambda: NOON + ahead, ids=ids)

    def left(self) -> list[OutboxEntry]:
        entries = Repository(ShopOutbox, UnitOfWork(self.store))
        return entries.where("partition", "=", "pending#0").all()

    def handed_on(self) -> list[object]:
        events: list[object] = []
        OutboxRelay(self.store, ShopOutbox, lambda delivery: events.append(delivery.event)).poll()
        return events


@pytest.fixture
def units() -> Units:
    return Units()


class TestCommit:
    def test_writes_events_beside_entities(self, units: Units) -> None:
        with units.uow:
            order = Order("o-1", 7)
            units.orders.add(order)
            units.uow.record(OrderPlaced("o-1", 7), order)

        (sent,) = (each for each in units.store.asked if isinstance(each, TransactWrite))
        assert [(type(action), action.table.name) for action in sent.actions] == [
            (PutItem, "orders"),
            (PutItem, "outbox"),
        ]
        (entry,) = units.left()
        assert (entry.type, entry.payload, entry.recorded_at) == (
            "OrderPlaced",
            {"order_id": "o-1", "number": 7},
            NOON,
        )
        assert (entry.aggregate_type, entry.aggregate_key, entry.aggregate_version) == ("Order", ("o-1",), 0)

    def test_writes_what_entities_have_raised(self, units: Units) -> None:
        units.orders.add(Order("o-1", 7))

        with units.uow:
            order = units.orders.get("o-1")
            order.cancel()

        sent = [each for each in units.store.asked if isinstance(each, TransactWrite)][-1]
        assert [type(action) for action in sent.actions] == [UpdateItem, PutItem]
        assert [(entry.type, entry.aggregate_version) for entry in units.left()] == [("OrderCancelled", 1)]
        assert order.domain_events == []

    def test_may_hold_nothing_but_an_event(self, units: Units) -> None:
        with units.uow:
            units.uow.record(OrderPlaced("o-1"))

        assert units.handed_on() == [OrderPlaced("o-1")]

    def test_that_is_refused_records_nothing(self, units: Units) -> None:
        units.orders.add(Order("o-1"))

        with pytest.raises(CommitConflict), units.uow:
            units.uow.record(OrderPlaced("o-1"))
            units.orders.add(Order("o-1"))

        assert units.left() == []

    def test_that_is_discarded_records_nothing(self, units: Units) -> None:
        with pytest.raises(ZeroDivisionError), units.uow:
            units.uow.record(OrderPlaced("o-1"))
            raise ZeroDivisionError

        assert units.left() == []

    def test_refuses_events_that_the_outbox_does_not_take(self, units: Units) -> None:
        """At once, where they are recorded."""
        with units.uow:
            with pytest.raises(MappingError, match="not among the events of ShopOutbox"):
                units.uow.record(NOON)
            units.uow.record(OrderPlaced("o-1"))

        assert units.handed_on() == [OrderPlaced("o-1")]

    def test_sends_nothing_where_an_event_cant_be_stored(self, units: Units) -> None:
        wrong = OrderPlaced("o-1", number="x")  # type: ignore[arg-type]  # that is the subject

        with pytest.raises(ValidationFailed) as refused, units.uow:
            units.orders.add(Order("o-1"))
            units.uow.record(wrong)

        assert (refused.value.entity_type, units.store.asked) == (OrderPlaced, [])

    def test_of_an_asynchronous_unit_does_the_same(self, units: Units) -> None:
        async def record() -> None:
            async with AsyncUnitOfWork(Awaited(units.store), outbox=ShopOutbox) as uow:
                uow.record(OrderPlaced("o-1"))

        asyncio.run(record())

        assert units.handed_on() == [OrderPlaced("o-1")]


class TestOrder:
    def test_is_that_of_the_commits_whatever_the_clocks_say(self, units: Units) -> None:
        """Each commit is made by a machine whose clock is an hour behind that of the one before."""
        units.orders.add(Order("o-1"))

        for number in range(1, 12):
            uow = units.unit_of_work(timedelta(hours=-number), prefix=f"machine-{number}-")
            with uow:
                order = Repository(OrderMapping, uow).get("o-1")
                order.total = number
                uow.record(OrderPlaced("o-1", number), order)

        assert units.handed_on() == [OrderPlaced("o-1", number) for number in range(1, 12)]

    def test_ends_with_the_removal(self, units: Units) -> None:
        """By a machine whose clock is an hour behind."""
        with units.uow:
            order = Order("o-1")
            units.orders.add(order)
            units.uow.record(OrderPlaced("o-1"), order)

        uow = units.unit_of_work(timedelta(hours=-1), prefix="slow-")
        with uow:
            orders = Repository(OrderMapping, uow)
            order = orders.get("o-1")
            orders.remove(order)
            uow.record(OrderCancelled("o-1"), order)

        assert units.handed_on() == [OrderPlaced("o-1"), OrderCancelled("o-1")]
