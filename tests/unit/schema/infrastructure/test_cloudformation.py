"""CloudFormation templates: without findings of cfn-lint, and applied by moto."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cfnlint.api import lint_all  # type: ignore[import-untyped]  # has no types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, MemoryStore, SchemaService, Table
from persistence.schema.planning.comparison import differences
from persistence.stores.dynamodb import DynamoStore
from persistence.table_options import (
    OnDemand,
    Provisioned,
    Scaling,
    TableOptions,
)
from tests.unit.schema.infrastructure.declarations import (
    EXAMPLES,
    SCALED_WORLDWIDE,
    alone,
    distinct,
    tables,
)
from tests.unit.schema.infrastructure.stacks import create_stack

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

WANTS_PROSE = "I4010"
"""The rule that asks for a description of the architecture in metadata, which nobody declares."""


def template_of(*declared: Table) -> str:
    return SchemaService(MemoryStore()).export("cloudformation", *declared)


def resources_of(*declared: Table) -> Mapping[str, Any]:
    resources: Mapping[str, Any] = json.loads(template_of(*declared))["Resources"]
    return resources


def findings(template: str) -> list[str]:
    return [str(found) for found in lint_all(template) if found.rule.id != WANTS_PROSE]


class TestLint:
    def test_finds_what_is_wrong(self) -> None:
        """So that finding nothing means something."""
        wrong = template_of(*EXAMPLES).replace('"KeyType": "HASH"', '"KeyType": "HUSH"', 1)

        assert findings(wrong)

    def test_finds_nothing_in_the_examples(self) -> None:
        assert findings(template_of(*EXAMPLES, SCALED_WORLDWIDE)) == []

    def test_finds_nothing_in_any_option_alone(self) -> None:
        assert findings(template_of(*alone())) == []

    @pytest.mark.slow
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(tables(), min_size=4, max_size=8).map(distinct))
    def test_finds_nothing_in_any_combination(self, drawn: tuple[Table, ...]) -> None:
        assert findings(template_of(*drawn)) == []


class TestTables:
    def test_are_kept_when_they_vanish_from_the_template(self) -> None:
        (table,) = resources_of(Table("notes", "id")).values()

        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")

    def test_have_nothing_that_is_not_declared_but_their_billing(self) -> None:
        (table,) = resources_of(Table("notes", "id")).values()

        assert table["Properties"] == {
            "TableName": "notes",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }

    def test_scale_through_resources_that_refer_to_them(self) -> None:
        billing = Provisioned(5, 5, read_scaling=Scaling(5, 50, 80, 30, 10))

        resources = resources_of(Table("notes", "id", options=TableOptions(billing=billing)))

        assert resources["NotesTableReadTarget"]["Properties"] == {
            "ServiceNamespace": "dynamodb",
            "ResourceId": {"Fn::Sub": "table/${NotesTable}"},
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
            "MinCapacity": 5,
            "MaxCapacity": 50,
        }
        assert resources["NotesTableReadPolicy"]["Properties"] == {
            "PolicyName": "DynamoDBReadCapacityUtilization:table/notes",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": "NotesTableReadTarget"},
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
                "TargetValue": 80,
                "ScaleInCooldown": 30,
                "ScaleOutCooldown": 10,
            },
        }

    def test_with_replicas_are_global_tables_with_a_copy_where_the_stack_is(self) -> None:
        (table,) = resources_of(SCALED_WORLDWIDE).values()

        assert table["Type"] == "AWS::DynamoDB::GlobalTable"
        copies = table["Properties"]["Replicas"]
        assert [(copy["Region"], copy["TableClass"]) for copy in copies] == [
            ({"Ref": "AWS::Region"}, "STANDARD"),
            ("eu-central-1", "STANDARD"),
            ("eu-west-1", "STANDARD_INFREQUENT_ACCESS"),
        ]


MOTO_LEAVES_OUT = {
    "enable_time_to_live": "it does not read TimeToLiveSpecification",
    "set_billing": "it does not read OnDemandThroughput",
    "set_encryption": "it looks for Enabled, where CloudFormation has SSEEnabled",
    "set_recovery": "it does not read PointInTimeRecoverySpecification",
    "set_scaling": "it has no resources of Application Auto Scaling",
    "set_table_class": "it does not read TableClass",
}
"""Steps that are left to do after moto's CloudFormation, and why. Of global tables and contributor insights
it has nothing at all; there cfn-lint is alone."""


class TestApplied:
    """The template makes the table that is declared, as far as moto's CloudFormation goes."""

    TABLES = (
        Table("plain", "id"),
        Table(
            "indexed",
            "PK",
            "SK",
            indexes=(
                GlobalIndex("by-region", Key(("country", "region"), ("year", "month"))),
                GlobalIndex("by-customer", Key("customerId", "placedAt")),
                LocalIndex("by-status", "status"),
            ),
            types={"placedAt": "N", "year": "N", "SK": "B"},
            options=TableOptions(billing=Provisioned(3, 4), index_billing=Provisioned(5, 6)),
        ),
        Table(
            "options",
            "id",
            options=TableOptions(
                billing=OnDemand(),
                stream="OLD_IMAGE",
                deletion_protection=True,
                tags={"team": "shop"},
            ),
        ),
    )

    @pytest.fixture
    def applied(self, moto_client: DynamoDBClient) -> SchemaService:
        create_stack(template_of(*self.TABLES))
        return SchemaService(DynamoStore(moto_client))

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_has_keys_and_indexes_as_declared(self, applied: SchemaService, table: Table) -> None:
        found = applied.describe(table)

        assert differences(table, found.table) == ()
        assert differences(found.table, table) == ()

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_leaves_nothing_to_plan(self, applied: SchemaService, table: Table) -> None:
        assert applied.plan(table).empty

    def test_has_options_as_declared(self, applied: SchemaService, moto_client: DynamoDBClient) -> None:
        provisioned, optional = (
            moto_client.describe_table(TableName=name)["Table"] for name in ("indexed", "options")
        )

        assert provisioned["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
        assert [_units(each) for each in (provisioned, *provisioned["GlobalSecondaryIndexes"])] == [
            (3, 4),
            (5, 6),
            (5, 6),
        ]
        assert optional["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert optional["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"}
        assert optional["DeletionProtectionEnabled"] is True
        tags = moto_client.list_tags_of_resource(ResourceArn=optional["TableArn"])["Tags"]
        assert {"Key": "team", "Value": "shop"} in tags

    @pytest.mark.filterwarnings("ignore:Tried to parse AWS..ApplicationAutoScaling")
    def test_leaves_of_each_option_nothing_to_plan_but_what_moto_ignores(
        self, moto_client: DynamoDBClient
    ) -> None:
        made = [
            replace(table, time_to_live="expires")
            for table in alone()
            if not table.options.replicas and table.options.contributor_insights is None
        ]

        create_stack(template_of(*made))

        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        plan = SchemaService(DynamoStore(moto_client, scaling_client=scaling)).plan(*made)
        scaling.close()
        assert plan.blocked == ()
        assert {step.kind for step in plan.steps} == set(MOTO_LEAVES_OUT)


def _units(described: Mapping[str, Any]) -> tuple[int, int]:
    throughput = described["ProvisionedThroughput"]
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]
