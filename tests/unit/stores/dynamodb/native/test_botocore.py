"""What botocore knows and does holds over aiohttp, too: mocks, events, credentials, certificates, retries."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.stub import ANY, Stubber

from persistence.errors import AccessDenied, InvalidRequest, StoreError, StoreUnavailable
from persistence.operations import (
    CreateTable,
    GetItem,
    ItemResult,
    Operation,
    PutItem,
    TransactWrite,
)
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.dynamodb.native import way
from persistence.stores.dynamodb.native.suitability import obstacle_of
from persistence.table import Table
from tests.unit.stores.dynamodb.native.clients import NoThreads, session
from tests.unit.stores.dynamodb.native.server import kept
from tests.unit.stores.dynamodb.scripted import Answer, refusal

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
PUT = PutItem(TABLE, KEY)
FOUND = Answer({"Item": KEY})
ANY_GET = {"TableName": "things", "Key": KEY, "ReturnConsumedCapacity": ANY}


def client(endpoint_url: str = "http://127.0.0.1:1", **config: Any) -> BaseClient:
    settings: dict[str, Any] = {"proxies": {"http": ""}, "retries": {"mode": "standard"}, **config}
    return session().client("dynamodb", endpoint_url=endpoint_url, config=Config(**settings))


def performed(below: BaseClient | DynamoStore, *operations: Operation[Any]) -> list[Any]:
    async def work() -> list[Any]:
        async with AsyncDynamoStore(below, native=True) as store:
            return [await store.perform(operation) for operation in operations]

    return asyncio.run(work())


def found(_request: bytes) -> Answer:
    return FOUND


class TestMocks:
    def test_moto_answers(self, moto_client: BaseClient) -> None:
        DynamoStore(moto_client).perform(CreateTable(TABLE))

        _, answer = performed(NoThreads(moto_client), PUT, GET)

        assert answer == ItemResult(KEY, answer.capacity)

    def test_a_handler_of_before_send_answers(self) -> None:
        made = client()
        seen: list[Any] = []
        headers: Any = {}

        class Body:
            def stream(self, **_how: object) -> Iterator[bytes]:
                yield b'{"Item":{"id":{"S":"mock"}}}'

        def answer(request: Any, **_more: object) -> AWSResponse:
            seen.append((request.method, request.url, request.headers["X-Amz-Target"], request.body))
            return AWSResponse(request.url, 200, headers, Body())

        events: Any = made.meta.events
        events.register("before-send.dynamodb.GetItem", answer)

        (answered,) = performed(NoThreads(made), GET)

        assert answered.item == {"id": {"S": "mock"}}
        ((method, url, target, body),) = seen
        assert (method, url, target) == ("POST", "http://127.0.0.1:1/", "DynamoDB_20120810.GetItem")
        assert b'"things"' in body

    def test_a_stubber_answers(self) -> None:
        made = client()
        stubber = Stubber(made)
        stubber.add_response("get_item", {"Item": KEY}, ANY_GET)
        stubber.add_client_error("put_item", "ThrottlingException")

        with stubber:
            (answered,) = performed(NoThreads(made), GET)
            with pytest.raises(StoreError) as refused:
                performed(NoThreads(made), PUT)
            stubber.assert_no_pending_responses()

        assert answered.item == KEY
        assert refused.value.code == "ThrottlingException"

    def test_that_replace_botocores_calls_are_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also from one call to the next; so do tools for tracing."""
        with kept(found) as server:
            made = client(server.endpoint_url)
            other = {"Item": {"id": {"S": "2"}}}

            async def work() -> list[Any]:
                async with AsyncDynamoStore(made, native=True) as store:
                    answers = [await store.perform(GET)]
                    with monkeypatch.context() as patched:
                        patched.setattr("botocore.client.BaseClient._make_api_call", lambda *_: other)
                        answers.append(await store.perform(GET))
                    return answers

            first, second = asyncio.run(work())

        assert (first.item, second.item) == (KEY, {"id": {"S": "2"}})


