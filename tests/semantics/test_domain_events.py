"""Domain events: recorded with a unit, handed on after its commit, stored in the outbox with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from persistence import CommitConflict, EntityExists, Repository, UnitOfWork
from persistence.errors import HandlersFailed, MappingError, UnitBroken, UnitOfWorkStateError
from persistence.operations import PutItem, TransactWrite
from persistence.testing.faults import LostAnswer, LostRequest, Rule
from persistence.unit_of_work import Committed, DomainEvents
from tests.semantics.model import (
    Moved,
    Note,
    NoteMapping,
    Parcel,
    ParcelMapping,
    ParcelOutbox,
)
from tests.semantics.world import World


class Handled(list[object]):
    """A handler that keeps the events it was called with."""

    def __call__(self, event: object) -> None:
        self.append(event)


class Deaf:
    """A handler that fails."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, event: object) -> None:
        self.calls += 1
        raise RuntimeError("deaf")


@pytest.fixture
def handled() -> Handled:
    return Handled()


@pytest.fixture
def uow(world: World, handled: Handled) -> UnitOfWork:
    return world.unit_of_work(events=handled)


@pytest.fixture
def parcels(world: World, uow: UnitOfWork) -> Repository[Parcel]:
    parcels = world.repository(ParcelMapping, uow)
    with world.unit_of_work() as plain:
        world.repository(ParcelMapping, plain).add(Parcel("p1"))
    world.forget()
    return parcels


