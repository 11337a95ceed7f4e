"""Whether a template in a repository still fits the mappings."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import (
    GlobalIndex,
    Key,
    LocalIndex,
    MemoryStore,
    Projection,
    QueryError,
    SchemaService,
    Table,
)
from persistence.errors import NotSupported, SchemaMismatch
from persistence.schema.infrastructure_methods import ExportFormat
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)
from tests.unit.schema.infrastructure.declarations import (
    EXAMPLES,
    PLAIN,
    RICH,
    SCALED_WORLDWIDE,
    WORLDWIDE,
    distinct,
    tables,
)

SCHEMA = SchemaService(MemoryStore())
READABLE: dict[ExportFormat, str] = {"cloudformation": "tables.json", "terraform": "tables.tf.json"}
formats = pytest.mark.parametrize("name", READABLE)


def written(folder: Path, name: ExportFormat, *declared: Table) -> Path:
    path = folder / READABLE[name]
    path.write_text(SCHEMA.export(name, *declared), "utf-8")
    return path


def template(folder: Path, content: Mapping[str, Any], name: str = "tables.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), "utf-8")
    return path


def resource(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


NOTES = {
    "TableName": "notes",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}


def mismatch(path: Path, *declared: Table) -> tuple[str, ...]:
    with pytest.raises(SchemaMismatch) as refusal:
        SCHEMA.verify_template(path, *declared)
    return refusal.value.differences


class TestFits:
    @formats
    def test_what_was_exported_from_the_same_declarations(self, tmp_path: Path, name: ExportFormat) -> None:
        SCHEMA.verify_template(written(tmp_path, name, *EXAMPLES), *EXAMPLES)

    def test_a_global_table_whose_capacity_scales(self, tmp_path: Path) -> None:
        SCHEMA.verify_template(written(tmp_path, "cloudformation", SCALED_WORLDWIDE), SCALED_WORLDWIDE)

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(tables(provisioned_abroad=False), min_size=1, max_size=3).map(distinct))
    def test_any_export_of_the_same_declarations(self, tmp_path: Path, drawn: tuple[Table, ...]) -> None:
        for name in READABLE:
            SCHEMA.verify_template(written(tmp_path, name, *drawn), *drawn)

    @formats
    def test_beyond_what_is_declared_nothing_counts(self, tmp_path: Path, name: ExportFormat) -> None:
        bare = Table(RICH.name, "PK", "SK")

        SCHEMA.verify_template(written(tmp_path, name, *EXAMPLES), bare, Table(WORLDWIDE.name, "id"))

    def test_other_resources_do_not_count(self, tmp_path: Path) -> None:
        resources = {"Notes": resource(**NOTES), "Topic": {"Type": "AWS::SNS::Topic"}, "Other": resource()}

        SCHEMA.verify_template(template(tmp_path, {"Resources": resources}), PLAIN)


INDEXED = Table(
    "orders",
    "id",
    "at",
    indexes=(
        GlobalIndex("by-shop", Key("shop", "at"), Projection.include("total")),
        LocalIndex("by-status", "status"),
    ),
    types={"at": "N"},
    time_to_live="expires",
    options=TableOptions(
        billing=OnDemand(10),
        stream="NEW_IMAGE",
        encryption=Encryption.managed(),
        point_in_time_recovery=PointInTimeRecovery(),
        deletion_protection=True,
        table_class="STANDARD",
        contributor_insights=True,
        tags={"team": "shop"},
    ),
)


def with_options(**options: Any) -> Table:
    return replace(INDEXED, options=replace(INDEXED.options, **options))


def with_index(**changes: Any) -> Table:
    changed, local = INDEXED.indexes
    return replace(INDEXED, indexes=(replace(changed, **changes), local))


CHANGES: list[tuple[Table, tuple[str, ...]]] = [
    (
        replace(INDEXED, sort="time"),
        ("its key is ((id, HASH), (at, RANGE)), declared is ((id, HASH), (time, RANGE))",),
    ),
    (replace(INDEXED, types={}), ("its type of attribute 'at' is N, declared is S",)),
    (replace(INDEXED, time_to_live="gone"), ("its time to live is expires, declared is gone",)),
    (
        with_index(key=Key("shop", "id")),
        (
            (
                "its key of index 'by-shop' is ((shop, HASH), (at, RANGE)), "
                "declared is ((shop, HASH), (id, RANGE))"
            ),
        ),
    ),
    (
        with_index(projection=Projection.all()),
        ("its projection of index 'by-shop' is (INCLUDE, (total)), declared is (ALL, ())",),
    ),
    (with_index(name="by-city"), ("its index 'by-city' is missing",)),
    (
        with_index(contributor_insights=False),
        ("its contributor insights of index 'by-shop' is on, declared is off",),
    ),
    (with_index(billing=OnDemand(3)), ("its read limit of index 'by-shop' is none, declared is 3",)),
    (with_options(billing=OnDemand(10, 5)), ("its write limit is none, declared is 5",)),
    (
        with_options(billing=Provisioned(1, 2)),
        (
            "its billing is PAY_PER_REQUEST, declared is PROVISIONED",
            "its read units is none, declared is 1",
            "its write units is none, declared is 2",
        ),
    ),
    (with_options(stream="KEYS_ONLY"), ("its stream is NEW_IMAGE, declared is KEYS_ONLY",)),
    (with_options(stream="DISABLED"), ("its stream is NEW_IMAGE, declared is DISABLED",)),
    (with_options(encryption=Encryption.owned()), ("its encryption is MANAGED, declared is OWNED",)),
    (
        with_options(encryption=Encryption.customer("alias/a")),
        (
            "its encryption is MANAGED, declared is CUSTOMER",
            "its encryption key is none, declared is alias/a",
        ),
    ),
    (
        with_options(point_in_time_recovery=PointInTimeRecovery(days=7)),
        ("its days of point-in-time recovery is 35, declared is 7",),
    ),
    (with_options(point_in_time_recovery=False), ("its point-in-time recovery is on, declared is off",)),
    (with_options(deletion_protection=False), ("its deletion protection is on, declared is off",)),
    (
        with_options(table_class="STANDARD_INFREQUENT_ACCESS"),
        ("its table class is STANDARD, declared is STANDARD_INFREQUENT_ACCESS",),
    ),
    (with_options(contributor_insights=False), ("its contributor insights is on, declared is off",)),
    (with_options(tags={"team": "sales"}), ("its tag 'team' is shop, declared is sales",)),
    (with_options(tags={"cost": "1"}), ("its tag 'cost' is none, declared is 1",)),
]


class TestDiffers:
    @formats
    @pytest.mark.parametrize(("changed", "differences"), CHANGES, ids=[found[0][:50] for _, found in CHANGES])
    def test_tells_what(
        self, tmp_path: Path, name: ExportFormat, changed: Table, differences: tuple[str, ...]
    ) -> None:
        path = written(tmp_path, name, INDEXED)

        first, *others = mismatch(path, changed)

        found = (first.removeprefix(f"in the template {path.name}, "), *others)
        assert [each for each in differences if each not in found] == []

    @formats
    def test_scaling(self, tmp_path: Path, name: ExportFormat) -> None:
        scaling = Scaling(1, 9)
        one = Table("orders", "id", options=TableOptions(billing=Provisioned(1, 1, write_scaling=scaling)))
        other = replace(
            one, options=TableOptions(billing=Provisioned(7, 7, scaling, replace(scaling, most=10)))
        )

        found = mismatch(written(tmp_path, name, one), other)

        assert found == (
            (
                f"in the template {READABLE[name]}, its scaling of reads is none, "
                "declared is (1, 9, 70.0, 60, 60)"
            ),
            "its scaling of writes is (1, 9, 70, 60, 60), declared is (1, 10, 70.0, 60, 60)",
        )

    @formats
    def test_replicas(self, tmp_path: Path, name: ExportFormat) -> None:
        one = Table("orders", "id", options=TableOptions(replicas=(Replica("eu-west-1"),)))
        wanted = (Replica("eu-west-1", table_class="STANDARD_INFREQUENT_ACCESS"), Replica("ap-south-1"))

        found = mismatch(written(tmp_path, name, one), replace(one, options=TableOptions(replicas=wanted)))

        assert found == (
            f"in the template {READABLE[name]}, its replica in ap-south-1 is none, declared is on",
            "its table class of replica in eu-west-1 is STANDARD, declared is STANDARD_INFREQUENT_ACCESS",
        )

    @formats
    def test_tells_of_all_tables(self, tmp_path: Path, name: ExportFormat) -> None:
        path = written(tmp_path, name, INDEXED)

        with pytest.raises(SchemaMismatch) as refusal:
            SCHEMA.verify_template(path, replace(INDEXED, types={}), PLAIN, Table("carts", "id"))

        nothing = (f"in the template {path.name}, there is no such table",)
        assert list(refusal.value.tables) == ["orders", "notes", "carts"]
        assert refusal.value.tables["carts"] == nothing

    def test_a_table_that_is_there_twice(self, tmp_path: Path) -> None:
        resources = {"One": resource(**NOTES), "Two": resource(**NOTES)}

        found = mismatch(template(tmp_path, {"Resources": resources}), PLAIN)

        assert found == ("in the template tables.json, it is there more than once: One, Two",)


class TestFunctions:
    """CloudFormation's functions are resolved as far as the template tells."""

    @pytest.mark.parametrize(
        "name",
        [
            {"Ref": "Name"},
            {"Fn::Sub": "${Name}"},
            {"Fn::Sub": ["${Other}s", {"Other": "note"}]},
            {"Fn::Join": ["", ["no", "tes"]]},
            {"Fn::If": ["Yes", "notes", "others"]},
            {"Fn::If": ["No", "others", {"Ref": "Name"}]},
            {"Fn::If": ["Unknown", "notes", "notes"]},
            {"Fn::FindInMap": ["Names", "prod", "notes"]},
        ],
        ids=str,
    )
    def test_names_are_resolved(self, tmp_path: Path, name: Mapping[str, Any]) -> None:
        content = {
            "Parameters": {"Name": {"Type": "String", "Default": "notes"}, "Stage": {"Type": "String"}},
            "Conditions": {
                "Yes": {
                    "Fn::And": [
                        {"Fn::Equals": [{"Ref": "Name"}, "notes"]},
                        {"Fn::Not": [{"Condition": "No"}]},
                    ]
                },
                "No": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["a", "c"]}]},
                "Unknown": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            },
            "Mappings": {"Names": {"prod": {"notes": "notes"}}},
            "Resources": {"Notes": resource(**{**NOTES, "TableName": name})},
        }

        SCHEMA.verify_template(template(tmp_path, content), PLAIN)

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ({"Ref": "Stage"}, "Ref Stage"),
            ({"Fn::Sub": "notes-${Stage}"}, "Ref Stage"),
            ({"Fn::ImportValue": "Name"}, "Fn::ImportValue"),
            ({"Fn::If": ["Unknown", "notes", "others"]}, "Fn::If Unknown"),
            (None, "the name made for Notes"),
        ],
        ids=str,
    )
    def test_a_name_that_the_template_does_not_tell_is_reported(
        self, tmp_path: Path, name: Any, reason: str
    ) -> None:
        content = {
            "Parameters": {"Stage": {"Type": "String"}},
            "Conditions": {"Unknown": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
            "Resources": {"Notes": resource(**{**NOTES, "TableName": name})},
        }

        found = mismatch(template(tmp_path, content), PLAIN)

        assert found == (
            (
                "in the template tables.json, there is no such table; the names of some tables can't be "
                f"told: Notes ({reason})"
            ),
        )

    def test_values_that_can_not_be_told_are_reported_only_where_they_matter(self, tmp_path: Path) -> None:
        unknown = {"Ref": "Choice"}
        properties = {
            **NOTES,
            "DeletionProtectionEnabled": unknown,
            "GlobalSecondaryIndexes": {"Fn::If": ["Big", [], [{"IndexName": "by-city"}]]},
            "Tags": unknown,
            "TableClass": unknown,
            "SSESpecification": unknown,
            "TimeToLiveSpecification": {"AttributeName": unknown, "Enabled": True},
        }
        path = template(tmp_path, {"Resources": {"Notes": resource(**properties)}})
        wanted = replace(
            PLAIN,
            indexes=(GlobalIndex("by-city", Key("id")),),
            time_to_live="expires",
            options=TableOptions(
                deletion_protection=True, encryption=Encryption.managed(), tags={"team": "shop"}
            ),
        )

        SCHEMA.verify_template(path, PLAIN)
        found = mismatch(path, wanted)

        assert found == (
            (
                "in the template tables.json, its time to live can't be told, it is Ref Choice; "
                "declared is expires"
            ),
            "its index 'by-city' can't be told, it is Fn::If Big",
            "its encryption can't be told, it is Ref Choice; declared is MANAGED",
            "its deletion protection can't be told, it is Ref Choice; declared is on",
            "its tag 'team' can't be told, it is Ref Choice; declared is shop",
        )

    def test_no_value_is_no_value_and_numbers_are_numbers(self, tmp_path: Path) -> None:
        properties = {
            **NOTES,
            "BillingMode": {"Ref": "AWS::NoValue"},
            "ProvisionedThroughput": {"ReadCapacityUnits": {"Ref": "Units"}, "WriteCapacityUnits": 2},
        }
        content = {
            "Parameters": {"Units": {"Type": "Number", "Default": "5"}},
            "Resources": {"Notes": resource(**properties)},
        }

        SCHEMA.verify_template(
            template(tmp_path, content), replace(PLAIN, options=TableOptions(billing=Provisioned(5, 2)))
        )

    def test_scaling_is_found_by_names_too(self, tmp_path: Path) -> None:
        """A policy may name what scales instead of referring to its target."""
        names = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": "table/notes",
            "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
        }
        scaling = Scaling(1, 9, 50, 0, 0)
        content = {
            "Resources": {
                "Notes": resource(
                    **NOTES, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
                ),
                "Policy": {
                    "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                    "Properties": {**names, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50}},
                },
                "Target": {
                    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                    "Properties": {**names, "MinCapacity": 1, "MaxCapacity": 9},
                },
            }
        }
        wanted = replace(PLAIN, options=TableOptions(billing=Provisioned(1, 1, write_scaling=scaling)))

        SCHEMA.verify_template(template(tmp_path, content), wanted)


