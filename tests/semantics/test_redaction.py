"""What entities hold is in no message and no log, whatever fails: canaries are planted, and looked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog
from moto.core.models import botocore_stubber

from persistence import (
    AsyncDynamoStore,
    AsyncRepository,
    AsyncUnitOfWork,
    DynamoStore,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.errors import PersistenceError
from persistence.expressions import Path, Set, Value
from persistence.mapping import mapping_of
from persistence.operations import PutItem, UpdateItem
from persistence.stores.layers import Echo, QueryAnalytics, layered
from tests.unit.stores.dynamodb.scripted import Answer, Drop, refusal, scripted

CANARY = "canary"


@dataclass
class Inner:
    text: str = "canary-inner"


@dataclass
class Secretive:
    id: str
    text: str = "canary-text"
    number: int = 4242424242424242
    blob: bytes = b"canary-blob"
    tags: set[str] = field(default_factory=lambda: {"canary-tag"})
    inner: Inner = field(default_factory=Inner)
    data: Any = field(default_factory=lambda: {"canary-name": ["canary-part", b"canary-bytes"]})
    mail: str = "ann@example.com"
    version: int = 0


class SecretiveMapping(MappingSchema[Secretive]):
    class Meta:
        table = "secretives"
        key = Key("id")

    mail = fields.String(validate=fields.validate.Email())
    version = fields.Version()


TABLE = mapping_of(SecretiveMapping).table


def shown_by(error: BaseException | None) -> Iterator[str]:
    """Give what an error of ours shows, and those behind it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        reasons = [part for part in getattr(each, "reasons", ()) if isinstance(part, BaseException)]
        waiting += [each.__cause__, each.__context__, *reasons]
        waiting += [getattr(part, "error", None) for part in getattr(each, "failures", ())]
        if isinstance(each, PersistenceError):
            yield from (str(each), repr(each), repr(each.args), *getattr(each, "__notes__", ()))


def has_canary(text: str) -> bool:
    return CANARY in text.lower() or "4242424242424242" in text or "Y2FuYXJ5" in text


@pytest.fixture
def events() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(logger: object, method: str, event: Any) -> Any:
        seen.append(repr(event))
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    yield seen
    structlog.reset_defaults()


Act = Callable[[UnitOfWork, Any, MemoryStore], object]


