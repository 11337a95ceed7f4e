"""What the fast lane does with its connections, mocks and handlers of others, and where it refuses itself."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.stub import Stubber
from moto.core.models import botocore_stubber

from persistence.errors import AccessDenied, StoreUnavailable
from persistence.operations import BatchGetItems, GetItem, Page, ScanPage
from persistence.stores.dynamodb import DynamoStore
from tests.transport_faults.faults import EXPIRED, ITEM, KEY, OK, OPERATIONS, SERVER_ERROR, TABLE, THROTTLED
from tests.transport_faults.misbehaving import Answer, Meeting, Misbehaving, Step, misbehaving
from tests.transport_faults.ways import performed, store_on

GET = GetItem(TABLE, KEY)
ADD_ONE = OPERATIONS["add one"]
FOUND = {**ITEM, "data": {"B": b"\0\1\2"}}


@contextmanager
def lane(*steps: Step, **settings: Any) -> Iterator[tuple[DynamoStore, Misbehaving]]:
    with misbehaving(steps) as server, store_on("fast lane", server, **settings) as store:
        yield store, server


def given(endpoint_url: str, **config: Any) -> BaseClient:
    retries = {"mode": "standard", "total_max_attempts": 3}
    whole: Any = {"connect_timeout": 0.5, "read_timeout": 0.25, "retries": retries, **config}
    session = boto3.session.Session(region_name="us-east-1")
    client = session.client("dynamodb", endpoint_url=endpoint_url, config=Config(**whole))
    # These tests import moto, and it has all clients that are made from then on ask it first.
    mock: Any = botocore_stubber
    client.meta.events.unregister("before-send", mock)
    return client


def fast(endpoint_url: str, whose: str) -> DynamoStore:
    if whose == "given":
        return DynamoStore(given(endpoint_url), fast_lane=True)
    return DynamoStore(region="us-east-1", endpoint_url=endpoint_url, fast_lane=True)


class TestConnections:
    def test_are_kept(self) -> None:
        with lane(OK, OK, OK) as (store, server):
            for _ in range(3):
                store.perform(GET)

            assert store.fast_lane.used
            assert server.connections == 1

    @pytest.mark.parametrize("death", [Answer(OK.body, closes=True), Answer(OK.body, resets=True)])
    def test_that_died_while_idle_leave_no_doubt(self, death: Answer) -> None:
        with lane(death, OK) as (store, server):
            store.perform(ADD_ONE)
            server.wait_for_an_end()

            store.perform(ADD_ONE)

            assert server.attempts == 2
            assert server.connections == 2

    def test_with_something_left_to_read_are_not_asked_again(self) -> None:
        with lane(Answer(b'{}{"Item": {}}', headers={"Content-Length": "2"}, checksum="none"), OK) as (
            store,
            server,
        ):
            store.perform(GET)

            assert store.perform(GET).item == FOUND
            assert server.connections == 2

    def test_after_an_answer_that_did_not_come_are_not_asked_again(self) -> None:
        late, second = Answer(OK.body, after=0.4), Answer({"Item": {"id": {"S": "second"}}})
        with lane(late, second, second, read_timeout=0.25) as (store, server):
            assert store.perform(GET).item == {"id": {"S": "second"}}
            assert [one.connection for one in server.requests].count(0) == 1

    def test_are_at_most_as_many_as_the_client_keeps(self) -> None:
        steps = [Meeting(OK, Barrier(4))] * 8
        with lane(*steps, connections=2) as (store, server), ThreadPoolExecutor(4) as threads:
            list(threads.map(store.perform, [GET] * 4))
            first = server.connections
            list(threads.map(store.perform, [GET] * 4))

            assert first == 4
            assert server.connections > first

    def test_serve_many_threads(self) -> None:
        with lane(*[Answer({"Item": {"id": {"S": str(n)}}}) for n in range(200)]) as (store, server):
            with ThreadPoolExecutor(8) as threads:
                found = list(threads.map(lambda _: (store.perform(GET).item or KEY)["id"]["S"], range(200)))

            assert sorted(found, key=int) == [str(n) for n in range(200)]
            assert server.connections <= 8

    def test_are_closed_with_the_store(self) -> None:
        with lane(OK, OK) as (store, server):
            store.perform(GET)

            store.close()
            store.perform(GET)

            assert server.connections == 2

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    @pytest.mark.parametrize("whose", ["own", "given"])
    def test_of_a_parent_are_not_used_by_a_forked_process(self, whose: str) -> None:
        with misbehaving([OK] * 4) as server:
            client = given(server.endpoint_url) if whose == "given" else None
            url = server.endpoint_url if client is None else None
            store = DynamoStore(
                client, region=None if client else "us-east-1", endpoint_url=url, fast_lane=True
            )
            store.perform(GET)
            child = os.fork()
            if child == 0:
                os._exit(0 if performed(store, GET).error is None else 1)

            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            store.perform(GET)
            assert [one.connection for one in server.requests] == [0, 1, 0]
            store.close()


class TestAnswers:
    def test_are_what_the_service_said(self) -> None:
        with lane(OK) as (store, _):
            assert store.perform(GET).item == FOUND

    def test_may_be_huge(self) -> None:
        items = [{"id": {"S": str(n)}, "text": {"S": "x" * 100_000}} for n in range(200)]
        huge = Answer({"Items": items, "Count": 200, "ScannedCount": 200})
        with lane(huge, OK, read_timeout=10.0) as (store, server):
            page: Page = store.perform(ScanPage(TABLE))

            assert [item["text"]["S"] for item in page.items] == ["x" * 100_000] * 200
            store.perform(GET)
            assert server.connections == 1

    def test_bear_the_metadata_that_botocore_gives(self) -> None:
        seen = []
        for way in ("plain", "fast lane"):
            with misbehaving([OK]) as server, store_on(way, server) as store:
                store.client.meta.events.register(
                    "after-call.dynamodb",
                    lambda parsed, http_response, **_: seen.append((parsed, http_response)),
                )
                store.perform(GET)

        (plain, plain_http), (fast, fast_http) = seen
        assert fast == plain
        assert (fast_http.status_code, fast_http.content, fast_http.text) == (
            plain_http.status_code,
            plain_http.content,
            plain_http.text,
        )
        assert dict(fast_http.headers) == dict(plain_http.headers)
        assert fast_http.headers["X-AMZN-REQUESTID"] == "ABCDEFGHIJ"

    def test_are_asked_for_with_the_headers_that_botocore_sends(self) -> None:
        sent = []
        for way in ("plain", "fast lane, not tuned"):
            with misbehaving([OK]) as server, store_on(way, server) as store:
                store.perform(GET)
                sent.append((server.requests[0].headers, server.requests[0].body))

        (plain, plain_body), (fast, fast_body) = sent
        assert fast.keys() == plain.keys()
        assert fast_body == plain_body
        # Old versions of botocore don't tell how many attempts there may be.
        assert fast.pop("amz-sdk-request").startswith(plain.pop("amz-sdk-request"))
        same = plain.keys() - {"host", "authorization", "x-amz-date", "amz-sdk-invocation-id", "user-agent"}
        assert {name: fast[name] for name in same} == {name: plain[name] for name in same}
        scope = "Credential=AKIDEXAMPLE/"
        assert scope in fast["authorization"]
        assert (
            fast["authorization"].split("SignedHeaders=")[1].split(",")[0]
            == (plain["authorization"].split("SignedHeaders=")[1].split(",")[0])
        )

    def test_of_all_attempts_have_one_identifier(self) -> None:
        with lane(SERVER_ERROR, SERVER_ERROR, OK) as (store, server):
            store.perform(GET)

            assert len({one.headers["amz-sdk-invocation-id"] for one in server.requests}) == 1
            assert [one.headers["amz-sdk-request"].split(";")[0] for one in server.requests] != []


class TestCredentials:
    def test_are_fetched_anew_when_they_expired(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        count = tmp_path / "count"
        soon = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        program = tmp_path / "credentials.sh"
        program.write_text(
            f'echo x >> {count}\nn=$(wc -l < {count} | tr -d " ")\n'
            'echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"KEY$n\\", \\"SecretAccessKey\\": \\"s$n\\", '
            '\\"SessionToken\\": \\"token$n\\", \\"Expiration\\": \\"' + soon + '\\"}"\n'
        )
        (tmp_path / "config").write_text(f"[default]\ncredential_process = sh {program}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with lane(EXPIRED, OK) as (store, server):
            with pytest.raises(AccessDenied):
                store.perform(GET)
            store.perform(GET)

            first, second = (one.headers["x-amz-security-token"] for one in server.requests)
            assert first != second

    def test_that_are_missing_are_missed_in_botocores_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with lane(OK) as (store, server):
            with pytest.raises(AccessDenied, match="no usable credentials"):
                store.perform(GET)

            assert server.attempts == 0


class TestMocks:
    def test_answer_before_anything_is_sent(self) -> None:
        with lane(OK) as (store, server):
            store.client.meta.events.register("before-send.dynamodb", _mock([(200, {"Item": KEY})]))

            assert store.perform(GET).item == KEY
            assert store.fast_lane.used
            assert server.attempts == 0

    @pytest.mark.parametrize("way", ["plain", "fast lane"])
    def test_are_asked_as_often_as_without_it(self, way: Any) -> None:
        asked: list[Any] = []
        answers = [(500, {}), (503, {}), (200, {"Item": KEY})]
        with misbehaving([]) as server, store_on(way, server) as store:
            store.client.meta.events.register("before-send.dynamodb", _mock(answers, asked))

            assert store.perform(GET).item == KEY
            assert len(asked) == 3

    def test_may_leave_it_to_the_service_and_change_headers(self) -> None:
        def change(request: Any, **_: object) -> None:
            request.headers["X-Trace"] = "1"

        with lane(THROTTLED, OK) as (store, server):
            store.client.meta.events.register("before-send.dynamodb", change)

            store.perform(GET)

            assert [one.headers["x-trace"] for one in server.requests] == ["1", "1"]

    def test_may_fail(self) -> None:
        def fail(**_: object) -> None:
            raise StoreUnavailable("the mock says so", ambiguous=False)

        with lane(OK) as (store, server):
            store.client.meta.events.register("before-send.dynamodb", fail)

            with pytest.raises(StoreUnavailable, match="the mock says so"):
                store.perform(GET)
            assert server.attempts == 0

    def test_of_botocore_answer(self) -> None:
        with lane(OK) as (store, server):
            with Stubber(store.client) as stub:
                stub.add_response("get_item", {"Item": KEY})

                assert store.perform(GET).item == KEY
            assert server.attempts == 0


class TestHandlersBeforeACall:
    def test_may_add_headers(self) -> None:
        def add(params: Any, **_: object) -> None:
            params["headers"]["X-Early"] = "1"

        with lane(OK) as (store, server):
            store.client.meta.events.register("before-call.dynamodb", add)

            store.perform(GET)

            assert server.requests[0].headers["x-early"] == "1"

    def test_can_not_break_lines(self) -> None:
        def add(params: Any, **_: object) -> None:
            params["headers"]["X-Early"] = "1\r\nX-Forged: 2"

        with lane(OK) as (store, server):
            store.client.meta.events.register("before-call.dynamodb", add)

            with pytest.raises(StoreUnavailable):
                store.perform(GET)
            assert server.attempts == 0


class TestOtherCallers:
    def test_of_the_client_are_left_to_botocore(self) -> None:
        with lane(OK, OK) as (store, server):
            store.perform(GET)

            answer = store.client.get_item(TableName="things", Key=KEY)  # type: ignore[attr-defined]

            assert answer["Item"] == FOUND
            assert server.connections == 2

    def test_stores_without_it_on_the_same_client(self) -> None:
        with misbehaving([OK, OK]) as server:
            client = given(server.endpoint_url)
            fast, usual = DynamoStore(client, fast_lane=True), DynamoStore(client)
            fast.perform(GET)
            usual.perform(GET)

            assert server.connections == 2
            assert not usual.fast_lane.used
            fast.close()
            client.close()

    def test_batches_are_served_too(self) -> None:
        with lane(Answer({"Responses": {"things": [ITEM]}, "UnprocessedKeys": {}})) as (store, _):
            assert store.perform(BatchGetItems((GetItem(TABLE, KEY),))).items


class TestRefusal:
    def test_says_why_once(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        with lane(OK, OK) as (store, server):
            store.client.meta.events.register("needs-retry.dynamodb", lambda **_: None)
            with caplog.at_level(logging.WARNING, "persistence"):
                store.perform(GET)
                store.perform(GET)

            assert [
                m for m in caplog.messages if "fast_lane.refused" in m and "needs-retry" in m
            ] == caplog.messages[:1]
            assert len(caplog.messages) == 1
            assert server.attempts == 2

    @pytest.mark.parametrize(
        "event",
        [
            "request-created",
            "request-created.dynamodb.GetItem",
            "before-sign.dynamodb",
            "choose-signer.*.*",
            "response-received",
            "needs-retry.dynamodb",
            "before-parse.dynamodb",
        ],
    )
    @pytest.mark.parametrize("whose", ["own", "given"])
    def test_where_others_wait_for_what_it_does_not_emit(self, event: str, whose: str) -> None:
        heard = []

        def listen(**_: object) -> None:
            heard.append(1)

        with misbehaving([OK] * 3) as server:
            client = given(server.endpoint_url) if whose == "given" else None
            url = None if client else server.endpoint_url
            store = DynamoStore(
                client, region=None if client else "us-east-1", endpoint_url=url, fast_lane=True
            )
            store.perform(GET)
            assert store.fast_lane.used
            store.client.meta.events.register(event, listen)
            store.perform(GET)

            assert heard
            assert store.fast_lane.reason is not None
            assert event in store.fast_lane.reason

            store.client.meta.events.unregister(event, listen)
            assert store.fast_lane.used
            store.close()
            store.client.close()

    def test_not_where_they_wait_for_events_of_other_services(self) -> None:
        with lane(OK) as (store, _):
            store.client.meta.events.register("needs-retry.s3", lambda **_: None)

            assert store.fast_lane.used

    def test_where_others_are_called_after_it(self) -> None:
        with lane(OK) as (store, server):

            def change(params: Any, **_: object) -> None:
                params["headers"]["X-Late"] = "1"

            store.client.meta.events.register_last("before-call", change)
            store.perform(GET)

            assert server.requests[0].headers["x-late"] == "1"

    @pytest.mark.parametrize(
        ("config", "reason"),
        [
            ({"proxies": {"http": "http://127.0.0.1:1"}}, "proxy"),
            ({"client_cert": "/nowhere"}, "certificate"),
            ({"signature_version": "v3"}, "signed"),
            ({"retries": {"mode": "adaptive"}}, "before-send|needs-retry"),
        ],
    )
    def test_where_the_configuration_says_so(self, config: dict[str, Any], reason: str) -> None:
        state = DynamoStore(given("http://127.0.0.1:1", **config), fast_lane=True).fast_lane

        assert not state.used
        assert any(word in (state.reason or "") for word in reason.split("|"))

    @pytest.mark.parametrize("whose", ["own", "given"])
    def test_where_the_environment_names_a_proxy(self, whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        url = "https://dynamodb.us-east-1.amazonaws.com"
        store = fast(url, whose)

        assert store.fast_lane.reason == "requests go through a proxy"

    def test_not_where_the_environment_excepts_the_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with lane(OK) as (store, _):
            assert store.fast_lane.used

    def test_where_endpoints_are_discovered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_DISCOVERY_ENABLED", "true")
        store = DynamoStore(region="us-east-1", fast_lane=True)

        assert not store.fast_lane.used

    def test_of_an_endpoint_of_dax(self) -> None:
        url = "http://my.abc.dax-clusters.us-east-1.amazonaws.com"

        assert "DAX" in (DynamoStore(given(url), fast_lane=True).fast_lane.reason or "")

    def test_of_a_given_client_that_mocks_listen_to(self) -> None:
        client = given("http://127.0.0.1:1")
        client.meta.events.register("before-send.dynamodb", _mock([(200, {"Item": KEY})]))

        store = DynamoStore(client, fast_lane=True)

        assert "before-send" in (store.fast_lane.reason or "")
        assert store.perform(GET).item == KEY

    def test_of_a_client_that_can_not_be_looked_into(self) -> None:
        client = given("http://127.0.0.1:1")
        client._endpoint.http_session = object()  # type: ignore[attr-defined]

        assert "can't be known" in (DynamoStore(client, fast_lane=True).fast_lane.reason or "")

    def test_if_it_was_not_asked_for(self) -> None:
        store = DynamoStore(given("http://127.0.0.1:1"))

        assert not store.fast_lane.used


def _mock(answers: list[tuple[int, dict[str, Any]]], asked: list[Any] | None = None) -> Any:
    waiting = list(answers)

    def answer(request: Any, **_: object) -> AWSResponse:
        if asked is not None:
            asked.append(request)
        status, body = waiting.pop(0)
        headers: Any = {}
        return AWSResponse(request.url, status, headers, _Body(json.dumps(body).encode()))

    return answer


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