class TestEvents:
    def test_let_handlers_change_what_is_sent(self) -> None:
        def name(params: dict[str, Any], **_more: object) -> None:
            params["TableName"] = "dev-things"

        def trace(params: dict[str, Any], **_more: object) -> None:
            params["headers"]["X-Trace"] = "t-1"

        def late(request: Any, **_more: object) -> None:
            request.headers["X-Late"] = "l-1"

        with kept(found) as server:
            made = client(server.endpoint_url)
            made.meta.events.register("before-parameter-build.dynamodb", name)
            made.meta.events.register("before-call.dynamodb", trace)
            made.meta.events.register("before-send.dynamodb", late)
            performed(NoThreads(made), GET, GET)

        for request in server.requests:
            assert b'"dev-things"' in request
            assert b"X-Trace: t-1\r\n" in request
            assert b"X-Late: l-1\r\n" in request

    @pytest.mark.parametrize("write", [PUT, TransactWrite((PUT,), "a token")], ids=["put", "transaction"])
    def test_let_handlers_change_writes(self, write: Operation[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a client of the store's own, whose writes are texts as long as nobody has a say in them."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")

        def change(params: dict[str, Any], **_more: object) -> None:
            params["ReturnConsumedCapacity"] = "INDEXES"

        with kept(lambda _: Answer({})) as server:
            below = NoThreads(region="us-east-1", endpoint_url=server.endpoint_url)
            performed(below, write)
            below.client.meta.events.register("before-parameter-build.dynamodb", change)
            performed(below, write)
            below.close()

        assert [re.findall(rb"TOTAL|INDEXES", request) for request in server.requests] == [
            [b"TOTAL"],
            [b"INDEXES"],
        ]

    def test_tell_of_the_end_of_a_call(self) -> None:
        told: list[Any] = []
        with kept(found) as server:
            made = client(server.endpoint_url)
            made.meta.events.register(
                "after-call.dynamodb", lambda http_response, parsed, **_: told.append((http_response, parsed))
            )
            performed(NoThreads(made), GET)

        ((http, parsed),) = told
        assert (http.status_code, parsed["Item"]) == (200, KEY)
        assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 200

    def test_give_a_transaction_a_token(self) -> None:
        with kept(lambda _: Answer()) as server:
            performed(NoThreads(client(server.endpoint_url)), TransactWrite((PUT,)))

        assert b'"ClientRequestToken"' in server.requests[0]


class TestRequests:
    def test_have_the_headers_of_botocore(self) -> None:
        """But for those that tell requests and times apart."""
        with kept(found) as server:
            made = client(server.endpoint_url)
            DynamoStore(made).perform(GET)
            performed(NoThreads(made), GET)
            made.close()

        by_botocore, by_aiohttp = (_headers(request) for request in server.requests)
        assert by_aiohttp == by_botocore

    def test_that_are_not_as_the_api_has_them_are_refused_by_botocore(self) -> None:
        with kept(found) as server, pytest.raises(InvalidRequest, match="Parameter validation failed"):
            performed(client(server.endpoint_url), PutItem(TABLE, {"id": {"S": 1}}))

        assert server.requests == []

    def test_may_be_unsigned(self) -> None:
        with kept(found) as server:
            performed(NoThreads(client(server.endpoint_url, signature_version=UNSIGNED)), GET)

        assert b"Authorization" not in server.requests[0]


def _headers(request: bytes) -> dict[str, str]:
    head, _, _ = request.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in pairs}
    for name in ("x-amz-date", "amz-sdk-invocation-id"):
        assert headers.pop(name)
    headers["user-agent"] = re.sub(r"\bm/\S+", "", headers["user-agent"])  # features, in any order
    headers["authorization"] = headers["authorization"].split("Signature=")[0]
    return headers


class TestCredentials:
    def test_that_are_missing_are_an_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        made = boto3.session.Session(region_name="us-east-1").client(
            "dynamodb", endpoint_url="http://127.0.0.1:1", config=Config(proxies={"http": ""})
        )

        with pytest.raises(AccessDenied, match="no usable credentials"):
            performed(NoThreads(made), GET)

    def test_are_fetched_in_a_thread_and_anew_after_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        credentials = _Renewable("one")
        with kept(found) as server:
            made = client(server.endpoint_url)
            _use(made, credentials)

            async def work() -> None:
                async with AsyncDynamoStore(NoThreads(made), native=True) as store:
                    await store.perform(GET)
                    credentials.key = "two"
                    await store.perform(GET)
                    monkeypatch.setattr(way, "FRESH_SECONDS", 0.0)
                    await store.perform(GET)

            asyncio.run(work())

        assert "MainThread" not in credentials.threads
        assert [b"Credential=two/" in request for request in server.requests] == [False, False, True]

    def test_that_expired_at_the_service_are_renewed_once(self) -> None:
        """botocore would have signed with the new ones at once; with the same ones it would not try again."""
        credentials = _Renewable("old")

        def answer(request: bytes) -> Answer:
            credentials.key = "new"
            return refusal("ExpiredTokenException", "too old") if b"Credential=old/" in request else FOUND

        with kept(answer) as server:
            made = client(server.endpoint_url)
            _use(made, credentials)
            (answered,) = performed(NoThreads(made), GET)

        assert answered.item == KEY
        assert [b"Credential=old/" in request for request in server.requests] == [True, False]

    def test_that_expired_for_good_are_an_error(self) -> None:
        expired = refusal("ExpiredTokenException", "too old")
        with kept(lambda _: expired) as server, pytest.raises(AccessDenied, match="have expired"):
            performed(NoThreads(client(server.endpoint_url)), GET)

        assert len(server.requests) == 1


class _Renewable:
    method = "test"

    def __init__(self, key: str) -> None:
        self.key = key
        self.threads: list[str] = []

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self.threads.append(threading.current_thread().name)
        return ReadOnlyCredentials(self.key, "s", "t", None)


def _use(made: BaseClient, credentials: Any) -> None:
    made._request_signer._credentials = credentials  # type: ignore[attr-defined]  # what a provider gives


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key = path.with_name("key.pem")
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(path)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name, *files],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


