"""Writes whose text is written from their operations, on both ways: what arrives, and arrives again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.history import BaseHistoryHandler, get_global_history_recorder
from botocore.stub import Stubber

from persistence import Key, MappingSchema, Repository, UnitOfWork
from persistence.errors import BulkFailed, StoreUnavailable
from persistence.expressions import Add, Path, Value, equals
from persistence.operations import BatchWriteItems, DeleteItem, Operation, PutItem, TransactWrite, UpdateItem
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.tuning import stub_of
from persistence.table import Table
from persistence.timing import Timing
from tests.transport_faults.faults import CREATE, KEY, SERVER_ERROR, TABLE, THROTTLED
from tests.transport_faults.misbehaving import Answer, Misbehaving, Raw, Step, misbehaving, refusal
from tests.transport_faults.ways import Way, store_on

WAYS: tuple[Way, ...] = ("tuned", "fast lane")
DONE = Answer({})
BUSY = refusal("TransactionCanceledException", "busy", CancellationReasons=[{"Code": "TransactionConflict"}])
"""A cancellation after which the same request is sent again."""

CHANGE = UpdateItem(TABLE, KEY, (Add(Path.of("n"), Value({"N": "1"})),), equals(Path.of("s"), {"S": "é"}))
OTHER = Table("others", "id")
BATCH = BatchWriteItems((PutItem(TABLE, {"id": {"S": "2"}, "b": {"B": b"\0"}}), DeleteItem(TABLE, KEY)))
TWO_TABLES = TransactWrite((CREATE, DeleteItem(OTHER, KEY)), token="token-2")
TWO_TABLES_AT_ONCE = BatchWriteItems((DeleteItem(OTHER, KEY), DeleteItem(TABLE, KEY)))
WRITES: dict[str, Operation[Any]] = {
    "create": CREATE,
    "change": CHANGE,
    "delete": DeleteItem(TABLE, KEY),
    "transaction": TransactWrite((CREATE, DeleteItem(TABLE, {"id": {"S": "2"}})), token="token-1"),
    "transaction on two tables": TWO_TABLES,
    "batch": BATCH,
    "batch on two tables": TWO_TABLES_AT_ONCE,
}


@dataclass
class Thing:
    id: str
    note: str = "é"


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = TABLE
        key = Key("id")


@contextmanager
def serving(way: Way, *steps: Step, accelerated: bool = False) -> Iterator[tuple[DynamoStore, Misbehaving]]:
    with misbehaving(list(steps)) as server, store_on(way, server, accelerated=accelerated) as store:
        yield store, server


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_say_the_same_where_botocore_gets_nothing_but_the_table(
    write: Operation[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the second request of a kind on, where nobody else has a say."""
    tables: list[str] = []

    def noted(api: str, table: str) -> dict[str, Any]:
        tables.append(table)
        return stub_of(api, table)

    monkeypatch.setattr("persistence.stores.dynamodb.store.stub_of", noted)
    with serving("tuned", *[DONE] * 4) as (store, server):
        for _ in range(3):
            store.perform(write)
        store.client.meta.events.register("before-parameter-build.dynamodb", lambda **_: None)
        store.perform(write)

    assert len({request.body for request in server.requests}) == 1
    assert len(server.requests) == 4
    assert tables == ([] if write in (TWO_TABLES, TWO_TABLES_AT_ONCE) else ["things"] * 2)


class Traced:
    """A function wrapped as by wrapt, for tracing: it passes for what it wraps, in all but its type.

    Args:
        wrapped: the function, or the method of an object.
        seen: gets the parameters of each call.
    """

    def __init__(self, wrapped: Any, seen: list[Any]) -> None:
        self.wrapped = wrapped
        self.seen = seen

    @property
    def __class__(self) -> Any:
        return type(self.wrapped)

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.wrapped == other)

    def __hash__(self) -> int:
        return hash(self.wrapped)

    def __get__(self, client: Any, kind: Any = None) -> Any:
        return self if client is None else Traced(self.wrapped.__get__(client, kind), self.seen)

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.seen.append(named or given[-1])
        return self.wrapped(*given, **named)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["all calls", "calls of a client", "one method"])
