"""The flows of repositories, step by step: other tasks may use the unit while an answer is awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from persistence import MemoryStore, UnitOfWork
from persistence.entity_flows import EntityFlows
from persistence.errors import UnitBroken, UnitClosed
from persistence.flows import Flow, Together
from persistence.mapping import mapping_of
from persistence.operations import BatchGetResult, ItemResult
from tests.semantics.model import Note, NoteMapping

NOTES = mapping_of(NoteMapping)
KEY = {"id": {"S": "n1"}}
ITEM = {**KEY, "title": {"S": "stored"}, "version": {"N": "0"}}
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
        with pytest.raises(StopIteration):
            next(flows.add(note))

        assert answered(read, ItemResult(None)) is note

    def test_a_batch_looks_again_as_well(self, flows: EntityFlows[Note]) -> None:
        """So does a read of many keys."""
        many, one = flows.find_many([KEY]), waiting(flows.find(KEY))
        asked = next(many)
        found = answered(one, FOUND)

        (again,) = answered(many, [BatchGetResult((ITEM,))])

        assert isinstance(asked, Together)
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