class TestExpressions:
    """Terraform's expressions are resolved as far as the configuration tells."""

    def configuration(self, **arguments: Any) -> dict[str, Any]:
        table = {"name": "notes", "hash_key": "id", "attribute": {"name": "id", "type": "S"}, **arguments}
        return {
            "variable": {"name": {"default": "notes"}, "stage": {}},
            "locals": [{"prefix": "no"}, {"full": "${local.prefix}tes"}],
            "resource": [{"aws_dynamodb_table": {"notes": table}}, {"aws_sns_topic": {"news": {}}}],
        }

    @pytest.mark.parametrize("name", ["${var.name}", "${local.full}", "${local.prefix}tes"])
    def test_names_are_resolved(self, tmp_path: Path, name: str) -> None:
        path = template(tmp_path, self.configuration(name=name), "tables.tf.json")

        SCHEMA.verify_template(path, PLAIN)

    @pytest.mark.parametrize(
        "name", ["notes-${var.stage}", "${var.stage}", "${lower(var.name)}", "%{ if true }notes"]
    )
    def test_a_name_that_the_configuration_does_not_tell_is_reported(self, tmp_path: Path, name: str) -> None:
        path = template(tmp_path, self.configuration(name=name), "tables.tf.json")

        (found,) = mismatch(path, PLAIN)

        assert found.startswith(
            "in the template tables.tf.json, there is no such table; the names of some tables can't be told: "
            "aws_dynamodb_table.notes ("
        )

    def test_dynamic_blocks_are_reported_where_they_matter(self, tmp_path: Path) -> None:
        blocks = {"global_secondary_index": {"for_each": "${var.indexes}", "content": {}}}
        path = template(tmp_path, self.configuration(dynamic=blocks), "tables.tf.json")

        SCHEMA.verify_template(path, PLAIN)
        found = mismatch(path, replace(PLAIN, indexes=(GlobalIndex("by-city", Key("id")),)))

        assert found == (
            "in the template tables.tf.json, its index 'by-city' can't be told, it is a dynamic block",
        )

    def test_a_folder_is_one_configuration(self, tmp_path: Path) -> None:
        content = self.configuration(name="${var.name}")
        template(tmp_path, {"variable": content.pop("variable")}, "variables.tf.json")
        template(tmp_path, content, "main.tf.json")
        written(tmp_path, "terraform", RICH)
        (tmp_path / "package.json").write_text("{}")

        SCHEMA.verify_template(tmp_path, PLAIN, RICH)