def test_are_not_written_in_advance_where_calls_are_traced(
    way: Way, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at a call sees what it is about, also from later on."""
    seen: list[Any] = []
    with serving(way, *[DONE] * 4) as (store, server):
        for _ in range(3):
            store.perform(CHANGE)
        whose, name = {
            "all calls": (BaseClient, "_make_api_call"),
            "calls of a client": (type(store.client), "_make_api_call"),
            "one method": (store.client, "update_item"),
        }[where]
        traced = Traced(getattr(whose, name), seen)
        monkeypatch.setattr(whose, name, traced, raising=False)
        store.perform(CHANGE)

    (parameters,) = seen
    assert parameters == json.loads(server.requests[-1].body)
    assert len({request.body for request in server.requests}) == 1


def test_are_not_written_in_advance_where_botocore_keeps_a_history() -> None:
    """It records the parameters of each call."""
    recorder: Any = get_global_history_recorder()
    seen: list[Any] = []

    class Recording(BaseHistoryHandler):
        def emit(self, event_type: str, payload: Any, source: str) -> None:
            if event_type == "API_CALL":
                seen.append(payload["params"])

    handler = Recording()
    recorder.add_handler(handler)
    recorder.enable()
    try:
        with serving("tuned", *[DONE] * 3) as (store, server):
            for _ in range(3):
                store.perform(CHANGE)
    finally:
        recorder.disable()
        recorder._handlers.remove(handler)

    assert [json.loads(request.body) for request in server.requests] == seen


def test_are_written_by_botocore_where_it_has_no_rules_for_endpoints() -> None:
    """It then asks nobody before it writes a request, and must get all that the request says."""
    with serving("tuned", *[DONE] * 2) as (store, server):
        client: Any = store.client
        client._ruleset_resolver = None
        for _ in range(2):
            store.perform(CHANGE)

    assert [json.loads(request.body)["Key"] for request in server.requests] == [KEY] * 2
    assert all("UpdateExpression" in json.loads(request.body) for request in server.requests)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_say_what_botocore_says(way: Way, write: Operation[Any]) -> None:
    """At first, when botocore makes the request, and later, when nothing but its text is made."""
    with serving("plain", DONE) as (store, server):
        store.perform(write)
        (plain,) = server.requests

    with serving(way, DONE, DONE, DONE) as (store, server):
        for _ in range(3):
            store.perform(write)
        bodies = [request.body for request in server.requests]

    assert len(set(bodies)) == 1
    assert json.loads(bodies[0]) == json.loads(plain.body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "fault", [SERVER_ERROR, THROTTLED, Raw(), Answer({}, cut=1)], ids=["error", "traffic", "closed", "cut"]
)
def test_batches_are_repeated_to_the_byte(way: Way, fault: Step) -> None:
    """By botocore too, which makes the request anew where the lane's failed."""
    with serving(way, DONE, fault, DONE) as (store, server):
        store.perform(BATCH)
        assert store.perform(BATCH).unprocessed == ()

    assert len(server.requests) == 3
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_writes_in_doubt_are_not_repeated(way: Way) -> None:
    """A change that may have taken effect ends there."""
    with serving(way, DONE, Raw(), DONE) as (store, server):
        store.perform(CHANGE)
        with pytest.raises(StoreUnavailable) as caught:
            store.perform(CHANGE)

    assert caught.value.ambiguous
    assert len(server.requests) == 2


@pytest.mark.parametrize("way", WAYS)
def test_commits_are_repeated_to_the_byte(way: Way) -> None:
    """With one token."""
    with serving(way, DONE, BUSY, SERVER_ERROR, DONE) as (store, server):
        things = Repository(ThingMapping, UnitOfWork(store, timing=Timing(sleep=lambda _: None)))
        things.add(Thing("0"))
        things.add(Thing("1"))

    _, *attempts = server.requests
    assert len(attempts) == 3
    assert len({request.body for request in attempts}) == 1


class TestBulks:
    @pytest.mark.parametrize("way", WAYS)
    def test_send_again_what_was_left(self, way: Way) -> None:
        """And nothing else."""
        left = {"things": [{"PutRequest": {"Item": {"id": {"S": "1"}, "note": {"S": "é"}}}}]}
        with serving(way, DONE, Answer({"UnprocessedItems": left}), DONE) as (store, server):
            things = Repository(ThingMapping, UnitOfWork(store, timing=Timing(sleep=lambda _: None)))
            first, bulk = things.bulk(), things.bulk()
            for each in (first, bulk):
                with each:
                    for number in range(3):
                        each.save(Thing(str(number)))

        sent = [json.loads(request.body)["RequestItems"]["things"] for request in server.requests]
        assert [[one["PutRequest"]["Item"]["id"]["S"] for one in request] for request in sent] == [
            ["0", "1", "2"],
            ["0", "1", "2"],
            ["1"],
        ]
        assert (bulk.report.written, bulk.report.requests, bulk.report.retries) == (3, 2, 1)

    @pytest.mark.parametrize("way", WAYS)
    def test_end_where_the_service_does(self, way: Way) -> None:
        """Each failed write is told."""
        refused = refusal("AccessDeniedException", "no", 400)
        with serving(way, DONE, refused) as (store, server):
            things = Repository(ThingMapping, UnitOfWork(store))
            with things.bulk() as bulk:
                bulk.save(Thing("0"))
            with pytest.raises(BulkFailed) as caught, things.bulk() as bulk:
                for number in range(3):
                    bulk.save(Thing(str(number)))

        assert len(server.requests) == 2
        assert len(caught.value.failures) == 3

    def test_take_the_short_way(self, calls: list[str]) -> None:
        """botocore makes the first request, and none after it."""
        with serving("fast lane", *[DONE] * 3) as (store, server):
            for _ in range(3):
                store.perform(BATCH)

        assert len(server.requests) == 3
        assert calls == ["BatchWriteItem"]

    @pytest.mark.parametrize("way", WAYS)
    def test_ask_who_has_a_say(self, way: Way) -> None:
        """botocore's stubs, and handlers that change what is sent."""
        with serving(way, DONE, DONE) as (store, server):
            store.perform(BATCH)
            with Stubber(store.client) as stub:
                stub.add_response("batch_write_item", {"UnprocessedItems": {}})
                store.perform(BATCH)
            assert len(server.requests) == 1

            def change(params: Any, **_: object) -> None:
                params["RequestItems"]["things"].pop()

            store.client.meta.events.register("before-parameter-build.dynamodb", change)
            store.perform(BATCH)

        assert len(json.loads(server.requests[1].body)["RequestItems"]["things"]) == 1
