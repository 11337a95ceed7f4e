"""Terraform configurations, held against the provider's schema as documented, and against its other rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import GlobalIndex, Key, MemoryStore, SchemaService, Table
from persistence.schema.infrastructure.configuration import Configuration
from persistence.schema.infrastructure.terraform import literal
from persistence.table_options import (
    Encryption,
    OnDemand,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)
from tests.unit.schema.infrastructure.declarations import (
    EXAMPLES,
    KEY,
    KEY_ABROAD,
    alone,
    distinct,
    tables,
)
from tests.unit.schema.infrastructure.provider_schema import faults

REFERENCE = re.compile(r"(?<!\$)\$\{(?:(data)\.)?([a-z_]+)\.([\w-]+)\.[a-z_]+\}")


def configuration_of(*declared: Table) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = json.loads(SchemaService(MemoryStore()).export("terraform", *declared))
    return configuration


def table_of(declared: Table) -> Mapping[str, Any]:
    (table,) = configuration_of(declared)["resource"]["aws_dynamodb_table"].values()
    found: Mapping[str, Any] = table
    return found


def rule_faults(configuration: Mapping[str, Any]) -> list[str]:
    """Tell of rules that the provider's pages have in words: of attributes, capacity and references."""
    found = []
    for label, table in configuration["resource"]["aws_dynamodb_table"].items():
        blocks = [table, *table.get("global_secondary_index", []), *table.get("local_secondary_index", [])]
        keys = {block[name] for block in blocks for name in ("hash_key", "range_key") if name in block}
        keys |= {part["attribute_name"] for block in blocks for part in block.get("key_schema", [])}
        if sorted(keys) != sorted(each["name"] for each in table["attribute"]):
            found.append(f"{label}: attributes are those of keys, no others")
        with_capacity = [block for block in blocks if "projection_type" not in block or "key_schema" in block]
        with_capacity += [block for block in table.get("global_secondary_index", []) if "hash_key" in block]
        provisioned = table["billing_mode"] == "PROVISIONED"
        if any(
            ("read_capacity" in block and "write_capacity" in block) is not provisioned
            for block in with_capacity
        ):
            found.append(f"{label}: capacity units are for provisioned tables, and needed there")
        if table.get("replica") and table.get("stream_view_type") != "NEW_AND_OLD_IMAGES":
            found.append(f"{label}: replicas need a stream")
        if any(
            ("hash_key" in block) is ("key_schema" in block)
            for block in table.get("global_secondary_index", [])
        ):
            found.append(f"{label}: an index has hash_key or key_schema")
    for where, kind, label in REFERENCE.findall(json.dumps(configuration)):
        if label not in configuration[where or "resource"].get(kind, {}):
            found.append(f"nothing is called {kind}.{label}")
    return found


class TestSchema:
    def test_finds_what_is_wrong(self) -> None:
        """So that finding nothing means something."""
        wrong = json.loads(json.dumps(configuration_of(*EXAMPLES)).replace("range_key", "sort_key"))
        wrong["resource"]["aws_dynamodb_table"]["notes"]["read_capacity"] = "5"
        del wrong["resource"]["aws_dynamodb_table"]["notes"]["hash_key"]

        assert sorted(faults(wrong)) == [
            "aws_dynamodb_table.customer-orders.global_secondary_index: sort_key is unknown",
            "aws_dynamodb_table.customer-orders.local_secondary_index: range_key is missing",
            "aws_dynamodb_table.customer-orders.local_secondary_index: sort_key is unknown",
            "aws_dynamodb_table.customer-orders: sort_key is unknown",
            "aws_dynamodb_table.notes.read_capacity: '5' is no number",
            "aws_dynamodb_table.notes: hash_key is missing",
        ]

    def test_finds_nothing_in_the_examples_nor_in_any_option_alone(self) -> None:
        for declared in (EXAMPLES, alone()):
            configuration = configuration_of(*declared)

            assert (faults(configuration), rule_faults(configuration)) == ([], [])

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(tables(provisioned_abroad=False), min_size=1, max_size=4).map(distinct))
    def test_finds_nothing_in_any_combination(self, drawn: tuple[Table, ...]) -> None:
        configuration = configuration_of(*drawn)

        assert (faults(configuration), rule_faults(configuration)) == ([], [])


