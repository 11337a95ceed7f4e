"""What a store has opened ends with it: threads, tasks and sockets; and a forked process has its own."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from persistence.operations import GetItem, ItemResult
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.layers import Layer, layered
from persistence.table import Table
from tests.transport_faults.misbehaving import Answer, Misbehaving, misbehaving
from tests.transport_faults.ways import performed

GET = GetItem(Table("things", "id"), {"id": {"S": "1"}})
FOUND = {"id": {"S": "1"}}
OK = Answer({"Item": FOUND})
DESCRIPTORS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not DESCRIPTORS.exists(), reason="nothing tells what is open here")

PATIENCE = 20.0

Made = Callable[[Misbehaving], DynamoStore]


def made(**settings: bool) -> Made:
    return lambda server: DynamoStore(endpoint_url=server.endpoint_url, region="us-east-1", **settings)  # type: ignore[arg-type]


WAYS = {"plain": made(tuned=False), "tuned": made(), "fast lane": made(fast_lane=True)}


def sockets() -> int:
    """Count the sockets of this process."""
    return sum(1 for each in DESCRIPTORS.iterdir() if _leads_to_a_socket(each))


def _leads_to_a_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except FileNotFoundError:  # that of the directory itself
        return False


@contextmanager
def nothing_is_left() -> Iterator[Misbehaving]:
    """Give a server, and demand that in the end there are as many threads and sockets as in the beginning."""
    with misbehaving([OK] * 100) as server:
        before = sockets(), threading.active_count()
        yield server
        end = time.monotonic() + PATIENCE
        while _is_more(left := (sockets(), threading.active_count()), before) and time.monotonic() < end:
            gc.collect()
            time.sleep(0.005)  # until the server has seen that connections ended
        assert not _is_more(left, before)


def _is_more(left: tuple[int, int], before: tuple[int, int]) -> bool:
    return left[0] > before[0] or left[1] > before[1]


@pytest.mark.parametrize("way", WAYS)
class TestStores:
    def test_leave_nothing_open(self, way: str) -> None:
        with nothing_is_left() as server:
            store = WAYS[way](server)
            with ThreadPoolExecutor(4) as threads:
                answers = list(threads.map(store.perform, [GET] * 12))
            store.close()

        assert answers == [ItemResult(FOUND)] * 12

    def test_leave_nothing_open_where_layers_and_tenants_stood_around_them(self, way: str) -> None:
        with nothing_is_left() as server:
            store = WAYS[way](server)
            for name in ("acme", "globex"):
                layered(store.for_tenant(name), Layer()).perform(GET)
            store.close()

    def test_leave_nothing_open_when_they_are_used_and_closed_again(self, way: str) -> None:
        with nothing_is_left() as server:
            store = WAYS[way](server)
            for _ in range(3):
                store.perform(GET)
                store.close()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_of_a_forked_process_have_connections_of_their_own(self, way: str) -> None:
        with misbehaving([OK] * 10) as server:
            store = WAYS[way](server)
            store.perform(GET)
            child = os.fork()
            if child == 0:
                os._exit(0 if performed(store, GET).result == ItemResult(FOUND) else 1)

            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            store.perform(GET)
            used = [one.connection for one in server.requests]
            store.close()

        assert used[0] == used[2] != used[1]


@pytest.mark.parametrize("native", [True, False], ids=["aiohttp", "threads"])
class TestAsynchronousStores:
    def test_leave_nothing_open(self, native: bool) -> None:
        async def work(server: Misbehaving) -> list[ItemResult]:
            async with AsyncDynamoStore(
                native=native, endpoint_url=server.endpoint_url, region="us-east-1"
            ) as store:
                answers = await asyncio.gather(*(store.perform(GET) for _ in range(12)))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return answers

        with nothing_is_left() as server:
            assert asyncio.run(work(server)) == [ItemResult(FOUND)] * 12

    def test_leave_nothing_open_where_tasks_were_cancelled(self, native: bool) -> None:
        async def work(server: Misbehaving) -> None:
            store = AsyncDynamoStore(
                native=native, endpoint_url=server.endpoint_url, region="us-east-1", read_timeout=1.0
            )
            await store.perform(GET)
            server.begin([Answer({"Item": FOUND}, after=0.05)] * 4)
            tasks = [asyncio.create_task(store.perform(GET)) for _ in range(4)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await store.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with nothing_is_left() as server:
            asyncio.run(work(server))
