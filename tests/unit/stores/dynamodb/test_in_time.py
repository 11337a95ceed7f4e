"""Deadlines on the way to the service: what is under way when they pass, and what is not repeated."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pytest

from persistence.deadlines import deadline_in
from persistence.errors import AccessDenied, DeadlineExceeded, StoreUnavailable
from persistence.flows import perform, run
from persistence.operations import GetItem, PutItem
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.in_time import THREAD_NAME
from persistence.table import Table
from tests.unit.stores.dynamodb.scripted import Answer, Held, Scripted, refusal, scripted

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
PUT = PutItem(TABLE, KEY)
BUSY = refusal("ThrottlingException", "slow down")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")


@contextmanager
def open_store(server: Scripted, **settings: float) -> Iterator[DynamoStore]:
    store = DynamoStore(region="eu-central-1", endpoint_url=server.endpoint_url, **settings)  # type: ignore[arg-type]
    try:
        assert store.client is not None, "making it takes time, which is not the subject"
        yield store
    finally:
        store.close()


class TestUnderWay:
    def test_a_read_is_not_waited_for(self) -> None:
        held = Held()
        with scripted([held]) as server, open_store(server, read_timeout=30) as store:
            begun = time.monotonic()
            with pytest.raises(DeadlineExceeded) as late, deadline_in(0.5):
                store.perform(GET)
            waited = time.monotonic() - begun
            held.released.set()

        assert (late.value.operation, late.value.seconds) == ("GetItem", 0.5)
        assert waited < 10

    def test_a_write_may_have_taken_effect(self) -> None:
        held = Held()
        with scripted([held]) as server, open_store(server, read_timeout=30) as store:
            with pytest.raises(StoreUnavailable) as lost, deadline_in(0.5):
                store.perform(PUT)
            held.released.set()

        assert lost.value.ambiguous
        assert len(server.requests) == 1

    def test_an_answer_in_time_is_the_answer(self) -> None:
        with (
            scripted([Answer({"Item": KEY})]) as server,
            open_store(server, read_timeout=30) as store,
            deadline_in(20),
        ):
            found = store.perform(GET)

        assert found.item == KEY

    def test_errors_are_the_usual_ones(self) -> None:
        with (
            scripted([refusal("AccessDeniedException")]) as server,
            open_store(server) as store,
            pytest.raises(AccessDenied) as usual,
        ):
            store.perform(GET)
        with (
            scripted([refusal("AccessDeniedException")]) as server,
            open_store(server) as store,
            pytest.raises(AccessDenied) as hurried,
            deadline_in(5),
        ):
            store.perform(GET)

        assert str(hurried.value) == str(usual.value)

    def test_the_context_goes_along(self) -> None:
        """Handlers of events see the variables of the caller: traces and log contexts."""
        request_id: ContextVar[str] = ContextVar("request_id", default="none")
        seen: list[tuple[str, bool]] = []
        with scripted([Answer({})]) as server, open_store(server, read_timeout=30) as store:
            store.client.meta.events.register(
                "before-send.dynamodb",
                lambda **_: seen.append(
                    (request_id.get(), threading.current_thread().name.startswith(THREAD_NAME))
                ),
            )
            request_id.set("r-1")
            with deadline_in(20):
                store.perform(GET)

        assert seen == [("r-1", True)]


class TestFarAway:
    def test_needs_no_thread(self) -> None:
        seen: list[str] = []
        with scripted([Answer({})]) as server, open_store(server, read_timeout=2) as store:
            store.client.meta.events.register(
                "before-send.dynamodb", lambda **_: seen.append(threading.current_thread().name)
            )
            with deadline_in(60):
                store.perform(GET)

        assert seen == [threading.current_thread().name]

    def test_ends_repetitions_that_could_outlast_it(self) -> None:
        """Another attempt could take 4 seconds after a pause of one: that is too long for what is left."""
        with (
            scripted([BUSY, Answer({})]) as server,
            open_store(server, read_timeout=2) as store,
            pytest.raises(DeadlineExceeded),
            deadline_in(4.5),
        ):
            run(perform(GET), store)

        assert len(server.requests) == 1

    def test_lets_the_others_be(self) -> None:
        busy_once = [BUSY, Answer({"Item": KEY})]
        with scripted(busy_once) as server, open_store(server, read_timeout=2) as store, deadline_in(60):
            found = run(perform(GET), store)

        assert found.item == KEY


def test_nothing_is_sent_after_it() -> None:
    with (
        scripted([]) as server,
        open_store(server) as store,
        pytest.raises(DeadlineExceeded),
        deadline_in(0),
    ):
        store.perform(PUT)

    assert server.requests == []
