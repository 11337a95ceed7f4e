"""Answers that somebody made to exhaust memory or the stack end in an error of ours, on every way."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest
from moto.core.models import botocore_stubber

from persistence import (
    AsyncDynamoStore,
    DynamoStore,
    Key,
    MappingSchema,
    Table,
    fields,
)
from persistence.errors import DecodeError, QueryError, StoreError
from persistence.expressions import Compare, KeyCondition, Path, Value
from persistence.mapping.compiling import compile_mapping
from persistence.operations import GetItem, Operation, QueryPage
from persistence.render import expressions
from tests.unit.stores.dynamodb.scripted import scripted

MEGABYTE = 1 << 20
NOTES = Table("notes", "id")
GET = GetItem(NOTES, {"id": {"S": "1"}})
QUERY = QueryPage(NOTES, KeyCondition(("id", {"S": "1"})))


@dataclass(frozen=True)
class Raw:
    """A body as it is, with a head of its own."""

    body: bytes
    headers: str = ""
    length: int | None = None
    status: int = 200

    def send(self, connection: socket.socket) -> None:
        length = len(self.body) if self.length is None else self.length
        head = (
            f"HTTP/1.1 {self.status} X\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n"
            f"content-length: {length}\r\n{self.headers}\r\n"
        )
        with suppress(OSError):
            connection.sendall(head.encode() + self.body)


def whole(body: bytes) -> Raw:
    return Raw(body, f"x-amz-crc32: {crc32(body)}\r\n")


def settings_of(url: str) -> dict[str, Any]:
    return {
        "endpoint_url": url,
        "region": "us-east-1",
        "connect_timeout": 5.0,
        "read_timeout": 5.0,
        "attempts": 1,
    }


def sync(url: str, operation: Operation[Any], **more: Any) -> Any:
    store = DynamoStore(**settings_of(url), **more)
    mock: Any = botocore_stubber
    store.client.meta.events.unregister("before-send", mock)
    try:
        return store.perform(operation)
    finally:
        store.close()


def plain(url: str, operation: Operation[Any]) -> Any:
    return sync(url, operation, tuned=False)


def tuned(url: str, operation: Operation[Any]) -> Any:
    return sync(url, operation)


def standard(url: str, operation: Operation[Any]) -> Any:
    return sync(url, operation, accelerated=False)


def lane(url: str, operation: Operation[Any]) -> Any:
    return sync(url, operation, fast_lane=True)


def native(url: str, operation: Operation[Any]) -> Any:
    async def performed() -> Any:
        async with AsyncDynamoStore(**settings_of(url), native=True) as store:
            mock: Any = botocore_stubber
            store.client.meta.events.unregister("before-send", mock)
            return await store.perform(operation)

    return asyncio.run(performed())


Way = Callable[[str, Operation[Any]], Any]
WAYS: list[Way] = [plain, tuned, standard, lane, native]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def nested(levels: int) -> bytes:
    return b'{"L":[' * levels + b'{"S":"canary"}' + b"]}" * levels


LARGE = b'{"Count":1,"ScannedCount":1,"Items":[{"id":{"S":"1"},"p":{"S":"%b"},"a":%%b}]}' % (b"x" * 9000)
BOMB = gzip.compress(b" " * (64 * MEGABYTE), 1)


@pytest.mark.parametrize(
    ("operation", "body"),
    [(GET, b'{"Item":{"id":{"S":"1"},"a":%b}}'), (QUERY, LARGE), (GET, b"%b")],
    ids=["item", "large page", "no object"],
)
def test_deep_answers(way: Way, operation: Operation[Any], body: bytes) -> None:
    """Nothing of DynamoDB is nested deeper than 32 levels; what is ends in no `RecursionError`."""
    with (
        scripted([whole(body % nested(100_000))]) as server,  # type: ignore[list-item]
        pytest.raises(StoreError) as caught,
    ):
        way(server.endpoint_url, operation)
    assert "canary" not in str(caught.value)


def test_compressed_answers_are_never_expanded(way: Way) -> None:
    """Nobody asked for compression: a bomb of 64 MB stays as small as it came."""
    answer = Raw(BOMB, f"content-encoding: gzip\r\nx-amz-crc32: {crc32(BOMB)}\r\n")
    with scripted([answer]) as server:  # type: ignore[list-item]
        tracemalloc.start(1)
        try:
            with pytest.raises(StoreError):
                way(server.endpoint_url, GET)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 32 * MEGABYTE


def test_no_room_is_made_for_what_is_announced(way: Way) -> None:
    with (
        scripted([Raw(b'{"Item"', length=1 << 50)]) as server,  # type: ignore[list-item]
        pytest.raises(StoreError),
    ):
        way(server.endpoint_url, GET)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(way: Way, status: int) -> None:
    """They would carry signed requests, and items, to whoever is named there."""
    with scripted([whole(b'{"Item":{"id":{"S":"1"}}}')] * 4) as elsewhere:  # type: ignore[list-item]
        redirect = Raw(b"{}", f"location: {elsewhere.endpoint_url}/\r\n", status=status)
        with scripted([redirect]) as server, pytest.raises(StoreError):  # type: ignore[list-item]
            way(server.endpoint_url, GET)
        assert elsewhere.requests == []


@dataclass
class Note:
    id: str
    a: Any = None


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")


class ForeignMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    a = fields.Converted(json.dumps, lambda value: value)


@dataclass
class Tree:
    id: str
    a: list[Tree]


class TreeMapping(MappingSchema[Tree]):
    class Meta:
        table = "notes"
        key = Key("id")


@pytest.mark.parametrize("levels", [33, 400, 950, 20_000])
@pytest.mark.parametrize("mapping", [NoteMapping, ForeignMapping])
def test_deep_items_are_no_entities(mapping: type[MappingSchema[Note]], levels: int) -> None:
    value: dict[str, Any] = {"S": "canary"}
    for _ in range(levels):
        value = {"L": [value]}
    with pytest.raises(DecodeError, match="32 levels"):
        mapping.codec.decode({"id": {"S": "1"}, "a": value})


def test_deep_trees_are_no_entities() -> None:
    item: dict[str, Any] = {"id": {"S": "1"}, "a": {"L": []}}
    for _ in range(20_000):
        item = {"id": {"S": "1"}, "a": {"L": [{"M": item}]}}
    with pytest.raises(DecodeError, match="32 levels"):
        TreeMapping.codec.decode(item)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"S": "a", "N": "1"},
        {"L": None},
        {"L": [None]},
        {"M": []},
        {"M": {"x": 1}},
        {"BS": ["x"]},
    ],
    ids=repr,
)
def test_what_is_no_attribute_value_is_no_entity(value: Any) -> None:
    for mapping in (NoteMapping, TreeMapping):
        with pytest.raises(DecodeError):
            mapping.codec.decode({"id": {"S": "1"}, "a": value})


@pytest.mark.parametrize("content", [None, 5], ids=repr)
def test_what_is_no_text_is_no_text(content: Any) -> None:
    """The fast way relies on the store for that; where it gives up, the sure one does not."""
    with pytest.raises(DecodeError):
        compile_mapping(NoteMapping, compiled=False).codec.decode({"id": {"S": content}})


def test_half_of_a_surrogate_pair_is_no_name() -> None:
    """It may come from a user's JSON, and has no form in UTF-8."""
    path = Path.of("\ud800")
    values = Value({"S": "x" * 5000})
    with pytest.raises(QueryError, match="surrogate"):
        expressions(condition=Compare("=", path, values))
