"""The DynamoDB store fulfils the contract on DynamoDB Local, but for what that does differently."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.contract import StoreContract, known_differences
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

DIFFERENCES = Path(__file__).with_name("known_differences.toml")


@pytest.fixture(scope="module")
def local_store(dynamodb_local_client: DynamoDBClient) -> Store:
    return DynamoStore(dynamodb_local_client, limits=DYNAMODB_LOCAL_2020_LIMITS)


class TestDynamoDBLocal(StoreContract):
    shares_store = True
    known_differences = known_differences(DIFFERENCES, "dynamodb-local")

    @pytest.fixture
    def store(self, local_store: Store) -> Store:
        return local_store
