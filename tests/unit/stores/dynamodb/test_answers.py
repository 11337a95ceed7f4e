"""The service's answers, read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import StoreError
from persistence.expressions import KeyCondition, Path
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    ConsumedCapacity,
    DeleteItem,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    IndexDescription,
    ItemResult,
    ItemsResult,
    Operation,
    Page,
    PutItem,
    QueryPage,
    TableDescription,
    TransactGet,
    TransactWrite,
    TransactWriteResult,
    WriteResult,
)
from persistence.stores.dynamodb import answers
from persistence.stores.dynamodb.calls import Call
from persistence.stores.dynamodb.table_calls import CALLS
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.table_options import Encryption, OnDemand, TableOptions

THINGS, OTHERS = Table("things", "id", types={"id": "N"}), Table("others", "id")
TOLD = {"TableName": "things", "CapacityUnits": 1.5}


def key(number: str) -> Item:
    return {"id": {"N": number}}


def read(operation: Operation[Any], answer: dict[str, Any]) -> Any:
    call = CALLS[type(operation)]
    assert isinstance(call, Call)
    return call.answer(operation, answer)


class TestCapacity:
    @pytest.mark.parametrize(
        ("operation", "answer", "expected"),
        [
            (GetItem(THINGS, key("1")), TOLD, ConsumedCapacity("things", read_units=1.5)),
            (PutItem(THINGS, key("1")), TOLD, ConsumedCapacity("things", write_units=1.5)),
            (
                TransactWrite((PutItem(THINGS, key("1")),)),
                [{**TOLD, "WriteCapacityUnits": 1.5}],
                ConsumedCapacity("things", write_units=1.5),
            ),
            (
                TransactWrite((PutItem(THINGS, key("1")),)),
                [{**TOLD, "ReadCapacityUnits": 1.5}],
                ConsumedCapacity("things", read_units=1.5),
            ),
        ],
        ids=["read", "write", "transaction", "repeated transaction, charged as reads"],
    )
    def test_is_passed_on(self, operation: Operation[Any], answer: Any, expected: ConsumedCapacity) -> None:
        assert read(operation, {"ConsumedCapacity": answer}).capacity == (expected,)

    @pytest.mark.parametrize("answer", [{}, {"ConsumedCapacity": []}, {"ConsumedCapacity": [{}]}])
    def test_may_not_be_told(self, answer: dict[str, Any]) -> None:
        assert read(TransactWrite((PutItem(THINGS, key("1")),)), answer) == TransactWriteResult()


class TestItems:
    def test_may_be_absent_or_empty(self) -> None:
        """An item of which a projection finds nothing is there all the same."""
        get = GetItem(THINGS, key("1"), projection=(Path.of("a"),))

        assert read(get, {}) == ItemResult(None)
        assert read(get, {"Item": {}}) == ItemResult({})

    def test_of_a_transaction_keep_their_order(self) -> None:
        gets = TransactGet((GetItem(THINGS, key("1")), GetItem(THINGS, key("2"))))

        assert read(gets, {"Responses": [{}, {"Item": key("2")}]}) == ItemsResult((None, key("2")))

    def test_before_a_write_are_passed_on(self) -> None:
        put = PutItem(THINGS, key("1"), returning="old")

        assert read(put, {"Attributes": key("1")}) == WriteResult(key("1"))
        assert read(put, {}) == WriteResult(None)


class TestBatchGet:
    def test_is_put_into_the_order_asked(self) -> None:
        """Numbers are told apart by value: the service writes them in its own form."""
        gets = (
            GetItem(THINGS, key("1.0")),
            GetItem(OTHERS, {"id": {"S": "1"}}),
            GetItem(THINGS, key("2")),
            GetItem(THINGS, key("3E0")),
        )
        answer = {
            "Responses": {"others": [{"id": {"S": "1"}}], "things": [{**key("1"), "a": {"S": "x"}}]},
            "UnprocessedKeys": {"things": {"Keys": [key("3")]}},
        }

        assert read(BatchGetItems(gets), answer) == BatchGetResult(
            items=({**key("1"), "a": {"S": "x"}}, {"id": {"S": "1"}}, None, None),
            unprocessed=(gets[3],),
        )

    def test_drops_keys_that_were_read_only_to_tell_items_apart(self) -> None:
        gets = BatchGetItems((GetItem(THINGS, key("1"), projection=(Path.of("a"),)),))

        result = read(gets, {"Responses": {"things": [{**key("1"), "a": {"S": "x"}}]}})

        assert result == BatchGetResult(({"a": {"S": "x"}},))


class TestBatchWrite:
    def test_names_the_writes_that_were_not_done(self) -> None:
        writes = (
            PutItem(THINGS, {**key("1.0"), "a": {"S": "x"}}),
            DeleteItem(THINGS, key("2")),
            DeleteItem(OTHERS, {"id": {"S": "1"}}),
        )
        answer = {
            "UnprocessedItems": {
                "things": [{"PutRequest": {"Item": {**key("1"), "a": {"S": "x"}}}}],
                "others": [{"DeleteRequest": {"Key": {"id": {"S": "1"}}}}],
            }
        }

        assert read(BatchWriteItems(writes), answer) == BatchWriteResult((writes[0], writes[2]))


class TestPages:
    def test_end_only_without_a_last_key(self) -> None:
        query = QueryPage(THINGS, KeyCondition(("id", {"N": "1"})))
        counts = {"Count": 0, "ScannedCount": 5}

        assert read(query, {**counts, "Items": [], "LastEvaluatedKey": key("1")}) == Page((), key("1"), 0, 5)
        assert read(query, counts) == Page((), None, 0, 5)


def described(**changed: Any) -> dict[str, Any]:
    return {
        "TableName": "things",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "n", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        **changed,
    }


class TestDescription:
    def test_is_a_declaration_with_what_is_live(self) -> None:
        told = described(
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "z-global",
                    "IndexStatus": "CREATING",
                    "Backfilling": True,
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["b", "a"]},
                }
            ],
            LocalSecondaryIndexes=[
                {
                    "IndexName": "a-local",
                    "KeySchema": [
                        {"AttributeName": "id", "KeyType": "HASH"},
                        {"AttributeName": "day", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            ItemCount=3,
            TableSizeBytes=30,
            TableArn="arn:x",
            CreationDateTime=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        )

        assert read(DescribeTable("things"), {"Table": told}) == TableDescription(
            table=Table(
                "things",
                "id",
                "n",
                indexes=(
                    LocalIndex("a-local", "day", Projection.keys_only()),
                    GlobalIndex("z-global", Key("n"), Projection.include("b", "a")),
                ),
                types={"n": "N"},
            ),
            status="ACTIVE",
            indexes=(
                IndexDescription("a-local", "ACTIVE"),
                IndexDescription("z-global", "CREATING", backfilling=True, billing=OnDemand()),
            ),
            item_count=3,
            size_bytes=30,
            arn="arn:x",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            options=TableOptions(billing=OnDemand(), stream="DISABLED", encryption=Encryption.owned()),
        )

    def test_reads_keys_of_several_attributes(self) -> None:
        index = {
            "IndexName": "several",
            "KeySchema": [
                {"AttributeName": name, "KeyType": kind}
                for name, kind in (("a", "HASH"), ("b", "HASH"), ("c", "RANGE"), ("d", "RANGE"))
            ],
            "Projection": {"ProjectionType": "ALL"},
        }

        found = read(DescribeTable("things"), {"Table": described(GlobalSecondaryIndexes=[index])})

        assert found.table.indexes == (GlobalIndex("several", Key(("a", "b"), ("c", "d"))),)

    def test_refuses_keys_of_too_many_attributes(self) -> None:
        """Rather than describing a part of the key as the whole."""
        index = {
            "IndexName": "many",
            "KeySchema": [{"AttributeName": name, "KeyType": "HASH"} for name in "abcde"],
            "Projection": {"ProjectionType": "ALL"},
        }

        with pytest.raises(StoreError, match="5 partition and 0 sort"):
            read(DescribeTable("things"), {"Table": described(GlobalSecondaryIndexes=[index])})


class TestTimeToLive:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [("ENABLED", "expires_at"), ("ENABLING", "expires_at"), ("DISABLING", None), ("DISABLED", None)],
    )
    def test_is_told_where_it_is_on(self, status: str, expected: str | None) -> None:
        answer = {"TimeToLiveDescription": {"TimeToLiveStatus": status, "AttributeName": "expires_at"}}

        assert read(DescribeTimeToLive("things"), answer) == expected


class TestTheWeightOfWhatWasRead:
    @pytest.mark.parametrize(
        ("headers", "weight"),
        [
            ({"content-length": "120"}, 120),
            ({"content-length": "120", "content-encoding": "gzip"}, None),
            ({"content-length": "many"}, None),
            ({}, None),
        ],
    )
    def test_is_at_most_that_of_the_text(self, headers: dict[str, str], weight: int | None) -> None:
        """All items of an answer are in its text; the length of a compressed one says nothing."""
        answer = {"ResponseMetadata": {"HTTPHeaders": headers}}

        assert answers.weight(answer) == weight

    def test_is_not_known_without_headers(self) -> None:
        assert answers.weight({}) is None
