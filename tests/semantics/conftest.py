"""One store per test: in memory, imitated by moto, and Amazon's own local server, unchanged.

Every rule is stated once, and shown of synchronous and of asynchronous units of work: the latter stand behind
the names of the former, see `awaited.py`. What is about threads or generators is marked as synchronous.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from persistence import (
    AsyncDynamoStore,
    AsyncMemoryStore,
    DynamoStore,
    MemoryStore,
    Repository,
    Store,
)
from persistence.store import Limits
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
from tests.semantics.awaited import OneTask
from tests.semantics.model import (
    Account,
    AccountMapping,
    Note,
    NoteMapping,
    Order,
    OrderMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import Recording, World

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


STORES = [
    pytest.param("memory", id="memory"),
    pytest.param("moto", id="moto", marks=pytest.mark.moto),
    pytest.param("local", id="dynamodb_local", marks=pytest.mark.dynamodb_local),
    pytest.param("awaited_memory", id="memory-async"),
    pytest.param("awaited_local", id="dynamodb_local-async", marks=pytest.mark.dynamodb_local),
]
AWAITED_STORES = ["awaited_memory", "awaited_local"]


LEFT_OUT = {"synchronous": AWAITED_STORES}
"""Marker -> the stores on which a test that has it is not run."""


ASKING = frozenset(
    {
        "test_async",
        "test_bulk",
        "test_cases_of_values",
        "test_commit",
        "test_conflicts",
        "test_lost_answers",
        "test_many",
        "test_pages",
        "test_patch",
        "test_query",
        "test_retries",
        "test_section_reads",
        "test_section_writes",
        "test_single_writes",
        "test_snapshots",
    }
)
"""The modules about what is asked of a store, and what becomes of answers, failures and lost answers.

They alone run on the asynchronous DynamoDB store. To all others a store is a store: they show a rule of
asynchronous units in memory, and what DynamoDB Local makes of the same operations in synchronous ones; that
both DynamoDB stores perform an operation alike is what the contract shows.
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a marker says; there is nothing to be shown, so it is no skipped test."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if _is_left_out(item) else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_left_out(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    store = None if call is None else call.params.get("store")
    if store == "awaited_local" and item.path.stem not in ASKING:
        return True
    return any(item.get_closest_marker(marker) and store in stores for marker, stores in LEFT_OUT.items())


@pytest.fixture(scope="session")
def semantics_client(dynamodb_local: str) -> Iterator[DynamoDBClient]:
    """A client whose tables no other test sees."""
    client = client_for(dynamodb_local, access_key_id="semantics")
    yield client
    client.close()


@pytest.fixture
def local_store(semantics_client: DynamoDBClient) -> Iterator[Store]:
    yield DynamoStore(semantics_client, limits=DYNAMODB_LOCAL_2020_LIMITS)
    for name in semantics_client.list_tables()["TableNames"]:
        semantics_client.delete_table(TableName=name)


@pytest.fixture
def moto_store(moto_client: DynamoDBClient) -> Store:
    # It answers in this process, and was not made for several threads.
    return DynamoStore(moto_client, limits=Limits(concurrent_requests=1))


@pytest.fixture
def memory_store() -> Store:
    return MemoryStore(auto_create=False)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Recording]:
    """An empty store that keeps what it was asked."""
    awaited, _, name = request.param.rpartition("_")
    below = request.getfixturevalue(f"{name}_store")
    if not awaited:
        yield Recording(below)
    elif isinstance(below, MemoryStore):
        yield Recording(below, AsyncMemoryStore(below))
    else:
        both = AsyncDynamoStore(below)
        yield Recording(below, both)
        both.close()


@pytest.fixture
def world(store: Recording) -> Iterator[World]:
    if store.awaited is None:
        yield World(store)
        return
    task = OneTask()
    yield World(store, task=task)
    task.close()


@pytest.fixture
def notes(world: World) -> Repository[Note]:
    return world.repository(NoteMapping)


@pytest.fixture
def settings(world: World) -> Repository[Setting]:
    return world.repository(SettingMapping)


@pytest.fixture
def accounts(world: World) -> Repository[Account]:
    return world.repository(AccountMapping)


@pytest.fixture
def orders(world: World) -> Repository[Order]:
    return world.repository(OrderMapping)
