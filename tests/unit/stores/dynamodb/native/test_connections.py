"""Connections of event loops: kept, bounded, closed with loop or store, dropped with their tasks."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.config import Config

from persistence.errors import StoreError, StoreUnavailable
from persistence.operations import GetItem, ItemResult, Operation, PutItem, TransactWrite
from persistence.stores.dynamodb import AsyncDynamoStore
from persistence.table import Table
from tests.unit.stores.dynamodb.native.clients import NoThreads, session
from tests.unit.stores.dynamodb.native.server import Kept, kept
from tests.unit.stores.dynamodb.scripted import Answer

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
PUT = PutItem(TABLE, KEY)
TRANSACTION = TransactWrite((PUT,), token="token-1")
FOUND = Answer({"Item": KEY})

Open = Callable[..., AsyncDynamoStore]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open a store on a server, whose client sends each request once."""
    with ExitStack() as stack:

        def open_store(server: Kept, connections: int = 10, read_timeout: float = 10) -> AsyncDynamoStore:
            config = Config(
                connect_timeout=5,
                read_timeout=read_timeout,
                retries={"mode": "standard", "total_max_attempts": 1},
                max_pool_connections=connections,
                proxies={"http": ""},
            )
            client = session().client("dynamodb", endpoint_url=server.endpoint_url, config=config)
            stack.callback(client.close)
            store = AsyncDynamoStore(NoThreads(client), native=True)
            stack.callback(store.close)
            return store

        yield open_store


