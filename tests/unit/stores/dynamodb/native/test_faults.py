"""What goes wrong over aiohttp ends as over botocore: same error, same doubt, same number of requests."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from botocore.client import BaseClient
from botocore.config import Config

from persistence.errors import PersistenceError, StoreUnavailable
from persistence.expressions import Add, AttributeNotExists, Path, Value
from persistence.operations import GetItem, Operation, PutItem, TransactWrite, UpdateItem
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.table import Table
from tests.unit.stores.dynamodb.native.clients import NoThreads, session
from tests.unit.stores.dynamodb.scripted import Answer, Drop, Reset, Step, refusal, scripted
from tests.unit.stores.dynamodb.versions import NAMES_SHORT_ANSWERS

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
ADD_ONE = UpdateItem(TABLE, KEY, (Add(Path.of("n"), Value({"N": "1"})),))
CREATE = PutItem(TABLE, KEY, AttributeNotExists(Path.of("id")))
TRANSACTION = TransactWrite((CREATE,), token="token-1")
OPERATIONS = {
    "get": GET,
    "update": ADD_ONE,
    "transaction": TRANSACTION,
}

Mode = Literal["legacy", "standard", "adaptive"]


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte."""

    data: bytes

    def send(self, connection: socket.socket) -> None:
        connection.sendall(self.data)


def raw(body: bytes, status: int = 200, *headers: str) -> Any:
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close", *headers]
    return Raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


class Silent:
    """Nothing comes for longer than the client waits."""

    def send(self, connection: socket.socket) -> None:
        del connection
        time.sleep(1.5)


