"""The flows of repositories, step by step: other tasks may use the unit while an answer is awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from persistence import MemoryStore, UnitOfWork
from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.errors import DecodeError, UnitBroken, UnitClosed, UnitOfWorkStateError
from persistence.expressions import Path, Set, UpdateAction, Value
from persistence.flows import Flow
from persistence.mapping import mapping_of
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    ItemResult,
    Returning,
    UpdateItem,
    WriteResult,
)
from persistence.patches import Patch
from persistence.tracking import IdentityMap
from tests.semantics.model import Author, Note, NoteMapping

NOTES = mapping_of(NoteMapping)
KEY = {"id": {"S": "n1"}}
ITEM: Item = {**KEY, "title": {"S": "stored"}, "version": {"N": "0"}}
FOUND = ItemResult(ITEM)


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


@pytest.fixture
def flows(uow: UnitOfWork) -> Iterator[EntityFlows[Note]]:
    """The flows of notes; a unit is open."""
    with uow:
        yield EntityFlows(NOTES, uow)
        uow.rollback()


def answered(flow: Flow[Any], answer: object) -> Any:
    """Answer the step that a flow waits for; give what it returns."""
    with pytest.raises(StopIteration) as stop:
        flow.send(answer)
    return stop.value.value


def waiting(flow: Flow[Any]) -> Flow[Any]:
    """Let a flow ask for its first step."""
    next(flow)
    return flow


class TestWhileAnAnswerIsAwaited:
    def test_another_read_of_the_key_gives_the_same_object(self, flows: EntityFlows[Note]) -> None:
        """Every flow re-checks the identity map after each answer."""
        first, second = waiting(flows.find(KEY)), waiting(flows.find(KEY))

        found = answered(second, FOUND)

        assert answered(first, ItemResult({**ITEM, "title": {"S": "older"}})) is found
        assert found.title == "stored"

    def test_an_added_entity_wins_over_the_answer(self, flows: EntityFlows[Note]) -> None:
        """What was added meanwhile is what a read gives."""
        read = waiting(flows.find(KEY))
        note = Note("n1", "added")
        flows.put(note, IdentityMap.add)

        assert answered(read, ItemResult(None)) is note

    def test_a_batch_looks_again_as_well(self, flows: EntityFlows[Note]) -> None:
        """So does a read of many keys."""
        many, one = flows.find_many([KEY]), waiting(flows.find(KEY))
        asked = next(many)
        found = answered(one, FOUND)

        (again,) = answered(many, BatchGetResult((ITEM,)))

        assert isinstance(asked, BatchGetItems)
        assert again is found

    def test_a_closed_unit_takes_nothing_in(self, uow: UnitOfWork) -> None:
        """Every flow re-checks the unit's state after each answer."""
        with uow:
            read = waiting(EntityFlows(NOTES, uow).find(KEY))

        with pytest.raises(UnitClosed):
            read.send(FOUND)

    def test_a_broken_unit_takes_nothing_in(self, uow: UnitOfWork) -> None:
        """A task whose unit was broken by another one is told at its next answer."""
        failure = ZeroDivisionError("of another task")

        with pytest.raises(ZeroDivisionError), uow:
            read = waiting(EntityFlows(NOTES, uow).find(KEY))
            with pytest.raises(ZeroDivisionError), uow:
                raise failure
            with pytest.raises(UnitBroken) as broken:
                read.send(FOUND)

        assert broken.value.first_failure is failure


def finished(flow: Flow[Any]) -> Any:
    """Drive a flow that asks for nothing; give what it returns."""
    with pytest.raises(StopIteration) as stop:
        next(flow)
    return stop.value.value


def patch_of(*actions: UpdateAction) -> Patch[Note]:
    return Patch(NOTES, KEY, actions)


TITLE = Set(Path.of("title"), Value({"S": "new"}))
CITY = Set(Path.of("author", "city"), Value({"S": "Graz"}))


class TestPatches:
    def test_wait_for_the_commit_of_their_unit(self, flows: EntityFlows[Note]) -> None:
        """In a unit nothing is asked of the store, and there is nothing to return."""
        finished(flows.patch(patch_of(TITLE)))

        assert [repr(planned) for planned in flows.uow.pending] == ["<patch Note 'n1' title>"]
        with pytest.raises(UnitOfWorkStateError, match="leave out `returning`"):
            next(flows.patch_returning(patch_of(TITLE), "new"))

    @pytest.mark.parametrize(
        ("actions", "returning", "asked"),
        [
            ((TITLE,), "old", "old"),
            ((TITLE,), "updated_old", "updated_old"),
            ((TITLE,), "updated_new", "updated_new"),
            ((TITLE, CITY), "new", "new"),
            ((TITLE, CITY), "updated_old", "old"),
            ((TITLE, CITY), "updated_new", "new"),
        ],
    )
    def test_ask_for_whole_values(
        self, uow: UnitOfWork, actions: tuple[UpdateAction, ...], returning: Returning, asked: Returning
    ) -> None:
        """Where parts of attributes change, the service would give these parts only."""
        step = next(EntityFlows(NOTES, uow).patch_returning(patch_of(*actions), returning))

        assert isinstance(step, UpdateItem)
        assert step.returning == asked

    def test_give_what_they_changed(self, uow: UnitOfWork) -> None:
        """Other attributes of the answer, also such as the mapping does not know, are left out."""
        flow = waiting(EntityFlows(NOTES, uow).patch_returning(patch_of(TITLE, CITY), "updated_new"))
        author = {"M": {"name": {"S": "a"}, "city": {"S": "Graz"}}}
        item: Item = {**ITEM, "title": {"S": "new"}, "author": author}

        given = answered(flow, WriteResult({**item, "body": {"S": "same"}, "newer": {"S": "x"}}))

        assert given == {"title": "new", "author": Author("a", "Graz"), "version": 0}

    def test_that_can_t_be_read_back_say_that_they_took_effect(self, uow: UnitOfWork) -> None:
        """An answer that the mapping can't read is no failed write."""
        flow = waiting(EntityFlows(NOTES, uow).patch_returning(patch_of(TITLE), "updated_new"))

        with pytest.raises(DecodeError, match="title") as unread:
            flow.send(WriteResult({"title": {"N": "1"}}))

        assert unread.value.__notes__ == ["the patch of this Note took effect all the same"]
