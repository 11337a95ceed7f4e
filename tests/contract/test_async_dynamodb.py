"""The asynchronous DynamoDB store fulfils the contract as the other does, over aiohttp and in threads.

Both send the same requests and read the same answers; what can differ is how calls are made. So the groups of
cases that run here are those about writing several items, errors with data of their own, and concurrency.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persistence.store import Store
from tests.contract.ways import (
    CallContract,
    beside_threads,
    differences,
    in_threads,
    local_store,
    moto_store,
)


@pytest.fixture(scope="class")
def native_local_store(dynamodb_local: str) -> Iterator[Store]:
    with local_store(dynamodb_local) as below, beside_threads(below) as store:
        yield store


@pytest.fixture(scope="class")
def threaded_local_store(dynamodb_local: str) -> Iterator[Store]:
    with local_store(dynamodb_local) as below, in_threads(below) as store:
        yield store


@pytest.fixture(scope="class")
def native_moto_store() -> Iterator[Store]:
    with moto_store() as below, beside_threads(below) as store:
        yield store


@pytest.fixture(scope="class")
def threaded_moto_store() -> Iterator[Store]:
    with moto_store() as below, in_threads(below) as store:
        yield store


class TestNativeOnDynamoDBLocal(CallContract):
    shares_store = True
    known_differences = differences("dynamodb-local", CallContract)

    @pytest.fixture
    def store(self, native_local_store: Store) -> Store:
        return native_local_store


class TestThreadsOnDynamoDBLocal(CallContract):
    shares_store = True
    known_differences = differences("dynamodb-local", CallContract)

    @pytest.fixture
    def store(self, threaded_local_store: Store) -> Store:
        return threaded_local_store


@pytest.mark.moto
class TestNativeOnMoto(CallContract):
    shares_store = True
    known_differences = differences("moto", CallContract)

    @pytest.fixture
    def store(self, native_moto_store: Store) -> Store:
        return native_moto_store


@pytest.mark.moto
class TestThreadsOnMoto(CallContract):
    shares_store = True
    known_differences = differences("moto", CallContract)

    @pytest.fixture
    def store(self, threaded_moto_store: Store) -> Store:
        return threaded_moto_store
