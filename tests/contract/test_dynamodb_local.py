"""The DynamoDB store fulfils the contract on DynamoDB Local, on each way, but for what differs there.

The cases of managing tables run on the default way only: those operations take no other. So do those of
expressions, which are the server's business: what each way sends is the same, see `test_ways`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.contract import StoreContract
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS
from tests.contract.ways import (
    FAST,
    PLAIN,
    AnswerContract,
    CallContract,
    differences,
    local_store,
    on_the_lane,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="class")
def default_store(dynamodb_local_client: DynamoDBClient) -> Store:
    return DynamoStore(dynamodb_local_client, limits=DYNAMODB_LOCAL_2020_LIMITS)


@pytest.fixture(scope="class")
def plain_store(dynamodb_local: str) -> Iterator[Store]:
    with local_store(dynamodb_local, **PLAIN) as store:
        yield store


@pytest.fixture(scope="class")
def fast_store(dynamodb_local: str) -> Iterator[Store]:
    with local_store(dynamodb_local, **FAST) as store, on_the_lane(store):
        yield store


@pytest.fixture(scope="class")
def text_store(dynamodb_local: str) -> Iterator[Store]:
    with local_store(dynamodb_local, **FAST, accelerated=False) as store, on_the_lane(store):
        yield store


class TestDynamoDBLocal(StoreContract):
    shares_store = True
    known_differences = differences("dynamodb-local", StoreContract)

    @pytest.fixture
    def store(self, default_store: Store) -> Store:
        return default_store


class TestPlainOnDynamoDBLocal(AnswerContract):
    shares_store = True
    known_differences = differences("dynamodb-local", AnswerContract)

    @pytest.fixture
    def store(self, plain_store: Store) -> Store:
        return plain_store


class TestFastLaneOnDynamoDBLocal(AnswerContract):
    shares_store = True
    known_differences = differences("dynamodb-local", AnswerContract)

    @pytest.fixture
    def store(self, fast_store: Store) -> Store:
        return fast_store


class TestTextsOnDynamoDBLocal(CallContract):
    """Without msgspec the texts of writes are written from the operations themselves."""

    shares_store = True
    known_differences = differences("dynamodb-local", CallContract)

    @pytest.fixture
    def store(self, text_store: Store) -> Store:
        return text_store
