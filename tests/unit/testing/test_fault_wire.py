"""What the proxy makes of a request: which operation it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from persistence.operation_facts import API_NAMES
from persistence.operations import DisableTimeToLive, EnableTimeToLive, Operation
from persistence.testing.faults.messages import Message
from persistence.testing.faults.subjects import Subject
from persistence.testing.faults.wire import subject_of_request


def request(api: str, **body: Any) -> Message:
    head = f"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.{api}".encode()
    return Message(head, json.dumps(body).encode())


class TestSubject:
    @pytest.mark.parametrize(("enabled", "kind"), [(True, EnableTimeToLive), (False, DisableTimeToLive)])
    def test_tells_one_action_apart_that_does_two_things(
        self, *, enabled: bool, kind: type[Operation[Any]]
    ) -> None:
        specification = {"Enabled": enabled, "AttributeName": "expires_at"}

        found = subject_of_request(request("UpdateTimeToLive", TimeToLiveSpecification=specification))

        assert found == Subject(kind)

    def test_is_none_of_a_request_that_is_malformed(self) -> None:
        assert subject_of_request(request("UpdateTimeToLive")) is None

    def test_knows_every_other_operation_by_its_action(self) -> None:
        shared = [name for name in API_NAMES.values() if list(API_NAMES.values()).count(name) > 1]

        assert set(shared) == {"UpdateTimeToLive"}
