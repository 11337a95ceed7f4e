"""Scaling is a service of its own: which client asks it, and when none does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from persistence.errors import NotSupported, StoreUnavailable, TableNotFound
from persistence.operations import (
    CreateTable,
    DeleteScaling,
    DescribeScaling,
    Operation,
    PutScaling,
    ScalingDescription,
)
from persistence.stores.dynamodb import DynamoStore
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import Provisioned, Scaling, TableOptions
from tests.unit.stores.dynamodb.scripted import Answer, refusal, scripted

REGION = "us-east-1"
ORDERS = Table(
    "orders",
    "id",
    indexes=(GlobalIndex("by-x", Key("x")),),
    options=TableOptions(billing=Provisioned(5, 5)),
)
READS = PutScaling("orders", "reads", Scaling(1, 10, 50, 30, 10))
INDEX_WRITES = PutScaling("orders", "writes", Scaling(2, 20), "by-x")
ALL: list[Operation[Any]] = [READS, DeleteScaling("orders", "reads"), DescribeScaling("orders")]


@pytest.fixture
def scaling_client(moto_client: BaseClient) -> Iterator[BaseClient]:
    del moto_client  # within whose imitation of AWS it works
    client = boto3.client("application-autoscaling", region_name=REGION)
    yield client
    client.close()


@pytest.fixture
def store(moto_client: BaseClient, scaling_client: BaseClient) -> DynamoStore:
    store = DynamoStore(moto_client, scaling_client=scaling_client)
    store.perform(CreateTable(ORDERS))
    return store


class TestScaling:
    def test_is_put_and_described(self, store: DynamoStore) -> None:
        store.perform(READS)
        store.perform(INDEX_WRITES)

        assert store.perform(DescribeScaling("orders")) == (
            ScalingDescription("reads", READS.scaling),
            ScalingDescription("writes", INDEX_WRITES.scaling, "by-x"),
        )

    def test_is_put_in_place_of_what_is_there(self, store: DynamoStore) -> None:
        store.perform(READS)
        changed = Scaling(3, 30, 80, 5, 6)

        store.perform(PutScaling("orders", "reads", changed))

        assert store.perform(DescribeScaling("orders")) == (ScalingDescription("reads", changed),)

    def test_is_deleted(self, store: DynamoStore) -> None:
        store.perform(READS)

        store.perform(DeleteScaling("orders", "reads"))
        store.perform(DeleteScaling("orders", "reads"))

        assert store.perform(DescribeScaling("orders")) == ()

    def test_of_no_table_is_not_found(self, store: DynamoStore) -> None:
        with pytest.raises(TableNotFound):
            store.perform(DescribeScaling("no-such-table"))


class TestClient:
    def test_is_made_where_the_store_asks_aws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With no more than a region, as for DynamoDB."""
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
        with mock_aws():
            store = DynamoStore(region=REGION)
            store.perform(CreateTable(ORDERS))

            store.perform(READS)

            assert store.perform(DescribeScaling("orders")) == (ScalingDescription("reads", READS.scaling),)
            store.close()

    @pytest.mark.parametrize("operation", ALL, ids=lambda operation: type(operation).__name__)
    def test_is_not_guessed_beside_one_that_was_given(
        self, operation: Operation[Any], moto_client: BaseClient
    ) -> None:
        store = DynamoStore(moto_client)
        store.perform(CreateTable(ORDERS))

        with pytest.raises(NotSupported, match="scaling_client=") as caught:
            store.perform(operation)

        assert (caught.value.operation, caught.value.table) == (type(operation).__name__, "orders")

    @pytest.mark.parametrize("named_by", ["setting", "environment"])
    def test_never_asks_aws_for_a_local_server(self, named_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever names the endpoint: nothing at AWS is changed by accident."""
        endpoint = "http://127.0.0.1:1"
        if named_by == "environment":
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
            store = DynamoStore(region=REGION)
        else:
            store = DynamoStore(region=REGION, endpoint_url=endpoint)

        with mock_aws(), pytest.raises(NotSupported, match="does not ask AWS"):
            store.perform(READS)

    def test_refuses_what_is_no_client(self) -> None:
        with pytest.raises(TypeError, match="application-autoscaling"):
            DynamoStore(scaling_client="scaling")  # type: ignore[arg-type]  # what is under test

    def test_is_watched_as_the_other_one(self) -> None:
        """What may be repeated is: the second request registers the target all the same."""
        with scripted([refusal("InternalServiceException", status=500), *[Answer()] * 3]) as server:
            client = boto3.client(
                "application-autoscaling",
                region_name=REGION,
                endpoint_url=server.endpoint_url,
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )

            DynamoStore(region=REGION, scaling_client=client).perform(READS)
            client.close()

        assert len(server.requests) == 4

    def test_does_not_repeat_a_removal_in_doubt(self) -> None:
        """The second one would find nothing, which is the end that was wanted, or not."""
        with scripted([refusal("InternalServiceException", status=500), Answer()]) as server:
            client = boto3.client(
                "application-autoscaling",
                region_name=REGION,
                endpoint_url=server.endpoint_url,
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )

            with pytest.raises(StoreUnavailable) as caught:
                DynamoStore(region=REGION, scaling_client=client).perform(DeleteScaling("orders", "reads"))
            client.close()

        assert caught.value.ambiguous
        assert len(server.requests) == 1