class TestCertificates:
    def test_are_verified_as_the_client_does(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with kept(found, context, host="localhost") as server:
            config = Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={"https": ""})
            clients = {
                verify: session().client(
                    "dynamodb", endpoint_url=server.endpoint_url, verify=verify, config=config
                )
                for verify in (str(certificate), False, True)
            }

            for verify in (str(certificate), False):
                (answered,) = performed(NoThreads(clients[verify]), GET)
                assert answered.item == KEY
            with pytest.raises(StoreUnavailable) as unknown:
                performed(NoThreads(clients[True]), GET)

        assert unknown.value.code == "SSLError"


class TestSuitability:
    def test_is_not_of_clients_whose_requests_others_change(self) -> None:
        with kept(found) as server:
            made = client(server.endpoint_url)
            made.meta.events.register(
                "before-sign.dynamodb", lambda request, **_: request.headers.add_header("X-Own", "1")
            )
            (answered,) = performed(made, GET)
            made.close()

        assert answered.item == KEY
        assert b"X-Own: 1\r\n" in server.requests[0]

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"retries": {"mode": "adaptive"}}, "adaptive"),
            ({"proxies": {"http": "http://127.0.0.1:1"}}, "proxy"),
            ({"proxies_config": {"proxy_use_forwarding_for_https": True}}, "proxies_config"),
        ],
    )
    def test_is_not_of_clients_with(self, config: dict[str, Any], said: str) -> None:
        assert said in (obstacle_of(client(**config)) or "")

    def test_is_told_once_in_the_log_and_threads_serve(self, caplog: pytest.LogCaptureFixture) -> None:
        with kept(found) as server, caplog.at_level(logging.INFO, "persistence"):
            made = client(server.endpoint_url, retries={"mode": "adaptive"})
            answers = performed(made, GET, GET, PUT)
            made.close()

        assert [answer.item for answer in answers[:2]] == [KEY, KEY]
        assert caplog.text.count("store.native_refused") == 1


class TestSharing:
    def test_one_store_serves_both(self) -> None:
        with kept(found) as server:
            below = DynamoStore(client(server.endpoint_url))
            answers = [below.perform(GET), *performed(below, GET)]
            below.client.close()

        assert [answer.item for answer in answers] == [KEY, KEY]

    def test_binary_values_come_back(self) -> None:
        item = {"id": {"S": "1"}, "b": {"B": "AAH/"}, "m": {"M": {"B": {"S": "x"}}}}
        with kept(lambda _: Answer({"Item": item})) as server:
            (answered,) = performed(NoThreads(client(server.endpoint_url)), GET)

        assert answered.item == {**item, "b": {"B": b"\x00\x01\xff"}}
