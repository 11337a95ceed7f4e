"""Which handlers an event calls, beside what botocore's own emitter does."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore import handlers
from botocore.hooks import HierarchicalEmitter
from botocore.retries.standard import RetryHandler
from botocore.useragent import UserAgentString
from hypothesis import example, given
from hypothesis import strategies as st

from persistence import DynamoStore, PersistenceError, Table
from persistence.operations import GetItem
from persistence.stores.dynamodb.attempts import Attempts, watch, watched
from persistence.stores.dynamodb.failures import Asked
from persistence.stores.dynamodb.fast_lane.dispatch import Settings, called, effective
from persistence.stores.dynamodb.fast_lane.handlers import MindfulEmitter, mindful_emitter_of
from persistence.stores.dynamodb.tuning import STUBS

EVENTS = ("a", "a.b", "a.*", "*", "*.b", "a.b.c", "a.*.c", "*.*.c", "a.c", "b")
EMITTED = ("a", "a.b", "a.b.c", "a.c.c", "b", "x.b.c", "*", "a.*")

Step = tuple[Any, ...]

_ids = st.sampled_from([None, None, "one", "two"])
_counts = st.sampled_from([False, False, False, True])
_handlers = st.integers(0, 3)
_steps = st.one_of(
    st.tuples(
        st.sampled_from(["register", "register_first", "register_last"]),
        st.sampled_from(EVENTS),
        _handlers,
        _ids,
        _counts,
    ),
    st.tuples(st.just("unregister"), st.sampled_from(EVENTS), _handlers, _ids, _counts),
    st.tuples(st.sampled_from(["emit", "emit_until_response"]), st.sampled_from(EMITTED)),
    st.tuples(st.just("copy")),
)


class Heard:
    """An emitter with handlers that write down who was called."""

    def __init__(self, emitter: HierarchicalEmitter) -> None:
        self.emitter = emitter
        self.told: list[Any] = []
        self.handlers = [self._handler(number) for number in range(4)]

    def _handler(self, number: int) -> Callable[..., Any]:
        def handle(**given: Any) -> int | None:
            self.told.append((number, given))
            return number if number == 2 else None

        return handle

    def do(self, step: Step) -> object:
        if step == ("copy",):
            self.emitter = copy.copy(self.emitter)
            return None
        name, event, *rest = step
        try:
            if not rest:
                return self._answers(getattr(self.emitter, name)(event, x=1))
            number, unique_id, counts = rest
            return getattr(self.emitter, name)(event, self.handlers[number], unique_id, counts)
        except (ValueError, AttributeError) as error:  # botocore's own, of names that nobody registered
            return str(error)

    def _answers(self, responses: Any) -> object:
        if isinstance(responses, list):
            return [(self.handlers.index(handler), response) for handler, response in responses]
        handler, response = responses
        return None if handler is None else self.handlers.index(handler), response


@given(st.lists(_steps, max_size=25))
@example([("register", "a", 0, "one", False), ("register", "a.b", 1, "one", False), ("emit", "a.b")] * 2)
@example(
    [
        ("register_last", "a", 0, "one", False),
        ("register_first", "a", 0, None, False),
        ("register", "a", 1, None, False),
        ("unregister", "a", 0, "one", False),
        ("emit", "a"),
        ("emit", "a"),
    ]
)
def test_it_calls_whom_botocores_emitter_calls_in_its_order(steps: list[Step]) -> None:
    ours, theirs = Heard(MindfulEmitter()), Heard(HierarchicalEmitter())

    for step in steps:
        repeated = 3 if step[0].startswith("emit") else 1
        assert [ours.do(step) for _ in range(repeated)] == [theirs.do(step) for _ in range(repeated)]

    assert ours.told == theirs.told


def test_who_is_registered_while_an_event_is_emitted_is_called_from_the_next_one_on() -> None:
    emitter, told = MindfulEmitter(), list[str]()

    def first(**_: object) -> None:
        told.append("first")
        emitter.register("a", lambda **_: told.append("second"))

    emitter.register("a", first)
    emitter.emit("other")
    emitter.emit("a")
    assert told == ["first"]

    emitter.emit("a")
    assert told == ["first", "first", "second"]


def test_what_is_called_is_logged_as_botocore_does(caplog: pytest.LogCaptureFixture) -> None:
    emitter = MindfulEmitter()
    emitter.register("a", lambda **_: None)
    for _ in range(2):
        emitter.emit("a")
        emitter.emit_until_response("a")

    with caplog.at_level(logging.DEBUG, "botocore.hooks"):
        emitter.emit("a")
        emitter.emit_until_response("a")

    assert [record.message.partition(" calling")[0] for record in caplog.records] == ["Event a:"] * 2


def test_the_order_of_a_name_with_a_wildcard_is_left_to_botocore() -> None:
    assert called("a.*", []) is None


class TestWhatHasNoEffect:
    """On a client that the store made, what botocore does to requests is the same with and without it."""

    @pytest.mark.parametrize("action", sorted(STUBS))
    def test_no_action_on_items_has_what_the_handlers_ask_for(self, action: str) -> None:
        model: Any = boto3.client("dynamodb", region_name="us-east-1").meta.service_model.operation_model(
            action
        )

        assert not model.is_endpoint_discovery_operation
        assert "requestValidationModeMember" not in model.http_checksum
        assert bool(model.idempotent_members) == (action == "TransactWriteItems")

    def test_a_token_is_made_where_an_action_has_one(self) -> None:
        event = "before-parameter-build.dynamodb.{}"
        makes: Any = handlers.generate_idempotent_uuid

        assert effective(event.format("TransactWriteItems"), makes, Settings())
        assert effective(event.format("ExecuteTransaction"), makes, Settings())
        assert not effective(event.format("PutItem"), makes, Settings())

    def test_other_services_and_actions_keep_their_handlers(self) -> None:
        inject: Any = handlers.inject_api_version_header_if_needed

        assert not effective("before-call.dynamodb.GetItem", inject, Settings())
        assert effective("before-call.dynamodb.DescribeEndpoints", inject, Settings())
        assert effective("before-call.s3.GetItem", inject, Settings())
        assert effective("before-call", inject, Settings())

    def test_handlers_of_others_are_called_whatever_their_names(self) -> None:
        def inject_api_version_header_if_needed(**_: object) -> None:
            """Stand for a handler of a user's."""

        assert effective("before-call.dynamodb.GetItem", inject_api_version_header_if_needed, Settings())


