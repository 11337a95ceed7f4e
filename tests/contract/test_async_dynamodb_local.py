"""The asynchronous DynamoDB store fulfils the contract on DynamoDB Local as the synchronous one does.

Both send the same requests and read the same answers; what can differ is how calls are made. So the groups of
cases that run here are those about writing several items, errors with data of their own, and concurrency.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persistence.store import Store
from persistence.stores.dynamodb import AsyncDynamoStore
from persistence.testing.contract import (
    BatchContract,
    CancellationContract,
    ConcurrencyContract,
    ErrorContract,
    KnownDifference,
    ReturnValuesContract,
    SyncView,
    TokenContract,
    TransactGetContract,
    TransactWriteContract,
    case_names,
    known_differences,
)
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

DIFFERENCES = Path(__file__).with_name("known_differences.toml")


class Groups(
    TransactWriteContract,
    TransactGetContract,
    TokenContract,
    CancellationContract,
    ConcurrencyContract,
    BatchContract,
    ReturnValuesContract,
    ErrorContract,
):
    """The cases that run here."""


def differences() -> dict[str, KnownDifference]:
    known = known_differences(DIFFERENCES, "dynamodb-local")
    return {name: known[name] for name in known.keys() & case_names(Groups)}


@pytest.fixture(scope="module")
def local_store(dynamodb_local_client: DynamoDBClient) -> Iterator[Store]:
    below = AsyncDynamoStore(dynamodb_local_client, limits=DYNAMODB_LOCAL_2020_LIMITS)
    with SyncView(below) as store:
        yield store
    below.close()


class TestAsyncDynamoDBLocal(Groups):
    shares_store = True
    known_differences = differences()

    @pytest.fixture
    def store(self, local_store: Store) -> Store:
        return local_store
