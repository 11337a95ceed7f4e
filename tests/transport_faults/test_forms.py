"""Calls on the fast lane that botocore has no part in: nobody can tell, and whoever has a say is asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from persistence.errors import ConditionFailed
from persistence.expressions import AttributeNotExists, Path
from persistence.operations import GetItem, PutItem, TransactWrite
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.fast_lane import forms
from tests.transport_faults.faults import KEY, OPERATIONS, SERVER_ERROR, TABLE
from tests.transport_faults.misbehaving import Answer, Misbehaving, Step, misbehaving, refusal
from tests.transport_faults.ways import Way, store_on

GET = GetItem(TABLE, KEY)
FOUND = Answer({"Item": KEY})
FAILED = refusal("ConditionalCheckFailedException", "The conditional request failed", 400)
VOLATILE = {"authorization", "x-amz-date", "amz-sdk-invocation-id"}


@contextmanager
def lane(*steps: Step) -> Iterator[tuple[DynamoStore, Misbehaving]]:
    with misbehaving([FOUND, *steps]) as server, store_on("fast lane", server) as store:
        store.perform(GET)
        yield store, server


def test_the_second_call_is_made_without_botocore_and_asks_the_same(calls: list[str]) -> None:
    with lane(FOUND) as (store, server):
        assert store.perform(GET).item == KEY

        first, second = server.requests
        assert calls == ["GetItem"]
        assert first.body == second.body
        assert list(first.headers) == list(second.headers)
        assert {name: first.headers[name] for name in first.headers.keys() - VOLATILE} == {
            name: second.headers[name] for name in second.headers.keys() - VOLATILE
        }
        assert first.connection == second.connection


def test_what_it_can_not_end_goes_on_in_botocore_as_one_call(calls: list[str]) -> None:
    with lane(SERVER_ERROR, FOUND) as (store, server):
        assert store.perform(GET).item == KEY

        _, failed, repeated = server.requests
        assert failed.headers["amz-sdk-invocation-id"] == repeated.headers["amz-sdk-invocation-id"]
        assert failed.body == repeated.body
        assert calls == ["GetItem", "GetItem"]


def test_an_error_is_that_of_the_client(calls: list[str]) -> None:
    create = PutItem(TABLE, KEY, AttributeNotExists(Path.of("id")))
    with lane(Answer({}), FAILED) as (store, _):
        store.perform(create)
        with pytest.raises(ConditionFailed) as caught:
            store.perform(create)

        kind: Any = store.client.exceptions
        assert isinstance(caught.value.__cause__, kind.ConditionalCheckFailedException)
        assert isinstance(caught.value.__cause__, ClientError)
        assert caught.value.__cause__.operation_name == "PutItem"
        assert calls == ["GetItem", "PutItem"]


def test_who_waits_for_the_end_of_calls_hears_of_it(calls: list[str]) -> None:
    heard: list[Any] = []
    with lane(FOUND, FAILED) as (store, _):
        store.client.meta.events.register(
            "after-call.dynamodb.GetItem",
            lambda http_response, parsed, model, context, **_: heard.append(
                (http_response.status_code, parsed["ResponseMetadata"]["RetryAttempts"], model.name, context)
            ),
        )
        store.perform(GET)
        with pytest.raises(ConditionFailed):
            store.perform(GET)

        assert [told[:3] for told in heard] == [(200, 0, "GetItem"), (400, 0, "GetItem")]
        assert heard[0][3]["client_config"] is store.client.meta.config
        assert heard[0][3] is not heard[1][3]
        assert calls == ["GetItem"]


class TestWhoHasASay:
    @pytest.mark.parametrize(
        "event",
        [
            "provide-client-params.dynamodb",
            "before-parameter-build.dynamodb.GetItem",
            "before-endpoint-resolution.dynamodb",
            "before-call.dynamodb",
            "before-send.dynamodb",
            "request-created.dynamodb",
        ],
    )
    def test_is_asked(self, event: str) -> None:
        heard: list[Any] = []

        def hear(**_: object) -> None:
            heard.append(event)

        with lane(FOUND, FOUND, FOUND) as (store, _):
            store.client.meta.events.register(event, hear)
            store.perform(GET)
            assert heard

            store.client.meta.events.unregister(event, hear)
            heard.clear()
            assert store.perform(GET).item == KEY
            assert not heard

    def test_answers_in_its_place(self) -> None:
        with lane() as (store, server), Stubber(store.client) as stub:
            stub.add_response("get_item", {"Item": {"id": {"S": "stubbed"}}})

            assert store.perform(GET).item == {"id": {"S": "stubbed"}}
            assert server.attempts == 1

    def test_wraps_the_calls_of_all_clients(self, monkeypatch: pytest.MonkeyPatch) -> None:
        traced: list[Any] = []
        wrapped = BaseClient._make_api_call  # type: ignore[attr-defined]

        @wraps(wrapped)
        def around(self: Any, operation: str, parameters: Any) -> Any:
            traced.append((operation, parameters))
            return wrapped(self, operation, parameters)

        with lane(FOUND, FOUND) as (store, _):
            monkeypatch.setattr(BaseClient, "_make_api_call", around)
            store.perform(GET)
            store.perform(GET)

            assert [name for name, _ in traced] == ["GetItem"] * 2
            assert traced[0][1]["Key"] == KEY

    @pytest.mark.parametrize("name", ["get_item", "_make_api_call"])
    def test_replaces_a_method_of_the_client(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with lane() as (store, server):
            monkeypatch.setattr(store.client, name, lambda *_, **__: {"Item": {"id": {"S": "replaced"}}})

            assert store.perform(GET).item == {"id": {"S": "replaced"}}
            assert server.attempts == 1

    def test_reads_the_log(self, caplog: pytest.LogCaptureFixture, calls: list[str]) -> None:
        with lane(FOUND) as (store, _), caplog.at_level(logging.DEBUG, "botocore"):
            store.perform(GET)

        assert calls == ["GetItem"] * 2


@pytest.mark.parametrize("way", ["tuned", "fast lane"])
def test_what_handlers_change_is_what_is_sent(way: Way) -> None:
    def change(params: Any, **_: object) -> None:
        params["TransactItems"][0]["Put"]["Item"]["tags"] = {"L": ({"S": "changed"},)}

    transaction = TransactWrite((PutItem(TABLE, {**KEY}),), token="token-1")
    with misbehaving([Answer({})] * 2) as server, store_on(way, server) as store:
        store.perform(transaction)
        store.client.meta.events.register("before-parameter-build.dynamodb", change)
        store.perform(transaction)

        assert b"changed" not in server.requests[0].body
        assert b'"tags": {"L": [{"S": "changed"}]}' in server.requests[1].body


class TestWhatIsLeftToBotocore:
    def test_is_a_transaction_that_it_gives_a_token(self, calls: list[str]) -> None:
        with lane(Answer({}), Answer({})) as (store, server):
            store.perform(OPERATIONS["transaction"])
            store.perform(OPERATIONS["transaction without token"])

            assert b"ClientRequestToken" in server.requests[-1].body
            assert calls == ["GetItem", *["TransactWriteItems"] * 2]

    def test_is_what_it_has_not_said_for_a_while(
        self, calls: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with lane(FOUND) as (store, _):
            monkeypatch.setattr(forms, "FRESH_SECONDS", 0.0)
            store.perform(GET)

        assert calls == ["GetItem"] * 2

    def test_is_a_value_that_it_refuses(self, calls: list[str]) -> None:
        wrong: Any = {"id": {"S": 5}}
        with lane() as (store, server):
            with pytest.raises(Exception, match="Invalid type for parameter Key"):
                store.perform(GetItem(TABLE, wrong))

            assert server.attempts == 1


def test_a_function_on_lambda_tells_whose_request_it_serves(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1;Parent=a")
    with lane(FOUND) as (store, server):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=2;Parent=b")
        store.perform(GET)

        assert [one.headers["x-amzn-trace-id"] for one in server.requests] == [
            "Root=1;Parent=a",
            "Root=2;Parent=b",
        ]
        assert "x-amzn-trace-id" not in server.requests[1].headers["authorization"]
        assert calls == ["GetItem"]