class ResetAtOnce:
    """The connection is reset before any answer."""

    def send(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


THROTTLED = refusal("ProvisionedThroughputExceededException", "slow down")
SERVER_ERROR = refusal("InternalServerError", "try again", status=500)
CONDITION_FAILED = refusal("ConditionalCheckFailedException", "The conditional request failed", Item=KEY)
REASONS: list[dict[str, Any]] = [{"Code": "ConditionalCheckFailed", "Item": KEY}]
CANCELLED = refusal("TransactionCanceledException", "cancelled", CancellationReasons=REASONS)
BUSY = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
FOUND = Answer({"Item": KEY})
ENDED_CHUNKS = Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\n{}")

SCRIPTS: dict[str, list[Any]] = {
    "dropped": [Drop(), FOUND],
    "reset": [Reset(), FOUND],
    "reset at once": [ResetAtOnce(), FOUND],
    "silent": [Silent(), FOUND],
    "server error": [SERVER_ERROR, FOUND],
    "cut off": [Answer({"Item": KEY}, cut=3), FOUND],
    "wrong checksum": [Answer({"Item": KEY}, flipped=True), FOUND],
    "always damaged": [Answer({"Item": KEY}, cut=3)] * 3,
    "error answer cut off": [Answer({"__type": "x#ValidationException"}, 400, cut=3)] * 3,
    "chunks that end": [ENDED_CHUNKS, FOUND],
    "throttled": [THROTTLED, FOUND],
    "always throttled": [THROTTLED] * 3,
    "always a server error": [SERVER_ERROR] * 3,
    "throttled, then refused": [THROTTLED, CONDITION_FAILED],
    "refused": [CONDITION_FAILED],
    "in doubt, then refused": [SERVER_ERROR, CONDITION_FAILED],
    "in doubt, then cancelled": [SERVER_ERROR, CANCELLED],
    "cancelled": [CANCELLED],
    "busy": [BUSY],
    "no table": [refusal("ResourceNotFoundException", "no table")],
    "no access": [refusal("AccessDeniedException", "not you")],
    "expired": [refusal("ExpiredTokenException", "too old")],
    "in progress": [refusal("TransactionInProgressException")] * 3,
    "an unknown error": [refusal("SomethingNewException", "well")],
    "HTML of a proxy": [raw(b"<html>bad gateway</html>", 502, "content-type: text/html")] * 3,
    "HTML that looks fine": [raw(b"<html>log in</html>", 200, "content-type: text/html")] * 3,
    "not JSON": [raw(b"{oops")] * 3,
    "an error without words": [raw(b"", 400)],
    "429": [raw(b"{}", 429)] * 3,
    "redirected": [raw(b"", 307, "location: http://127.0.0.1:1/")],
    "no HTTP": [Raw(b"SSH-2.0-OpenSSH_9.6\r\n")] * 3,
}


def connected(endpoint_url: str, attempts: int = 3, mode: Mode = "standard") -> BaseClient:
    config = Config(
        connect_timeout=5,
        read_timeout=1.0,
        retries={"mode": mode, "total_max_attempts": attempts},
        proxies={"http": ""},
    )
    return session().client("dynamodb", endpoint_url=endpoint_url, config=config)


@contextmanager
def client(endpoint_url: str, attempts: int = 3, mode: Mode = "standard") -> Iterator[BaseClient]:
    made = connected(endpoint_url, attempts, mode)
    yield made
    made.close()


def ending(result: object) -> object:
    """Tell how a call ended, in data that does not depend on ports."""
    if not isinstance(result, PersistenceError):
        return result
    data = {name: value for name, value in vars(result).items() if not name.startswith("_")}
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", str(result))
    return type(result), text, data.get("ambiguous"), getattr(result, "retryable", None)


def by_thread(below: DynamoStore, operation: Operation[Any]) -> object:
    try:
        return below.perform(operation)
    except PersistenceError as error:
        return error


async def by_aiohttp(below: NoThreads, operation: Operation[Any]) -> object:
    async with AsyncDynamoStore(below, native=True) as store:
        try:
            return await store.perform(operation)
        except PersistenceError as error:
            return error


class TestEveryFault:
    @pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
    @pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
    def test_ends_as_over_botocore(self, script: list[Step], operation: Operation[Any]) -> None:
        if NAMES_SHORT_ANSWERS and any(isinstance(step, Answer) and step.cut for step in script):
            pytest.skip("this botocore names what was cut off in its own way")
        with scripted(script) as server, client(server.endpoint_url) as made:
            expected = by_thread(DynamoStore(made), operation)
        expected_requests = len(server.requests)

        with scripted(script) as server, client(server.endpoint_url) as made:
            found = asyncio.run(by_aiohttp(NoThreads(made), operation))

        assert (ending(found), len(server.requests)) == (ending(expected), expected_requests)
        if isinstance(expected, PersistenceError):
            assert isinstance(found, PersistenceError)
            assert type(found.__cause__).__name__ == type(expected.__cause__).__name__

    @pytest.mark.parametrize(
        "body", [b"[1]", gzip.compress(json.dumps(FOUND.body).encode())], ids=["no object", "compressed"]
    )
    def test_that_botocore_is_not_prepared_for_leaves_the_same_doubt(self, body: bytes) -> None:
        for operation, ambiguous in ((GET, False), (ADD_ONE, True)):
            with scripted([raw(body)]) as server, client(server.endpoint_url, attempts=1) as made:
                found = asyncio.run(by_aiohttp(NoThreads(made), operation))

            assert isinstance(found, StoreUnavailable)
            assert found.ambiguous is ambiguous

    @pytest.mark.parametrize("script", ["dropped", "server error", "wrong checksum", "throttled"])
    def test_ends_so_in_legacy_mode(self, script: str) -> None:
        with scripted(SCRIPTS[script]) as server, client(server.endpoint_url, mode="legacy") as made:
            found = asyncio.run(by_aiohttp(NoThreads(made), GET))

        assert not isinstance(found, PersistenceError)
        assert len(server.requests) == 2

    @pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
    def test_where_nobody_listens_leaves_no_doubt(self, operation: Operation[Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with client(f"http://127.0.0.1:{port}", attempts=1) as made:
            found = asyncio.run(by_aiohttp(NoThreads(made), operation))

        assert isinstance(found, StoreUnavailable)
        assert (found.ambiguous, found.code) == (False, "EndpointConnectionError")
