"""Whose handlers a client's events have."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import partial
from threading import Thread

import boto3
import pytest
from botocore.handlers import add_recursion_detection_header, add_retry_headers
from botocore.hooks import EventAliaser
from botocore.stub import Stubber

from persistence.stores.dynamodb.fast_lane import handlers
from persistence.stores.dynamodb.fast_lane.dispatch import Registration
from persistence.stores.dynamodb.fast_lane.handlers import Foreign, MindfulEmitter, foreign_among


def foreign(**_: object) -> None:
    """Stand for a handler of a user's."""


@pytest.mark.parametrize(
    "event",
    ["needs-retry", "needs-retry.dynamodb", "before-sign.*.GetItem", "choose-signer.dynamodb.GetItem", "*"],
)
def test_handlers_of_others_are_in_the_way(event: str) -> None:
    assert foreign_among([Registration(event, foreign)]).in_the_way == event


@pytest.mark.parametrize("event", ["needs-retry.s3", "before-call.s3", "after-call", "before-parse.sqs.*"])
def test_handlers_of_other_events_are_not(event: str) -> None:
    assert foreign_among([Registration(event, foreign)]) == Foreign()


def test_those_of_botocore_are_not() -> None:
    known = [
        Registration("request-created", add_retry_headers),
        Registration("needs-retry", partial(add_retry_headers)),
    ]

    assert foreign_among(known) == Foreign()


def test_who_is_called_last_before_a_call_is_in_the_way() -> None:
    assert foreign_among([Registration("before-call", foreign, last=True)]).in_the_way == "before-call"


def test_who_waits_for_requests_to_be_sent_is_minded() -> None:
    assert foreign_among([Registration("before-send.dynamodb", foreign)]) == Foreign(before_send=True)


@pytest.mark.parametrize(
    "event", ["before-call.dynamodb", "provide-client-params", "before-parameter-build.*.GetItem"]
)
def test_who_has_a_say_in_requests_is_minded(event: str) -> None:
    assert foreign_among([Registration(event, foreign)]) == Foreign(before_call=True)


def test_stubs_of_botocore_are_minded_so() -> None:
    stub = Stubber(boto3.client("dynamodb", region_name="us-east-1"))

    assert foreign_among([Registration("before-call.dynamodb", stub.add_response)]).before_call


def test_what_botocore_does_to_all_requests_is_no_say() -> None:
    assert not foreign_among([Registration("before-call", add_recursion_detection_header)]).before_call


def test_an_emitter_minds_what_comes_and_goes() -> None:
    emitter = MindfulEmitter()
    emitter.register_first("needs-retry", foreign, unique_id="mine")
    emitter.register_last("before-sign", foreign)
    emitter.register("before-send", foreign)
    assert emitter.foreign == Foreign("needs-retry", before_send=True)

    emitter.unregister("needs-retry", unique_id="mine")
    emitter.unregister("before-send", foreign)
    assert emitter.foreign == Foreign("before-sign")

    emitter.unregister("before-sign", foreign)
    assert emitter.foreign == Foreign()


def test_a_handler_that_was_registered_twice_is_still_there_when_one_goes() -> None:
    emitter = MindfulEmitter()
    emitter.register("needs-retry", foreign)
    emitter.register("needs-retry", foreign)

    emitter.unregister("needs-retry", foreign)

    assert emitter.foreign.in_the_way == "needs-retry"


def test_who_comes_while_others_are_looked_for_is_minded_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emitter = MindfulEmitter()
    emitter.register("before-send", foreign)

    def look(registrations: Iterable[Registration]) -> Foreign:
        found = foreign_among(registrations)
        if not found.before_call:
            emitter.register("before-call", foreign)  # as another thread may
        return found

    monkeypatch.setattr(handlers, "foreign_among", look)
    assert not emitter.foreign.before_call

    assert emitter.foreign.before_call


def test_who_comes_while_another_goes_is_called() -> None:
    emitter, heard = MindfulEmitter(), list[int]()
    coming = Thread(target=lambda: emitter.register("before-call", lambda **_: heard.append(1)))

    class Going:
        """A handler during whose comparison another thread comes."""

        goes = False

        def __call__(self, **_: object) -> None: ...

        def __eq__(self, other: object) -> bool:
            if self.goes and not coming.ident:
                coming.start()
                coming.join(0.2)
            return self is other

        __hash__ = None  # type: ignore[assignment]

    going = Going()
    emitter.register("before-call", going)
    going.goes = True
    emitter.unregister("before-call", going)
    coming.join()
    for _ in range(2):
        emitter.emit("before-call.dynamodb.GetItem")

    assert heard == [1, 1]


def test_a_copy_minds_for_itself() -> None:
    emitter = MindfulEmitter()
    events = EventAliaser(copy.copy(emitter))
    events.register("needs-retry", foreign)

    assert emitter.foreign == Foreign()


def test_one_may_answer_in_place_of_the_handlers() -> None:
    heard: list[int] = []

    def hear(**_: object) -> None:
        heard.append(1)

    emitter = MindfulEmitter()
    emitter.register("before-send", hear)
    answers: list[str | None] = ["kept", None]
    emitter.answers_first = lambda: answers.pop(0)

    assert [answer for _, answer in emitter.emit("before-send.dynamodb.GetItem")] == ["kept"]
    assert not heard
    emitter.emit("before-send.dynamodb.GetItem")
    assert heard
