"""What is kept of a commit that is over."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.operations import ConditionCheck, DeleteItem, PutItem, TransactWrite, UpdateItem
from persistence.testing.faults import FaultyStore, LostAnswer, Rule
from persistence.unit_of_work import Committed


@dataclass(eq=False)
class Part:
    name: str = "part"


@dataclass(eq=False)
class Note:
    id: str
    part: Part = field(default_factory=Part)
    version: int = 0


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    version = fields.Version()


Work = Callable[[Repository[Note]], Note]


def added(notes: Repository[Note]) -> Note:
    note = Note("new")
    notes.add(note)
    return note


def changed(notes: Repository[Note]) -> Note:
    note = notes.get("1")
    note.part.name = "another"
    return note


def updated(notes: Repository[Note]) -> Note:
    return notes.update(changed(notes))


def removed(notes: Repository[Note]) -> Note:
    note = notes.get("1")
    notes.remove(note)
    return note


def checked(notes: Repository[Note]) -> Note:
    notes.add(Note("beside"))
    return notes.get("1")


@pytest.fixture(params=["transaction", "conditional"])
def uow(request: pytest.FixtureRequest) -> UnitOfWork:
    store = MemoryStore()
    Repository(NoteMapping, UnitOfWork(store)).add(Note("1"))
    return UnitOfWork(store, single_write=request.param)


@pytest.mark.parametrize(
    ("work", "action"),
    [(added, PutItem), (changed, UpdateItem), (removed, DeleteItem), (checked, ConditionCheck)],
    ids=["added", "changed", "removed", "checked"],
)
def test_an_outcome_keeps_what_was_sent_and_no_entities(
    uow: UnitOfWork, work: Work, action: type[Any]
) -> None:
    """An application that waits for its next request does not hold what the latest one was about."""

    def committed() -> list[weakref.ref[Any]]:
        with uow(isolation="serializable"):
            note = work(Repository(NoteMapping, uow))
        return [weakref.ref(note), weakref.ref(note.part)]

    kept = committed()
    gc.collect()

    assert [each() for each in kept] == [None, None]
    assert isinstance(uow.last_outcome, Committed)
    assert action in {type(planned.action) for planned in uow.last_outcome.planned}


@pytest.mark.parametrize("lost", [0, 1], ids=["answered", "lost"])
@pytest.mark.parametrize(
    ("work", "action"),
    [(added, PutItem), (updated, UpdateItem), (removed, DeleteItem)],
    ids=["added", "updated", "removed"],
)
def test_the_outcome_of_a_write_outside_a_unit_keeps_no_entities(
    work: Work, action: type[Any], lost: int
) -> None:
    store = MemoryStore()
    Repository(NoteMapping, UnitOfWork(store)).add(Note("1"))
    lossy = FaultyStore(store, [Rule(LostAnswer(), count=1, operations=(TransactWrite,))] if lost else [])
    uow = UnitOfWork(lossy, deadline=5)

    def committed() -> list[weakref.ref[Any]]:
        note = work(Repository(NoteMapping, uow))
        return [weakref.ref(note), weakref.ref(note.part)]

    kept = committed()
    gc.collect()
    before_it_is_asked_for = [each() for each in kept]
    outcome = uow.last_outcome
    gc.collect()

    assert isinstance(outcome, Committed)
    assert action in {type(planned.action) for planned in outcome.planned}
    assert before_it_is_asked_for == [each() for each in kept] == [None, None]


def test_the_outcome_of_a_commit_that_was_resumed_keeps_none_either() -> None:
    lossy = FaultyStore(MemoryStore(), [Rule(LostAnswer(), count=1)])
    uow = UnitOfWork(lossy, deadline=5)

    def committed() -> weakref.ref[Note]:
        note = Note("1")
        with uow:
            Repository(NoteMapping, uow).add(note)
        assert note.version == 0
        return weakref.ref(note)

    kept = committed()
    gc.collect()

    assert kept() is None
    assert isinstance(uow.last_outcome, Committed)


def test_entities_move_on_in_a_unit_that_goes_on(uow: UnitOfWork) -> None:
    """A unit keeps its own entities: commit after commit."""
    with uow:
        note = changed(Repository(NoteMapping, uow))
        uow.commit()
        note.part.name = "a third"
        uow.commit()

    assert note.version == 2
    assert Repository(NoteMapping, uow).get("1").part.name == "a third"