class TestTables:
    def test_have_nothing_that_is_not_declared_but_their_billing(self) -> None:
        assert table_of(Table("notes", "id")) == {
            "name": "notes",
            "billing_mode": "PAY_PER_REQUEST",
            "hash_key": "id",
            "attribute": [{"name": "id", "type": "S"}],
            "lifecycle": [{"prevent_destroy": True}],
        }

    def test_what_scaling_changes_is_not_undone(self) -> None:
        billing = Provisioned(5, 5, write_scaling=Scaling(5, 50))

        table = table_of(Table("notes", "id", options=TableOptions(billing=billing)))

        assert table["lifecycle"] == [{"prevent_destroy": True, "ignore_changes": ["write_capacity"]}]

    @pytest.mark.parametrize(
        ("stream", "arguments"),
        [
            (None, {}),
            ("DISABLED", {"stream_enabled": False}),
            ("KEYS_ONLY", {"stream_enabled": True, "stream_view_type": "KEYS_ONLY"}),
        ],
    )
    def test_a_stream_is_on_off_or_not_said(self, stream: Any, arguments: Mapping[str, Any]) -> None:
        table = table_of(Table("notes", "id", options=TableOptions(stream=stream)))

        assert {name: value for name, value in table.items() if "stream" in name} == arguments

    def test_keys_that_are_no_arn_are_looked_up_in_their_region(self) -> None:
        options = TableOptions(
            encryption=Encryption.customer("alias/notes"),
            replicas=(Replica("eu-west-1", key="alias/copies"),),
        )

        configuration = configuration_of(Table("notes", "id", options=options))

        table = configuration["resource"]["aws_dynamodb_table"]["notes"]
        assert configuration["data"]["aws_kms_key"] == {
            "notes": {"key_id": "alias/notes"},
            "notes--eu-west-1": {"key_id": "alias/copies", "region": "eu-west-1"},
        }
        assert table["server_side_encryption"][0]["kms_key_arn"] == "${data.aws_kms_key.notes.arn}"
        assert table["replica"][0]["kms_key_arn"] == "${data.aws_kms_key.notes--eu-west-1.arn}"

    def test_an_arn_of_a_key_stands_for_itself(self) -> None:
        options = TableOptions(
            encryption=Encryption.customer(KEY), replicas=(Replica("eu-west-1", key=KEY_ABROAD),)
        )

        configuration = configuration_of(Table("notes", "id", options=options))

        table = configuration["resource"]["aws_dynamodb_table"]["notes"]
        assert "data" not in configuration
        assert table["server_side_encryption"] == [{"enabled": True, "kms_key_arn": KEY}]
        assert table["replica"] == [{"region_name": "eu-west-1", "kms_key_arn": KEY_ABROAD}]

    def test_insights_are_on_in_every_region(self) -> None:
        table = Table(
            "notes",
            "id",
            indexes=(
                GlobalIndex("by-tag", Key("tag")),
                GlobalIndex("by-day", Key("day"), contributor_insights=False),
            ),
            options=TableOptions(
                billing=OnDemand(), contributor_insights=True, replicas=(Replica("eu-west-1"),)
            ),
        )

        insights = configuration_of(table)["resource"]["aws_dynamodb_contributor_insights"]

        name = "${aws_dynamodb_table.notes.name}"
        assert insights == {
            "notes": {"table_name": name},
            "notes--index--by-tag": {"table_name": name, "index_name": "by-tag"},
            "notes--eu-west-1": {"table_name": name, "region": "eu-west-1"},
            "notes--index--by-tag--eu-west-1": {
                "table_name": name,
                "index_name": "by-tag",
                "region": "eu-west-1",
            },
        }


class TestLiteral:
    @given(st.text("a${}%"))
    def test_a_text_stands_for_itself(self, text: str) -> None:
        assert Configuration({}).resolve(literal(text)) == text
