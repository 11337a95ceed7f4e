"""The asynchronous store in threads: constructor, loops and threads, cancellation, closing, its program."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from typing import Any, TypeVar

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from persistence.errors import (
    ConditionFailed,
    InvalidRequest,
    StoreError,
    StoreUnavailable,
    TransactionCancelled,
)
from persistence.expressions import Add, AttributeNotExists, Path, Value
from persistence.operations import (
    CreateTable,
    DeleteTable,
    GetItem,
    ItemResult,
    Operation,
    PutItem,
    TransactWrite,
    UpdateItem,
)
from persistence.store import AWS_LIMITS, AsyncStore, Limits
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore, asynchronous
from persistence.stores.dynamodb.asynchronous import THREAD_NAME
from persistence.table import Table
from tests.unit.stores.dynamodb.scripted import Answer, Drop, Held, Scripted, refusal, scripted

R = TypeVar("R")

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
PUT = PutItem(TABLE, KEY)
FOUND = Answer({"Item": KEY})
TRANSACTION = TransactWrite((PUT,), token="token-1")

Connect = Callable[..., BaseClient]
Open = Callable[..., AsyncDynamoStore]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client that sends each request once, and keeps the given number of connections."""
    made: list[BaseClient] = []

    def make(endpoint_url: str, connections: int = 1) -> BaseClient:
        config = Config(
            connect_timeout=5,
            read_timeout=10,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=connections,
            proxies={"http": ""},
        )
        session = boto3.session.Session(
            aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1"
        )
        client = session.client("dynamodb", endpoint_url=endpoint_url, config=config)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def opened(connect: Connect) -> Iterator[Open]:
    """Open a store on a server, with a client that was given."""
    with ExitStack() as stack:

        def open_store(server: Scripted, connections: int = 1) -> AsyncDynamoStore:
            store = AsyncDynamoStore(connect(server.endpoint_url, connections), native=False)
            stack.callback(store.close)
            return store

        yield open_store


OTHERS: set[threading.Thread] = set()
"""Threads of stores that other tests of this process keep open."""


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    OTHERS.clear()
    OTHERS.update(threads())
    yield
    for thread in threads():
        thread.join(10)
        assert not thread.is_alive()


def threads() -> list[threading.Thread]:
    """Give the threads of all stores of the test; each test begins without any."""
    running = (thread for thread in threading.enumerate() if thread not in OTHERS)
    return [thread for thread in running if thread.name.startswith(THREAD_NAME)]


