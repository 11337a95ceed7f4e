"""Operations that take several requests: what they ask next, and what they make of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.errors import NotSupported, StoreError, TableNotFound
from persistence.operations import (
    CreateTable,
    DeleteScaling,
    DescribeScaling,
    ListTags,
    Operation,
    PutScaling,
    ScalingDescription,
    TableDescription,
    UpdateTable,
)
from persistence.stores.dynamodb.calls import Talk
from persistence.stores.dynamodb.exchanges import Request
from persistence.stores.dynamodb.table_calls import CALLS
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import Encryption, OnDemand, Replica, Scaling, TableOptions

ARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/orders"
BY_X = GlobalIndex("by-x", Key("x"))
READS, WRITES = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"


def converse(operation: Operation[Any], *answers: dict[str, Any] | Exception) -> tuple[Any, list[Request]]:
    """Run an exchange with what is answered to each request; give its own answer and the requests."""
    call = CALLS[type(operation)]
    assert isinstance(call, Talk)
    exchange = call.exchange(operation)
    asked = [next(exchange)]
    for answer in answers:
        try:
            following = exchange.throw(answer) if isinstance(answer, Exception) else exchange.send(answer)
        except StopIteration as done:
            assert len(asked) == len(answers), "an answer too many"
            return done.value, asked
        asked.append(following)
    raise AssertionError(f"it goes on with {asked[-1]}")


def told(**changed: Any) -> dict[str, Any]:
    """Describe a table as a server does that knows everything and is done with it."""
    return {
        "TableDescription": {
            "TableName": "orders",
            "TableStatus": "ACTIVE",
            "TableArn": ARN,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "DeletionProtectionEnabled": False,
            **changed,
        }
    }


def old(**changed: Any) -> dict[str, Any]:
    """Describe a table as a server does that is older than deletion protection."""
    answer = told(**changed)
    del answer["TableDescription"]["DeletionProtectionEnabled"]
    return answer


def create(*indexes: GlobalIndex, **options: Any) -> CreateTable:
    return CreateTable(Table("orders", "id", indexes=indexes, options=TableOptions(**options)))


def index(**changed: Any) -> dict[str, Any]:
    return {
        "IndexName": "by-x",
        "IndexStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        **changed,
    }


LIMITED = OnDemand(max_read_units=5)

DROPPED: list[tuple[CreateTable | UpdateTable, str]] = [
    (create(stream="NEW_IMAGE"), "the stream"),
    (create(encryption=Encryption.managed()), "encryption with a key of one's own"),
    (create(table_class="STANDARD_INFREQUENT_ACCESS"), "the table class"),
    (create(billing=LIMITED), "limits of billing on demand"),
    (create(BY_X, index_billing=LIMITED), "index 'by-x'"),
    (UpdateTable("orders", create_index=BY_X), "index 'by-x'"),
    (UpdateTable("orders", table_class="STANDARD_INFREQUENT_ACCESS"), "the table class"),
    (UpdateTable("orders", billing=LIMITED), "limits of billing on demand"),
    (UpdateTable("orders", create_replica=Replica("eu-west-1")), "the replica in eu-west-1"),
    (UpdateTable("orders", update_replica=Replica("eu-west-1")), "the replica in eu-west-1"),
]


class TestWhatIsDropped:
    @pytest.mark.parametrize(("operation", "name"), DROPPED)
    def test_is_not_supported(self, operation: CreateTable | UpdateTable, name: str) -> None:
        """An answer that is final and says nothing of it shows that the server does not know it."""
        with pytest.raises(NotSupported) as caught:
            converse(operation, told())

        assert name in str(caught.value)
        assert (caught.value.ambiguous, caught.value.table) == (True, "orders")

    @pytest.mark.parametrize(("operation", "name"), DROPPED)
    def test_may_still_come_while_the_service_is_at_work(
        self, operation: CreateTable | UpdateTable, name: str
    ) -> None:
        answer, _ = converse(operation, told(TableStatus="UPDATING"))

        assert isinstance(answer, TableDescription), name

    @pytest.mark.parametrize("status", ["ACTIVE", "CREATING"])
    def test_is_seen_at_once_on_a_server_that_is_too_old(self, status: str) -> None:
        with pytest.raises(NotSupported, match="the table was made, but without deletion protection"):
            converse(create(deletion_protection=True), old(TableStatus=status))

    def test_is_named_as_a_whole(self) -> None:
        operation = create(table_class="STANDARD_INFREQUENT_ACCESS", deletion_protection=True)

        with pytest.raises(NotSupported, match="without deletion protection, the table class, which this"):
            converse(operation, old())

    def test_can_be_the_limits_of_an_index_alone(self) -> None:
        with pytest.raises(NotSupported, match="limits of index 'by-x'"):
            converse(create(BY_X, index_billing=LIMITED), told(GlobalSecondaryIndexes=[index()]))

    @pytest.mark.parametrize("present", [[], [index(IndexStatus="DELETING")]])
    def test_is_no_index_that_is_being_deleted(self, present: list[dict[str, Any]]) -> None:
        operation = UpdateTable("orders", delete_index="by-x")

        answer, _ = converse(operation, told(GlobalSecondaryIndexes=present))

        assert isinstance(answer, TableDescription)

    def test_can_be_that_an_index_is_deleted(self) -> None:
        with pytest.raises(NotSupported, match="lacks that index 'by-x' is being deleted"):
            converse(UpdateTable("orders", delete_index="by-x"), old(GlobalSecondaryIndexes=[index()]))

    def test_is_nothing_where_nothing_is_wanted(self) -> None:
        """What is as it always was on old servers need not be told by them."""
        operation = create(
            billing=OnDemand(),
            stream="DISABLED",
            encryption=Encryption.owned(),
            deletion_protection=False,
            table_class="STANDARD",
        )

        answer, _ = converse(operation, old())

        assert answer.table == Table("orders", "id")

    def test_is_nothing_where_limits_are_removed(self) -> None:
        answer, _ = converse(UpdateTable("orders", billing=OnDemand()), told())

        assert answer.options.billing == OnDemand()

    def test_is_nothing_where_all_is_told(self) -> None:
        limits = {"MaxReadRequestUnits": 5}
        full = told(
            DeletionProtectionEnabled=True,
            TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            SSEDescription={"Status": "ENABLED", "SSEType": "KMS"},
            OnDemandThroughput=limits,
            GlobalSecondaryIndexes=[index(OnDemandThroughput=limits)],
        )

        answer, asked = converse(
            create(
                BY_X,
                billing=LIMITED,
                index_billing=LIMITED,
                stream="NEW_IMAGE",
                encryption=Encryption.managed(),
                deletion_protection=True,
                table_class="STANDARD_INFREQUENT_ACCESS",
            ),
            full,
        )

        assert answer.options.deletion_protection is True
        assert [request.api for request in asked] == ["CreateTable"]


class TestTagsOfANewTable:
    """No description tells them: they are asked for, unless the service is still at work."""

    TAGGED = create(tags={"team": "orders"})

    def test_are_there(self) -> None:
        tags = {"Tags": [{"Key": "team", "Value": "orders"}, {"Key": "other", "Value": ""}]}

        answer, asked = converse(self.TAGGED, told(), tags)

        assert isinstance(answer, TableDescription)
        assert asked[1] == Request("ListTagsOfResource", {"ResourceArn": ARN})

    def test_are_not_asked_for_while_the_service_is_at_work(self) -> None:
        """They take some seconds there, and may not be asked for by everybody."""
        _, asked = converse(self.TAGGED, told(TableStatus="CREATING"))

        assert [request.api for request in asked] == ["CreateTable"]

    @pytest.mark.parametrize("answer", [{"Tags": []}, NotSupported("no tags here")])
    def test_were_dropped(self, answer: dict[str, Any] | Exception) -> None:
        with pytest.raises(NotSupported, match="the table was made, but without tags"):
            converse(self.TAGGED, told(), answer)

    def test_can_not_be_asked_for_without_a_name(self) -> None:
        with pytest.raises(NotSupported, match="without tags"):
            converse(self.TAGGED, told(TableArn=None))


class TestTags:
    def test_are_read_page_by_page(self) -> None:
        first = {"Tags": [{"Key": "a", "Value": "1"}], "NextToken": "more"}

        tags, asked = converse(ListTags(ARN), first, {"Tags": [{"Key": "b", "Value": "2"}]})

        assert tags == {"a": "1", "b": "2"}
        assert [request.parameters for request in asked] == [
            {"ResourceArn": ARN},
            {"ResourceArn": ARN, "NextToken": "more"},
        ]


def target(resource: str, dimension: str, least: int = 1, most: int = 10) -> dict[str, Any]:
    return {
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "MinCapacity": least,
        "MaxCapacity": most,
    }


def policy(resource: str, dimension: str, metric: str, name: str = "p", **more: Any) -> dict[str, Any]:
    return {
        "PolicyName": name,
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            **more,
        },
    }


READ_USE, WRITE_USE = "DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"


class TestScaling:
    def test_is_described_by_targets_and_policies(self) -> None:
        resource = "table/orders/index/by-x"
        table = {"Table": told(GlobalSecondaryIndexes=[index()])["TableDescription"]}
        on_index = target(resource, "dynamodb:index:WriteCapacityUnits", 2, 20)

        found, asked = converse(
            DescribeScaling("orders"),
            table,
            {"ScalableTargets": [on_index], "NextToken": "more"},
            {"ScalableTargets": [target("table/orders", READS), target("table/orders", WRITES)]},
            {"ScalingPolicies": [policy("table/orders", READS, READ_USE, ScaleInCooldown=30)]},
            {
                "ScalingPolicies": [
                    policy(resource, on_index["ScalableDimension"], WRITE_USE, ScaleOutCooldown=5)
                ]
            },
        )

        assert found == (
            ScalingDescription("reads", Scaling(1, 10, 50.0, 30, 0)),
            ScalingDescription("writes", Scaling(2, 20, 50.0, 0, 5), "by-x"),
        ), "writes of the table have bounds, but nothing that moves them"
        assert asked[1].parameters["ResourceIds"] == ["table/orders", resource]
        assert asked[2].parameters["NextToken"] == "more"

    def test_keeps_the_name_of_the_policy_that_is_there(self) -> None:
        """The service refuses a second policy for the same metric."""
        there = [
            policy("table/orders", WRITES, WRITE_USE, "of writes"),
            policy("table/orders", READS, READ_USE, "made elsewhere"),
        ]

        _, asked = converse(PutScaling("orders", "reads", Scaling(1, 10)), {}, {"ScalingPolicies": there}, {})

        assert [request.api for request in asked] == [
            "RegisterScalableTarget",
            "DescribeScalingPolicies",
            "PutScalingPolicy",
        ]
        assert asked[2].parameters["PolicyName"] == "made elsewhere"

    def test_names_a_policy_within_the_length_of_names(self) -> None:
        operation = PutScaling("t" * 255, "reads", Scaling(1, 10), "i" * 255)

        _, asked = converse(operation, {}, {}, {})

        assert len(asked[2].parameters["PolicyName"]) == 256

    def test_that_is_not_there_is_deleted_already(self) -> None:
        answer, _ = converse(DeleteScaling("orders", "reads"), TableNotFound("no such target"))

        assert answer is None

    def test_that_can_not_be_deleted_is_an_error(self) -> None:
        with pytest.raises(StoreError, match="not now"):
            converse(DeleteScaling("orders", "reads"), StoreError("not now"))