class TestRecording:
    def test_hands_events_on_after_the_commit(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """`uow.record(event)` collects domain events; handlers run after commit."""
        with uow:
            parcels.get("p1").place = "there"
            uow.record(Moved("p1", "there"))
            before = list(handled)

        assert (before, list(handled)) == ([], [Moved("p1", "there")])

    def test_collects_what_entities_expose(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """Events that an entity exposes through the agreed attribute are taken from it by the commit."""
        with uow:
            parcel = parcels.get("p1")
            parcel.move("there")
            parcel.move("home")

        assert list(handled) == [Moved("p1", "there"), Moved("p1", "home")]
        assert parcel.domain_events == []

    def test_takes_another_attribute(self, world: World, handled: Handled) -> None:
        """The attribute is agreed on by `DomainEvents(attribute=...)`."""
        uow = world.unit_of_work(events=DomainEvents(handled, attribute="news"))
        notes = world.repository(NoteMapping, uow)

        with uow:
            note = notes.add(Note("n1"))
            note.news = ["it is new"]  # type: ignore[attr-defined]  # an attribute that the mapping does not know

        assert list(handled) == ["it is new"]

    def test_of_removed_and_new_entities_counts(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """Whatever becomes of an entity, what happened to it is told."""
        with uow:
            gone = parcels.get("p1")
            gone.domain_events.append("gone")
            parcels.remove(gone)
            parcels.add(Parcel("p2")).move("there")

        assert list(handled) == ["gone", Moved("p2", "there")]

    def test_outside_a_unit_takes_those_of_the_entity(
        self, world: World, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """A call that acts at once is a unit of its own."""
        parcel = Parcel("p2")
        parcel.move("there")

        parcels.add(parcel)

        assert list(handled) == [Moved("p2", "there")]

    def test_without_writes_is_handed_on_too(self, uow: UnitOfWork, handled: Handled) -> None:
        """A unit with nothing to write commits as well."""
        with uow:
            uow.record("looked around")

        assert list(handled) == ["looked around"]

    def test_needs_a_unit(self, uow: UnitOfWork) -> None:
        """Outside a unit there is no commit to wait for."""
        with pytest.raises(UnitOfWorkStateError, match="record: no unit of work is open"):
            uow.record("nothing")


class TestFailures:
    def test_keep_events_from_being_handed_on(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """A refused commit hands on nothing, and leaves the events with their entities."""
        with pytest.raises(CommitConflict), uow:
            parcel = Parcel("p1")
            parcel.move("there")
            parcels.add(parcel)
            uow.record("hello")

        assert list(handled) == []
        assert parcel.domain_events == [Moved("p1", "there")]

    def test_of_the_body_drop_them(self, uow: UnitOfWork, handled: Handled) -> None:
        """What did not happen is not told."""
        with pytest.raises(ZeroDivisionError), uow:
            uow.record("hello")
            raise ZeroDivisionError

        assert list(handled) == []

    def test_rollback_drops_them(self, uow: UnitOfWork, handled: Handled) -> None:
        """`rollback()` discards, events included."""
        with uow:
            uow.record("dropped")
            uow.rollback()
            uow.record("kept")

        assert list(handled) == ["kept"]


class TestHandlers:
    @pytest.mark.parametrize(
        "events",
        [
            pytest.param(lambda one, other: {Moved: one, str: [other]}, id="by type"),
            pytest.param(lambda one, other: DomainEvents({Moved: [one], str: other}), id="a policy"),
        ],
    )
    def test_are_found_by_type(self, world: World, events: Callable[[Any, Any], Any]) -> None:
        """One handler, several, or by event type; a type stands for its subclasses."""
        one, other = Handled(), Handled()
        uow = world.unit_of_work(events=events(one, other))

        with uow:
            uow.record(Moved("p1", "there"))
            uow.record("text")
            uow.record(7)

        assert (list(one), list(other)) == ([Moved("p1", "there")], ["text"])

    def test_run_in_order_and_all_of_them(self, world: World) -> None:
        """Their failures are collected as `HandlersFailed(committed=True)`, never re-run."""
        deaf, handled = Deaf(), Handled()
        uow = world.unit_of_work(events=[deaf, handled])
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(HandlersFailed) as failed, uow:
            note = notes.add(Note("n1"))
            uow.record("first")
            uow.record("second")

        assert failed.value.committed
        assert [(each.event, each.handler) for each in failed.value.failures] == [
            ("first", deaf),
            ("second", deaf),
        ]
        assert list(handled) == ["first", "second"]
        assert world.elsewhere(NoteMapping).get("n1") == note
        assert isinstance(uow.last_outcome, Committed)

    def test_that_fail_are_never_a_reason_to_repeat(self, world: World) -> None:
        """`run` does not repeat what is committed, whatever `retry_on` says."""
        deaf = Deaf()
        uow = world.unit_of_work(events=deaf)
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            uow.record("event")

        with pytest.raises(HandlersFailed):
            uow.run(work, retry_on=(Exception,))

        assert (len(calls), deaf.calls) == (1, 1)

    @pytest.mark.synchronous("its handler calls synchronous names inside the loop")
    def test_run_outside_the_unit(self, world: World) -> None:
        """What a handler does is a unit of its own, also after an early commit."""
        seen: list[object] = []

        def handler(event: object) -> None:
            seen.append(uow.current_unit())
            notes.add(Note(f"n-{event}"))

        uow = world.unit_of_work(events=handler)
        notes = world.repository(NoteMapping, uow)

        with uow:
            notes.add(Note("n1"))
            uow.record("early")
            uow.commit()
            notes.get("n1").title = "changed"
            uow.record("late")

        assert seen == [None, None]
        assert [len(actions) for actions in world.writes] == [1, 1, 1, 1]

    def test_that_fail_after_an_early_commit_leave_the_unit_open(self, world: World) -> None:
        """Handlers can't change the outcome: the unit goes on."""
        uow = world.unit_of_work(events={str: Deaf()})
        notes = world.repository(NoteMapping, uow)

        with uow:
            note = notes.add(Note("n1"))
            uow.record("early")
            with pytest.raises(HandlersFailed):
                uow.commit()
            note.title = "changed"

        assert world.elsewhere(NoteMapping).get("n1").version == 1

    def test_run_after_resume(self, world: World, handled: Handled) -> None:
        """They run once, also after `resume`."""
        lost = Rule(LostAnswer(), (TransactWrite,), count=1)
        uow, _layer = world.faulty(lost, deadline=0.01, events=handled)
        notes = world.repository(NoteMapping, uow)
        with pytest.raises(Exception, match="unknown") as unknown, uow:
            notes.add(Note("n1"))
            uow.record("event")
        before = list(handled)

        uow.resume(unknown.value)  # type: ignore[arg-type]  # it is a CommitOutcomeUnknown

        assert (before, list(handled)) == ([], ["event"])

    @pytest.mark.synchronous("an asynchronous unit awaits them")
    def test_that_are_asynchronous_are_refused_by_a_synchronous_unit(self, world: World) -> None:
        """Nobody would await them: that is a failure of the handler, and said."""

        async def handler(event: object) -> None:
            raise AssertionError("it was called")

        uow = world.unit_of_work(events=handler)

        with pytest.raises(HandlersFailed) as failed, uow:
            uow.record("event")

        (failure,) = failed.value.failures
        assert "AsyncUnitOfWork" in str(failure.error)

    @pytest.mark.parametrize("events", ["text", 7, {"Moved": Handled()}, [1], {Moved: 3}])
    def test_are_checked_when_the_unit_of_work_is_made(self, world: World, events: Any) -> None:
        """What can't be called is found at once."""
        with pytest.raises(UnitOfWorkStateError, match=r"events|handlers"):
            world.unit_of_work(events=events)

    def test_attribute_is_a_name(self) -> None:
        """The agreed attribute has a name."""
        with pytest.raises(UnitOfWorkStateError, match="name of an attribute"):
            DomainEvents(attribute="no name")


class TestOutbox:
    """With an outbox mapping, recorded events are items of the same transaction."""

    @pytest.fixture
    def uow(self, world: World, handled: Handled) -> UnitOfWork:
        world.repository(ParcelOutbox)
        return world.unit_of_work(events=handled, outbox=ParcelOutbox)

    def test_stores_events_with_the_entities(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel], handled: Handled
    ) -> None:
        """One transaction; handlers run as well."""
        with uow:
            parcels.get("p1").move("there")
            uow.record(Moved("p9", "nowhere"))

        ((_update, recorded, raised),) = world.writes
        assert isinstance(recorded, PutItem)
        assert isinstance(raised, PutItem)
        assert raised.item["aggregate_version"] == {"N": "1"}
        assert raised.item["payload"]["M"]["to"] == {"S": "there"}
        assert list(handled) == [Moved("p9", "nowhere"), Moved("p1", "there")]

    def test_keeps_the_entity_of_a_recorded_event(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel]
    ) -> None:
        """`record(event, entity)` orders it with the entity's own."""
        with uow:
            parcel = parcels.get("p1")
            parcel.place = "there"
            uow.record(Moved("p1", "there"), parcel)

        ((_update, recorded),) = world.writes
        assert isinstance(recorded, PutItem)
        assert recorded.item["aggregate_type"] == {"S": "Parcel"}
        assert recorded.item["aggregate_version"] == {"N": "1"}

    def test_stores_nothing_of_a_refused_commit(
        self, world: World, uow: UnitOfWork, parcels: Repository[Parcel]
    ) -> None:
        """All or nothing."""
        with pytest.raises(CommitConflict) as refused, uow:
            parcel = Parcel("p1")
            parcel.move("there")
            parcels.add(parcel)

        assert [type(reason) for reason in refused.value.reasons] == [EntityExists]
        assert world.repository(ParcelOutbox).scan().count() == 0

    def test_refuses_strange_events_at_once(self, uow: UnitOfWork) -> None:
        """A type that the outbox does not declare is refused where it is recorded."""
        with pytest.raises(MappingError), uow:
            uow.record("a text")

    def test_stores_each_once_when_answers_are_lost(self, world: World, handled: Handled) -> None:
        """The entries are part of the frozen request."""
        world.repository(ParcelOutbox)
        plan = [Rule(LostAnswer(), (TransactWrite,), count=1), Rule(LostRequest(), (TransactWrite,), count=1)]
        uow, _layer = world.faulty(*plan, outbox=ParcelOutbox, events=handled)
        parcels = world.repository(ParcelMapping, uow)

        with uow:
            parcels.add(Parcel("p1")).move("there")

        entries = world.repository(ParcelOutbox).scan().all()
        assert [(entry.aggregate_key, entry.aggregate_version) for entry in entries] == [(("p1",), 0)]
        assert list(handled) == [Moved("p1", "there")]

    def test_shows_its_entries_before_they_are_sent(
        self, uow: UnitOfWork, parcels: Repository[Parcel]
    ) -> None:
        """`pending` lists them; looking changes nothing."""
        with uow:
            parcels.get("p1").move("there")
            first, second = uow.pending, uow.pending
            uow.rollback()

        assert [action.entity_name for action in first] == ["Parcel", "OutboxEntry"]
        assert repr(first) == repr(second)


class TestABrokenUnit:
    def test_takes_no_events(self, world: World, uow: UnitOfWork, parcels: Repository[Parcel]) -> None:
        """After a failed commit every later call shows the first failure."""
        with pytest.raises(CommitConflict), uow:
            parcels.add(Parcel("p1"))
            with pytest.raises(CommitConflict):
                uow.commit()
            with pytest.raises(UnitBroken):
                uow.record("late")