async def arrival(held: Held) -> None:
    """Wait until a request has arrived at the server."""
    assert await asyncio.to_thread(held.arrived.wait, 10)


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class TestConstructor:
    def test_needs_nothing_and_does_nothing(self) -> None:
        store = AsyncDynamoStore()

        assert isinstance(store, AsyncStore)
        assert store.limits == replace(AWS_LIMITS, answer_seconds=5.0)
        assert threads() == []

    def test_takes_the_settings_of_the_synchronous_store(self) -> None:
        settings: dict[str, Any] = {
            "region": "eu-central-1",
            "endpoint_url": "http://127.0.0.1:1",
            "limits": Limits(transaction_actions=10),
            "connect_timeout": 1.0,
            "read_timeout": 3.0,
            "attempts": 1,
            "connections": 7,
            "tuned": False,
            "accelerated": False,
            "fast_lane": True,
        }

        store = AsyncDynamoStore(**settings)

        config: Any = store.client.meta.config
        assert settings.keys() == inspect.signature(DynamoStore).parameters.keys() - {
            "client",
            "scaling_client",
        }
        assert store.limits == Limits(transaction_actions=10, answer_seconds=3.0, concurrent_requests=7)
        assert store.client.meta.region_name == "eu-central-1"
        assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (1.0, 3.0, 7)
        store.close()

    def test_refuses_settings_beside_a_client(self, moto_client: BaseClient) -> None:
        with pytest.raises(ValueError, match="not both"):
            AsyncDynamoStore(moto_client, region="eu-central-1")

    def test_refuses_settings_beside_a_store(self) -> None:
        with pytest.raises(ValueError, match="give that one the settings"):
            AsyncDynamoStore(DynamoStore(), limits=AWS_LIMITS)

    def test_refuses_to_be_native_without_aiohttp(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By default threads serve then."""

        def missing(name: str) -> str:
            raise PackageNotFoundError(name)

        monkeypatch.setattr(asynchronous, "version", missing)

        with pytest.raises(ModuleNotFoundError, match=r"persistence-dynamodb\[async\]"):
            AsyncDynamoStore(native=True)
        AsyncDynamoStore().close()

    def test_refuses_what_is_no_client(self) -> None:
        with pytest.raises(TypeError, match="low-level client"):
            AsyncDynamoStore("dynamodb")  # type: ignore[arg-type]  # what is under test

    def test_shares_a_synchronous_store(self, moto_client: BaseClient) -> None:
        below = DynamoStore(moto_client, limits=Limits(transaction_actions=10))
        table = Table("shared", "id")
        below.perform(CreateTable(table))

        async def work() -> ItemResult:
            async with AsyncDynamoStore(below) as store:
                assert (store.client, store.limits) == (below.client, below.limits)
                await store.perform(PutItem(table, KEY))
                return await store.perform(GetItem(table, KEY))

        assert asyncio.run(work()).item == KEY


class TestAnswers:
    @pytest.fixture(params=["moto_client", "dynamodb_local_client"])
    def client(self, request: pytest.FixtureRequest) -> Any:
        return request.getfixturevalue(request.param)

    @pytest.fixture(params=[True, False], ids=["native", "threads"])
    def store(self, request: pytest.FixtureRequest, client: BaseClient) -> Iterator[AsyncDynamoStore]:
        made = AsyncDynamoStore(client, native=request.param)
        yield made
        made.close()

    @pytest.fixture
    def table(self, store: AsyncDynamoStore) -> Iterator[Table]:
        made = Table(f"t-{uuid.uuid4()}", "id")
        asyncio.run(store.perform(CreateTable(made)))
        yield made
        asyncio.run(store.perform(DeleteTable(made.name)))

    def test_and_errors_are_those_of_the_synchronous_store(
        self, store: AsyncDynamoStore, table: Table
    ) -> None:
        absent = AttributeNotExists(Path.of("id"))

        async def work() -> None:
            await store.perform(PutItem(table, KEY))

            assert (await store.perform(GetItem(table, KEY, consistent=True))).item == KEY
            with pytest.raises(ConditionFailed):
                await store.perform(PutItem(table, KEY, absent))
            with pytest.raises(TransactionCancelled) as refused:
                await store.perform(TransactWrite((PutItem(table, KEY, absent),)))
            assert [reason.code for reason in refused.value.reasons] == ["ConditionalCheckFailed"]

        asyncio.run(work())

    def test_come_to_many_tasks_at_once(self, dynamodb_local_client: BaseClient) -> None:
        """Not on moto, which is not safe to use from several threads."""
        table = Table(f"t-{uuid.uuid4()}", "id")
        add_one = UpdateItem(table, KEY, (Add(Path.of("n"), Value({"N": "1"})),))

        async def work() -> ItemResult:
            async with AsyncDynamoStore(dynamodb_local_client) as store:
                await store.perform(CreateTable(table))
                async with asyncio.TaskGroup() as group:
                    for _ in range(100):
                        group.create_task(store.perform(add_one))
                return await store.perform(GetItem(table, KEY, consistent=True))

        assert asyncio.run(work()).item == {**KEY, "n": {"N": "100"}}

    def test_are_refusals_for_unknown_operations(self) -> None:
        class Sing(Operation[None]):
            pass

        async def work() -> None:
            async with AsyncDynamoStore() as store:
                await store.perform(Sing())

        with pytest.raises(InvalidRequest, match="Sing"):
            asyncio.run(work())

    @pytest.mark.parametrize(
        ("operation", "ambiguous"),
        [(GET, False), (PUT, True), (TRANSACTION, True)],
        ids=["read", "write", "transaction"],
    )
    def test_that_are_lost_leave_the_same_doubt(
        self, operation: Operation[Any], ambiguous: bool, opened: Open
    ) -> None:
        with scripted([Drop()]) as server, pytest.raises(StoreUnavailable) as lost:
            asyncio.run(opened(server).perform(operation))

        assert lost.value.ambiguous is ambiguous

    def test_to_a_commit_are_waited_for_once(self, opened: Open) -> None:
        """Its repetition is the unit of work's, as with the synchronous store."""
        throttled = refusal("ThrottlingException")
        with scripted([throttled, Answer()]) as server, pytest.raises(StoreError):
            asyncio.run(opened(server).perform(TRANSACTION))

        assert len(server.requests) == 1


class TestThreads:
    def test_leave_the_loop_to_other_tasks(self, opened: Open) -> None:
        held = Held(FOUND)

        async def work(store: AsyncDynamoStore) -> ItemResult:
            reading = asyncio.create_task(store.perform(GET))
            await arrival(held)
            assert not reading.done()
            held.released.set()
            return await reading

        with scripted([held]) as server:
            answer = asyncio.run(work(opened(server)))

        assert answer.item == KEY

    def test_are_no_more_than_connections(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> None:
            await asyncio.gather(*(store.perform(GET) for _ in range(10)))
            assert {thread.name for thread in threads()} == {f"{THREAD_NAME}-1", f"{THREAD_NAME}-2"}

        with scripted([FOUND] * 10) as server:
            asyncio.run(work(opened(server, connections=2)))

    def test_have_the_context_of_the_task(self, opened: Open) -> None:
        """Tracing by events of the client sees who asks."""
        request: ContextVar[str] = ContextVar("request", default="none")
        seen: list[str] = []

        async def work(store: AsyncDynamoStore) -> None:
            request.set("r-1")
            await store.perform(GET)

        with scripted([FOUND]) as server:
            store = opened(server)
            store.client.meta.events.register("before-send.dynamodb", lambda **_: seen.append(request.get()))
            asyncio.run(work(store))

        assert seen == ["r-1"]

    def test_serve_several_event_loops(self, opened: Open) -> None:
        """One after the other, and at the same time in several threads."""
        with scripted([FOUND] * 5) as server:
            store = opened(server, connections=2)
            answers = [asyncio.run(store.perform(GET))]

            loops = [
                threading.Thread(target=lambda: answers.append(asyncio.run(store.perform(GET))))
                for _ in range(4)
            ]
            for loop in loops:
                loop.start()
            for loop in loops:
                loop.join(10)

        assert [answer.item for answer in answers] == [KEY] * 5


class TestCancellation:
    def test_ends_the_task_at_once_and_leaves_the_request(self, opened: Open) -> None:
        """It was begun: it goes on and may take effect. The thread is free afterwards."""
        held = Held()

        async def work(store: AsyncDynamoStore) -> ItemResult:
            writing = asyncio.create_task(store.perform(PUT))
            await arrival(held)
            await cancelled(writing)
            assert not held.released.is_set()
            held.released.set()
            return await store.perform(GET)

        with scripted([held, FOUND]) as server:
            answer = asyncio.run(work(opened(server)))

        assert answer.item == KEY
        assert len(server.requests) == 2

    def test_withdraws_a_request_that_waits_for_its_turn(self, opened: Open) -> None:
        """It was not begun, and never will be."""
        held = Held()

        async def work(store: AsyncDynamoStore) -> None:
            first = asyncio.create_task(store.perform(PUT))
            await arrival(held)
            waiting = asyncio.create_task(store.perform(TRANSACTION))
            await asyncio.sleep(0)
            await cancelled(waiting)
            held.released.set()
            await first
            await store.perform(GET)

        with scripted([held, FOUND]) as server:
            asyncio.run(work(opened(server)))

        assert [b"ClientRequestToken" in request for request in server.requests] == [False, False]

    def test_withdraws_before_the_loop_turns(self, opened: Open) -> None:
        """The thread that is free just then finds nothing to begin."""
        held = Held()

        async def work(store: AsyncDynamoStore) -> None:
            first = asyncio.create_task(store.perform(PUT))
            await arrival(held)
            waiting = store.perform(TRANSACTION)
            waiting.send(None)
            with pytest.raises(asyncio.CancelledError):
                waiting.throw(asyncio.CancelledError())
            held.released.set()
            await first
            await store.perform(GET)

        with scripted([held, FOUND]) as server:
            asyncio.run(work(opened(server)))

        assert len(server.requests) == 2

    def test_by_a_timeout(self, opened: Open) -> None:
        held = Held()

        async def work(store: AsyncDynamoStore) -> None:
            async with asyncio.timeout(None) as limit:
                arriving = asyncio.ensure_future(arrival(held))
                arriving.add_done_callback(lambda _: limit.reschedule(0))
                await store.perform(PUT)

        with scripted([held]) as server:
            with pytest.raises(TimeoutError):
                asyncio.run(work(opened(server)))
            held.released.set()


class TestClose:
    def test_refuses_what_waits_for_its_turn(self, opened: Open) -> None:
        """What was begun is answered."""
        held = Held(FOUND)

        async def work(store: AsyncDynamoStore) -> ItemResult:
            first = asyncio.create_task(store.perform(GET))
            await arrival(held)
            waiting = asyncio.create_task(store.perform(TRANSACTION))
            await asyncio.sleep(0)
            await store.aclose()
            held.released.set()
            with pytest.raises(StoreError, match="closed before this was sent") as refused:
                await waiting
            assert (refused.value.ambiguous, refused.value.retryable) == (False, False)
            return await first

        with scripted([held]) as server:
            answer = asyncio.run(work(opened(server)))

        assert answer.item == KEY
        assert len(server.requests) == 1

    def test_leaves_a_store_that_can_be_used_again(self, opened: Open) -> None:
        async def work(store: AsyncDynamoStore) -> list[ItemResult]:
            answers = []
            for _ in range(2):
                async with store:
                    answers.append(await store.perform(GET))
            return answers

        with scripted([FOUND, FOUND]) as server:
            answers = asyncio.run(work(opened(server)))

        assert [answer.item for answer in answers] == [KEY, KEY]

    def test_closes_the_client_that_the_store_made(self) -> None:
        store = AsyncDynamoStore(region="us-east-1")
        made = store.client

        store.close()

        assert store.client is not made
        store.close()

    def test_leaves_a_shared_store_to_its_other_users(self) -> None:
        below = DynamoStore(region="us-east-1")
        made = below.client

        AsyncDynamoStore(below).close()

        assert below.client is made
        below.close()

    def test_of_an_unused_store_is_nothing(self) -> None:
        AsyncDynamoStore().close()

        assert threads() == []


class TestForgottenStores:
    def test_let_their_threads_end(self, connect: Connect) -> None:
        with scripted([FOUND]) as server:
            store = AsyncDynamoStore(connect(server.endpoint_url), native=False)
            asyncio.run(store.perform(GET))
        (thread,) = threads()

        del store
        gc.collect()

        thread.join(10)
        assert not thread.is_alive()


PROGRAM = """
import asyncio, sys
from persistence.operations import GetItem
from persistence.stores.dynamodb import AsyncDynamoStore
from persistence.table import Table

store = AsyncDynamoStore(
    region="us-east-1",
    endpoint_url=sys.argv[1],
    read_timeout=600,
    connections=1,
    native=sys.argv[2] == "native",
)

async def work():
    get = GetItem(Table("things", "id"), {"id": {"S": "1"}})
    tasks = [asyncio.create_task(store.perform(get)) for _ in range(3)]
    await asyncio.to_thread(sys.stdin.readline)
    print("interrupted")

asyncio.run(work())
"""


class TestPrograms:
    @pytest.mark.parametrize("way", ["native", "threads"])
    def test_end_while_an_answer_is_awaited(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """One request was sent and two wait for their turn; nobody needs them any more."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            program = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", PROGRAM, endpoint_url, way],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            silent.settimeout(60)
            try:
                connection, _ = silent.accept()
                with connection:
                    connection.recv(1)

                    said, complaints = program.communicate("\n", timeout=60)
            finally:
                program.kill()
                program.wait()

        assert (program.returncode, said, complaints) == (0, "interrupted\n", "")
