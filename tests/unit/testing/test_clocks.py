"""Time and identifiers that a test decides."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from persistence import AsyncMemoryStore, AsyncUnitOfWork, MemoryStore, Table, Throttled, UnitOfWork
from persistence.operations import CreateTable, TransactWrite
from persistence.testing import AsyncInMemoryRepository, FrozenClock, InMemoryRepository, SequentialIds
from persistence.testing.faults import AsyncFaultyStore, FaultyStore, Rule, Throttling
from tests.unit.testing.shop import Order, OrderMapping


class TestFrozenClock:
    def test_stands_still(self) -> None:
        clock = FrozenClock(datetime(2026, 5, 1, tzinfo=UTC))

        assert clock() == clock.now == datetime(2026, 5, 1, tzinfo=UTC)
        assert clock.timestamp() == clock.now.timestamp()
        assert repr(clock) == "FrozenClock(2026-05-01T00:00:00+00:00)"

    def test_advances_by_a_timedelta_or_seconds(self) -> None:
        """Backwards too, as clocks of servers do."""
        clock = FrozenClock()
        begun = clock.now

        assert clock.advance(timedelta(minutes=1)) == begun + timedelta(minutes=1)
        assert clock.advance(0.5) == begun + timedelta(seconds=60.5)
        assert clock.advance(-60.5) == clock.now == begun

    def test_moves_to_a_time(self) -> None:
        clock = FrozenClock()

        assert (
            clock.move_to(datetime(2030, 1, 1, tzinfo=UTC)) == clock.now == datetime(2030, 1, 1, tzinfo=UTC)
        )

    @pytest.mark.parametrize("time", [datetime(2026, 1, 1), date(2026, 1, 1), "noon"])  # noqa: DTZ001
    def test_refuses_times_without_a_zone(self, time: datetime) -> None:
        with pytest.raises(ValueError, match="takes an aware datetime"):
            FrozenClock(time)
        with pytest.raises(ValueError, match="takes an aware datetime"):
            FrozenClock().move_to(time)

    @pytest.mark.parametrize("by", ["1", True, None])
    def test_refuses_to_advance_by_something_else(self, by: float) -> None:
        with pytest.raises(TypeError, match=re.escape("by a timedelta or by seconds, not by ")):
            FrozenClock().advance(by)

    def test_is_the_clock_of_units_and_stores(self) -> None:
        """A store forgets a client token after 10 minutes of its clock."""
        clock, ids = FrozenClock(), SequentialIds()
        uow = UnitOfWork(MemoryStore(clock=clock.timestamp), clock=clock, ids=ids)
        orders = InMemoryRepository(OrderMapping, uow)

        orders.add(Order("o-1", "c-1"))

        assert orders.get("o-1").placed_at == clock.now
        assert ids.given == ("id-1",)

    @pytest.mark.parametrize("given", [FrozenClock(), FrozenClock().timestamp])
    def test_is_taken_by_stores_as_it_is(self, given: Any) -> None:
        """As an object or as a function; a table says when it was made."""
        store = MemoryStore(clock=given)
        things = Table("things", "id")

        assert store.perform(CreateTable(things)).created_at == FrozenClock().now

    def test_waits_by_moving(self) -> None:
        """A commit that is throttled until its deadline fails at once, 8 seconds later by the clock."""
        clock = FrozenClock()
        begun = clock.now
        store = FaultyStore(MemoryStore(clock=clock), [Rule(Throttling(), operations=(TransactWrite,))])
        uow = UnitOfWork(store, clock=clock, timing=clock.timing)

        with pytest.raises(Throttled):
            InMemoryRepository(OrderMapping, uow).add(Order("o-1", "c-1"))

        assert timedelta(seconds=4) < clock.now - begun <= timedelta(seconds=8)

    def test_waits_by_moving_where_it_is_awaited(self) -> None:
        clock = FrozenClock()
        begun = clock.now
        store = AsyncFaultyStore(
            AsyncMemoryStore(), [Rule(Throttling(), operations=(TransactWrite,), count=3)]
        )
        uow = AsyncUnitOfWork(store, clock=clock, timing=clock.timing)

        asyncio.run(AsyncInMemoryRepository(OrderMapping, uow).add(Order("o-1", "c-1")))

        assert clock.now - begun == timedelta(seconds=0.025 + 0.05 + 0.1)


class TestSequentialIds:
    def test_are_counted(self) -> None:
        ids = SequentialIds("order-")

        assert [ids(), ids()] == ["order-1", "order-2"]
        assert ids.given == ("order-1", "order-2")

    def test_refuse_a_prefix_that_no_token_can_have(self) -> None:
        with pytest.raises(ValueError, match="may have 26 characters"):
            SequentialIds("x" * 27)
