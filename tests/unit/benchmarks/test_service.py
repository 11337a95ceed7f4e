"""The stub of the service answers as DynamoDB does."""

from __future__ import annotations

import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

from benchmarks.service.answers import SCANNED, answer, page
from benchmarks.service.models import PARTITION, SHAPES
from benchmarks.service.sent import taken_from
from benchmarks.service.server import Service, reply, service

ITEMS = {name: shape.encode(shape.entity(PARTITION, 0)) for name, shape in SHAPES.items()}


def answered(operation: str, **request: object) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(answer(operation, json.dumps(request).encode()))
    return content


def connected(stub: Service, **further: Any) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=stub.url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        **further,
    )


@pytest.fixture(scope="module")
def client() -> Iterator[BaseClient]:
    with service() as stub:
        yield connected(stub)


class TestAnswers:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_give_an_item_of_the_table(self, shape: str) -> None:
        assert answered("GetItem", TableName=shape, Key={}) == {"Item": ITEMS[shape]}

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("count", [100, 1000])
    def test_give_a_page_of_different_items(self, shape: str, count: int) -> None:
        values = {":p": {"S": str(count)}}

        found = answered("Query", TableName=shape, ExpressionAttributeValues=values)

        sort = SHAPES[shape].sort
        assert (
            found["Count"]
            == found["ScannedCount"]
            == len({item[sort]["S"] for item in found["Items"]})
            == count
        )
        assert SHAPES[shape].decode(found["Items"][-1]) == SHAPES[shape].entity(str(count), count - 1)
        assert "LastEvaluatedKey" not in found

    @pytest.mark.parametrize("segments", [1, 3, 8])
    def test_give_all_items_once_over_the_segments_of_a_scan(self, segments: int) -> None:
        counted = sum(scanned(segment, segments) for segment in range(segments))

        assert counted == SCANNED

    def test_give_the_new_item_of_an_update_where_it_is_asked_for(self) -> None:
        assert answered("UpdateItem", TableName="simple", ReturnValues="ALL_NEW") == {
            "Attributes": ITEMS["simple"]
        }
        assert answered("UpdateItem", TableName="simple") == {}

    def test_give_each_item_of_a_batch_its_key(self) -> None:
        shape = SHAPES["complex"]
        wanted = [shape.encode(entity) for entity in shape.entities(3)]
        keys = [shape.key_of(item) for item in wanted]

        found = answered("BatchGetItem", RequestItems={"complex": {"Keys": keys}})

        assert found == {"Responses": {"complex": wanted}, "UnprocessedKeys": {}}

    def test_write_moments_as_the_peer_reads_them_whose_table_it_is(self) -> None:
        moments = [
            answered("GetItem", TableName=table)["Item"]["created_at"]["S"]
            for table in ("simple", "simple_pynamodb", "simple_bloop")
        ]

        assert moments == [
            "2026-01-02T03:04:05.678901Z",
            "2026-01-02T03:04:05.678901+0000",
            "2026-01-02T03:04:05.678901+00:00",
        ]

    def test_are_made_once(self) -> None:
        assert page("simple", 100, None) is page("simple", 100, None)


def scanned(segment: int, segments: int) -> int:
    counted = 0
    further: dict[str, Any] = {}
    while True:
        found = answered("Scan", TableName="wide", Segment=segment, TotalSegments=segments, **further)
        counted += len(found["Items"])
        if "LastEvaluatedKey" not in found:
            return counted
        further = {"ExclusiveStartKey": found["LastEvaluatedKey"]}


class TestReplies:
    def test_have_the_length_and_the_checksum_of_their_body(self) -> None:
        head = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem"

        headers, _, body = reply(head, b'{"TableName": "simple"}').partition(b"\r\n\r\n")

        assert headers.startswith(b"HTTP/1.1 200 OK\r\n")
        assert f"Content-Length: {len(body)}\r\n".encode() in headers + b"\r\n"
        assert f"x-amz-crc32: {zlib.crc32(body)}".encode() in headers

    def test_refuse_what_the_stub_does_not_know(self, capsys: pytest.CaptureFixture[str]) -> None:
        head = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.ListTables"

        assert reply(head, b"{}").startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert "ListTables" in capsys.readouterr().err


class TestForms:
    @pytest.mark.parametrize("table", ["simple", "entries"])
    def test_are_those_that_a_peer_can_read(self, table: str) -> None:
        """PynamoDB reads no other form of a moment than its own, not in small items either."""

        def moments(name: str) -> set[str]:
            found = answered("Query", TableName=name, ExpressionAttributeValues={":p": {"S": "100"}})
            return {item["created_at"]["S"][-6:] for item in found["Items"]}

        assert all(each.endswith("Z") for each in moments(table))
        assert all(each.endswith("1+0000") for each in moments(f"{table}_pynamodb"))


class TestServer:
    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.put_item(TableName="simple", Item=ITEMS["simple"]),
            lambda client: client.describe_table(TableName="simple")["Table"]["KeySchema"][1],
            lambda client: client.transact_write_items(
                TransactItems=[{"Put": {"TableName": "simple", "Item": ITEMS["simple"]}}]
            ),
            lambda client: client.batch_write_item(
                RequestItems={"simple": [{"PutRequest": {"Item": ITEMS["simple"]}}]}
            ),
        ],
    )
    def test_is_understood_by_boto3(self, client: BaseClient, call: Callable[[Any], object]) -> None:
        assert call(client)

    def test_says_what_it_does_not_know(self, client: Any) -> None:
        with pytest.raises(ClientError, match="UnknownOperationException"):
            client.list_tables()

    def test_keeps_connections_and_takes_requests_in_pieces(self) -> None:
        body = b'{"TableName": "simple"}'
        head = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: %d\r\n\r\n"
        request = head % len(body) + body

        with service() as stub:
            port = int(stub.url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request + request[:10])
                first = connection.recv(65536)
                connection.sendall(request[10:])
                second = connection.recv(65536)

        assert first == second == reply((head % len(body))[:-4], body)

    def test_remembers_what_it_was_sent_until_it_is_asked(self) -> None:
        with service() as stub:
            client = connected(stub)
            client.put_item(TableName="simple", Item=ITEMS["simple"])
            client.get_item(TableName="simple", Key=SHAPES["simple"].key_of(ITEMS["simple"]))
            first, second = taken_from(stub.url), taken_from(stub.url)

        assert [each.operation for each in first] == ["PutItem", "GetItem"]
        assert first[0].content == {"TableName": "simple", "Item": ITEMS["simple"]}
        assert first[0].raw.startswith(b"POST / HTTP/1.1\r\n")
        assert second == ()

    def test_waits_as_long_as_it_is_told_to(self) -> None:
        with service(latency_ms=50) as stub:
            client, begun = connected(stub), time.monotonic()
            client.put_item(TableName="simple", Item=ITEMS["simple"])

            assert time.monotonic() - begun >= 0.05

    def test_speaks_tls_with_a_certificate_of_its_own(self) -> None:
        with service(tls=True) as stub:
            trusting = connected(stub, verify=str(stub.certificate))
            wary = connected(stub, config=Config(retries={"total_max_attempts": 1}))

            assert trusting.put_item(TableName="simple", Item=ITEMS["simple"])
            with pytest.raises(SSLError):
                wary.put_item(TableName="simple", Item=ITEMS["simple"])