def _sent(store: DynamoStore, hook: tuple[str, Callable[..., Any]] | None = None) -> list[dict[str, bytes]]:
    """Ask twice, and give the headers that would be sent."""
    sent = _answered(store)
    if hook is not None:
        store.client.meta.events.register(*hook)
    _ask_twice(store)
    return sent


def _answered(store: DynamoStore) -> list[dict[str, bytes]]:
    """Have a store's requests answered with nothing, and give a list that will have their headers."""
    sent: list[dict[str, bytes]] = []

    def answer(request: Any, **_: object) -> Any:
        sent.append(dict(request.headers.items()))
        return SimpleNamespace(status_code=200, headers={}, content=b"{}", raw=None)

    store.client.meta.events.register("before-send", answer)
    return sent


def _ask_twice(store: DynamoStore) -> None:
    client: Any = store.client
    for _ in range(2):
        client.get_item(TableName="t", Key={"id": {"S": "1"}})


class TestRetries:
    """Whether to send again is not asked of botocore where the first attempt got the answer."""

    EVENT = "needs-retry.dynamodb.GetItem"

    @pytest.mark.parametrize(
        ("statuses", "asked"),
        [([200], []), ([500, 200], [500, 200]), ([200, 200], [200]), ([500, 500], [500, 500])],
        ids=str,
    )
    def test_it_is_asked_from_the_first_failure_on(self, statuses: list[int], asked: list[int]) -> None:
        heard: list[int] = []
        ask = effective(self.EVENT, _standing_for(RetryHandler.needs_retry, heard), Settings(attempts=3))
        assert ask is not None
        attempts = Attempts(Asked("GetItem", "t", writes=False), "always")

        def attempt() -> dict[str, Any]:
            for status in statuses:
                answer = SimpleNamespace(status_code=status, headers={}, content=b"{}")
                given: Any = {"response": (answer, {}), "caught_exception": None}
                emitter.emit(self.EVENT, operation=OPERATION, **given)
            return {}

        emitter = MindfulEmitter()
        emitter.register("needs-retry", ask)
        watch(SimpleNamespace(meta=SimpleNamespace(events=emitter, service_model=SERVICE)))  # type: ignore[arg-type]  # all of it that is asked for
        watched(attempts, attempt)

        assert heard == asked

    def test_it_is_asked_of_calls_of_others(self) -> None:
        heard: list[int] = []
        ask = effective(self.EVENT, _standing_for(RetryHandler.needs_retry, heard), Settings(attempts=3))
        assert ask is not None

        ask(response=(SimpleNamespace(status_code=200), {}))

        assert heard == [200]

    def test_it_is_asked_where_the_first_attempt_is_the_last(self) -> None:
        """Then botocore writes into the answer that there are no more."""
        ask: Any = RetryHandler.needs_retry

        assert effective(self.EVENT, ask, Settings(attempts=1)) is ask

    @pytest.mark.parametrize("event", ["needs-retry.*.*", "response-received", "*"])
    def test_it_is_asked_of_answers_that_others_change(self, event: str, aws_keys: None) -> None:
        def refuse(event_name: str, **given: Any) -> None:
            """Let the first answer be one of a service that has too much to do."""
            match event_name.split(".")[0], given:
                case "needs-retry", {"attempts": 1, "response": (_, parsed)}:
                    parsed["Error"] = {"Code": "ThrottlingException"}
                case "response-received", {"context": {"retries": {"attempt": 1}}, "parsed_response": parsed}:
                    parsed["Error"] = {"Code": "ThrottlingException"}
                case _:
                    pass

        told = []
        for tuned in (True, False):
            store = DynamoStore(
                region="us-east-1", endpoint_url="http://localhost:1", attempts=3, tuned=tuned
            )
            store.client.meta.events.register_first(event, refuse)
            told += _metadata(store, [200] * 3)

        assert told == [told[-1]] * 4
        assert told[-1][1] == [200]

    @pytest.mark.parametrize("attempts", [1, 2, 3])
    @pytest.mark.parametrize("statuses", [[200], [500, 200], [500, 500, 200]], ids=str)
    def test_the_answer_tells_the_same(self, attempts: int, statuses: list[int], aws_keys: None) -> None:
        told = []
        for tuned in (True, False):
            store = DynamoStore(
                region="us-east-1", endpoint_url="http://localhost:1", attempts=attempts, tuned=tuned
            )
            told += _metadata(store, list(statuses))

        assert told == [told[-1]] * 4


