"""Bodies of answers to queries and scans, of which the items stay text."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from persistence.errors import StoreUnavailable
from persistence.operations import ScanPage
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.bodies import content_of
from persistence.stores.dynamodb.pages import LEAST_BYTES, page_content
from persistence.table import Table
from persistence.wire_items import WireItems
from tests.unit.stores.dynamodb.scripted import Answer, scripted

pytest.importorskip("msgspec")

ITEMS: list[dict[str, Any]] = [
    {"id": {"S": "é"}, "picture": {"B": "AAEC"}, "parts": {"BS": ["AAEC", ""]}},
    {"id": {"S": "2"}, "B": {"S": "named like a type"}},
]
PAGE = {
    "ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 1.5},
    "Count": 2,
    "Items": ITEMS,
    "LastEvaluatedKey": {"id": {"B": "AAEC"}},
    "ScannedCount": 7,
}


def body(**members: object) -> bytes:
    return json.dumps({**PAGE, **members}, ensure_ascii=False, separators=(",", ":")).encode()


class TestPageContent:
    def test_is_the_same_as_of_any_other_answer(self) -> None:
        assert page_content(body(), 0) == content_of(body())
        assert content_of(body())["LastEvaluatedKey"] == {"id": {"B": b"\0\1\2"}}

    def test_leaves_the_items_as_they_are(self) -> None:
        items = page_content(body(), 0)["Items"]

        assert isinstance(items, WireItems)
        assert len(items) == 2
        assert items.text == json.dumps(ITEMS, ensure_ascii=False, separators=(",", ":")).encode()
        assert items[1] == ITEMS[1]
        assert items[0]["parts"] == {"BS": [b"\0\1\2", b""]}

    def test_reads_small_answers_at_once(self) -> None:
        many = body(Items=[{"id": {"S": "x" * LEAST_BYTES}}], Count=1)

        assert isinstance(page_content(body())["Items"], list)
        assert isinstance(page_content(many)["Items"], WireItems)

    @pytest.mark.parametrize(
        "odd",
        [
            body(Items=[], Count=0),
            body(Items=None),
            body(Items={"id": {"S": "1"}}),
            body(Items=[None], Count=1),
            body(Items=["text"], Count=1),
            body(Count=None),
            body(Count=True),
            b'{"Count":3,"ScannedCount":3}',
            b'{"Count":1,"Items":[ ],"ScannedCount":3}',
            b'{"Count":1,"Items":[{"id":{"S":"1"}}],"a \\"b":3}',
        ],
    )
    def test_reads_what_is_unusual_as_any_other_answer(self, odd: bytes) -> None:
        found = page_content(odd, 0)

        assert found == content_of(odd)
        assert not isinstance(found.get("Items"), WireItems)

    @pytest.mark.parametrize(
        "broken",
        [
            body()[:-1],
            body()[:-30],
            body() + b"x",
            body().replace("é".encode(), b"\xff"),
            body().replace(b'"S":"2"', b'"S":"\x01"'),
            body().replace(b'"S":"2"', b'"S":"\\x"'),
            body().replace(b'"S":"2"', b'"S":2.'),
            b"<html></html>",
            b"",
        ],
    )
    def test_refuses_what_is_no_json_at_once(self, broken: bytes) -> None:
        with pytest.raises(ValueError, match=r"."):  # in the words of whatever reads it
            page_content(broken, 0)


LARGE = {
    "Count": 300,
    "Items": [{"pk": {"S": str(n)}, "b": {"B": "AAEC"}} for n in range(300)],
    "ScannedCount": 300,
}
TABLE = Table("orders", partition="pk")


def store_at(url: str, **settings: Any) -> DynamoStore:
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, proxies={"http": ""}),
    )
    return DynamoStore(client, **settings)


class TestStore:
    """A store's own pages, of a client that is shared with others."""

    @pytest.mark.parametrize(
        ("settings", "kind"), [({}, WireItems), ({"accelerated": False}, tuple), ({"tuned": False}, tuple)]
    )
    def test_gives_the_same_page_in_each_way(self, settings: dict[str, Any], kind: type[Any]) -> None:
        with scripted([Answer(LARGE)]) as server:
            page = store_at(server.endpoint_url, **settings).perform(ScanPage(TABLE))

        assert type(page.items) is kind
        assert (page.items[299], len(page.items)) == ({"pk": {"S": "299"}, "b": {"B": b"\0\1\2"}}, 300)
        assert page.items == tuple({"pk": {"S": str(n)}, "b": {"B": b"\0\1\2"}} for n in range(300))
        assert (page.last_key, page.count, page.scanned_count) == (None, 300, 300)

    def test_leaves_pages_of_others_as_botocore_gives_them(self) -> None:
        with scripted([Answer(LARGE)]) as server:
            client: Any = store_at(server.endpoint_url).client
            answer = client.scan(TableName="orders")

        assert type(answer["Items"]) is list
        assert answer["Items"][0] == {"pk": {"S": "0"}, "b": {"B": b"\0\1\2"}}

    @pytest.mark.parametrize("damage", [{"cut": 40}, {"flipped": True}])
    def test_refuses_a_damaged_page_at_once(self, damage: dict[str, Any]) -> None:
        with (
            scripted([Answer(LARGE, **damage)]) as server,
            pytest.raises(StoreUnavailable),
        ):
            store_at(server.endpoint_url).perform(ScanPage(TABLE))
