"""The DynamoDB store fulfils the contract on moto, on each way, but for what moto does differently.

On the ways beside the default one it shows each kind of request and of answer: moto answers in this process,
so that ways differ less than on a server.
"""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.contract import StoreContract
from tests.contract.ways import (
    FAST,
    MOTO_ENDPOINT,
    PLAIN,
    SampleContract,
    differences,
    moto_store,
    on_the_lane,
)


@pytest.fixture(scope="class")
def default_store() -> Iterator[Store]:
    """One store for all cases: making a client takes longer than most of them."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=MOTO_ENDPOINT)
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        yield DynamoStore(client, scaling_client=scaling)
        client.close()
        scaling.close()


@pytest.fixture(scope="class")
def plain_store() -> Iterator[Store]:
    with moto_store(**PLAIN) as store:
        yield store


@pytest.fixture(scope="class")
def fast_store() -> Iterator[Store]:
    with moto_store(**FAST) as store, on_the_lane(store):
        yield store


@pytest.mark.moto
class TestMoto(StoreContract):
    shares_store = True
    known_differences = differences("moto", StoreContract)

    @pytest.fixture
    def store(self, default_store: Store) -> Store:
        return default_store


@pytest.mark.moto
class TestPlainOnMoto(SampleContract):
    shares_store = True
    known_differences = differences("moto", SampleContract)

    @pytest.fixture
    def store(self, plain_store: Store) -> Store:
        return plain_store


@pytest.mark.moto
class TestFastLaneOnMoto(SampleContract):
    shares_store = True
    known_differences = differences("moto", SampleContract)

    @pytest.fixture
    def store(self, fast_store: Store) -> Store:
        return fast_store
