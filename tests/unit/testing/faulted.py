"""What the tests of faults work with: two stores that fail as told, a table, and operations on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from boto3.session import Session
from botocore.config import Config

from persistence import DynamoStore, MemoryStore, Store, Table
from persistence.attributes import Item
from persistence.expressions import Add, Path, Value
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateTable,
    GetItem,
    Operation,
    PutItem,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Limits
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.faults import AsyncFaultyStore, FaultyStore, Injected, Landed, Rule
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

R = TypeVar("R")


@dataclass(frozen=True)
class Things:
    """A table of counters that no other test uses, and what can be asked of it."""

    table: Table = field(default_factory=lambda: Table(f"things-{uuid4().hex}", "id"))
    token: str = field(default_factory=lambda: str(uuid4()))

    def made_in(self, store: Store) -> Things:
        store.perform(CreateTable(self.table))
        return self

    def put(self, name: str) -> PutItem:
        return PutItem(self.table, item(name))

    def get(self, name: str) -> GetItem:
        return GetItem(self.table, {"id": {"S": name}}, consistent=True)

    def add_one(self, name: str) -> UpdateItem:
        return UpdateItem(self.table, {"id": {"S": name}}, (Add(Path.of("n"), Value({"N": "1"})),))

    def add_one_to_each(self, *names: str, token: str | None = None) -> TransactWrite:
        return TransactWrite(tuple(self.add_one(name) for name in names), token or self.token)

    def put_all(self, *names: str) -> BatchWriteItems:
        return BatchWriteItems(tuple(self.put(name) for name in names))

    def get_all(self, *names: str) -> BatchGetItems:
        return BatchGetItems(tuple(self.get(name) for name in names))

    def count(self, store: Store, name: str) -> int:
        """Tell how often one was added to a counter; 0 if it is not there."""
        found = store.perform(self.get(name)).item
        return 0 if found is None else int(found["n"]["N"])

    def stored(self, store: Store, *names: str) -> set[str]:
        """Tell which of several items are there."""
        return {name for name in names if store.perform(self.get(name)).item is not None}


def item(name: str) -> Item:
    return {"id": {"S": name}, "n": {"N": "0"}}


class Faulty:
    """A memory store, and a faulty layer over it, synchronous or asynchronous."""

    def __init__(self, plan: Iterable[Rule], *, seed: int = 0, asynchronous: bool = False) -> None:
        self.below = MemoryStore()
        self.pauses: list[float] = []
        self._sync = FaultyStore(self.below, plan, seed=seed, sleep=self.pauses.append)
        self._async = AsyncFaultyStore(AsyncMemoryStore(self.below), plan, seed=seed, sleep=self._sleep)
        self._asynchronous = asynchronous

    @property
    def limits(self) -> Limits:
        return self._layer.limits

    @property
    def injected(self) -> tuple[Injected, ...]:
        return self._layer.injected

    @property
    def landed(self) -> tuple[Landed, ...]:
        return self._layer.landed

    @property
    def transactions(self) -> tuple[TransactWrite, ...]:
        return self._layer.transactions

    def perform(self, operation: Operation[R]) -> R:
        if self._asynchronous:
            return asyncio.run(self._async.perform(operation))
        return self._sync.perform(operation)

    def settle(self) -> None:
        if self._asynchronous:
            asyncio.run(self._async.settle())
        else:
            self._sync.settle()

    @property
    def _layer(self) -> FaultyStore | AsyncFaultyStore:
        return self._async if self._asynchronous else self._sync

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def store_at(endpoint_url: str) -> DynamoStore:
    """Make a store on a local server, with a client that retries as botocore does."""
    return DynamoStore(client_for(endpoint_url), limits=DYNAMODB_LOCAL_2020_LIMITS)


def single_shot_store_at(endpoint_url: str, *, read_timeout: float = 10.0) -> DynamoStore:
    """Make a store whose client sends each request just once, so that every fault is seen."""
    return DynamoStore(
        single_shot_client(endpoint_url, read_timeout=read_timeout), limits=DYNAMODB_LOCAL_2020_LIMITS
    )


def single_shot_client(endpoint_url: str, *, read_timeout: float = 10.0) -> DynamoDBClient:
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        proxies={"http": ""},
    )
    session = Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    return session.client("dynamodb", endpoint_url=endpoint_url, config=config)
