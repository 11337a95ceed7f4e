"""`docs/server-support.md` says what the servers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from persistence.operation_facts import API_NAMES, ON_ITEMS
from persistence.operations import Operation
from persistence.store import Limits
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.testing.servers import client_for
from tests.contract.support.bench import Bench
from tests.contract.support.page import PAGE, read, verdicts, written
from tests.contract.support.probes import PROBES

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Recording:
    """A store that notes the types of operations that it is asked for."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.seen: set[type[Operation[Any]]] = set()

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[Any]) -> Any:
        self.seen.add(type(operation))
        return self._store.perform(operation)


@pytest.fixture
def dynalite_store(dynalite: str) -> Iterator[DynamoStore]:
    client = client_for(dynalite)
    yield DynamoStore(client)
    client.close()


class TestPage:
    def test_is_as_it_is_written(self) -> None:
        """By hand nothing is changed there."""
        text = PAGE.read_text()

        assert written(read(text)) == text

    def test_is_right_about_memory(self) -> None:
        assert verdicts(MemoryStore()) == read(PAGE.read_text())["memory"]

    def test_is_right_about_moto(self, moto_client: DynamoDBClient) -> None:
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")

        found = verdicts(DynamoStore(moto_client, scaling_client=scaling))

        scaling.close()
        assert found == read(PAGE.read_text())["moto"]

    def test_is_right_about_dynamodb_local(self, dynamodb_local_client: DynamoDBClient) -> None:
        found = verdicts(DynamoStore(dynamodb_local_client))

        assert found == read(PAGE.read_text())["DynamoDB Local"]

    def test_is_right_about_dynalite(self, dynalite_store: DynamoStore) -> None:
        assert verdicts(dynalite_store) == read(PAGE.read_text())["dynalite"]


class TestProbes:
    def test_try_every_operation_on_tables(self) -> None:
        store = Recording()

        for probe in PROBES:
            bench = Bench(store)
            with suppress(Exception):  # what comes of it is on the page
                probe.attempt(bench)
            bench.close()

        assert API_NAMES.keys() - ON_ITEMS - store.seen == set()

    def test_are_told_apart(self) -> None:
        names = [(probe.section, probe.what) for probe in PROBES]

        assert len(set(names)) == len(names)
