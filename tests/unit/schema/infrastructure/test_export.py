"""What holds of an export in every format."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import (
    GlobalIndex,
    Key,
    MappingError,
    MappingSchema,
    MemoryStore,
    QueryError,
    SchemaService,
    Table,
)
from persistence.errors import NotSupported
from persistence.schema.infrastructure.names import label, logical_id
from persistence.schema.infrastructure_methods import ExportFormat
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
    SCALED_WORLDWIDE,
    SCALING,
    distinct,
    names,
    tables,
)

FORMATS: tuple[ExportFormat, ...] = ("cloudformation", "terraform", "cdk")
GOLDEN = Path(__file__).parents[3] / "golden" / "infrastructure"
FILES: dict[ExportFormat, str] = {
    "cloudformation": "cloudformation.json",
    "terraform": "terraform.tf.json",
    "cdk": "cdk.py.txt",
}


def export(name: ExportFormat, *schemas: Table) -> str:
    return SchemaService(MemoryStore()).export(name, *schemas)


def shuffled(table: Table, seed: int) -> Table:
    chance = random.Random(seed)
    indexes = [
        replace(index, projection=replace(index.projection, attributes=index.projection.attributes[::-1]))
        for index in table.indexes
    ]
    chance.shuffle(indexes)
    tags = list((table.options.tags or {}).items())
    chance.shuffle(tags)
    options = replace(table.options, tags=dict(tags) or None)
    return replace(table, indexes=tuple(indexes), options=options, types=dict([*table.types.items()][::-1]))


class TestExport:
    @pytest.mark.parametrize("name", FORMATS)
    def test_is_what_is_written_down(self, name: ExportFormat) -> None:
        """After an intended change run `python -m tests.unit.schema.infrastructure.test_export`."""
        assert export(name, *EXAMPLES) == (GOLDEN / FILES[name]).read_text("utf-8")

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(tables(provisioned_abroad=False), min_size=1, max_size=4).map(distinct), st.integers())
    def test_is_the_same_byte_by_byte_in_whatever_order(self, drawn: tuple[Table, ...], seed: int) -> None:
        others = [shuffled(table, seed) for table in reversed(drawn)]

        for name in FORMATS:
            assert export(name, *drawn) == export(name, *others)

    def test_takes_the_mappings_of_the_service_with_the_indexes_of_all(self) -> None:
        @dataclass
        class Sale:
            id: str
            shop: str

        @dataclass
        class Refund:
            id: str
            reason: str

        class SaleMapping(MappingSchema[Sale]):
            class Meta:
                table = "sales"
                key = Key("id")
                indexes = (GlobalIndex("by-shop", Key("shop")),)

        class RefundMapping(MappingSchema[Refund]):
            class Meta:
                table = "sales"
                key = Key("id")
                indexes = (GlobalIndex("by-reason", Key("reason")),)

        schema = SchemaService(MemoryStore(), [SaleMapping, RefundMapping])

        template = json.loads(schema.export("cloudformation"))

        indexes = template["Resources"]["SalesTable"]["Properties"]["GlobalSecondaryIndexes"]
        assert [index["IndexName"] for index in indexes] == ["by-reason", "by-shop"]
        assert schema.export("cloudformation", RefundMapping) == schema.export("cloudformation")

    def test_an_index_without_billing_has_the_units_of_its_table_and_does_not_scale(self) -> None:
        table = Table(
            "orders",
            "id",
            indexes=(GlobalIndex("by-shop", Key("shop")),),
            options=TableOptions(billing=Provisioned(3, 4, read_scaling=SCALING)),
        )

        resources = json.loads(export("cloudformation", table))["Resources"]

        (index,) = resources["OrdersTable"]["Properties"]["GlobalSecondaryIndexes"]
        assert index["ProvisionedThroughput"] == {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
        assert list(resources) == ["OrdersTable", "OrdersTableReadTarget", "OrdersTableReadPolicy"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "hint"),
        [("cloudfront", "'cloudformation'"), ("Terraform", "'terraform'"), ("ckd", "'cdk'")],
    )
    def test_names_the_formats_there_are(self, name: str, hint: str) -> None:
        with pytest.raises(QueryError) as refusal:
            export(name, Table("notes", "id"))  # type: ignore[arg-type]

        assert str(refusal.value) == (
            f"there is no format {name!r} for tables, but cloudformation, terraform, cdk; "
            f"did you mean {hint}?"
        )

    def test_a_format_unlike_any_gets_no_hint(self) -> None:
        with pytest.raises(QueryError, match=r"cloudformation, terraform, cdk\Z"):
            export("pulumi", Table("notes", "id"))  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", FORMATS)
    def test_nothing_can_not_be_exported(self, name: ExportFormat) -> None:
        with pytest.raises(QueryError, match="no table to export"):
            export(name)

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (TableOptions(index_billing=Provisioned(1, 1)), "index 'by-shop': .* same way"),
            (
                TableOptions(stream="KEYS_ONLY", replicas=(Replica("eu-west-1"),)),
                "must hold NEW_AND_OLD_IMAGES, but declares KEYS_ONLY",
            ),
            (TableOptions(stream="DISABLED", replicas=(Replica("eu-west-1"),)), "but declares DISABLED"),
            (
                TableOptions(encryption=Encryption.customer("alias/a"), replicas=(Replica("eu-west-1"),)),
                r"replica 'eu-west-1' of table 'orders': name a key of that region",
            ),
            (TableOptions(replicas=(Replica("eu-west-1", key="alias/a"),)), r"only where .*customer\("),
        ],
    )
    def test_refuses_declarations_that_contradict_themselves(
        self, name: ExportFormat, options: TableOptions, message: str
    ) -> None:
        table = Table("orders", "id", indexes=(GlobalIndex("by-shop", Key("shop")),), options=options)

        with pytest.raises(MappingError, match=message):
            export(name, table)

    @pytest.mark.parametrize("name", ["cloudformation", "cdk"])
    def test_replicas_with_provisioned_writes_that_do_not_scale_are_not_supported(
        self, name: ExportFormat
    ) -> None:
        options = TableOptions(billing=Provisioned(1, 1), replicas=(Replica("eu-west-1"),))

        with pytest.raises(NotSupported, match=r"table 'orders' has .*write_scaling=Scaling"):
            export(name, Table("orders", "id", options=options))

    @pytest.mark.parametrize("name", ["cloudformation", "cdk"])
    def test_that_goes_for_their_indexes_too(self, name: ExportFormat) -> None:
        options = TableOptions(
            billing=Provisioned(1, 1, write_scaling=Scaling(1, 9)), replicas=(Replica("eu-west-1"),)
        )
        table = Table("orders", "id", indexes=(GlobalIndex("by-shop", Key("shop")),), options=options)

        with pytest.raises(NotSupported, match="index 'by-shop' of table 'orders' has"):
            export(name, table)

    def test_terraform_can_not_make_replicas_of_provisioned_tables(self) -> None:
        with pytest.raises(NotSupported, match='use "cloudformation"'):
            export("terraform", SCALED_WORLDWIDE)

    def test_terraform_can_not_give_a_replica_another_class(self) -> None:
        replica = Replica("eu-west-1", table_class="STANDARD_INFREQUENT_ACCESS")
        options = TableOptions(billing=OnDemand(), replicas=(replica,))

        with pytest.raises(NotSupported, match="another table class"):
            export("terraform", Table("orders", "id", options=options))


class TestNames:
    @pytest.mark.parametrize(
        ("table", "logical", "terraform"),
        [
            ("orders", "OrdersTable", "orders"),
            ("customer-orders", "CustomerOrdersTable", "customer-orders"),
            ("shop_orders", "ShopOrders6A1A7C02Table", "shop_orders"),
            ("Orders", "OrdersB7E8ACDDTable", "Orders"),
            ("eu.orders", "EuOrders4CAB8703Table", "eu-orders-4cab8703"),
            ("2026-orders", "T2026Orders5E784316Table", "t-2026-orders-5e784316"),
            ("...", "TAB5DF625Table", "t-ab5df625"),
        ],
    )
    def test_follow_from_the_name_of_the_table(self, table: str, logical: str, terraform: str) -> None:
        assert (logical_id(table), label(table)) == (logical, terraform)

    @settings(max_examples=300)
    @given(names, names | st.none(), names, names | st.none())
    def test_are_never_shared(self, one: str, part: str | None, other: str, other_part: str | None) -> None:
        ids = {logical_id(one, part, "ReadTarget"), logical_id(other, other_part, "ReadTarget")}
        labels = {label(*filter(None, (one, part))), label(*filter(None, (other, other_part)))}

        assert (len(ids), len(labels)) == ((1, 1) if (one, part) == (other, other_part) else (2, 2))

    @pytest.mark.parametrize(
        ("one", "other"),
        [(("a-table-b", "c-d"), ("a-b", "b-table-c")), (("abc--d", "efg"), ("abc", "d--efg"))],
    )
    def test_a_separator_in_a_name_is_no_separator(
        self, one: tuple[str, str], other: tuple[str, str]
    ) -> None:
        assert logical_id(*one) != logical_id(*other)
        assert label(*one) != label(*other)

    def test_fit_however_long_the_names_are(self) -> None:
        assert len(logical_id("a" * 255, "b" * 255, "WriteTarget")) <= 255
        assert label("a" * 255) != label("a" * 254)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, file in FILES.items():
        (GOLDEN / file).write_text(export(each, *EXAMPLES), "utf-8")
