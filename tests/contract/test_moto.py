"""The DynamoDB store fulfils the contract on moto, but for what moto does differently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.contract import StoreContract, known_differences

# Said outright, whatever endpoint the environment configures.
ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"
DIFFERENCES = Path(__file__).with_name("known_differences.toml")


@pytest.fixture(scope="module")
def moto_store() -> Iterator[Store]:
    """One store for all cases: making a client takes longer than most of them."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=ENDPOINT)
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        yield DynamoStore(client, scaling_client=scaling)
        client.close()
        scaling.close()


@pytest.mark.moto
class TestMoto(StoreContract):
    shares_store = True
    known_differences = known_differences(DIFFERENCES, "moto")

    @pytest.fixture
    def store(self, moto_store: Store) -> Store:
        return moto_store
