"""The shorter way through botocore: the same requests, answers and errors as on the plain way."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec  # noqa: F401  # where it is loaded it is used from the first body on
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

from persistence.errors import InvalidRequest, PersistenceError, StoreError
from persistence.expressions import Add, AttributeNotExists, Compare, KeyCondition, Path, Value
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    DescribeTable,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.tuning import STUBS, tune
from persistence.table import Table
from tests.unit.stores.dynamodb.wire import Reply, Wire, refusal, reply, wired

THINGS = Table("things", "id")
PAGES = Table("pages", "book", "number")
KEY: dict[str, Any] = {"id": {"S": "1"}}
BYTES = {"B": b"\x00\xff"}
ITEM: dict[str, Any] = {
    **KEY,
    "B": {"M": {"B": {"B": b"\x00B"}, "BS": {"BS": [b"\x01", b"\x02"]}}},
    "N": {"N": "-1.5E+3"},
    "flags": {"L": [{"BOOL": True}, {"NULL": True}, {"BOOL": False}, {"L": []}, {"M": {}}]},
    "names": {"SS": ["a", "ü", "😀"]},
    "numbers": {"NS": ["1", "2"]},
    "text": {"S": 'null :null "B" \\ \u2028'},
}
SENT_ITEM = json.loads(json.dumps(ITEM, default=lambda value: b64encode(value).decode()))
NEW = AttributeNotExists(Path.of("id"))
PUT = PutItem(THINGS, ITEM, NEW, item_on_failure=True)
UPDATE = UpdateItem(THINGS, KEY, (Add(Path.of("n"), Value({"N": "1"})),), returning="new")
QUERY = QueryPage(
    PAGES,
    KeyCondition(("book", {"S": "x"}), Compare(">", Path.of("number"), Value({"N": "1"}))),
    filter=Compare("=", Path.of("b"), Value(BYTES)),
    projection=(Path.of("number"),),
    limit=3,
    start={"book": {"S": "x"}, "number": {"N": "2"}},
    descending=True,
    consistent=True,
)
CAPACITY = {"ConsumedCapacity": {"TableName": "things", "CapacityUnits": 1.5}}
FOUND = {"Item": SENT_ITEM, **CAPACITY}
PAGE = {"Items": [SENT_ITEM, SENT_ITEM], "Count": 2, "ScannedCount": 3, "LastEvaluatedKey": KEY, **CAPACITY}

CASES: dict[str, tuple[Operation[Any], Any]] = {
    "get": (GetItem(THINGS, KEY, consistent=True, projection=(Path.of("name"),)), FOUND),
    "get nothing": (GetItem(THINGS, KEY), {}),
    "put": (PUT, {"Attributes": SENT_ITEM, **CAPACITY}),
    "update": (UPDATE, {"Attributes": SENT_ITEM}),
    "touch": (UpdateItem(THINGS, KEY, ()), {}),
    "delete": (DeleteItem(THINGS, KEY, NEW, returning="old"), {}),
    "query": (QUERY, PAGE),
    "count": (QueryPage(PAGES, QUERY.key_condition, count_only=True), {"Count": 5, "ScannedCount": 5}),
    "scan": (ScanPage(THINGS, segment=0, segments=2), PAGE),
    "batch get": (
        BatchGetItems((GetItem(THINGS, KEY), GetItem(PAGES, {"book": {"S": "x"}, "number": {"N": "1"}}))),
        {"Responses": {"things": [SENT_ITEM]}, "UnprocessedKeys": {"things": {"Keys": [KEY]}}},
    ),
    "batch write": (
        BatchWriteItems((PutItem(THINGS, ITEM), DeleteItem(THINGS, {"id": {"S": "2"}}))),
        {"UnprocessedItems": {"things": [{"PutRequest": {"Item": SENT_ITEM}}]}},
    ),
    "transact get": (TransactGet((GetItem(THINGS, KEY),)), {"Responses": [{"Item": SENT_ITEM}]}),
    "transact write": (
        TransactWrite(
            (
                ConditionCheck(THINGS, {"id": {"S": "4"}}, NEW),
                PUT,
                UpdateItem(THINGS, {"id": {"S": "2"}}, UPDATE.actions),
                DeleteItem(THINGS, {"id": {"S": "3"}}),
            ),
            token="token-1",
        ),
        {},
    ),
}
EACH = pytest.mark.parametrize(("operation", "content"), list(CASES.values()), ids=list(CASES))

KINDS = ("get", "put", "query", "batch write", "transact write")
OF_EACH_KIND = pytest.mark.parametrize(
    ("operation", "content"), [CASES[kind] for kind in KINDS], ids=list(KINDS)
)
WAYS: dict[str, dict[str, Any]] = {"tuned": {}, "tuned without msgspec": {"accelerated": False}}
WAY = pytest.mark.parametrize("way", list(WAYS.values()), ids=list(WAYS))

FAILURES: dict[str, list[Reply]] = {
    "condition": [refusal("ConditionalCheckFailedException", Item=SENT_ITEM)],
    "cancelled": [
        refusal(
            "TransactionCanceledException",
            CancellationReasons=[
                {"Code": "ConditionalCheckFailed", "Message": "no", "Item": SENT_ITEM},
                {"Code": "None"},
            ],
        )
    ],
    "throttled once": [refusal("ProvisionedThroughputExceededException"), reply({})],
    "throttled": [refusal("ThrottlingException")],
    "server error": [refusal("InternalServerError", 500)],
    "server error once": [refusal("InternalServerError", 500), reply({})],
    "page of a proxy": [Reply(b"<html><body>Service Unavailable</body></html>", 503)],
    "page of a proxy as success": [Reply(b"<html></html>")],
    "no table": [refusal("ResourceNotFoundException")],
    "unknown": [refusal("SomethingNewException")],
    "wrong checksum": [Reply(b'{"Item": {}}', wrong_checksum=True)],
    "wrong checksum once": [Reply(b'{"Item": {}}', wrong_checksum=True), reply({})],
    "cut off": [Reply(b'{"Item": {"id": {"S": "1"}}}', cut=4)],
    "a list": [Reply(b"[]")],
    "nothing": [Reply(b"")],
    "no Unicode": [Reply(b'{"Item": {"id": {"S": "\xff"}}}')],
    "no base64": [Reply(b'{"Item": {"id": {"B": "x"}}}')],
}


@dataclass(frozen=True)
class Outcome:
    result: Any
    error: Mapping[str, Any] | None
    contents: list[Any]


def outcome(replies: list[Reply], operation: Operation[Any], **way: Any) -> Outcome:
    wire = Wire(replies)
    store = DynamoStore(wired(wire), **way)
    try:
        result, error = store.perform(operation), None
    except (PersistenceError, AttributeError, TypeError, ValueError, LookupError, StopIteration) as raised:
        result, error = None, {"type": type(raised), "text": str(raised), **vars(raised), **cause(raised)}
    return Outcome(result, error, wire.contents)


def cause(error: Exception) -> Mapping[str, Any]:
    """Give the foreign error, with the whole of the answer."""
    foreign = error.__cause__
    response = foreign.response if isinstance(foreign, ClientError) else None
    return {"foreign": type(foreign), "foreign text": str(foreign), "response": response}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


class TestRequestsAndAnswers:
    @EACH
    @WAY
    def test_are_those_of_the_plain_way(
        self, operation: Operation[Any], content: Any, way: dict[str, Any]
    ) -> None:
        plain = outcome([reply(content)], operation, tuned=False)

        assert outcome([reply(content)], operation, **way) == plain
        assert plain.error is None

    @OF_EACH_KIND
    @WAY
    @pytest.mark.parametrize("replies", list(FAILURES.values()), ids=list(FAILURES))
    def test_fail_as_on_the_plain_way(
        self, operation: Operation[Any], content: Any, replies: list[Reply], way: dict[str, Any]
    ) -> None:
        assert outcome(replies, operation, **way) == outcome(replies, operation, tuned=False)

    @EACH
    def test_are_written_the_short_way(self, operation: Operation[Any], content: Any) -> None:
        """Otherwise all the other tests say nothing."""
        wire = Wire([reply(content)])

        DynamoStore(wired(wire), accelerated=False).perform(operation)

        assert b'": ' not in wire.requests[0].body

    @EACH
    def test_have_the_same_headers(self, operation: Operation[Any], content: Any) -> None:
        def headers(**way: Any) -> dict[str, Any]:
            wire = Wire([reply(content)])
            DynamoStore(wired(wire, token="session"), **way).perform(operation)
            sent = dict(wire.requests[0].headers)
            own = ("User-Agent", "amz-sdk-invocation-id", "X-Amz-Date", "Content-Length", "Authorization")
            return {name: value for name, value in sent.items() if name not in own} | {
                "names": list(sent),
                "signed": sent["Authorization"].split(b",")[:2],
            }

        assert headers() == headers(tuned=False)

    def test_of_a_transaction_without_token_carry_one_of_botocore_in_all_attempts(self) -> None:
        wire = Wire([refusal("InternalServerError", 500), reply({})])

        DynamoStore(wired(wire)).perform(TransactWrite((PUT,)))

        first, second = (content["ClientRequestToken"] for content in wire.contents)
        assert first == second
        assert len(first) >= 32

    def test_with_nulls_or_unknown_members_are_read_by_botocore(self) -> None:
        content = {"Item": {"id": {"S": "1", "N": None}, "a": None}, "Attributes": None, "New": 1}

        assert outcome([reply(content)], CASES["get"][0]) == outcome(
            [reply(content)], CASES["get"][0], tuned=False
        )


MALFORMED: dict[str, Any] = {
    "number that is no text": {"N": 1},
    "text that is a number": {"S": 1},
    "text that is bytes": {"S": b"x"},
    "bytes that are text": {"B": "x"},
    "bytearray": {"B": bytearray(b"x")},
    "flag that is text": {"BOOL": "true"},
    "set of numbers that are none": {"NS": [1]},
    "set of text that is bytes": {"SS": [b"x"]},
    "set of bytes that are text": {"BS": ["x"]},
    "list of plain data": {"L": ["x"]},
    "tuple": {"L": ({"S": "x"},)},
    "map of plain data": {"M": {"a": "x"}},
    "map of a number's name": {"M": {1: {"S": "x"}}},
    "deep": {"L": [{"M": {"a": {"L": [{"N": 1}]}}}]},
    "nothing": {},
    "two types": {"S": "x", "N": "1"},
    "unknown type": {"X": "x"},
    "plain": "x",
    "none": None,
    "lone surrogate": {"S": "\ud800"},
    "empty text": {"S": ""},
}


class TestMalformedParameters:
    @WAY
    @pytest.mark.parametrize("value", list(MALFORMED.values()), ids=list(MALFORMED))
    def test_are_refused_or_sent_as_on_the_plain_way(self, value: Any, way: dict[str, Any]) -> None:
        item = {**KEY, "a": value}
        operations: list[Operation[Any]] = [
            PutItem(THINGS, item),
            TransactWrite((PutItem(THINGS, item),), token="t"),
            BatchWriteItems((PutItem(THINGS, item),)),
            ScanPage(THINGS, filter=Compare("=", Path.of("a"), Value(value))),
        ]
        for operation in operations:
            assert outcome([reply({})], operation, **way) == outcome([reply({})], operation, tuned=False)

    @pytest.mark.parametrize(
        "operation",
        [
            PutItem(Table("things", "id"), {"id": {"N": 1}}),
            ScanPage(THINGS, limit=0),
            ScanPage(THINGS, index="ab"),
            TransactWrite(()),
            TransactWrite((UpdateItem(THINGS, KEY, ()),)),
        ],
    )
    def test_are_refused_before_anything_is_sent(self, operation: Operation[Any]) -> None:
        wire = Wire()

        with pytest.raises(InvalidRequest):
            DynamoStore(wired(wire)).perform(operation)

        assert wire.requests == []


class TestHandlersOfOthers:
    @pytest.mark.parametrize("event", ["provide-client-params", "before-parameter-build"])
    @pytest.mark.parametrize("place", ["", ".*.*", ".dynamodb", ".dynamodb.PutItem"])
    @pytest.mark.parametrize("how", ["register_first", "register", "register_last"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_see_all_parameters_and_may_change_them(
        self, event: str, place: str, how: str, when: str
    ) -> None:
        wire = Wire()
        client = wired(wire)
        seen: list[dict[str, Any]] = []

        def change(params: dict[str, Any], **_: object) -> None:
            seen.append(dict(params))
            params["TableName"] = "others"
            params["Item"] = {**params["Item"], "who": {"S": "me"}}

        register = getattr(client.meta.events, how)
        if when == "before":
            register(event + place, change)
        store = DynamoStore(client)
        if when == "after":
            register(event + place, change)
        store.perform(PUT)

        assert seen[0]["Item"] == ITEM
        assert wire.contents[0]["TableName"] == "others"
        assert wire.contents[0]["Item"] == {**SENT_ITEM, "who": {"S": "me"}}

    def test_may_give_other_parameters(self) -> None:
        wire = Wire()
        client = wired(wire)
        given = {"TableName": "others", "Item": {"id": {"S": "2"}}}
        client.meta.events.register("provide-client-params.dynamodb.PutItem", lambda **_: given)

        DynamoStore(client).perform(PUT)

        assert wire.contents == [given]
        assert given == {"TableName": "others", "Item": {"id": {"S": "2"}}}

    def test_that_give_nonsense_are_refused_by_botocore(self) -> None:
        wire = Wire()
        client = wired(wire)

        def spoil(params: dict[str, Any], **_: object) -> None:
            params["Unknown"] = 1

        client.meta.events.register("before-parameter-build", spoil)

        with pytest.raises(InvalidRequest, match="Unknown"):
            DynamoStore(client).perform(PUT)

    @pytest.mark.parametrize("place", ["", ".*.*", ".dynamodb", ".dynamodb.PutItem"])
    def test_see_the_request_with_its_body_and_may_change_it(self, place: str) -> None:
        wire = Wire()
        client = wired(wire)
        seen: list[Any] = []

        def change(params: dict[str, Any], **_: object) -> None:
            seen.append(json.loads(params["body"]))
            params["body"] = b'{"TableName": "others"}'
            params["headers"]["x-mine"] = "1"

        client.meta.events.register(f"before-call{place}", change)
        DynamoStore(client).perform(PUT)

        assert seen[0]["Item"] == SENT_ITEM
        assert wire.contents == [{"TableName": "others"}]
        assert wire.requests[0].headers["x-mine"] == b"1"
        assert b"x-mine" in wire.requests[0].headers["Authorization"]

    def test_that_change_the_body_too_early_are_not_passed_over(self) -> None:
        wire = Wire()
        client = wired(wire)

        def change(params: dict[str, Any], **_: object) -> None:
            params["body"] = b"{}"

        client.meta.events.register_first("before-call.*.*", change)

        with pytest.raises(StoreError, match="before-call"):
            DynamoStore(client).perform(PUT)
        assert wire.requests == []

    def test_may_write_the_same_body_in_another_form(self) -> None:
        """As another version of botocore might."""
        wire = Wire()
        client = wired(wire)

        def change(params: dict[str, Any], **_: object) -> None:
            params["body"] = json.dumps(json.loads(params["body"]), separators=(",", ":")).encode()

        client.meta.events.register_first("before-call.*.*", change)
        DynamoStore(client).perform(PUT)

        assert wire.contents[0]["Item"] == SENT_ITEM

    @pytest.mark.parametrize("event", ["before-sign", "request-created", "before-send"])
    def test_see_the_request(self, event: str) -> None:
        client = wired(Wire())
        seen: list[Any] = []

        def look(request: Any, **_: object) -> None:
            seen.append(json.loads(request.body))

        client.meta.events.register_first(event, look)
        DynamoStore(client).perform(PUT)

        assert seen[0]["Item"] == SENT_ITEM

    def test_see_the_whole_answer_and_may_change_it(self) -> None:
        client = wired(Wire([reply(FOUND)]))
        seen: list[Any] = []

        def after(parsed: dict[str, Any], **_: object) -> None:
            seen.append(
                json.loads(json.dumps(parsed["Item"], default=lambda value: b64encode(value).decode()))
            )
            parsed["Item"]["who"] = {"S": "me"}

        def received(response_dict: dict[str, Any], parsed_response: dict[str, Any], **_: object) -> None:
            seen.append(json.loads(response_dict["body"])["Item"])

        client.meta.events.register("after-call.dynamodb.GetItem", after)
        client.meta.events.register("response-received.dynamodb.GetItem", received)
        found = DynamoStore(client).perform(GetItem(THINGS, KEY)).item

        assert seen == [SENT_ITEM, SENT_ITEM]
        assert found == {**ITEM, "who": {"S": "me"}}

    def test_may_make_calls_of_their_own(self) -> None:
        wire = Wire()
        client = wired(wire)
        refused: list[type[Exception]] = []

        def nested(params: dict[str, Any], **_: object) -> None:
            if params["TableName"] == "things":
                try:
                    client.put_item(TableName="others", Item={"id": {"N": 1}})
                except ParamValidationError as error:
                    refused.append(type(error))

        client.meta.events.register("before-endpoint-resolution.dynamodb", nested)
        DynamoStore(client).perform(PUT)

        assert refused == [ParamValidationError]
        assert [content["TableName"] for content in wire.contents] == ["things"]


class TestInstruments:
    def test_around_calls_see_all_parameters_before_and_after(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """OpenTelemetry and X-Ray wrap the method, and X-Ray looks when the call is done."""
        wrapped = BaseClient._make_api_call  # type: ignore[attr-defined]
        seen: list[Any] = []

        def around(self: BaseClient, name: str, parameters: dict[str, Any]) -> Any:
            before = dict(parameters)
            try:
                return wrapped(self, name, parameters)
            finally:
                seen.append((name, before, parameters))

        monkeypatch.setattr(BaseClient, "_make_api_call", around)
        for operation, content in CASES.values():
            DynamoStore(wired(Wire([reply(content)]))).perform(operation)
        with pytest.raises(PersistenceError):
            DynamoStore(wired(Wire([refusal("ValidationException")]))).perform(PUT)

        assert [name for name, *_ in seen][:3] == ["GetItem", "GetItem", "PutItem"]
        assert all(before == after for _, before, after in seen)
        assert seen[-1][1]["Item"] == ITEM

    def test_stubber_checks_parameters_and_answers(self) -> None:
        client = wired(Wire())
        parameters = {"TableName": "things", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}
        with Stubber(client) as stubber:
            stubber.add_response("get_item", {"Item": {"id": {"B": b"x"}}}, parameters)
            stubber.add_client_error("get_item", "ResourceNotFoundException")
            store = DynamoStore(client)
            found = store.perform(GetItem(THINGS, KEY)).item
            with pytest.raises(PersistenceError):
                store.perform(GetItem(THINGS, KEY))

        assert found == {"id": {"B": b"x"}}

    def test_logs_at_debug_show_the_answer(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG, "botocore.parsers"):
            found = DynamoStore(wired(Wire([reply(FOUND)]))).perform(GetItem(THINGS, KEY)).item

        assert found == ITEM
        assert "LastEvaluatedKey" not in caplog.text
        assert "-1.5E+3" in caplog.text


class TestOwnCallsOnTheClient:
    CALLS: tuple[Callable[[Any], Any], ...] = (
        lambda client: client.get_item(TableName="things", Key=KEY),
        lambda client: client.query(TableName="things", KeyConditionExpression="x"),
        lambda client: client.put_item(TableName="things", Item={"id": {"B": "text"}}),
        lambda client: client.put_item(TableName="things", Item={"id": {"N": 1}}),
        lambda client: client.put_item(TableName="things"),
        lambda client: client.execute_statement(Statement="x"),
        lambda client: client.describe_table(TableName="things"),
    )

    @pytest.mark.parametrize("call", CALLS)
    def test_give_what_botocore_gives(self, call: Callable[[Any], Any]) -> None:
        content = {**FOUND, **PAGE, "Table": {"TableName": "things", "CreationDateTime": 1.5}}
        plain, tuned = Wire([reply(content)]), Wire([reply(content)])
        known, given = wired(plain), wired(tuned)
        DynamoStore(given)

        assert result(call, given) == result(call, known)
        assert tuned.contents == plain.contents

    def test_of_the_control_plane_by_the_store_are_untouched(self) -> None:
        table = {"TableName": "things", "TableStatus": "ACTIVE", "CreationDateTime": 1.5, "KeySchema": []}
        content = {"Table": {**table, "AttributeDefinitions": []}}
        plain = outcome([reply(content)], DescribeTable("things"), tuned=False)

        assert outcome([reply(content)], DescribeTable("things")) == plain


def result(call: Callable[[Any], Any], client: BaseClient) -> Any:
    try:
        return call(client)
    except (ClientError, ParamValidationError) as error:
        return type(error), str(error)


class TestEndpoints:
    ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/things"

    @EACH
    def test_follow_the_table_as_on_the_plain_way(self, operation: Operation[Any], content: Any) -> None:
        urls = []
        for tuned in (True, False):
            wire = Wire([reply(content)])
            client = wired(wire, account_id_endpoint_mode="preferred")
            client.meta.events.register("before-parameter-build", self._by_arn)
            DynamoStore(client, tuned=tuned).perform(operation)
            urls.append(wire.requests[0].url)

        assert urls[0] == urls[1] == "https://123456789012.ddb.eu-central-1.amazonaws.com/"

    def _by_arn(self, params: dict[str, Any], **_: object) -> None:
        text = json.dumps(params, default=lambda value: {"bytes": value.hex()})
        params.clear()
        params.update(
            json.loads(
                text.replace('"things"', f'"{self.ARN}"').replace('"pages"', f'"{self.ARN}"'),
                object_hook=lambda found: bytes.fromhex(found["bytes"]) if "bytes" in found else found,
            )
        )

    def test_get_of_a_stub_all_that_the_rules_ask_for(self) -> None:
        model = wired(Wire()).meta.service_model
        for api in STUBS:
            operation = model.operation_model(api)
            of_members = {
                name
                for name, shape in operation.input_shape.members.items()
                if "contextParam" in shape.metadata
            }
            further: Any = operation.operation_context_parameters or {}
            paths = " ".join(str(further[name]) for name in further)

            assert of_members <= {"TableName"}
            assert "TableName" in operation.input_shape.members or "ResourceArnList" in further
            assert set(further) <= {"ResourceArnList"}, paths


class TestTuning:
    def test_twice_is_once(self) -> None:
        wire = Wire([reply(FOUND)])
        client = wired(wire)
        tune(client)
        tune(client)

        assert DynamoStore(client).perform(GetItem(THINGS, KEY)).item == ITEM
        assert len(wire.requests) == 1

    def test_is_shared_by_the_stores_of_a_client(self) -> None:
        wire = Wire([reply(FOUND)])
        client = wired(wire)
        tuned, plain, other = DynamoStore(client), DynamoStore(client, tuned=False), DynamoStore(client)

        found = [store.perform(GetItem(THINGS, KEY)).item for store in (tuned, plain, other)]

        assert found == [ITEM, ITEM, ITEM]
        assert [b'": ' in (request.body) for request in wire.requests] == [False, True, False]
        assert wire.contents[0] == wire.contents[1]

    def test_is_left_off_on_request(self) -> None:
        wire = Wire([reply(FOUND)])
        client = wired(wire)

        assert DynamoStore(client, tuned=False).perform(GetItem(THINGS, KEY)).item == ITEM
        assert b'": ' in wire.requests[0].body
