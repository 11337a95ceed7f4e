"""Reading many entities by their keys."""

# a unit of work is a block of statements, and how it ends is the subject

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar, cast

import pytest

from persistence import EntityNotFound, QueryError, Repository, Throttled, UnitOfWork
from persistence.errors import KeysUnread
from persistence.mapping import mapping_of
from persistence.operations import BatchGetItems, BatchGetResult, BatchWriteItems, GetItem, Operation, PutItem
from persistence.store import Limits, Store
from persistence.testing.faults import Rule, Throttling, Unprocessed
from tests.semantics.model import Note, NoteMapping, Order, OrderMapping, Reading, ReadingMapping
from tests.semantics.world import World

R = TypeVar("R")


class Grudging:
    """A layer that answers only some gets of a batch, and leaves the others unprocessed."""

    def __init__(self, store: Store, answered: int) -> None:
        self.below, self.answered = store, answered

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if not isinstance(operation, BatchGetItems):
            return self.below.perform(operation)
        now, later = operation.gets[: self.answered], operation.gets[self.answered :]
        items = self.below.perform(BatchGetItems(now)).items if now else ()
        return cast(R, BatchGetResult((*items, *(None for _ in later)), later))


def store_notes(world: World, keys: Sequence[str]) -> None:
    """Store notes without recording it, in a few requests."""
    mapping = mapping_of(NoteMapping)
    puts = [PutItem(mapping.table, mapping.codec.encode(Note(key))) for key in keys]
    for start in range(0, len(puts), 25):
        world.store.below.perform(BatchWriteItems(tuple(puts[start : start + 25])))


