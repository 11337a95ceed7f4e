"""The DynamoDB store fulfils what needs no transactions on dynalite, but for what that does differently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.contract import TransactionlessStoreContract, known_differences
from persistence.testing.servers import client_for

DIFFERENCES = Path(__file__).with_name("known_differences.toml")


@pytest.fixture(scope="module")
def dynalite_store(dynalite: str) -> Iterator[Store]:
    client = client_for(dynalite)
    yield DynamoStore(client)
    client.close()


class TestDynalite(TransactionlessStoreContract):
    shares_store = True
    known_differences = known_differences(DIFFERENCES, "dynalite")

    @pytest.fixture
    def store(self, dynalite_store: Store) -> Store:
        return dynalite_store