SERVICE: Any = boto3.client("dynamodb", region_name="us-east-1").meta.service_model
OPERATION = SERVICE.operation_model("GetItem")


def _standing_for(handler: Any, heard: list[int]) -> Any:
    """Give what passes for a handler, and writes down of which answers it hears."""

    def hear(response: Any, **_: object) -> None:
        heard.append(response[0].status_code)

    return update_wrapper(hear, handler)


def _metadata(store: DynamoStore, statuses: list[int]) -> list[tuple[Any, list[int]]]:
    """Perform a call twice; give each time what handlers see of its answer, and the statuses not asked for.

    From the second call on, handlers are left out: nothing is registered in between.
    """
    events = store.client.meta.events
    left: list[int] = []
    seen: list[Any] = []

    def answer(**_: object) -> Any:
        return SimpleNamespace(status_code=left.pop(0), headers={}, content=b"{}", raw=None)

    def see(parsed: dict[str, Any], **_: object) -> None:
        seen.append(parsed)

    events.register("before-send", answer)
    events.register("after-call", see)
    told = []
    for _ in range(2):
        left[:], seen[:] = statuses, ()
        with patch("time.sleep"), suppress(PersistenceError):
            store.perform(GetItem(Table("things", partition="id"), {"id": {"S": "1"}}))
        told.append(([*seen], [*left]))
    return told


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> DynamoStore:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    return DynamoStore(region="us-east-1", endpoint_url="http://localhost:1")


_CHANGING = frozenset({"X-Amz-Date", "Authorization", "amz-sdk-invocation-id"})


def test_requests_have_the_same_headers_whoever_calls_the_handlers(store: DynamoStore) -> None:
    first, second = _sent(store)

    assert first.keys() == second.keys()
    assert [first[name] for name in first.keys() - _CHANGING] == [
        second[name] for name in first.keys() - _CHANGING
    ]


@pytest.mark.parametrize("event", ["request-created.dynamodb", "before-call.dynamodb"])
def test_a_user_agent_that_others_change_is_what_botocore_makes_of_it(store: DynamoStore, event: str) -> None:
    def change(request: Any = None, params: Any = None, **_: object) -> None:
        headers = params["headers"] if request is None else request.headers
        del headers["User-Agent"]
        headers["User-Agent"] = "mine"

    assert [headers["User-Agent"] == b"mine" for headers in _sent(store, (event, change))] == [
        False,
        False,
    ]


def test_traces_of_a_function_are_passed_on(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", "Root=1")

    assert [headers["X-Amzn-Trace-Id"] for headers in _sent(store)] == [b"Root=1"] * 2


def test_traces_are_passed_on_from_when_the_process_hears_of_them(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = _answered(store)
    _ask_twice(store)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    _ask_twice(store)
    monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", "Root=1")
    _ask_twice(store)

    assert [headers.get("X-Amzn-Trace-Id") for headers in sent] == [None] * 4 + [b"Root=1"] * 2


def test_the_user_agent_is_built_again_where_its_text_may_change(store: DynamoStore) -> None:
    emitter = mindful_emitter_of(store.client)

    assert emitter is not None
    assert emitter.same_user_agent
    rebuild: Any = UserAgentString.rebuild_and_replace_user_agent_handler
    assert effective("request-created.dynamodb.GetItem", rebuild, Settings(same_user_agent=False))
    assert not effective("request-created.dynamodb.GetItem", rebuild, Settings(same_user_agent=True))
