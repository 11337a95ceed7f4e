"""A call that is interrupted anywhere leaves nothing behind: no answer, nothing for the calls of others."""

from __future__ import annotations

import functools
import http.client
import json
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec

import pytest
from moto.core.models import botocore_stubber

from persistence.operations import GetItem
from persistence.stores import dynamodb
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.attempts import current_attempts
from persistence.table import Table
from tests.unit.stores.dynamodb.native.server import kept
from tests.unit.stores.dynamodb.scripted import Answer

THINGS = Table("things", "id")
OURS = str(Path(dynamodb.__file__).parent)
CONNECTIONS = (http.client.__file__, socket.__file__)


P = ParamSpec("P")


class Interrupted(BaseException):
    """What comes at any time, as `KeyboardInterrupt` does."""


def get(number: int) -> GetItem:
    return GetItem(THINGS, {"id": {"S": str(number)}})


def same(request: bytes) -> Answer:
    """Answer with the key that was asked for, on a connection that is kept."""
    _, _, body = request.partition(b"\r\n\r\n")
    return Answer({"Item": json.loads(body)["Key"]})


def unmocked(endpoint_url: str, fast_lane: bool) -> DynamoStore:
    """Make a store whose client asks no mock first; moto, where it was imported, has all clients do so."""
    store = DynamoStore(endpoint_url=endpoint_url, region="us-east-1", read_timeout=0.5, fast_lane=fast_lane)
    mock: Any = botocore_stubber
    store.client.meta.events.unregister("before-send", mock)
    return store


@contextmanager
def interrupted_at(step: int, *also: str) -> Iterator[list[int]]:
    """Interrupt the block at a line of this library's, or of other files; tell how many there were."""
    lines = [0]

    def at_line(frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if not frame.f_code.co_filename.startswith((OURS, *also)):
            return None
        if event == "line":
            lines[0] += 1
            if lines[0] == step:
                raise Interrupted
        return at_line

    before = sys.gettrace()
    sys.settrace(at_line)
    try:
        yield lines
    finally:
        sys.settrace(before)


def in_a_thread(test: Callable[P, None]) -> Callable[P, None]:
    """Run a test in a thread of its own.

    Python 3.11 goes on to handle an exception for ever where another one is raised at certain lines of a
    handler: what is raised later in the thread, by other tests too, has it as its context.
    """

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(test, *args, **kwargs).result()

    return run


# Between two lines nobody holds a connection; the collector closes it, which is as good here.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@in_a_thread
def test_at_any_line_of_the_fast_lane_the_next_call_gets_its_own_answer() -> None:
    with kept(same) as server:
        store = unmocked(server.endpoint_url, fast_lane=True)
        asked = step = 0
        lines = [1]
        while lines[0] > step - 1:
            step += 1
            store.perform(get(asked := asked + 1))  # a connection is there to be used
            with interrupted_at(step, *CONNECTIONS) as lines, suppress(Interrupted):
                store.perform(get(asked := asked + 1))
            for _ in range(2):
                asked += 1
                assert store.perform(get(asked)).item == {"id": {"S": str(asked)}}
        store.close()

    assert step > 50


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fast_lane", [False, True])
@in_a_thread
def test_at_any_line_the_next_call_of_somebody_else_is_not_taken_for_the_stores(fast_lane: bool) -> None:
    with kept(same) as server:
        store = unmocked(server.endpoint_url, fast_lane)
        client: Any = store.client
        taken: list[object] = []
        client.meta.events.register("after-call.dynamodb", lambda **_: taken.append(current_attempts()))
        client.get_item(TableName="things", Key=get(0).key)
        step, lines = 0, [1]
        while lines[0] > step - 1:
            step += 1
            with interrupted_at(step) as lines, suppress(Interrupted):
                store.perform(get(1))
            client.get_item(TableName="things", Key=get(2).key)
            assert taken[-1] is None
        store.close()

    assert step > 50
    assert any(taken)
