"""The stores on servers of the pytest fixtures: each has nothing in it, and tables come with their use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from persistence.store import AsyncStore, Store
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
from persistence.testing.tables_by_use import TablesByUse
from persistence.testing.tapping import tapped

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_MOTO_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"
"""Said outright, whatever endpoint the environment configures."""


@contextmanager
def new_dynamodb_local_store(endpoint_url: str) -> Iterator[DynamoStore]:
    """Give a store on a DynamoDB Local with tables of its own, since its access key is."""
    client = client_for(endpoint_url, access_key_id=f"t{uuid.uuid4().hex[:19]}")
    with _with_tables_by_use(DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)) as store:
        yield store
    client.close()


def _moto() -> Any:
    """Give moto's context manager.

    Raises:
        ModuleNotFoundError: it is not installed, with the remedy.
    """
    try:
        return import_module("moto").mock_aws()
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'moto is not installed: pip install "persistence-dynamodb[testing]"', name=error.name
        ) from error


@contextmanager
def new_moto_client() -> Iterator[DynamoDBClient]:
    """Give a client of moto, for any number of its mocks: to make one takes long."""
    with _moto():
        client = import_module("boto3").client(
            "dynamodb", region_name="us-east-1", endpoint_url=_MOTO_ENDPOINT
        )
    yield client
    client.close()


@contextmanager
def new_moto_store(client: DynamoDBClient) -> Iterator[DynamoStore]:
    """Give a store on a moto that has nothing in it."""
    with _moto(), _with_tables_by_use(DynamoStore(client)) as store:
        yield store


@contextmanager
def _with_tables_by_use(store: DynamoStore) -> Iterator[DynamoStore]:
    with tapped(store, TablesByUse()):
        yield store


@contextmanager
def asynchronous_side(store: Store) -> Iterator[AsyncStore]:
    """Give the asynchronous store that shares the client of a store on a server.

    Raises:
        TypeError: another one, with the remedy.
    """
    if not isinstance(store, DynamoStore):
        raise TypeError(
            f"there is no asynchronous side of {type(store).__name__}; write the fixture "
            "`async_persistence_store` in your conftest.py"
        )
    side = AsyncDynamoStore(store)
    with tapped(side, TablesByUse()):
        yield side
    side.close()