def _conflict(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
    them.add(Secretive("1"))
    with uow:
        mine = them.get("1")
        Repository(SecretiveMapping, UnitOfWork(memory)).save(Secretive("1", text="canary-other"))
        mine.text = "canary-mine"


def _gone(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
    them.add(Secretive("1"))
    with uow:
        mine = them.get("1")
        Repository(SecretiveMapping, UnitOfWork(memory)).remove(them.get("1"))
        mine.text = "canary-mine"


def _changed_key(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
    them.add(Secretive("1"))
    with uow:
        them.get("1").id = "2"


def _twice(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
    them.add(Secretive("1"))
    them.add(Secretive("1"))


def _unreadable(value: Any) -> Act:
    def act(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
        them.add(Secretive("1"))
        memory.perform(UpdateItem(TABLE, {"id": {"S": "1"}}, (Set(Path.of("inner"), Value(value)),)))
        them.get("1")

    return act


def _bulk(uow: UnitOfWork, them: Any, memory: MemoryStore) -> None:
    with them.bulk() as bulk:
        bulk.save(Secretive("1", text="canary" * 100_000))


ACTS: dict[str, Act] = {
    "exists": _twice,
    "stale": _conflict,
    "gone": _gone,
    "key changed": _changed_key,
    "validator": lambda uow, them, memory: them.add(Secretive("1", mail="canary")),
    "wrong type": lambda uow, them, memory: them.add(Secretive("1", number="canary")),  # type: ignore[arg-type]
    "wrong part": lambda uow, them, memory: them.add(Secretive("1", inner=Inner(b"canary"))),  # type: ignore[arg-type]
    "no plain data": lambda uow, them, memory: them.add(Secretive("1", data={"x": object(), "y": "canary"})),
    "too large": lambda uow, them, memory: them.add(Secretive("1", text="canary" * 100_000)),
    "bulk": _bulk,
    "unreadable": _unreadable({"S": "canary"}),
    "unreadable part": _unreadable({"M": {"text": {"N": "4242424242424242"}}}),
    "operand": lambda uow, them, memory: them.where("number", "=", "canary").all(),
    "operand of a lambda": lambda uow, them, memory: them.query(lambda o: o.number == "canary").all(),
    "raw condition": lambda uow, them, memory: them.scan().filter("text = ", x="canary").all(),
    "patch": lambda uow, them, memory: (
        them.patch("1").set("text", "canary").if_(lambda o: o.text == "canary").execute()
    ),
    "patch of a wrong type": lambda uow, them, memory: them.patch("1").set("number", "canary").execute(),
    "increment": lambda uow, them, memory: them.patch("1").increment("number", "canary").execute(),
    "missing": lambda uow, them, memory: them.get("1"),
    "cursor": lambda uow, them, memory: them.scan().page(2, after="canary"),
    "put": lambda uow, them, memory: memory.perform(
        PutItem(TABLE, {"id": {"S": "1"}, "text": {"S": "canary", "N": "4242424242424242"}})
    ),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_failures_of_programs_and_data(act: str, events: list[str], caplog: pytest.LogCaptureFixture) -> None:
    memory = MemoryStore()
    printed: list[str] = []
    store = layered(memory, Echo(), Echo(write=printed.append), QueryAnalytics())
    uow = UnitOfWork(store, single_write="conditional" if "bulk" in act else "transaction")
    them: Any = Repository(SecretiveMapping, uow)
    with caplog.at_level(logging.DEBUG), pytest.raises(PersistenceError) as caught:
        ACTS[act](uow, them, memory)

    assert not list(filter(has_canary, shown_by(caught.value)))
    assert not list(filter(has_canary, events))
    assert not list(filter(has_canary, printed))
    assert not has_canary(caplog.text)


ITEM = mapping_of(SecretiveMapping).codec.encode(Secretive("1"))
JSON_ITEM = {
    **{name: value for name, value in ITEM.items() if name not in ("blob", "data")},
    "blob": {"B": "Y2FuYXJ5LWJsb2I="},
}
ECHOES = (
    "The parameter cannot be converted to a numeric value: canary-text",
    "Parameter values were invalid: Input collection [canary-tag, canary-tag] contains duplicates.",
    "One or more parameter values were invalid: Type mismatch for key text expected: N actual: S",
)


@dataclass(frozen=True)
class Garbage:
    """An answer that is no JSON."""

    body: bytes
    status: int = 200

    def send(self, connection: Any) -> None:
        head = f"HTTP/1.1 {self.status} X\r\nconnection: close\r\ncontent-length: {len(self.body)}\r\n\r\n"
        with suppress(OSError):
            connection.sendall(head.encode() + self.body)


REASONS = [{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": JSON_ITEM}]
ANSWERS: dict[str, Any] = {
    **{f"validation {number}": refusal("ValidationException", echo) for number, echo in enumerate(ECHOES)},
    "condition": refusal("ConditionalCheckFailedException", "The conditional request failed", Item=JSON_ITEM),
    "cancelled": refusal("TransactionCanceledException", "cancelled", CancellationReasons=REASONS),
    "cancelled for a value": refusal(
        "TransactionCanceledException",
        "Transaction cancelled",
        CancellationReasons=[{"Code": "ValidationError", "Message": ECHOES[0]}],
    ),
    "cut off": Answer({"Item": JSON_ITEM}, cut=5),
    "wrong checksum": Answer({"Item": JSON_ITEM}, flipped=True),
    "no JSON": Garbage(b'{"Item": {"text": {"S": "canary'),
    "no text": Garbage(b"\xff\xfe canary"),
    "HTML": Garbage(b"<html>canary-text</html>", 502),
    "no answer": Drop(),
    "unreadable": Answer({"Item": {**JSON_ITEM, "number": {"S": "canary"}}}),
}


def _settings(url: str) -> dict[str, Any]:
    return {
        "endpoint_url": url,
        "region": "us-east-1",
        "connect_timeout": 5.0,
        "read_timeout": 5.0,
        "attempts": 1,
    }


def _deaf(store: Any) -> Any:
    mock: Any = botocore_stubber
    store.client.meta.events.unregister("before-send", mock)
    return store


def _sync(url: str, write: bool, **more: Any) -> object:
    with _closing(_deaf(DynamoStore(**_settings(url), **more))) as store:
        them = Repository(SecretiveMapping, UnitOfWork(store, deadline=0.05))
        return them.add(Secretive("1")) if write else them.get("1")


class _closing:  # noqa: N801  # as `contextlib.closing`
    def __init__(self, store: Any) -> None:
        self._store = store

    def __enter__(self) -> Any:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def _native(url: str, write: bool) -> object:
    async def act() -> object:
        async with _deaf(AsyncDynamoStore(**_settings(url), native=True)) as store:
            them = AsyncRepository(SecretiveMapping, AsyncUnitOfWork(store, deadline=0.05))
            return await (them.add(Secretive("1")) if write else them.get("1"))

    return asyncio.run(act())


WAYS: dict[str, Callable[[str, bool], object]] = {
    "plain": lambda url, write: _sync(url, write, tuned=False),
    "tuned": lambda url, write: _sync(url, write),
    "fast lane": lambda url, write: _sync(url, write, fast_lane=True),
    "native": _native,
}


SOME = ("validation 0", "cancelled", "no text", "unreadable")


@pytest.mark.parametrize(
    ("way", "answer"),
    [(way, answer) for way in WAYS for answer in ANSWERS if way in ("tuned", "native") or answer in SOME],
)
def test_failures_of_the_service_and_the_way(
    way: str,
    answer: str,
    events: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-canary")
    for write in (True, False):
        if write and answer in ("unreadable", "no JSON"):  # to botocore both are successes
            continue
        with (
            scripted([ANSWERS[answer]] * 3) as server,
            caplog.at_level(logging.DEBUG, "persistence"),
            pytest.raises(PersistenceError) as caught,
        ):
            WAYS[way](server.endpoint_url, write)
        assert not list(filter(has_canary, shown_by(caught.value)))

    assert not list(filter(has_canary, events))
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("persistence")]
    assert not list(filter(has_canary, ours))


def test_the_search_finds_canaries() -> None:
    """A search that finds nothing anywhere would pass all of this."""
    error = PersistenceError("x")
    error.__cause__ = PersistenceError("the canary-text")

    assert list(filter(has_canary, shown_by(error)))
    assert has_canary(repr(replace(Secretive("1"), text="")))
