"""The ways in which a store sends its requests, and how a call ends on each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from botocore.exceptions import ClientError
from moto.core.models import botocore_stubber

from persistence.errors import PersistenceError
from persistence.operations import Operation
from persistence.stores.dynamodb import DynamoStore
from tests.transport_faults.misbehaving import Answer, Misbehaving, Step, is_slow

Way = Literal["plain", "tuned", "fast lane", "fast lane, heard", "fast lane, not tuned"]
WAYS: tuple[Way, ...] = ("tuned", "fast lane", "fast lane, heard", "fast lane, not tuned")
"""All but the one that they are compared with."""

NOTHING = Answer({}, headers={"Connection": "close"}, closes=True)

IMPATIENT = 0.25
"""Seconds that a client waits where the server is too slow on purpose."""

PATIENT = 10.0
"""Seconds that it waits otherwise: a busy machine is no fault."""


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    Attributes:
        result: what it returned.
        error: the class of what it raised.
        data: what is told of the error: text, code, whether it may have taken effect, whether to repeat it.
        cause: the name of the class of what botocore raised.
        response: what the service said, with its metadata.
        attempts: how many requests the server saw.
        requests: what they said, but for the token that botocore makes.
        alike: all of them were the same, to the byte.
    """

    result: object = None
    error: type[Exception] | None = None
    data: dict[str, Any] = field(default_factory=dict)
    cause: str | None = None
    response: dict[str, Any] | None = None
    attempts: int = 0
    requests: tuple[dict[str, Any], ...] = ()
    alike: bool = True


@contextmanager
def store_on(way: Way, server: Misbehaving, **settings: Any) -> Iterator[DynamoStore]:
    """Make a store whose waits are short."""
    store = DynamoStore(
        endpoint_url=server.endpoint_url,
        region="us-east-1",
        tuned=way in {"tuned", "fast lane", "fast lane, heard"},
        fast_lane=way.startswith("fast lane"),
        **{"connect_timeout": 5.0, "read_timeout": PATIENT, "attempts": 3, **settings},
    )
    # moto, where it was imported, has all clients that are made from then on ask it first.
    mock: Any = botocore_stubber
    store.client.meta.events.unregister("before-send", mock)
    if way == "fast lane, heard":
        store.client.meta.events.register("before-call.dynamodb", _hear)
    try:
        yield store
    finally:
        store.close()


@dataclass
class Trial:
    """A server and a store on each way, for many cases: to make clients takes longest.

    Attributes:
        server: which all of them ask.
        stores: those made so far, by way and seconds to wait for an answer.
    """

    server: Misbehaving
    stores: dict[tuple[Way, float], DynamoStore] = field(default_factory=dict)
    _making: ExitStack = field(default_factory=ExitStack)

    def outcome(self, way: Way, operation: Operation[Any], steps: Sequence[Step]) -> Outcome:
        """Perform an operation while the server answers as the steps say; on the fast lane not the first."""
        store = self._store(way, IMPATIENT if any(map(is_slow, steps)) else PATIENT)
        if way == "fast lane":
            self.server.begin([NOTHING])
            with suppress(KeyError):  # a scan has something to say always
                store.perform(operation)
        self.server.begin(steps)
        ended = performed(store, operation)
        bodies = [one.body for one in self.server.requests]
        said = [json.loads(body) for body in bodies]
        for one in said:
            one["ClientRequestToken"] = "ClientRequestToken" in one
        return replace(ended, attempts=self.server.attempts, requests=tuple(said), alike=len(set(bodies)) < 2)

    def close(self) -> None:
        """Close the stores."""
        self._making.close()

    def _store(self, way: Way, read_timeout: float) -> DynamoStore:
        if (way, read_timeout) not in self.stores:
            made = self._making.enter_context(store_on(way, self.server, read_timeout=read_timeout))
            self.stores[way, read_timeout] = made
        return self.stores[way, read_timeout]


def _hear(**_: object) -> None:
    """Stand for a handler of a user's, who has a say in requests."""


def performed(store: DynamoStore, operation: Operation[Any]) -> Outcome:
    """Perform an operation, and tell how it ended."""
    try:
        return Outcome(store.perform(operation))
    except PersistenceError as error:
        cause = error.__cause__
        told = ("ambiguous", "code", "retryable", "committed", "found", "reasons", "throttling", "table")
        return Outcome(
            error=type(error),
            data={name: getattr(error, name, None) for name in told} | {"text": _without_ports(str(error))},
            cause=None if cause is None else f"{type(cause).__module__}.{type(cause).__name__}",
            response=dict(cause.response) if isinstance(cause, ClientError) else None,
        )


def _without_ports(text: str) -> str:
    return re.sub(r":\d+", ":0", text)
