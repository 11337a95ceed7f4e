"""`AsyncDynamoStore`: the asynchronous port, over boto3's client in threads."""

from __future__ import annotations

import asyncio
import threading
import weakref
from functools import partial
from types import TracebackType
from typing import TypedDict, TypeVar, Unpack

from botocore.client import BaseClient

from persistence.errors import StoreError
from persistence.operations import Operation
from persistence.store import Limits
from persistence.stores.dynamodb.store import DynamoStore
from persistence.stores.dynamodb.workers import Workers

R = TypeVar("R")

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


class AsyncDynamoStore:
    """DynamoDB behind the asynchronous port; see `persistence.store.AsyncStore` for what it promises.

        async with AsyncDynamoStore(region="eu-central-1") as store:
            found = await store.perform(GetItem(table, key))

    It is a `DynamoStore` whose requests wait in threads: the same requests, answers and errors. There are at
    most as many threads as connections; what comes in beyond that waits for its turn. Threads are started
    when they are needed, and a program that ends does not wait for them. Any number of event loops and
    threads may share a store.

    A task that is cancelled ends at once. If its request still waits for its turn, it is withdrawn and has no
    effect. If it was begun, it goes on in its thread, which is free again when the answer or the client's
    timeout has come.

    Args:
        client: a boto3 low-level client for "dynamodb", or a `DynamoStore`, whose client and limits are used
            then; None makes a client.
        **settings: the same as those of `DynamoStore`: `scaling_client`, `region`, `endpoint_url`, `limits`,
            `connect_timeout`, `read_timeout`, `attempts`, `connections`.

    Raises:
        ValueError: settings for a client to make, beside a client; any settings beside a store.
        TypeError: what was given is neither a low-level client nor a store.
    """

    def __init__(
        self, client: BaseClient | DynamoStore | None = None, **settings: Unpack[StoreSettings]
    ) -> None:
        if isinstance(client, DynamoStore) and settings:
            raise ValueError("AsyncDynamoStore takes a DynamoStore as it is; give that one the settings")
        self._is_shared = isinstance(client, DynamoStore)
        self._store = client if isinstance(client, DynamoStore) else DynamoStore(client, **settings)
        self._lock = threading.Lock()
        self._workers: Workers | None = None

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._store.limits

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
        performing = self._present_workers().submit(partial(self._store.perform, operation))
        try:
            return await asyncio.wrap_future(performing)
        except asyncio.CancelledError:
            performing.cancel()  # at once, not when the loop comes to it: it could be begun in between
            raise

    def close(self) -> None:
        """Let the threads end, and close the client that the store made; what was given stays open.

        Requests that were begun go on. Those that wait for their turn are refused with a `StoreError`. A
        store that is used afterwards starts anew.
        """
        with self._lock:
            workers, self._workers = self._workers, None
        if workers is not None:
            workers.close()
        if not self._is_shared:
            self._store.close()

    async def aclose(self) -> None:
        """Do the same as `close`."""
        self.close()

    async def __aenter__(self) -> AsyncDynamoStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _present_workers(self) -> Workers:
        with self._lock:
            if self._workers is None:
                self._workers = Workers(self._store.connections, THREAD_NAME, _refusal)
                weakref.finalize(self, self._workers.close)
            return self._workers


def _refusal() -> StoreError:
    return StoreError("the store was closed before this was sent; it had no effect")
