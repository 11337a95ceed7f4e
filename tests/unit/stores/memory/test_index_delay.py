"""Global indexes that are behind their tables, by the store's clock."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

import pytest

from persistence.attributes import Item
from persistence.operations import (
    DeleteItem,
    GetItem,
    PutItem,
    ScanPage,
    UpdateTable,
)
from persistence.store import Store
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.table import GlobalIndex, Key, LocalIndex, Table
from persistence.testing.clocks import FrozenClock
from persistence.testing.contract import IndexContract

BY_OWNER = GlobalIndex("by-owner", Key("owner"))
TABLE = Table("things", "id", "at", indexes=(BY_OWNER, LocalIndex("by-size", sort="size")))
ITEM: Item = {"id": {"S": "1"}, "at": {"S": "a"}, "owner": {"S": "ann"}, "size": {"S": "s"}}
KEY: Item = {"id": {"S": "1"}, "at": {"S": "a"}}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def store(clock: FrozenClock) -> MemoryStore:
    return MemoryStore(clock=clock.timestamp, index_delay=5)


def owners(store: Store, index: str = BY_OWNER.name) -> list[str]:
    return [item["owner"]["S"] for item in store.perform(ScanPage(TABLE, index=index)).items]


def entries(store: Store) -> list[Item]:
    found = store.perform(ScanPage(TABLE, index=BY_OWNER.name)).items
    return sorted(found, key=lambda item: item["id"]["S"])


def any_write(chance: Random) -> PutItem | DeleteItem:
    """Write one of a few items, with another owner, without one, or not at all."""
    key: Item = {"id": {"S": chance.choice("abc")}, "at": {"S": "a"}}
    if chance.random() < 0.3:
        return DeleteItem(TABLE, key)
    owner: Item = {"owner": {"S": chance.choice("xy")}} if chance.random() < 0.8 else {}
    return PutItem(TABLE, key | owner | {"n": {"N": str(chance.randrange(3))}})


class TestIndexDelay:
    def test_shows_a_write_when_it_has_passed(self, store: MemoryStore, clock: FrozenClock) -> None:
        """The table and its local indexes have it at once."""
        store.perform(PutItem(TABLE, ITEM))

        assert store.perform(GetItem(TABLE, KEY, consistent=True)).item == ITEM
        assert owners(store, "by-size") == ["ann"]
        assert owners(store) == []
        clock.advance(4.9)
        assert owners(store) == []
        clock.advance(0.1)
        assert owners(store) == ["ann"]

    def test_shows_what_was_before(self, store: MemoryStore, clock: FrozenClock) -> None:
        """Readers see the old entry until the new one has come, one change after the other."""
        store.perform(PutItem(TABLE, ITEM))
        clock.advance(5)
        store.perform(PutItem(TABLE, ITEM | {"owner": {"S": "bob"}}))
        clock.advance(1)
        store.perform(DeleteItem(TABLE, KEY))

        seen = [owners(store)]
        for _ in range(2):
            clock.advance(4 if len(seen) == 1 else 1)
            seen.append(owners(store))

        assert seen == [["ann"], ["bob"], []]

    def test_costs_what_it_costs_without(self, store: MemoryStore) -> None:
        """The service bills the write of an index with that of the table."""
        prompt = MemoryStore()
        writes = (
            PutItem(TABLE, ITEM),
            PutItem(TABLE, ITEM | {"owner": {"S": "bob"}}),
            PutItem(TABLE, ITEM | {"owner": {"S": "bob"}}),
            DeleteItem(TABLE, KEY),
        )

        assert [store.perform(write).capacity for write in writes] == [
            prompt.perform(write).capacity for write in writes
        ]

    def test_does_not_hold_for_what_a_new_index_is_filled_with(self, store: MemoryStore) -> None:
        """When it can be read it has all items that were there."""
        bare = Table("things", "id", "at")
        store.perform(PutItem(bare, ITEM))

        store.perform(UpdateTable("things", create_index=BY_OWNER))

        assert owners(store) == ["ann"]

    @pytest.mark.parametrize("seed", range(5))
    def test_shows_the_index_as_it_was_that_long_ago(self, clock: FrozenClock, seed: int) -> None:
        """Whatever is written when: what readers see was all there at one time, and is never mixed."""
        chance, late, prompt = Random(seed), MemoryStore(clock=clock.timestamp, index_delay=5), MemoryStore()
        history = [(clock.now, entries(prompt))]
        for _ in range(200):
            write = any_write(chance)
            assert late.perform(write) == prompt.perform(write)
            history.append((clock.now, entries(prompt)))
            clock.advance(chance.choice((0, 1, 3)))

            seen = [shown for time, shown in history if time <= clock.now - timedelta(seconds=5)]
            assert entries(late) == (seen or [[]])[-1]

    def test_is_taken_by_the_asynchronous_store(self, clock: FrozenClock) -> None:
        store = AsyncMemoryStore(clock=clock.timestamp, index_delay=5)
        asyncio.run(store.perform(PutItem(TABLE, ITEM)))

        assert asyncio.run(store.perform(ScanPage(TABLE, index=BY_OWNER.name))).count == 0


class TestIndexesWithDelay(IndexContract):
    """The contract of indexes holds, once they have caught up."""

    index_delay = 2.0

    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore(auto_create=False, index_delay=0.005)