class TestYaml:
    TEXT = """
    Parameters:
      Stage: {Type: String, Default: prod}
    Resources:
      Notes:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: !Sub "notes-${Stage}"
          BillingMode: PAY_PER_REQUEST
          KeySchema: [{AttributeName: id, KeyType: HASH}]
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          SSESpecification: !If [Never, {SSEEnabled: true}, !Ref AWS::NoValue]
          Tags: [{Key: arn, Value: !GetAtt Key.Arn}]
    Conditions:
      Never: !Equals [a, b]
    """

    def test_has_short_tags_for_functions(self, tmp_path: Path) -> None:
        path = tmp_path / "tables.yaml"
        path.write_text(self.TEXT)

        SCHEMA.verify_template(path, replace(PLAIN, name="notes-prod"))

    def test_is_not_supported_without_pyyaml(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        path = tmp_path / "tables.yml"
        path.write_text(self.TEXT)

        with pytest.raises(NotSupported, match=r"pip install pyyaml, or turn it into JSON with cfn-flip"):
            SCHEMA.verify_template(path, PLAIN)


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("tables.json", "{", "is no JSON"),
            ("tables.json", "[]", "no object"),
            ("tables.json", "{}", "is no template"),
            ("tables.json", '{"Resources": []}', "is no template"),
            ("tables.yaml", "a: [", "is no YAML"),
            ("tables.yaml", "- a", "no object"),
        ],
    )
    def test_what_is_no_template_is_refused(self, tmp_path: Path, name: str, text: str, message: str) -> None:
        path = tmp_path / name
        path.write_text(text)

        with pytest.raises(QueryError, match=message):
            SCHEMA.verify_template(path, PLAIN)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(QueryError, match="can't be read"):
            SCHEMA.verify_template(tmp_path / "none.json", PLAIN)

    def test_a_folder_without_configurations(self, tmp_path: Path) -> None:
        with pytest.raises(QueryError, match=r"no \*\.tf\.json files"):
            SCHEMA.verify_template(tmp_path, PLAIN)

    def test_terraforms_own_language(self, tmp_path: Path) -> None:
        path = tmp_path / "main.tf"
        path.write_text('resource "aws_dynamodb_table" "notes" {}')

        with pytest.raises(NotSupported, match="JSON syntax"):
            SCHEMA.verify_template(path, PLAIN)

    def test_a_program(self, tmp_path: Path) -> None:
        path = tmp_path / "stack.py"
        path.write_text(SCHEMA.export("cdk", PLAIN))

        with pytest.raises(NotSupported, match="cdk synth"):
            SCHEMA.verify_template(path, PLAIN)

    @pytest.mark.parametrize(
        "content",
        [
            {
                "Conditions": {"Loop": {"Condition": "Loop"}},
                "Resources": {"Notes": resource(TableName={"Fn::If": ["Loop", "a", "b"]})},
            },
            {
                "locals": {"a": "${local.a}"},
                "resource": {"aws_dynamodb_table": {"a": {"name": "${local.a}"}}},
            },
        ],
    )
    def test_what_refers_to_itself(self, tmp_path: Path, content: Mapping[str, Any]) -> None:
        with pytest.raises(QueryError, match="refers to itself"):
            SCHEMA.verify_template(template(tmp_path, content), PLAIN)
