"""One store per test: in memory, imitated by moto, and Amazon's own local server, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from persistence import DynamoStore, MemoryStore, Repository, Store
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
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
]


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
    return DynamoStore(moto_client)


@pytest.fixture
def memory_store() -> Store:
    return MemoryStore(auto_create=False)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Recording:
    """An empty store that keeps what it was asked."""
    return Recording(request.getfixturevalue(f"{request.param}_store"))


@pytest.fixture
def world(store: Recording) -> World:
    return World(store)


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
