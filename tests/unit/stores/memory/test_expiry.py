"""Time to live: what has expired is deleted when it is asked for, or by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from persistence.operations import (
    CreateTable,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    PutItem,
    RestoreToPoint,
    ScanPage,
    UpdateRecovery,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import PointInTimeRecovery
from persistence.testing.clocks import FrozenClock

TABLE = Table("sessions", "id", indexes=(GlobalIndex("by-user", Key("user")),), time_to_live="until")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def store(clock: FrozenClock) -> MemoryStore:
    return MemoryStore(clock=clock.timestamp)


def put(store: MemoryStore, name: str, until: float | None, tag: str = "N") -> None:
    item = {"id": {"S": name}, "user": {"S": "ann"}}
    store.perform(PutItem(TABLE, item if until is None else item | {"until": {tag: f"{until:.0f}"}}))


def names(store: MemoryStore, table: Table = TABLE, index: str | None = None) -> set[str]:
    return {item["id"]["S"] for item in store.perform(ScanPage(table, index=index)).items}


class TestExpire:
    def test_deletes_what_has_expired(self, store: MemoryStore, clock: FrozenClock) -> None:
        """At its very second; items without the attribute stay. Indexes follow."""
        now = clock.timestamp()
        for name, until in (("past", now - 1), ("now", now), ("later", now + 1), ("never", None)):
            put(store, name, until)

        assert store.expire() == 2

        assert names(store) == names(store, index="by-user") == {"later", "never"}
        clock.advance(1)
        assert store.expire() == 1

    def test_leaves_what_the_service_takes_for_no_time(self, store: MemoryStore, clock: FrozenClock) -> None:
        """Texts, and times of more than five years ago (developer guide, "Time to Live")."""
        put(store, "text", clock.timestamp() - 1, tag="S")
        put(store, "mistake", clock.timestamp() - timedelta(days=5 * 365 + 1).total_seconds())

        assert store.expire() == 0

    def test_looks_only_where_time_to_live_is_on(self, clock: FrozenClock) -> None:
        """The declaration alone does not switch it on in a table that was created."""
        store = MemoryStore(clock=clock.timestamp, auto_create=False)
        store.perform(CreateTable(TABLE))
        put(store, "past", clock.timestamp() - 1)

        assert store.expire() == 0
        store.perform(EnableTimeToLive(TABLE.name, "until"))
        assert store.expire() == 1
        store.perform(DisableTimeToLive(TABLE.name, "until"))
        put(store, "past", clock.timestamp() - 1)
        assert store.expire() == 0

    def test_is_noted_by_recovery(self, store: MemoryStore, clock: FrozenClock) -> None:
        """A restore to a time before the deletion has the item."""
        put(store, "past", clock.timestamp() + 1)
        store.perform(UpdateRecovery(TABLE.name, PointInTimeRecovery(enabled=True)))
        before = clock.advance(1)
        clock.advance(1)
        store.expire()

        store.perform(RestoreToPoint(TABLE.name, "restored", before))

        assert names(store) == set()
        assert names(store, Table("restored", "id")) == {"past"}


class TestExpiryDelay:
    def test_deletes_by_itself_when_it_has_passed(self, clock: FrozenClock) -> None:
        """Until then an expired item is read as any other, as in the service."""
        store = MemoryStore(clock=clock.timestamp, expiry_delay=60)
        put(store, "past", clock.timestamp() + 1)

        clock.advance(60)
        assert names(store) == {"past"}
        clock.advance(1)
        assert names(store) == set()

    def test_is_never_by_default(self, store: MemoryStore, clock: FrozenClock) -> None:
        put(store, "past", clock.timestamp() + 1)
        clock.advance(timedelta(days=30))

        assert store.perform(GetItem(TABLE, {"id": {"S": "past"}})).item is not None
