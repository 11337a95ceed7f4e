"""A patch by itself is the same as a unit of work that holds nothing else, whatever comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import Key, MappingSchema, Repository, Throttled, UnitOfWork, fields
from persistence.errors import AccessDenied, CancellationReason, TransactionCancelled, ValidationFailed
from tests.unit.unit_of_work.scripted import Scripted
from tests.unit.unit_of_work.test_alone import BUSY, DONE, LOST, NOW, came

GONE = TransactionCancelled([CancellationReason("ConditionalCheckFailed")])
STALE = TransactionCancelled(
    [CancellationReason("ConditionalCheckFailed", None, {"id": {"S": "n1"}, "version": {"N": "9"}})]
)


@dataclass
class Thing:
    id: str
    count: int = 0
    title: str | None = None
    version: int = 0
    made: datetime | None = None
    changed: datetime | None = None


class PlainMapping(MappingSchema[Thing]):
    class Meta:
        table = "plain"
        key = Key("id")
        exclude = ("version", "made", "changed")


class KeptMapping(MappingSchema[Thing]):
    class Meta:
        table = "kept"
        key = Key("id")

    version = fields.Version(incarnation=True)
    made = fields.CreatedAt()
    changed = fields.UpdatedAt()


class PassingMapping(MappingSchema[Thing]):
    class Meta:
        table = "passing"
        key = Key("id")
        exclude = ("version", "made")

    changed = fields.TimeToLive()


class HiddenMapping(MappingSchema[Thing]):
    class Meta:
        table = "hidden"
        key = Key("id")
        exclude = ("version", "made")

    changed = fields.DeletedAt()


class EvolvingMapping(MappingSchema[Thing]):
    class Meta:
        table = "evolving"
        key = Key("id")
        exclude = ("version", "made", "changed")
        schema_version = 1


MAPPINGS = (PlainMapping, KeptMapping, PassingMapping, HiddenMapping, EvolvingMapping)

Change = Callable[[Any], Any]

CHANGES: tuple[Change, ...] = (
    lambda patch: patch.set("count", 5),
    lambda patch: patch.increment("count").remove("title"),
    lambda patch: patch.set("title", "x" * 200_000),
    lambda patch: patch.increment("count").if_where("title", "=", "first"),
    lambda patch: patch.increment("count").if_where("title", "in", *map(str, range(99))),
    lambda patch: patch.set("count", 1).if_missing(),
    lambda patch: patch.set("count", 1).if_version(3),
    lambda patch: patch.set("count", "no number"),
    lambda patch: patch.set("nothing", 1),
)

ANSWERS: tuple[tuple[Any, ...], ...] = (
    (DONE,),
    (LOST, DONE),
    (LOST,),
    (BUSY, DONE),
    (GONE,),
    (STALE,),
    (LOST, GONE, DONE),
    (Throttled("slow"),),
    (AccessDenied("no"),),
)


def patched(change: Change) -> Callable[[UnitOfWork, type[MappingSchema[Any]], Any], Any]:
    return lambda uow, mapping, _: change(Repository(mapping, uow).patch("n1")).execute()


def patched_in_a_unit(change: Change) -> Callable[[UnitOfWork, type[MappingSchema[Any]], Any], Any]:
    def patch(uow: UnitOfWork, mapping: type[MappingSchema[Any]], _: Any) -> None:
        with uow:
            change(Repository(mapping, uow).patch("n1")).execute()

    return patch


@given(
    st.sampled_from(MAPPINGS),
    st.sampled_from(CHANGES),
    st.sampled_from(ANSWERS),
    st.sampled_from(["transaction", "conditional"]),
)
def test_both_ways_are_the_same(
    mapping: type[MappingSchema[Any]], change: Change, answers: tuple[Any, ...], single_write: str
) -> None:
    """The same is sent, told and remembered."""
    by_itself, by_a_unit = (
        came(way(change), mapping, None, store=Scripted(answers), single_write=single_write)
        for way in (patched, patched_in_a_unit)
    )

    assert by_itself.told == by_a_unit.told
    assert by_itself.sent == by_a_unit.sent
    assert by_itself.outcome == by_a_unit.outcome


def test_what_it_did_is_told_afterwards() -> None:
    """Who asks for the outcome is told of the patch, as it was sent."""
    store = Scripted((DONE,))
    uow = UnitOfWork(store, clock=lambda: NOW, ids=lambda: "the-id")

    Repository(PlainMapping, uow).patch("n1").set("count", 5).execute()

    outcome: Any = uow.last_outcome
    (planned,) = outcome.planned
    assert (outcome.token, outcome.actions) == ("the-id", {"Thing": 1})
    assert [(planned.action,)] == [each.actions for each in store.sent]  # type: ignore[attr-defined]
    assert planned.patch.actions == planned.action.actions


def test_what_can_not_be_stored_is_not_sent() -> None:
    store = Scripted((DONE,))

    with pytest.raises(ValidationFailed):
        Repository(PlainMapping, UnitOfWork(store)).patch("n1").set("count", "five").execute()

    assert not store.sent
