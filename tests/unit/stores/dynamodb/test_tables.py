"""What descriptions of tables tell, and requests that are refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.errors import InvalidRequest
from persistence.operations import (
    BackupDescription,
    BackupPage,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeTable,
    IndexDescription,
    ListBackups,
    ListTables,
    Operation,
    RecoveryDescription,
    ReplicaDescription,
    RestoreToPoint,
    TableDescription,
    TableNames,
    UpdateTable,
)
from persistence.stores.dynamodb.calls import Call, Talk
from persistence.stores.dynamodb.table_calls import CALLS
from persistence.table import GlobalIndex, Key
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    TableOptions,
)

ARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/orders"
KMS = "arn:aws:kms:eu-central-1:000000000000:key/1"
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
NO_UNITS = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "ProvisionedThroughput": NO_UNITS}
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def index(**told: Any) -> dict[str, Any]:
    return {
        "IndexName": "by-x",
        "IndexStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        **told,
    }


def described(**told: Any) -> TableDescription:
    """Read a description of the service, which tells of deletion protection whatever it is."""
    return read_table({"DeletionProtectionEnabled": False, **told})


def read_table(told: dict[str, Any]) -> TableDescription:
    table = {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "ProvisionedThroughput": UNITS,
        "TableArn": ARN,
    }
    found: TableDescription = read(DescribeTable("orders"), {"Table": {**table, **told}})
    return found


def read(operation: Operation[Any], answer: dict[str, Any]) -> Any:
    call = CALLS[type(operation)]
    assert isinstance(call, Call)
    return call.answer(operation, answer)


class TestBilling:
    def test_is_provisioned_where_no_mode_is_told(self) -> None:
        """A table that was never on demand tells none."""
        assert described().options.billing == Provisioned(5, 6)

    def test_is_on_demand_without_limits(self) -> None:
        assert described(**ON_DEMAND).options.billing == OnDemand()

    @pytest.mark.parametrize(
        ("told", "billing"),
        [
            ({"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20}, OnDemand(10, 20)),
            ({"MaxReadRequestUnits": 10}, OnDemand(max_read_units=10)),
            ({"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 20}, OnDemand(max_write_units=20)),
            ({"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}, OnDemand()),
        ],
    )
    def test_is_on_demand_with_limits(self, told: dict[str, int], billing: OnDemand) -> None:
        """A limit that was removed is told as -1."""
        assert described(**ON_DEMAND, OnDemandThroughput=told).options.billing == billing

    def test_is_on_demand_where_a_mode_is_missing_and_there_are_no_units(self) -> None:
        """As imitations describe tables that were restored."""
        assert described(BillingModeSummary={}, ProvisionedThroughput=NO_UNITS).options.billing == OnDemand()

    def test_of_an_index_is_told_beside_it(self) -> None:
        found = described(
            GlobalSecondaryIndexes=[
                index(
                    ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
                    ItemCount=3,
                    IndexSizeBytes=40,
                )
            ]
        )

        assert found.indexes == (IndexDescription("by-x", "ACTIVE", False, Provisioned(1, 2), 3, 40),)
        assert found.table.indexes == (GlobalIndex("by-x", Key("x")),)

    def test_of_an_index_on_demand_has_limits_of_its_own(self) -> None:
        limited = index(ProvisionedThroughput=NO_UNITS, OnDemandThroughput={"MaxWriteRequestUnits": 7})

        found = described(**ON_DEMAND, GlobalSecondaryIndexes=[limited])

        assert found.indexes == (IndexDescription("by-x", "ACTIVE", billing=OnDemand(max_write_units=7)),)


class TestOptions:
    def test_are_all_told_by_the_service(self) -> None:
        """What it leaves out is as it is for most tables."""
        assert described().options == TableOptions(
            billing=Provisioned(5, 6),
            stream="DISABLED",
            encryption=Encryption.owned(),
            deletion_protection=False,
            table_class="STANDARD",
            replicas=(),
        )

    def test_are_not_known_of_a_server_that_is_too_old_for_them(self) -> None:
        assert read_table({}).options == TableOptions(
            billing=Provisioned(5, 6), stream="DISABLED", encryption=Encryption.owned()
        )

    def test_are_read(self) -> None:
        found = described(
            DeletionProtectionEnabled=True,
            TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            LatestStreamArn=f"{ARN}/stream/1",
            SSEDescription={"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KMS},
        )

        assert found.options == TableOptions(
            billing=Provisioned(5, 6),
            stream="NEW_IMAGE",
            encryption=Encryption.customer(KMS),
            deletion_protection=True,
            table_class="STANDARD_INFREQUENT_ACCESS",
            replicas=(),
        )
        assert found.stream_arn == f"{ARN}/stream/1"

    def test_have_no_stream_that_was_switched_off(self) -> None:
        """The service names the last one for another day."""
        found = described(
            StreamSpecification={"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"},
            LatestStreamArn=f"{ARN}/stream/1",
        )

        assert (found.options.stream, found.stream_arn) == ("DISABLED", None)

    @pytest.mark.parametrize(
        ("told", "encryption"),
        [
            ({"Status": "DISABLED"}, Encryption.owned()),
            ({"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": KMS}, Encryption.customer(KMS)),
            ({"Status": "ENABLED", "SSEType": "KMS"}, Encryption.managed()),
        ],
    )
    def test_have_the_encryption(self, told: dict[str, str], encryption: Encryption) -> None:
        assert described(SSEDescription=told).options.encryption == encryption

    def test_have_copies_in_other_regions_only(self) -> None:
        told = [
            {"RegionName": "us-east-1", "ReplicaStatus": "CREATING", "KMSMasterKeyId": KMS},
            {"RegionName": "eu-central-1", "ReplicaStatus": "ACTIVE"},
            {
                "RegionName": "eu-west-1",
                "ReplicaStatus": "ACTIVE",
                "ReplicaTableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            },
        ]

        found = described(Replicas=told)

        assert found.options.replicas == (
            Replica("eu-west-1", "STANDARD_INFREQUENT_ACCESS"),
            Replica("us-east-1", key=KMS),
        )
        assert found.replicas == (
            ReplicaDescription("eu-west-1", "ACTIVE"),
            ReplicaDescription("us-east-1", "CREATING"),
        )
        assert not found.active

    @pytest.mark.parametrize("restoring", [True, False])
    def test_tell_whether_a_table_is_being_restored(self, *, restoring: bool) -> None:
        assert described(RestoreSummary={"RestoreInProgress": restoring}).restoring is restoring


class TestSettings:
    def test_names_end_only_without_a_last_one(self) -> None:
        told = {"TableNames": ["a", "b"], "LastEvaluatedTableName": "b"}

        assert read(ListTables(), told) == TableNames(("a", "b"), "b")
        assert read(ListTables(), {"TableNames": []}) == TableNames(())

    def test_recovery_has_days_and_times_while_it_is_on(self) -> None:
        told = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": 7,
            "EarliestRestorableDateTime": MOMENT,
            "LatestRestorableDateTime": MOMENT,
        }

        assert recovery(told) == RecoveryDescription(PointInTimeRecovery(days=7), MOMENT, MOMENT)
        assert recovery({**told, "PointInTimeRecoveryStatus": "DISABLED"}) == RecoveryDescription(
            PointInTimeRecovery(enabled=False)
        )

    def test_recovery_is_off_where_nothing_is_told(self) -> None:
        told = {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "DISABLED"}}

        assert read(DescribeRecovery("orders"), told) == RecoveryDescription(
            PointInTimeRecovery(enabled=False)
        )

    @pytest.mark.parametrize(
        ("status", "on"),
        [("ENABLED", True), ("ENABLING", True), ("DISABLING", False), ("DISABLED", False), ("FAILED", False)],
    )
    def test_insights_are_on_as_soon_as_they_are_switched_on(self, status: str, *, on: bool) -> None:
        assert read(DescribeInsights("orders"), {"ContributorInsightsStatus": status}) is on


def recovery(told: dict[str, Any]) -> RecoveryDescription:
    answer = {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": told}}
    found: RecoveryDescription = read(DescribeRecovery("orders"), answer)
    return found


class TestBackups:
    def test_are_read_with_the_name_of_their_table(self) -> None:
        details = backup_details("1", MOMENT)
        told = {"BackupDetails": details, "SourceTableDetails": {"TableName": "orders"}}

        assert read(DescribeBackup(details["BackupArn"]), {"BackupDescription": told}) == BackupDescription(
            f"{ARN}/backup/1", "nightly", "orders", "AVAILABLE", MOMENT, 12
        )

    def test_are_listed_from_the_oldest_on(self) -> None:
        later = {**backup_details("1", MOMENT.replace(day=2)), "TableName": "orders"}
        earlier = {**backup_details("2", MOMENT), "TableName": "orders"}

        found = read(ListBackups(), {"BackupSummaries": [later, earlier], "LastEvaluatedBackupArn": "arn:x"})

        assert isinstance(found, BackupPage)
        assert [backup.created_at.day for backup in found.backups] == [1, 2]
        assert found.next == "arn:x"

    def test_restores_need_a_time_zone(self) -> None:
        with pytest.raises(InvalidRequest, match="has no time zone") as caught:
            parameters(RestoreToPoint("orders", "restored", datetime(2026, 1, 1)))  # noqa: DTZ001  under test

        assert (caught.value.operation, caught.value.table) == ("RestoreToPoint", "orders")


def backup_details(number: str, created: datetime) -> dict[str, Any]:
    return {
        "BackupArn": f"{ARN}/backup/{number}",
        "BackupName": "nightly",
        "BackupStatus": "AVAILABLE",
        "BackupCreationDateTime": created,
        "BackupSizeBytes": 12,
    }


class TestOneChange:
    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("orders"),
            UpdateTable("orders", stream="KEYS_ONLY", table_class="STANDARD"),
            UpdateTable("orders", delete_index="by-x", index_billing={"by-y": OnDemand(1, 1)}),
            UpdateTable("orders", create_replica=Replica("eu-west-1"), delete_replica="eu-west-2"),
        ],
        ids=["none", "two options", "an index and capacity of another", "two replicas"],
    )
    def test_is_what_an_update_has(self, operation: UpdateTable) -> None:
        call = CALLS[UpdateTable]
        assert isinstance(call, Talk)

        with pytest.raises(InvalidRequest) as caught:
            next(call.exchange(operation))

        assert (caught.value.operation, caught.value.table) == ("UpdateTable", "orders")


def parameters(operation: Operation[Any]) -> dict[str, Any]:
    call = CALLS[type(operation)]
    assert isinstance(call, Call)
    return call.parameters(operation)
