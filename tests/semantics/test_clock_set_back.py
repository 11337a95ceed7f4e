"""Clocks that go backwards or leap: nothing is lost or applied twice, since their order decides nothing.

What takes time is measured by a clock that only grows; times that are stored are what the clock said.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.cursors import CursorKeys
from persistence.errors import (
    CommitConflict,
    CommitOutcomeUnknown,
    DeadlineExceeded,
    InvalidCursor,
    StaleEntity,
)
from persistence.operations import Operation, TransactWrite
from persistence.testing.faults import Fault, LostAnswer, LostRequest, Rule
from tests.semantics.model import Note, NoteMapping
from tests.semantics.world import BEGINNING, Recording, World

R = TypeVar("R")

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World(Recording(MemoryStore()))


@pytest.fixture
def notes(world: World) -> Repository[Note]:
    return world.repository(NoteMapping)


class TestStoredTimes:
    def test_are_what_the_clock_said_and_versions_go_on(self, world: World, notes: Repository[Note]) -> None:
        note = notes.add(Note("1"))
        world.clock.now -= HOUR
        note.title = "earlier"
        notes.update(note)

        found = notes.get("1")
        assert (found.version, found.created_at, found.updated_at) == (1, BEGINNING, BEGINNING - HOUR)

    def test_never_decide_who_was_first(self, world: World, notes: Repository[Note]) -> None:
        """The version does: a writer with a late clock does not win, nor one with an early clock lose."""
        notes.add(Note("1"))
        early, late = notes.get("1"), notes.get("1")
        world.clock.now -= HOUR
        early.title = "first"
        notes.update(early)
        world.clock.now += 2 * HOUR
        late.title = "second"

        with pytest.raises(StaleEntity):
            notes.update(late)

        assert notes.get("1").title == "first"

    def test_of_creation_tell_incarnations_apart_though_they_go_backwards(
        self, world: World, notes: Repository[Note]
    ) -> None:
        notes.add(Note("1"))
        others = world.elsewhere(NoteMapping)
        with pytest.raises(CommitConflict) as refused, world.uow:
            stale = notes.get("1")
            others.remove(others.get("1"))
            world.clock.now -= HOUR
            others.add(Note("1", "another"))
            stale.title = "of the first"

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert notes.get("1").title == "another"


@dataclass
class Session:
    id: str
    expires_at: datetime


class SessionMapping(MappingSchema[Session]):
    class Meta:
        table = "sessions"
        key = Key("id")
        hide_expired = True

    expires_at = fields.TimeToLive()


def test_what_has_expired_is_there_again_while_the_service_has_it(world: World) -> None:
    sessions = world.repository(SessionMapping)
    expires = BEGINNING.replace(microsecond=0) + HOUR
    sessions.add(Session("1", expires))

    world.clock.now += 2 * HOUR
    assert sessions.find("1") is None
    world.clock.now -= 2 * HOUR

    assert sessions.get("1").expires_at == expires


def test_cursors_live_by_the_clock_alone(world: World, notes: Repository[Note]) -> None:
    for key in "123":
        notes.add(Note(key))
    keys = CursorKeys((b"k" * 32,), lifetime=HOUR)
    paged = world.repository(NoteMapping, world.unit_of_work(cursor_keys=keys))
    cursor = paged.scan().page(size=1).cursor

    world.clock.now -= HOUR
    assert len(paged.scan().page(size=5, after=cursor)) == 2
    world.clock.now += 3 * HOUR
    with pytest.raises(InvalidCursor, match="lifetime is over"):
        paged.scan().page(size=5, after=cursor)


def lost(count: int | None = None, fault: Fault | None = None) -> Rule:
    return Rule(fault or LostRequest(), (TransactWrite,), count=count)


def unknown(world: World, uow: UnitOfWork) -> CommitOutcomeUnknown:
    notes = world.repository(NoteMapping, uow)
    with pytest.raises(CommitOutcomeUnknown) as raised, uow:
        notes.add(Note("1"))
    return raised.value


class TestDeadlines:
    @pytest.mark.parametrize(("step", "sent"), [(-HOUR, 5), (HOUR, 1)], ids=["back", "forth"])
    def test_of_commits_go_by_the_older_of_two_clocks(self, world: World, step: timedelta, sent: int) -> None:
        """One stands still while the machine sleeps, the other may be set: where either says that the token
        may be forgotten, nothing is sent again; set back, it shortens nothing and prolongs nothing."""

        class Leaping(Recording):
            def perform(self, operation: Operation[R]) -> R:
                world.clock.now += step
                return super().perform(operation)

        world.store = Leaping(world.store.below)
        uow, layer = world.faulty(lost(fault=LostAnswer()), deadline=8.0)
        unknown(world, uow)

        assert min(len(layer.transactions), 5) == sent
        assert sum(world.pauses.seconds) <= 8.0
        assert world.repository(NoteMapping).get("1").version == 0

    def test_of_resuming_go_by_the_clock_that_only_grows_where_the_other_was_set_back(
        self, world: World, notes: Repository[Note]
    ) -> None:
        uow, layer = world.faulty(lost(1), deadline=0.01)
        outcome = unknown(world, uow)
        world.clock.now -= HOUR

        uow.resume(outcome)

        assert notes.get("1").version == 0
        assert len(set(map(repr, layer.transactions))) == 1

    def test_of_resuming_end_where_it_grew_though_the_other_was_set_back(self, world: World) -> None:
        """After 10 minutes the service forgets the token, whatever the time is said to be."""
        uow, layer = world.faulty(lost(), deadline=0.01)
        outcome = unknown(world, uow)
        sent = len(layer.transactions)
        world.clock.now -= HOUR
        world.pauses.seconds.append(541.0)

        with pytest.raises(DeadlineExceeded):
            uow.resume(outcome)

        assert len(layer.transactions) == sent

    @pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forth"])
    def test_of_resuming_elsewhere_are_not_trusted_to_clocks_that_disagree(
        self, world: World, notes: Repository[Note], step: timedelta
    ) -> None:
        """Another process knows no more than when it was begun: what can't be is refused, and not sent."""
        uow, _ = world.faulty(lost(1), deadline=0.01)
        arrived = pickle.loads(pickle.dumps(unknown(world, uow)))
        world.clock.now += step
        world.forget()

        with pytest.raises(DeadlineExceeded):
            world.unit_of_work().resume(arrived)

        assert world.writes == []
        assert notes.find("1") is None
