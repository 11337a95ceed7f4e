"""The cases that the suite runs on one way, on the others too: `make contract` runs these and all the rest.

Every way sends the same requests (`test_ways`), so that these cases tell nothing new as long as that holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persistence.store import Store
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract import StoreContract, SyncView
from tests.contract.ways import (
    FAST,
    PLAIN,
    ExpressionContract,
    ItemContract,
    differences,
    local_store,
    moto_store,
    on_the_lane,
)


class TestExpressionsPlainOnDynamoDBLocal(ExpressionContract):
    shares_store = True
    known_differences = differences("dynamodb-local", ExpressionContract)

    @pytest.fixture(scope="class")
    def way(self, dynamodb_local: str) -> Iterator[Store]:
        with local_store(dynamodb_local, **PLAIN) as store:
            yield store

    @pytest.fixture
    def store(self, way: Store) -> Store:
        return way


class TestExpressionsOnTheLaneOnDynamoDBLocal(ExpressionContract):
    shares_store = True
    known_differences = differences("dynamodb-local", ExpressionContract)

    @pytest.fixture(scope="class")
    def way(self, dynamodb_local: str) -> Iterator[Store]:
        with local_store(dynamodb_local, **FAST) as store, on_the_lane(store):
            yield store

    @pytest.fixture
    def store(self, way: Store) -> Store:
        return way


@pytest.mark.moto
class TestAllPlainOnMoto(ItemContract):
    shares_store = True
    known_differences = differences("moto", ItemContract)

    @pytest.fixture(scope="class")
    def way(self) -> Iterator[Store]:
        with moto_store(**PLAIN) as store:
            yield store

    @pytest.fixture
    def store(self, way: Store) -> Store:
        return way


@pytest.mark.moto
class TestAllOnTheLaneOnMoto(ItemContract):
    shares_store = True
    known_differences = differences("moto", ItemContract)

    @pytest.fixture(scope="class")
    def way(self) -> Iterator[Store]:
        with moto_store(**FAST) as store, on_the_lane(store):
            yield store

    @pytest.fixture
    def store(self, way: Store) -> Store:
        return way


class TestAllOnAsyncMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with SyncView(AsyncMemoryStore(auto_create=False)) as view:
            yield view