class TestGetMany:
    def test_answers_in_the_order_of_the_keys_with_duplicates(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """In the keys' order, duplicates kept."""
        store_notes(world, ["a", "b", "c"])

        found = notes.get_many(["c", "a", "c", "b"])

        assert [note.id for note in found] == ["c", "a", "c", "b"]

    def test_raises_with_all_missing_keys(self, world: World, notes: Repository[Note]) -> None:
        """`get_many(keys)` raises `EntityNotFound` with all missing keys."""
        store_notes(world, ["a"])

        with pytest.raises(EntityNotFound) as missing:
            notes.get_many(["x", "a", "y", "x"])

        assert (missing.value.entity_type, missing.value.keys) == (Note, (("x",), ("y",)))

    def test_takes_any_number_of_keys(self, world: World, notes: Repository[Note]) -> None:
        """Any number of keys: batches of 100, each key asked for once, consistently."""
        keys = [f"n{number:03d}" for number in range(230)]
        store_notes(world, keys)

        found = notes.get_many([*keys, *reversed(keys)])

        assert [note.id for note in found] == [*keys, *reversed(keys)]
        batches = [operation for operation in world.sent if isinstance(operation, BatchGetItems)]
        assert sorted(len(batch.gets) for batch in batches) == [30, 100, 100]
        assert all(get.consistent for batch in batches for get in batch.gets)

    def test_of_no_keys_asks_nothing(self, world: World, notes: Repository[Note]) -> None:
        """No change, no call; no key, no call either."""
        assert notes.get_many([]) == []
        assert world.sent == []

    def test_takes_tuples_and_names(self, world: World, orders: Repository[Order]) -> None:
        """Keys are tuples, or given by name; scalars stand for single-attribute keys."""
        others = world.elsewhere(OrderMapping)
        one, two = others.add(Order("c1", 1)), others.add(Order("c1", 2))

        assert orders.get_many([("c1", 2), {"number": 1, "customer_id": "c1"}]) == [two, one]

    def test_asks_for_equal_number_keys_once(self, world: World) -> None:
        """Number keys are one key if they are equal by value: never a duplicate in a batch."""
        readings = world.repository(ReadingMapping)
        stored = world.elsewhere(ReadingMapping).add(Reading(Decimal(1), 1))
        world.forget()

        found = readings.get_many([(1, 1), (Decimal("1.0"), 1), (Decimal("1E0"), 1)])

        assert found == [stored] * 3
        assert [len(each.gets) for each in world.sent if isinstance(each, BatchGetItems)] == [1]

    def test_refuses_bad_keys_before_sending(self, world: World, notes: Repository[Note]) -> None:
        """One bad key among many: nothing is sent."""
        with pytest.raises(QueryError):
            notes.get_many(["a", "", "b"])

        assert world.sent == []


class TestFindMany:
    def test_gives_none_for_what_is_missing(self, world: World, notes: Repository[Note]) -> None:
        """`find_many(keys)` gives `list[T | None]`."""
        store_notes(world, ["a", "b"])

        found = notes.find_many(["b", "x", "a"])

        assert [note and note.id for note in found] == ["b", None, "a"]


class TestInAUnit:
    def test_tracks_what_it_finds(self, world: World, notes: Repository[Note]) -> None:
        """Same key, same object, changes included."""
        store_notes(world, ["a", "b"])

        with world.uow:
            first = notes.get("a")
            a, b, again = notes.get_many(["a", "b", "a"])
            b.title = "changed"

        assert a is first
        assert again is first
        assert world.elsewhere(NoteMapping).get("b").title == "changed"

    def test_asks_only_for_what_it_does_not_know(self, world: World, notes: Repository[Note]) -> None:
        """Loaded, added, removed and absent keys are not asked for again."""
        store_notes(world, ["loaded", "removed", "new to it"])

        with world.uow:
            notes.get("loaded")
            notes.remove(notes.get("removed"))
            notes.find("absent")
            added = notes.add(Note("added"))
            world.forget()
            found = notes.find_many(["loaded", "removed", "absent", "added", "new to it"])
            (batch,) = world.sent

        assert isinstance(batch, BatchGetItems)
        assert batch.gets == (
            GetItem(mapping_of(NoteMapping).table, {"id": {"S": "new to it"}}, consistent=True),
        )
        assert [note and note.id for note in found] == ["loaded", None, None, "added", "new to it"]
        assert found[3] is added

    def test_remembers_absence(self, world: World, notes: Repository[Note]) -> None:
        """What was found absent is not asked for again."""
        with world.uow:
            notes.find_many(["a", "b"])
            world.forget()

            assert notes.find_many(["a", "b"]) == [None, None]
            assert notes.find("a") is None
            assert world.sent == []


class TestUnprocessedKeys:
    def test_are_asked_for_again(self, world: World, notes: Repository[Note]) -> None:
        """Unprocessed keys are retried with backoff until all are answered."""
        keys = [f"n{number}" for number in range(7)]
        store_notes(world, keys)
        uow = UnitOfWork(Grudging(world.store, answered=3), timing=world.pauses.timing)
        world.forget()

        found = Repository(NoteMapping, uow).get_many(keys)

        assert [note.id for note in found] == keys
        assert [len(each.gets) for each in world.sent if isinstance(each, BatchGetItems)] == [3, 3, 1]
        assert world.pauses.seconds == [0.025, 0.05]

    def test_are_given_up_in_the_end(self, world: World, notes: Repository[Note]) -> None:
        """A table that answers nothing is `Throttled`, never taken for an empty one."""
        uow = UnitOfWork(Grudging(world.store, answered=0), timing=world.pauses.timing)

        with pytest.raises(Throttled, match="unprocessed"):
            Repository(NoteMapping, uow).find_many(["a"])

    def test_are_listed_exactly_in_the_end(self, world: World, notes: Repository[Note]) -> None:
        """The error has the keys that were not read, of all batches, in order; its text has none."""
        keys = [f"n{number:03d}" for number in range(250)]
        uow, layer = world.faulty(Rule(Throttling(), (BatchGetItems,), after=2))
        repository = world.repository(NoteMapping, uow, create=False)

        with pytest.raises(KeysUnread) as raised:
            repository.find_many(keys)

        unread = [key for (key,) in raised.value.unread]
        assert unread == [key for key in keys if key in set(unread)]
        assert len(unread) in (50, 100)
        assert raised.value.entity_type is Note
        assert not [key for key in keys if key in str(raised.value)]
        assert layer.injected

    def test_try_patience_only_where_nothing_is_answered(self, world: World, notes: Repository[Note]) -> None:
        """An attempt that was answered in part is not in vain: 30 keys, one at a time, are all read."""
        keys = [f"n{number:02d}" for number in range(30)]
        store_notes(world, keys)
        uow = UnitOfWork(Grudging(world.store, answered=1), timing=world.pauses.timing)

        found = Repository(NoteMapping, uow).get_many(keys)

        assert [note.id for note in found] == keys
        assert len(world.pauses.seconds) == 29

    def test_are_asked_for_twice_among_duplicates_and_missing_ones_24(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Case 24: 250 keys with duplicates, some missing, unprocessed twice: in order, all answered."""
        stored = [f"n{number:03d}" for number in range(200)]
        store_notes(world, stored)
        keys = [*reversed(stored), *(f"x{number}" for number in range(30)), *stored[:20]]
        uow, layer = world.faulty(Rule(Unprocessed(left=40), (BatchGetItems,), count=2))
        repository = world.repository(NoteMapping, uow, create=False)

        found = repository.find_many(keys)

        assert [note and note.id for note in found] == [key if key in stored else None for key in keys]
        assert len(layer.injected) == 2
        with pytest.raises(EntityNotFound) as missing:
            repository.get_many(keys)
        assert missing.value.keys == tuple((f"x{number}",) for number in range(30))
