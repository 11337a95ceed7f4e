"""A call that is interrupted anywhere leaves no answer behind for the next one."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from persistence.operations import GetItem
from persistence.stores import dynamodb
from persistence.stores.dynamodb import DynamoStore
from persistence.table import Table
from tests.unit.stores.dynamodb.native.server import kept
from tests.unit.stores.dynamodb.scripted import Answer

THINGS = Table("things", "id")
WHERE = (str(Path(dynamodb.__file__).parent), http.client.__file__, socket.__file__)


class Interrupted(BaseException):
    """What comes at any time, as `KeyboardInterrupt` does."""


def get(number: int) -> GetItem:
    return GetItem(THINGS, {"id": {"S": str(number)}})


def same(request: bytes) -> Answer:
    """Answer with the key that was asked for, on a connection that is kept."""
    _, _, body = request.partition(b"\r\n\r\n")
    return Answer({"Item": json.loads(body)["Key"]})


@contextmanager
def interrupted_at(step: int) -> Iterator[list[int]]:
    """Interrupt the block at a line of this library's or of a connection's; tell how many there were."""
    lines = [0]

    def at_line(frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if event == "line" and frame.f_code.co_filename.startswith(WHERE):
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


# Between two lines nobody holds a connection; the collector closes it, which is as good here.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_at_any_line_of_the_fast_lane_the_next_call_gets_its_own_answer() -> None:
    with kept(same) as server:
        store = DynamoStore(
            endpoint_url=server.endpoint_url, region="us-east-1", read_timeout=0.5, fast_lane=True
        )
        asked = step = 0
        lines = [1]
        while lines[0] > step - 1:
            step += 1
            store.perform(get(asked := asked + 1))  # a connection is there to be used
            with interrupted_at(step) as lines, suppress(Interrupted):
                store.perform(get(asked := asked + 1))
            for _ in range(2):
                asked += 1
                assert store.perform(get(asked)).item == {"id": {"S": str(asked)}}
        store.close()

    assert step > 50
