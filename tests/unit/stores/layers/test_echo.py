"""What is shown of operations, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.errors import ConditionFailed
from persistence.expressions import (
    AttributeExists,
    Compare,
    In,
    KeyCondition,
    Path,
    Plus,
    Set,
    Value,
)
from persistence.operations import (
    BatchGetItems,
    CreateBackup,
    CreateTable,
    DeleteItem,
    DeleteScaling,
    DescribeTable,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    ListTables,
    Operation,
    PutItem,
    PutScaling,
    QueryPage,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    TagTable,
    TransactWrite,
    UntagTable,
    UpdateInsights,
    UpdateItem,
    UpdateRecovery,
    UpdateTable,
)
from persistence.store import Store
from persistence.stores.layers import Echo
from persistence.stores.layers.table_wording import subject_of
from persistence.stores.layers.wording import shown
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)
from tests.unit.stores.layers.colours import ORDERS, Colour, Ticking

KEY = {"customer": {"S": "key-canary"}, "id": {"S": "o1"}}
ITEM = {**KEY, "total": {"N": "20"}, "note": {"S": "value-canary"}}
QUERY = QueryPage(
    ORDERS,
    KeyCondition(("customer", {"S": "key-canary"}), Compare(">=", Path.of("id"), Value({"S": "o1"}))),
    filter=In(Path.of("total"), (Value({"N": "20"}), Value({"N": "30"}))),
    projection=(Path.of("id"), Path.of("total")),
    limit=10,
    descending=True,
    consistent=True,
)
RAISE = UpdateItem(
    ORDERS,
    KEY,
    (Set(Path.of("total"), Plus(Path.of("total"), Value({"N": "1"}))),),
    AttributeExists(Path.of("customer")),
)
GONE = DeleteItem(ORDERS, {**KEY, "id": {"S": "o9"}}, AttributeExists(Path.of("customer")))


def work(store: Store) -> None:
    store.perform(PutItem(ORDERS, ITEM))
    store.perform(QUERY)
    store.perform(TransactWrite((RAISE, PutItem(ORDERS, {**ITEM, "id": {"S": "o2"}}))))
    store.perform(ScanPage(ORDERS, count_only=True, segment=0, segments=1))
    with pytest.raises(ConditionFailed):
        store.perform(GONE)


class TestWrittenText:
    def test_has_expressions_counts_sizes_and_prices(self, colour: Colour) -> None:
        """A line for each operation, and one below it for each action of several; no keys, no values."""
        lines: list[str] = []
        store = colour.over_memory(Echo(write=lines.append, clock=Ticking(step=0.001)))

        work(store)

        assert lines == [
            "PutItem orders -> bytes 45, write units 1.0, 1.0 ms",
            (
                "QueryPage orders where customer = ? AND id >= ? filter total IN (?) select id, total "
                "consistent limit 10 descending -> items 1, scanned 1, bytes 11, read units 1.0, 1.0 ms"
            ),
            (
                "TransactWrite orders -> bytes 45, write units 4.0, 1.0 ms\n"
                "    UpdateItem orders SET total = total + ? if attribute_exists(customer)\n"
                "    PutItem orders"
            ),
            "ScanPage orders count only segment 0 of 1 -> items 2, scanned 2, read units 0.5, 1.0 ms",
            "DeleteItem orders if attribute_exists(customer) -> ConditionFailed, 1.0 ms",
        ]

    def test_has_keys_items_and_values_on_demand(self, colour: Colour) -> None:
        lines: list[str] = []
        store = colour.over_memory(Echo(values=True, write=lines.append, clock=Ticking(step=0.001)))

        work(store)

        assert lines == [
            (
                "PutItem orders {customer: 'key-canary', id: 'o1', total: 20, note: 'value-canary'} "
                "-> bytes 45, write units 1.0, 1.0 ms"
            ),
            (
                "QueryPage orders where customer = 'key-canary' AND id >= 'o1' filter total IN (20, 30) "
                "select id, total consistent limit 10 descending "
                "-> items 1, scanned 1, bytes 11, read units 1.0, 1.0 ms\n"
                "    {id: 'o1', total: 20}"
            ),
            (
                "TransactWrite orders -> bytes 45, write units 4.0, 1.0 ms\n"
                "    UpdateItem orders SET total = total + 1 if attribute_exists(customer) "
                "{customer: 'key-canary', id: 'o1'}\n"
                "    PutItem orders {customer: 'key-canary', id: 'o2', total: 20, note: 'value-canary'}"
            ),
            "ScanPage orders count only segment 0 of 1 -> items 2, scanned 2, read units 0.5, 1.0 ms",
            (
                "DeleteItem orders if attribute_exists(customer) {customer: 'key-canary', id: 'o9'} "
                "-> ConditionFailed, 1.0 ms"
            ),
        ]

    def test_has_the_projection_that_gets_share(self, colour: Colour) -> None:
        lines: list[str] = []
        store = colour.over_memory(Echo(write=lines.append, clock=Ticking()))
        wanted = (Path.of("address", "lines", 0),)
        gets = tuple(GetItem(ORDERS, {**KEY, "id": {"S": name}}, projection=wanted) for name in "ab")

        store.perform(BatchGetItems(gets))

        assert lines == [
            (
                "BatchGetItems orders select address.lines[0] -> read units 1.0, 0.0 ms\n"
                "    GetItem orders select address.lines[0]\n"
                "    GetItem orders select address.lines[0]"
            )
        ]

    def test_has_operations_on_tables(self, colour: Colour) -> None:
        lines: list[str] = []
        store = colour.over_memory(Echo(write=lines.append, clock=Ticking()))
        store.perform(GetItem(ORDERS, KEY))

        store.perform(DescribeTable("orders"))

        assert lines[1] == "DescribeTable orders -> 0.0 ms"

    def test_has_expressions_that_are_longer_than_the_service_allows(self, colour: Colour) -> None:
        """Names in place of aliases make an expression longer; it is shown all the same."""
        lines: list[str] = []
        name = "n" * 200
        texts = tuple(Set(Path.of(f"{name}{number}"), Value({"S": "x"})) for number in range(30))

        colour.over_memory(Echo(write=lines.append)).perform(UpdateItem(ORDERS, KEY, texts))

        assert len(lines[0]) > 4096


class TestEvents:
    def test_tell_the_same_as_facts(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        store = colour.over_memory(Echo(clock=Ticking(step=0.25)))

        work(store)

        assert events[1] == {
            "level": "debug",
            "event": "operation.performed",
            "operation": "QueryPage",
            "table": "orders",
            "key_condition": "customer = ? AND id >= ?",
            "filter": "total IN (?)",
            "projection": "id, total",
            "consistent": True,
            "limit": 10,
            "descending": True,
            "items": 1,
            "scanned": 1,
            "bytes": 11,
            "read_units": 1.0,
            "seconds": 0.25,
        }
        assert events[2]["actions"] == [
            "UpdateItem orders SET total = total + ? if attribute_exists(customer)",
            "PutItem orders",
        ]
        assert events[4] == {
            "level": "debug",
            "event": "operation.failed",
            "operation": "DeleteItem",
            "table": "orders",
            "condition": "attribute_exists(customer)",
            "error": "ConditionFailed",
            "seconds": 0.25,
        }

    def test_show_neither_keys_nor_values(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        work(colour.over_memory(Echo()))

        assert len(events) == 5
        assert "canary" not in repr(events)

    def test_show_keys_and_values_on_demand(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        work(colour.over_memory(Echo(values=True)))

        assert events[0]["key"].startswith("{customer: 'key-canary', id: 'o1'")
        assert events[1]["key_condition"] == "customer = 'key-canary' AND id >= 'o1'"
        assert events[1]["found"] == ["{id: 'o1', total: 20}"]


class TestShownValues:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"S": "it's"}, '"it\'s"'),
            ({"N": "1.50"}, "1.50"),
            ({"BOOL": False}, "false"),
            ({"NULL": True}, "null"),
            ({"B": b"abc"}, "<3 bytes>"),
            ({"L": [{"N": "1"}, {"S": "x"}]}, "[1, 'x']"),
            ({"M": {"a": {"N": "1"}}}, "{a: 1}"),
            ({"SS": ["x", "y"]}, "SS('x', 'y')"),
            ({"NS": ["1", "2"]}, "NS(1, 2)"),
            ({"BS": [b"abc"]}, "BS(<3 bytes>)"),
        ],
    )
    def test_look_like_themselves(self, value: dict[str, Any], text: str) -> None:
        assert shown(value) == text


class TestTables:
    def test_are_shown_with_what_is_to_be_changed(self, colour: Colour) -> None:
        """Values of tags and keys of encryption are not shown."""
        lines: list[str] = []
        store = colour.over_memory(Echo(write=lines.append, clock=Ticking()))
        options = TableOptions(billing=Provisioned(1, 2), tags={"team": "value-canary"})
        arn = store.perform(CreateTable(Table("things", "id", options=options))).arn
        assert arn is not None

        operations: list[Operation[Any]] = [
            UpdateTable("things", billing=OnDemand(max_read_units=10)),
            UpdateTable("things", create_index=GlobalIndex("by-x", Key("x"))),
            UpdateTable("things", index_billing={"by-x": OnDemand(1, 2)}),
            UpdateTable("things", delete_index="by-x"),
            UpdateTable("things", stream="KEYS_ONLY"),
            UpdateTable("things", encryption=Encryption.customer("value-canary")),
            UpdateTable("things", deletion_protection=False),
            UpdateTable("things", table_class="STANDARD_INFREQUENT_ACCESS"),
            UpdateTable("things", billing=Provisioned(1, 2)),
            EnableTimeToLive("things", "expires_at"),
            DisableTimeToLive("things", "expires_at"),
            UpdateRecovery("things", PointInTimeRecovery(days=7)),
            UpdateInsights("things", enabled=False),
            TagTable(arn, {"cost": "value-canary"}),
            UntagTable(arn, ("cost", "team")),
            PutScaling("things", "reads", Scaling(1, 10)),
            DeleteScaling("things", "reads"),
            CreateBackup("things", "nightly"),
            RestoreToPoint("things", "restored"),
            ListTables("things", 1),
        ]
        for operation in operations:
            store.perform(operation)

        assert lines == [
            f"{line} -> 0.0 ms"
            for line in (
                "CreateTable things billing, tags",
                "UpdateTable things on demand up to 10/-",
                "UpdateTable things/by-x create index",
                "UpdateTable things index by-x on demand up to 1/2",
                "UpdateTable things/by-x delete index",
                "UpdateTable things stream KEYS_ONLY",
                "UpdateTable things encryption CUSTOMER",
                "UpdateTable things deletion protection off",
                "UpdateTable things table class STANDARD_INFREQUENT_ACCESS",
                "UpdateTable things provisioned 1/2",
                "EnableTimeToLive things expires_at",
                "DisableTimeToLive things expires_at",
                "UpdateRecovery things on for 7 days",
                "UpdateInsights things off",
                "TagTable things cost",
                "UntagTable things cost, team",
                "PutScaling things reads from 1 to 10",
                "DeleteScaling things reads",
                "CreateBackup things nightly",
                "RestoreToPoint things to restored, latest",
                "ListTables limit 1 continued",
            )
        ]

    def test_have_a_subject_in_words(self) -> None:
        """Of what no store in memory does."""
        assert [
            subject_of(operation)
            for operation in (
                UpdateTable("things", create_replica=Replica("eu-west-1")),
                UpdateTable("things", update_replica=Replica("eu-west-1")),
                UpdateTable("things", delete_replica="eu-west-1"),
                UpdateTable("things", billing=OnDemand()),
                RestoreBackup("arn:aws:dynamodb:eu-west-1:0:table/things/backup/0123-abcd", "restored"),
                RestoreToPoint("things", "restored", datetime(2026, 1, 1, tzinfo=UTC)),
                DescribeTable("things"),
            )
        ] == [
            "create replica eu-west-1",
            "update replica eu-west-1",
            "delete replica eu-west-1",
            "on demand",
            "from 0123-abcd",
            "to restored, 2026-01-01T00:00:00+00:00",
            "",
        ]
