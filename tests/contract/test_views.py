"""The synchronous view of an asynchronous store, with which the contract runs on one."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from persistence.errors import TableNotFound
from persistence.expressions import Add, Path, Value
from persistence.operations import GetItem, Operation, PutItem, UpdateItem
from persistence.store import AWS_LIMITS, Limits, Store
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.table import Table
from persistence.testing.contract import SyncView

R = TypeVar("R")

THINGS = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(THINGS, KEY)


class Meeting:
    """An asynchronous store whose operations wait for each other."""

    limits = AWS_LIMITS

    def __init__(self, parties: int) -> None:
        self._below = AsyncMemoryStore()
        self._barrier = asyncio.Barrier(parties)

    async def perform(self, operation: Operation[R]) -> R:
        await self._barrier.wait()
        return await self._below.perform(operation)


class TestSyncView:
    def test_is_a_store_with_the_limits_of_the_one_below(self) -> None:
        with SyncView(AsyncMemoryStore(limits=Limits(transaction_actions=10))) as view:
            assert isinstance(view, Store)
            assert view.limits == Limits(transaction_actions=10, concurrent_requests=1)

    def test_answers_and_refuses_as_the_store_below(self) -> None:
        below = MemoryStore(auto_create=False)

        with SyncView(AsyncMemoryStore(below)) as view, pytest.raises(TableNotFound):
            view.perform(GET)

    def test_performs_operations_of_several_threads_at_once(self) -> None:
        """Three operations that wait for each other would never end one after the other."""
        with SyncView(Meeting(3)) as view, ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(view.perform, [GET, PutItem(THINGS, {"id": {"S": "2"}}), GET]))

        assert len(answers) == 3

    def test_loses_nothing_between_threads(self) -> None:
        add_one = UpdateItem(THINGS, KEY, (Add(Path.of("n"), Value({"N": "1"})),))

        with SyncView(AsyncMemoryStore()) as view:
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(view.perform, [add_one] * 100))
            assert view.perform(GET).item == {**KEY, "n": {"N": "100"}}

    def test_ends_its_thread(self) -> None:
        before = threading.active_count()
        view = SyncView(AsyncMemoryStore())
        assert threading.active_count() == before + 1

        view.close()
        view.close()

        assert threading.active_count() == before
        with pytest.raises(RuntimeError, match="the view is closed"):
            view.perform(GET)
