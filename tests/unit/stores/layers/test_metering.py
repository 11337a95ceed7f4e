"""The metering layers: what they count, and what they hand out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from persistence import MemoryStore, Table
from persistence.errors import ConditionFailed
from persistence.expressions import AttributeNotExists, Path
from persistence.operations import GetItem, Operation, PutItem, TransactWrite
from persistence.store import AWS_LIMITS, AsyncStore, Limits, Store
from persistence.stores.layers import AsyncMetered, Metered, OperationTotals
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract import SyncView

R = TypeVar("R")

THINGS = Table("things", "id")
GET = GetItem(THINGS, {"id": {"S": "1"}}, consistent=True)
CREATE = PutItem(THINGS, {"id": {"S": "1"}}, AttributeNotExists(Path.of("id")))


class Broken:
    """A store with an error that is none of the framework's."""

    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        raise RuntimeError("broken")


class AsyncBroken:
    """The same, awaited."""

    limits = AWS_LIMITS

    async def perform(self, operation: Operation[R]) -> R:
        raise RuntimeError("broken")


class Metering:
    """A metering layer, synchronous or asynchronous, over a memory store or a broken one."""

    def __init__(self, asynchronous: bool, stack: ExitStack) -> None:
        self._asynchronous = asynchronous
        self._stack = stack

    def over_memory(self, **arguments: Any) -> tuple[Metered | AsyncMetered, Store]:
        below = MemoryStore(limits=Limits(transaction_actions=10))
        return self._over(below, AsyncMemoryStore(below), **arguments)

    def over_broken(self) -> tuple[Metered | AsyncMetered, Store]:
        return self._over(Broken(), AsyncBroken())

    def _over(
        self, store: Store, async_store: AsyncStore, **arguments: Any
    ) -> tuple[Metered | AsyncMetered, Store]:
        if not self._asynchronous:
            metered = Metered(store, **arguments)
            return metered, metered
        async_metered = AsyncMetered(async_store, **arguments)
        return async_metered, self._stack.enter_context(SyncView(async_metered))


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def metering(request: pytest.FixtureRequest) -> Iterator[Metering]:
    with ExitStack() as stack:
        yield Metering(request.param, stack)


class TestMetered:
    def test_counts_times_and_prices(self, metering: Metering) -> None:
        """One call of several actions; the seconds of the clock; what the store says that it cost."""
        now = iter(range(100))
        metered, store = metering.over_memory(clock=lambda: float(next(now)))
        puts = tuple(PutItem(THINGS, {"id": {"S": name}}) for name in ("a", "b"))

        store.perform(TransactWrite(puts))
        store.perform(GET)
        store.perform(GET)

        assert metered.totals == {
            "TransactWrite": OperationTotals(calls=1, actions=2, seconds=1.0, write_units=4.0),
            "GetItem": OperationTotals(calls=2, actions=2, seconds=2.0, read_units=2.0),
        }

    def test_gives_answers_and_errors_of_the_store_below(self, metering: Metering) -> None:
        metered, store = metering.over_memory()
        store.perform(CREATE)

        with pytest.raises(ConditionFailed):
            store.perform(CREATE)

        assert store.perform(GET).item == {"id": {"S": "1"}}
        assert metered.totals["PutItem"].errors == {"ConditionFailed": 1}
        assert metered.limits.transaction_actions == 10

    def test_gives_totals_that_stay_as_they_are(self, metering: Metering) -> None:
        """What was handed out does not change with what is counted later."""
        metered, store = metering.over_memory()
        store.perform(GET)
        before = metered.totals

        store.perform(GET)

        assert before["GetItem"].calls == 1
        assert metered.totals["GetItem"].calls == 2

    def test_counts_errors_of_any_kind(self, metering: Metering) -> None:
        """An error of a broken store is a failure like others, in copies of its own."""
        metered, store = metering.over_broken()
        for _ in range(2):
            with pytest.raises(RuntimeError):
                store.perform(GET)
        metered.totals["GetItem"].errors.clear()

        totals = metered.totals["GetItem"]

        assert (totals.calls, totals.errors) == (2, {"RuntimeError": 2})


class TestAsyncMetered:
    def test_counts_cancelled_operations(self) -> None:
        metered = AsyncMetered(AsyncMemoryStore())

        async def work() -> None:
            task = asyncio.create_task(metered.perform(GET))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(work())

        assert metered.totals["GetItem"].errors == {"CancelledError": 1}

    def test_is_a_store(self) -> None:
        assert isinstance(AsyncMetered(AsyncMemoryStore()), AsyncStore)
