"""Entities that somebody changes while their commit is under way: what was sent is what counts as loaded.

A commit plans once. Between plan and answer an entity can be changed by another thread, by another task of
the loop, or by a handler. The stored item is what was planned, and the change is found by the next commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from persistence import MemoryStore, Repository, UnitOfWork
from persistence.errors import CommitOutcomeUnknown, StaleEntity, StoreUnavailable
from persistence.mapping import mapping_of
from persistence.operations import GetItem, Operation, TransactWrite, UpdateItem
from tests.semantics.model import Author, Line, Note, NoteMapping

R = TypeVar("R")

NOTES = mapping_of(NoteMapping)


class Interrupted:
    """A store that lets something happen before or after each write takes effect."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.limits = self.memory.limits
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None
        self.failure: Exception | None = None

    def perform(self, operation: Operation[R]) -> R:
        writes = isinstance(operation, TransactWrite | UpdateItem)
        if writes:
            _happen(self.before)
        answer = self.memory.perform(operation)
        if writes:
            _happen(self.after)
            if self.failure is not None:
                raise self.failure
        return answer

    def stored(self, key: str) -> Any:
        item = self.memory.perform(GetItem(NOTES.table, {"id": {"S": key}}, consistent=True)).item
        return None if item is None else NOTES.codec.decode(item)

    @contextmanager
    def while_writing(self, before: Callable[[], object], after: Callable[[], object]) -> Iterator[None]:
        self.before, self.after = before, after
        try:
            yield
        finally:
            self.before = self.after = None


def _happen(work: Callable[[], object] | None) -> None:
    """Do something in another thread, as a stranger does who holds the object."""
    if work is not None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()


def _nothing() -> None:
    pass


@pytest.fixture
def store() -> Interrupted:
    return Interrupted()


@pytest.fixture
def uow(store: Interrupted) -> UnitOfWork:
    return UnitOfWork(store)


@pytest.fixture
def notes(uow: UnitOfWork) -> Repository[Note]:
    return Repository(NoteMapping, uow)


def _deeply(note: Note, text: str) -> None:
    note.title = text
    note.author = Author(text, "Graz")
    note.lines.append(Line(text))
    note.extra[text] = {"deep": [text]}
    note.tags.add(text)


@pytest.mark.parametrize("moment", ["before", "after"])
class TestChangesOfOthersWhileWriting:
    """Before: the request is under way. After: it took effect, and its answer is not there yet."""

    def during(self, store: Interrupted, moment: str, work: Callable[[], object]) -> Any:
        return store.while_writing(*((work, _nothing) if moment == "before" else (_nothing, work)))

    def test_of_a_new_entity_are_found_by_the_next_commit(
        self, store: Interrupted, uow: UnitOfWork, notes: Repository[Note], moment: str
    ) -> None:
        note = Note("1", "planned", lines=[Line("a")])
        with uow:
            notes.add(note)
            with self.during(store, moment, lambda: _deeply(note, "later")):
                uow.commit()
            between = store.stored("1")
            assert (between.title, between.author, between.lines) == ("planned", None, [Line("a")])
            assert (between.extra, between.tags) == ({}, set())
            assert note.title == "later"

        found = store.stored("1")
        assert (found.title, found.author, found.version) == ("later", Author("later", "Graz"), 1)
        assert found == note

    def test_of_a_loaded_entity_are_found_by_the_next_commit(
        self, store: Interrupted, uow: UnitOfWork, notes: Repository[Note], moment: str
    ) -> None:
        notes.add(Note("1", "loaded", lines=[Line("a")], extra={"x": {"deep": [1]}}))
        with uow:
            note = notes.get("1")
            _deeply(note, "planned")
            with self.during(store, moment, lambda: _deeply(note, "later")):
                uow.commit()
            between = store.stored("1")
            assert (between.title, [line.sku for line in between.lines]) == ("planned", ["a", "planned"])
            assert between.version == note.version == 1

        assert store.stored("1") == note
        assert [line.sku for line in note.lines] == ["a", "planned", "later"]

    def test_back_to_what_was_loaded_are_changes_too(
        self, store: Interrupted, uow: UnitOfWork, notes: Repository[Note], moment: str
    ) -> None:
        """Compared is with what was sent, not with what was loaded before it."""
        notes.add(Note("1", "loaded"))
        with uow:
            note = notes.get("1")
            note.title = "planned"
            with self.during(store, moment, lambda: setattr(note, "title", "loaded")):
                uow.commit()
            assert store.stored("1").title == "planned"

        assert store.stored("1").title == "loaded"

    def test_of_an_entity_saved_at_once_are_not_stored(
        self, store: Interrupted, uow: UnitOfWork, notes: Repository[Note], moment: str
    ) -> None:
        note = notes.add(Note("1"))
        note.title = "planned"

        with self.during(store, moment, lambda: setattr(note, "title", "later")):
            notes.update(note)

        assert (store.stored("1").title, note.title, note.version) == ("planned", "later", 1)
        notes.update(note)
        assert store.stored("1").title == "later"

    def test_of_the_version_do_no_harm(
        self, store: Interrupted, uow: UnitOfWork, notes: Repository[Note], moment: str
    ) -> None:
        note = notes.add(Note("1"))
        with uow:
            note = notes.get("1")
            note.title = "planned"
            with self.during(store, moment, lambda: setattr(note, "version", 77)):
                uow.commit()
            assert note.version == store.stored("1").version == 1


def test_changes_while_a_lost_answer_is_resumed_are_found_by_the_next_commit(store: Interrupted) -> None:
    uow = UnitOfWork(store, deadline=0.01)
    notes = Repository(NoteMapping, uow)
    note = Note("1", "planned")
    store.failure = StoreUnavailable("the answer was lost")
    with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
        notes.add(note)
    note.title = "later"
    store.failure = None

    uow.resume(unknown.value)

    assert (store.stored("1").title, note.title, note.version) == ("planned", "later", 0)
    notes.update(note)
    assert (store.stored("1").title, note.version) == ("later", 1)


def test_changes_by_handlers_of_events_are_no_part_of_the_commit(store: Interrupted) -> None:
    """They run behind it; what they change of its entities is saved by whoever saves them next."""
    note = Note("1", "planned")
    uow = UnitOfWork(store, events={str: [lambda event: setattr(note, "title", event)]})
    notes = Repository(NoteMapping, uow)

    with uow:
        notes.add(note)
        uow.record("handled")

    assert (store.stored("1").title, note.title) == ("planned", "handled")
    notes.update(note)
    assert store.stored("1").title == "handled"


def test_changes_during_a_refused_commit_are_kept_and_refused_again(store: Interrupted) -> None:
    uow = UnitOfWork(store)
    notes = Repository(NoteMapping, uow)
    notes.add(Note("1"))
    note = notes.get("1")
    others = notes.get("1")
    others.title = "others"
    notes.update(others)
    note.title = "planned"

    with store.while_writing(lambda: setattr(note, "title", "later"), _nothing), pytest.raises(StaleEntity):
        notes.update(note)

    assert (note.title, note.version, store.stored("1").title) == ("later", 0, "others")
