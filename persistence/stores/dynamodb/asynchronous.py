"""`AsyncDynamoStore`: the asynchronous port, over aiohttp, or over boto3's client in threads."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack, cast

from botocore.client import BaseClient

from persistence.errors import StoreError
from persistence.operation_facts import api_name
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Limits
from persistence.stores.dynamodb.attempts import Attempts
from persistence.stores.dynamodb.calls import asked, grammar_of, repeats_of
from persistence.stores.dynamodb.item_calls import ITEM_CALLS
from persistence.stores.dynamodb.store import DynamoStore
from persistence.stores.dynamodb.workers import Workers
from persistence.stores.tenancy.face import AsyncForTenants

if TYPE_CHECKING:
    from persistence.stores.dynamodb.native.way import NativeWay

R = TypeVar("R")

_ON_ITEMS = frozenset(
    {
        GetItem,
        BatchGetItems,
        TransactGet,
        PutItem,
        UpdateItem,
        DeleteItem,
        TransactWrite,
        BatchWriteItems,
        QueryPage,
        ScanPage,
    }
)
"""What goes over aiohttp; all else is rare, and takes its time anyway."""

_NATIVE = "persistence.stores.dynamodb.native.way"

THREAD_NAME = "async-dynamo-store"
"""How the names of the threads begin."""


class StoreSettings(TypedDict, total=False):
    """The keyword arguments of `DynamoStore`, which has their meanings and defaults."""

    scaling_client: BaseClient | None
    region: str | None
    endpoint_url: str | None
    limits: Limits
    connect_timeout: float
    read_timeout: float
    attempts: int
    connections: int
    tuned: bool
    accelerated: bool | None
    fast_lane: bool


class AsyncDynamoStore(AsyncForTenants):
    """DynamoDB behind the asynchronous port; see `persistence.store.AsyncStore` for what it promises.

        async with AsyncDynamoStore(region="eu-central-1") as store:
            found = await store.perform(GetItem(table, key))

    It sends the same requests as a `DynamoStore`, with the same answers and errors. Where aiohttp is
    installed (extra `async`), operations on items go over connections of the event loop. Operations on
    tables, and all of them without aiohttp, wait in threads, at most as many as there are connections.

    What comes in beyond the number of connections waits for its turn. A program that ends does not wait for
    answers. Any number of event loops and threads may share a store; each loop has connections of its own,
    which are closed with it.

    A task that is cancelled ends at once. If its request still waits for its turn, it is withdrawn and has no
    effect. If it was begun, it may take effect: over aiohttp its connection is closed; in a thread it goes on
    until the answer or the client's timeout has come.

    Args:
        client: a boto3 low-level client for "dynamodb", or a `DynamoStore`, whose client and limits are used
            then; None makes a client. Its credentials, endpoint, timeouts, retries, proxies and certificates
            serve over aiohttp, too.
        native: whether to send over aiohttp; None for where it is installed, unless the store is one with
            `tuned=False`. A client that can't be served so is served by threads, and the log says why, once.
        **settings: the same as those of `DynamoStore`: `scaling_client`, `region`, `endpoint_url`, `limits`,
            `connect_timeout`, `read_timeout`, `attempts`, `connections`, `tuned`, `accelerated`,
            `fast_lane`.

    Raises:
        ValueError: settings for a client to make, beside a client; any settings beside a store.
        TypeError: what was given is neither a low-level client nor a store.
        ModuleNotFoundError: `native` is True, and aiohttp 3 is not installed.
    """

    def __init__(
        self,
        client: BaseClient | DynamoStore | None = None,
        *,
        native: bool | None = None,
        **settings: Unpack[StoreSettings],
    ) -> None:
        if isinstance(client, DynamoStore) and settings:
            raise ValueError("AsyncDynamoStore takes a DynamoStore as it is; give that one the settings")
        if native and not _has_aiohttp():
            raise ModuleNotFoundError(
                'native=True needs aiohttp 3: pip install "persistence-dynamodb[async]"', name="aiohttp"
            )
        self._is_shared = isinstance(client, DynamoStore)
        self._store = client if isinstance(client, DynamoStore) else DynamoStore(client, **settings)
        self._is_native = self._store.tuned and _has_aiohttp() if native is None else native
        self._lock = threading.Lock()
        self._workers: Workers | None = None
        self._way: NativeWay | None = None

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._store.limits

    @property
    def takes_text(self) -> bool:
        """Whether it sends new items as JSON, so that their attribute values need not be made."""
        return self._store.makes_client if self._is_native else self._store.takes_text

    @property
    def client(self) -> BaseClient:
        """The boto3 client, for what this library does not offer; its calls block."""
        return self._store.client

    async def perform(self, operation: Operation[R]) -> R:
        """Perform one operation; see `persistence.store.AsyncStore.perform`.

        Args:
            operation: one of `persistence.operations`.

        Returns:
            The operation's own type of answer.

        Raises:
            StoreError: or `ConflictError`, as `DynamoStore.perform` does.
            asyncio.CancelledError: the task was cancelled; a request that was begun may take effect.
        """
        if self._is_native and type(operation) in _ON_ITEMS:
            call, question = ITEM_CALLS[type(operation)], asked(operation)
            parameters, text = call.request(operation, question, as_text=self.takes_text)
            way = self._way or await self._made_way()
            attempts = Attempts(
                question,
                repeats_of(operation, call),
                accelerated=self._store.accelerated,
                text=text,
                grammar=grammar_of(operation),
            )
            answer = await way.call(api_name(type(operation)), parameters, attempts)
            if answer is not None:
                return cast(R, call.answer(operation, answer))
        return await self._in_a_thread(partial(self._store.perform, operation))

    def close(self) -> None:
        """Close connections, let the threads end, and close the client that the store made.

        What was given stays open. Requests that were begun go on. Those that wait for their turn are refused
        with a `StoreError`. A store that is used afterwards starts anew.
        """
        self._let_threads_end()
        if self._way is not None:
            self._way.close()
        if not self._is_shared:
            self._store.close()

    async def aclose(self) -> None:
        """Do the same as `close`, and wait until this loop's connections are closed that nothing uses."""
        if self._way is not None:
            await self._way.aclose()
        self.close()

    async def __aenter__(self) -> AsyncDynamoStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _in_a_thread(self, call: Callable[[], R]) -> R:
        performing = self._present_workers().submit(call)
        try:
            return await asyncio.wrap_future(performing)
        except asyncio.CancelledError:
            performing.cancel()  # at once, not when the loop comes to it: it could be begun in between
            raise

    def _let_threads_end(self) -> None:
        with self._lock:
            workers, self._workers = self._workers, None
        if workers is not None:
            workers.close()

    def _present_workers(self) -> Workers:
        with self._lock:
            if self._workers is None or self._workers.are_of_a_parent_process:
                self._workers = Workers(self._store.connections, THREAD_NAME, _refusal)
                weakref.finalize(self, self._workers.close)
            return self._workers

    async def _made_way(self) -> NativeWay:
        # Loading aiohttp takes a while: not in the event loop.
        kind = (await self._in_a_thread(partial(import_module, _NATIVE))).NativeWay
        with self._lock:
            if self._way is None:
                store = self._store
                self._way = cast("NativeWay", kind(lambda: store.client, THREAD_NAME, _refusal))
                weakref.finalize(self, self._way.close)
            return self._way


def _has_aiohttp() -> bool:
    try:
        return version("aiohttp").startswith("3.")
    except PackageNotFoundError:
        return False


def _refusal() -> StoreError:
    return StoreError("the store was closed before this was sent; it had no effect")
