"""The asynchronous memory store: whose data it has, when other tasks run, what cancellation leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from persistence.errors import ConditionFailed, InvalidRequest, TableNotFound
from persistence.expressions import Add, AttributeNotExists, Path, Value
from persistence.operations import (
    CreateTable,
    DescribeTable,
    GetItem,
    Operation,
    PutItem,
    TransactWrite,
    UpdateItem,
)
from persistence.store import AsyncStore, Limits
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.table import Table

THINGS = Table("things", "id")
KEY = {"id": {"S": "1"}}
PUT = PutItem(THINGS, KEY)
GET = GetItem(THINGS, KEY, consistent=True)
ADD_ONE = UpdateItem(THINGS, KEY, (Add(Path.of("n"), Value({"N": "1"})),))


async def cancel_after(turns: int, store: AsyncMemoryStore, operation: Operation[Any]) -> None:
    """Begin an operation, let the loop turn so often, and cancel it."""
    task = asyncio.create_task(store.perform(operation))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class TestConstructor:
    def test_makes_a_store_of_its_own(self) -> None:
        store = AsyncMemoryStore(auto_create=False, limits=Limits(transaction_actions=10))

        assert isinstance(store, AsyncStore)
        assert store.limits == Limits(transaction_actions=10, concurrent_requests=1)
        with pytest.raises(TableNotFound):
            asyncio.run(store.perform(GET))

    def test_takes_a_clock(self) -> None:
        """Client tokens age by it: after 10 minutes a transaction is a new one."""
        now = [0.0]
        store = AsyncMemoryStore(clock=lambda: now[0])
        transaction = TransactWrite((ADD_ONE,), token="t")

        for now[0] in (0.0, 599.0, 601.0):
            asyncio.run(store.perform(transaction))

        assert asyncio.run(store.perform(GET)).item == {**KEY, "n": {"N": "2"}}

    def test_takes_a_delay_of_tables(self) -> None:
        now = [0.0]
        store = AsyncMemoryStore(auto_create=False, clock=lambda: now[0], table_delay=5.0)

        made = asyncio.run(store.perform(CreateTable(THINGS)))
        now[0] = 5.0

        assert (made.status, asyncio.run(store.perform(DescribeTable("things"))).status) == (
            "CREATING",
            "ACTIVE",
        )

    def test_shares_a_store_with_synchronous_code(self) -> None:
        below = MemoryStore(limits=Limits(transaction_actions=10))
        store = AsyncMemoryStore(below)

        asyncio.run(store.perform(PUT))

        assert below.perform(GET).item == KEY
        assert store.limits is below.limits

    def test_refuses_settings_beside_a_store(self) -> None:
        with pytest.raises(ValueError, match="give that one the settings"):
            AsyncMemoryStore(MemoryStore(), auto_create=False)


class TestPerform:
    def test_answers_and_refuses_as_the_store_below(self) -> None:
        class Sing(Operation[None]):
            pass

        async def work() -> None:
            store = AsyncMemoryStore()
            await store.perform(PUT)

            assert (await store.perform(GET)).item == KEY
            with pytest.raises(ConditionFailed):
                await store.perform(PutItem(THINGS, KEY, AttributeNotExists(Path.of("id"))))
            with pytest.raises(InvalidRequest, match="Sing"):
                await store.perform(Sing())

        asyncio.run(work())

    def test_gives_other_tasks_a_turn_before_and_after_the_effect(self) -> None:
        below = MemoryStore()
        seen: list[object] = []

        async def look(store: AsyncMemoryStore) -> None:
            task = asyncio.create_task(store.perform(PUT))
            while not task.done():
                seen.append(below.perform(GET).item)
                await asyncio.sleep(0)

        asyncio.run(look(AsyncMemoryStore(below)))

        assert seen == [None, None, KEY]

    def test_serves_tasks_side_by_side(self) -> None:
        """Every addition counts, whichever task comes first."""

        async def work(store: AsyncMemoryStore) -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(50):
                    group.create_task(store.perform(ADD_ONE))

        below = MemoryStore()

        asyncio.run(work(AsyncMemoryStore(below)))

        assert below.perform(GET).item == {**KEY, "n": {"N": "50"}}


class TestCancellation:
    @pytest.mark.parametrize("turns", [0, 1])
    def test_before_the_effect_leaves_nothing(self, turns: int) -> None:
        """The task had not begun, or was on its way."""
        below = MemoryStore()

        asyncio.run(cancel_after(turns, AsyncMemoryStore(below), PUT))

        assert below.perform(GET).item is None

    def test_after_the_effect_loses_the_answer_only(self) -> None:
        below = MemoryStore()

        asyncio.run(cancel_after(2, AsyncMemoryStore(below), PUT))

        assert below.perform(GET).item == KEY

    def test_loses_a_refusal_too(self) -> None:
        """What was on its way back is its context, as for any error that another one replaces."""
        store = AsyncMemoryStore(auto_create=False)

        async def work() -> BaseException:
            task = asyncio.create_task(store.perform(GET))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await task
            return cancelled.value

        assert isinstance(asyncio.run(work()).__context__, TableNotFound)

    def test_by_a_timeout(self) -> None:
        """Time that is over before the operation is on its way leaves nothing either."""
        below = MemoryStore()

        async def work() -> None:
            async with asyncio.timeout(-1):
                await AsyncMemoryStore(below).perform(PUT)

        with pytest.raises(TimeoutError):
            asyncio.run(work())

        assert below.perform(GET).item is None

    def test_of_one_task_leaves_the_others_alone(self) -> None:
        below = MemoryStore()

        async def work(store: AsyncMemoryStore) -> None:
            others = [asyncio.create_task(store.perform(ADD_ONE)) for _ in range(3)]
            await cancel_after(1, store, ADD_ONE)
            await asyncio.gather(*others)

        asyncio.run(work(AsyncMemoryStore(below)))

        assert below.perform(GET).item == {**KEY, "n": {"N": "3"}}
