"""`Meta.tenant_scoped`: which mappings belong to tenants, and which tables can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Table
from persistence.errors import MappingError
from persistence.mapping import MappingRegistry, mapping_of


@dataclass
class Thing:
    id: str
    number: int = 0
    data: bytes = b""
    name: str = ""


@dataclass
class Another(Thing):
    pass


def meta(**options: Any) -> Any:
    return type("Meta", (), {"table": "things", "key": Key("id"), **options})


class Scoped(MappingSchema[Thing]):
    Meta = meta(
        tenant_scoped=True,
        indexes=(GlobalIndex("by-name", Key(("name", "number"), "id")), LocalIndex("by-number", "number")),
        key=Key("id", "name"),
    )


SHOP = Table("shop", "PK", "SK", tenant_scoped=True)


class TestWhatIsScoped:
    def test_says_so_and_hands_it_down(self) -> None:
        class Child(Scoped):
            pass

        class Other(Scoped):
            Meta = meta(tenant_scoped=False)

        assert mapping_of(Scoped).table.tenant_scoped
        assert mapping_of(Child).table.tenant_scoped
        assert not mapping_of(Other).table.tenant_scoped

    def test_begins_with_the_tenant_in_its_partition_keys(self) -> None:
        """Of a partition key of several attributes the first one does; a local index has the table's."""
        assert mapping_of(Scoped).table.tenant_keys == ("id", "name")

    def test_is_what_the_shared_table_says(self) -> None:
        class Mapping(MappingSchema[Thing]):
            Meta = meta(table=SHOP, key=Key("THING#{id}", "THING"))

        class Agreeing(MappingSchema[Thing]):
            Meta = meta(table=SHOP, key=Key("THING#{id}", "OTHER"), tenant_scoped=True)

        assert mapping_of(Mapping).table.tenant_scoped
        assert mapping_of(Agreeing).table.tenant_scoped

    @pytest.mark.parametrize(
        ("table", "scoped"), [(SHOP, False), (Table("shop", "PK", "SK"), True)], ids=["not", "too"]
    )
    def test_is_no_other_than_its_table(self, table: Table, scoped: bool) -> None:
        class Mapping(MappingSchema[Thing]):
            Meta = meta(table=table, key=Key("THING#{id}", "THING"), tenant_scoped=scoped)

        with pytest.raises(MappingError, match="All mappings of a table are scoped to tenants"):
            mapping_of(Mapping)

    def test_shares_no_table_with_what_is_not(self) -> None:
        class Plain(MappingSchema[Another]):
            Meta = meta(key=Key("id", "name"))

        with pytest.raises(MappingError, match="disagree on its tenant_scoped: True and False"):
            MappingRegistry(Scoped, Plain).tables()


class TestWhatCannotBe:
    @pytest.mark.parametrize("value", ["yes", 1, "acme"])
    def test_another_value_than_true_or_false(self, value: object) -> None:
        with pytest.raises(MappingError, match=r"tenant_scoped takes True or False"):

            class Mapping(MappingSchema[Thing]):
                Meta = meta(tenant_scoped=value)

    def test_a_misspelt_option(self) -> None:
        with pytest.raises(MappingError, match="did you mean 'tenant_scoped'"):

            class Mapping(MappingSchema[Thing]):
                Meta = meta(tenant_scope=True)

    @pytest.mark.parametrize("options", [
        pytest.param({"key": Key("number")}, id="number"),
        pytest.param({"key": Key("data")}, id="bytes"),
        pytest.param({"indexes": (GlobalIndex("by-number", Key("number")),)}, id="number-of-an-index"),
        pytest.param({"indexes": (GlobalIndex("by-both", Key(("number", "name"))),)}, id="several"),
    ])  # fmt: skip
    def test_a_partition_key_that_is_no_text(self, options: dict[str, Any]) -> None:
        class Mapping(MappingSchema[Thing]):
            Meta = meta(tenant_scoped=True, **options)

        with pytest.raises(MappingError, match="store it as text"):
            mapping_of(Mapping)