class Gate:
    """Answers that wait until a test lets them go."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()

    def __call__(self, _request: bytes) -> Answer:
        self.arrived.release()
        assert self.released.wait(10), "the test never let the answer go"
        return FOUND

    async def arrival(self) -> None:
        assert await asyncio.to_thread(self.arrived.acquire, timeout=10)


def found(_request: bytes) -> Answer:
    return FOUND


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class TestConnections:
    def test_are_kept(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> None:
            for _ in range(5):
                await store.perform(GET)

        with kept(found) as server:
            asyncio.run(work(opened(server)))

        assert (len(server.requests), len(server.connections)) == (5, 1)

    def test_are_no_more_than_the_client_has(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> None:
            await asyncio.gather(*(store.perform(GET) for _ in range(20)))

        with kept(found) as server:
            asyncio.run(work(opened(server, connections=3)))

        assert (len(server.requests), len(server.connections)) == (20, 3)

    def test_that_died_while_idle_are_not_used(self, opened: Open) -> None:
        """Even after a time in which the loop saw nothing, as in a function that was frozen."""

        async def work(store: AsyncDynamoStore, server: Kept) -> ItemResult:
            await store.perform(PUT)
            server.connections[0].shutdown(socket.SHUT_RDWR)
            time.sleep(0.7)  # noqa: ASYNC251  # the loop is blocked on purpose
            await store.perform(PUT)
            return await store.perform(GET)

        with kept(found) as server:
            answer = asyncio.run(work(opened(server), server))

        assert answer.item == KEY
        assert len(server.connections) == 2

    def test_end_with_their_loop(self, opened: Open) -> None:
        with kept(found) as server:
            store = opened(server)
            for _ in range(3):
                asyncio.run(store.perform(GET))
            gc.collect()  # an unclosed session would warn
            assert [_is_closed(connection) for connection in server.connections] == [True] * 3

    def test_of_several_loops_are_used_at_once(self, opened: Open) -> None:
        with kept(found) as server:
            store = opened(server)
            answers: list[ItemResult] = []

            async def work() -> None:
                answers.extend(await asyncio.gather(*(store.perform(GET) for _ in range(5))))

            loops = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
            for loop in loops:
                loop.start()
            for loop in loops:
                loop.join(10)

        assert [answer.item for answer in answers] == [KEY] * 20

    def test_of_a_loop_that_was_closed_without_a_word_are_forgotten(self, opened: Open) -> None:
        with kept(found) as server:
            store = opened(server)
            loop = asyncio.new_event_loop()
            loop.run_until_complete(store.perform(GET))
            server.connections[0].shutdown(socket.SHUT_RDWR)
            loop.run_until_complete(asyncio.sleep(0.1))
            loop.close()

            answer = asyncio.run(store.perform(GET))
            del loop
            gc.collect()

        assert answer.item == KEY

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_are_not_shared_with_a_forked_process(self, opened: Open) -> None:
        async def parent(store: AsyncDynamoStore, server: Kept) -> tuple[int, ItemResult]:
            await store.perform(GET)
            child = os.fork()
            if not child:
                os._exit(_in_a_child(store))
            status = await asyncio.to_thread(os.waitpid, child, 0)
            return os.waitstatus_to_exitcode(status[1]), await store.perform(GET)

        with kept(found) as server:
            code, answer = asyncio.run(parent(opened(server), server))

        assert (code, answer.item) == (0, KEY)
        assert len(server.connections) == 2


def _in_a_child(store: AsyncDynamoStore) -> int:
    answers: list[ItemResult] = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(store.perform(GET))))
    thread.start()
    thread.join(10)
    return 0 if [answer.item for answer in answers] == [KEY] else 1


def _is_closed(connection: socket.socket) -> bool:
    try:
        connection.settimeout(5)
        return connection.recv(1) == b""
    except OSError:
        return True


class TestCancellation:
    def test_ends_the_task_at_once_and_drops_its_connection(self, opened: Open) -> None:
        gate = Gate()

        async def work(store: AsyncDynamoStore) -> ItemResult:
            writing = asyncio.create_task(store.perform(PUT))
            await gate.arrival()
            await cancelled(writing)
            gate.released.set()
            return await store.perform(GET)

        with kept(gate) as server:
            answer = asyncio.run(work(opened(server, connections=1)))

        assert answer.item == KEY
        assert len(server.connections) == 2

    def test_withdraws_a_request_that_waits_for_its_turn(self, opened: Open) -> None:
        gate = Gate()

        async def work(store: AsyncDynamoStore) -> None:
            first = asyncio.create_task(store.perform(GET))
            await gate.arrival()
            waiting = asyncio.create_task(store.perform(TRANSACTION))
            await asyncio.sleep(0.05)
            await cancelled(waiting)
            gate.released.set()
            await first
            await store.perform(GET)

        with kept(gate) as server:
            asyncio.run(work(opened(server, connections=1)))

        assert [b"ClientRequestToken" in request for request in server.requests] == [False, False]

    @pytest.mark.parametrize("turns", range(12))
    def test_at_any_point_leaves_a_store_that_works(self, opened: Open, turns: int) -> None:
        """Nothing of the pool is lost: with one connection, the next request gets it."""

        async def work(store: AsyncDynamoStore) -> ItemResult:
            await store.perform(GET)
            task = asyncio.create_task(store.perform(GET))
            for _ in range(turns):
                await asyncio.sleep(0.0005 * turns if turns > 8 else 0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return await asyncio.wait_for(store.perform(GET), 10)

        with kept(found) as server:
            answer = asyncio.run(work(opened(server, connections=1)))

        assert answer.item == KEY

    def test_while_the_client_is_asked_leaves_a_store_that_works(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> ItemResult:
            first = asyncio.create_task(store.perform(GET))
            await asyncio.sleep(0)
            await cancelled(first)
            return await store.perform(GET)

        with kept(found) as server:
            assert asyncio.run(work(opened(server))).item == KEY


class TestTimeouts:
    def test_of_an_answer_leave_a_write_in_doubt(self, opened: Open) -> None:
        gate = Gate()

        async def work(store: AsyncDynamoStore) -> None:
            cases: list[tuple[Operation[Any], bool]] = [(GET, False), (PUT, True)]
            for operation, ambiguous in cases:
                with pytest.raises(StoreUnavailable) as late:
                    await store.perform(operation)
                assert (late.value.ambiguous, late.value.code) == (ambiguous, "ReadTimeoutError")

        with kept(gate) as server:
            asyncio.run(work(opened(server, read_timeout=0.2)))
            gate.released.set()


class TestClose:
    def test_refuses_what_waits_for_its_turn_and_lets_the_rest_end(self, opened: Open) -> None:
        gate = Gate()

        async def work(store: AsyncDynamoStore) -> ItemResult:
            first = asyncio.create_task(store.perform(GET))
            await gate.arrival()
            waiting = [asyncio.create_task(store.perform(TRANSACTION)) for _ in range(3)]
            for _ in range(20):  # turns, however few processors there are
                await asyncio.sleep(0.0025)
            await store.aclose()
            for task in waiting:
                with pytest.raises(StoreError, match="closed before this was sent") as refused:
                    await task
                assert (refused.value.ambiguous, refused.value.retryable) == (False, False)
            gate.released.set()
            return await first

        with kept(gate) as server:
            answer = asyncio.run(work(opened(server, connections=1)))

        assert answer.item == KEY
        assert len(server.requests) == 1

    def test_leaves_a_store_that_can_be_used_again(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> list[ItemResult]:
            answers = []
            for _ in range(3):
                async with store:
                    answers.append(await store.perform(GET))
            return answers

        with kept(found) as server:
            answers = asyncio.run(work(opened(server)))

        assert [answer.item for answer in answers] == [KEY] * 3
        assert len(server.connections) == 3

    def test_from_another_thread_closes_connections(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore, server: Kept) -> bool:
            await store.perform(GET)
            await asyncio.to_thread(store.close)
            return await asyncio.to_thread(_is_closed, server.connections[0])

        with kept(found) as server:
            assert asyncio.run(work(opened(server), server))

    def test_comes_with_forgetting_the_store(self, opened: Open) -> None:
        async def work(server: Kept) -> bool:
            store = AsyncDynamoStore(
                session().client("dynamodb", endpoint_url=server.endpoint_url), native=True
            )
            await store.perform(GET)
            del store
            gc.collect()
            return await asyncio.to_thread(_is_closed, server.connections[0])

        with kept(found) as server:
            assert asyncio.run(work(server))
