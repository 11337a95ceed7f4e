"""Adding one entity by itself is the same as a unit of work that adds it, whatever comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from marshmallow import pre_dump, validate

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    ConflictError,
    Key,
    MappingSchema,
    MemoryStore,
    PersistenceError,
    Repository,
    StoreUnavailable,
    Throttled,
    UnitOfWork,
    fields,
)
from persistence.errors import (
    AccessDenied,
    CancellationReason,
    ConditionFailed,
    HandlersFailed,
    TransactionBusy,
    TransactionCancelled,
)
from persistence.operations import GetItem, ItemResult, Operation, PutItem, TransactWriteResult, WriteResult
from persistence.store import AWS_LIMITS
from persistence.timing import Timing
from persistence.unit_of_work import Committed
from tests.semantics.world import Pauses
from tests.unit.unit_of_work.scripted import Scripted

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DONE = TransactWriteResult()
LOST = StoreUnavailable("no answer", ambiguous=True)
TAKEN = TransactionCancelled([CancellationReason("ConditionalCheckFailed", None, {"id": {"S": "n1"}})])
BUSY = TransactionCancelled([CancellationReason("TransactionConflict")])


@dataclass
class Plain:
    id: str
    title: str = ""


class PlainMapping(MappingSchema[Plain]):
    class Meta:
        table = "plain"
        key = Key("id")


@dataclass
class Kept:
    id: str
    title: str = ""
    version: int = 7
    made: datetime | None = None
    domain_events: list[object] = field(default_factory=list, compare=False)


class KeptMapping(MappingSchema[Kept]):
    class Meta:
        table = "kept"
        key = Key("id")
        exclude = ("domain_events",)

    version = fields.Version(incarnation=True)
    made = fields.CreatedAt()
    title = fields.String(validate=validate.Length(max=9))


@dataclass(frozen=True)
class Frozen:
    id: str
    version: int = 7


class FrozenMapping(MappingSchema[Frozen]):
    class Meta:
        table = "frozen"
        key = Key("id")

    version = fields.Version()


@dataclass
class Renamed:
    id: str
    title: str = ""


class RenamedMapping(MappingSchema[Renamed]):
    class Meta:
        table = "renamed"
        key = Key("id")

    @pre_dump
    def _rename(self, entity: Any, **_: object) -> Any:
        return Renamed(entity.id + "!", entity.title)


@dataclass
class Removable:
    id: str
    deleted_at: datetime | None = NOW


class RemovableMapping(MappingSchema[Removable]):
    class Meta:
        table = "removable"
        key = Key("id")

    deleted_at = fields.DeletedAt()


@dataclass
class Came:
    """What came of adding an entity."""

    told: object
    entity: Any
    returned: Any
    sent: list[Operation[Any]]
    outcome: object


def in_a_unit(uow: UnitOfWork, mapping: type[MappingSchema[Any]], entity: Any) -> Any:
    repository = Repository(mapping, uow)
    with uow:
        repository.add(entity)
        (tracked,) = uow.current_unit().entities  # type: ignore[union-attr]  # it is open
    return tracked.entity


def alone(uow: UnitOfWork, mapping: type[MappingSchema[Any]], entity: Any) -> Any:
    return Repository(mapping, uow).add(entity)


class Singly(Scripted):
    """The same of single writes; who looks for its write finds it every second time."""

    def perform(self, operation: Operation[Any]) -> Any:
        if isinstance(operation, GetItem):
            self.sent.append(operation)
            written = [each.item for each in self.sent if isinstance(each, PutItem)][-1]
            return ItemResult(written if len(self.sent) % 2 else operation.key)
        try:
            super().perform(operation)
        except TransactionCancelled as cancelled:
            (reason,) = cancelled.reasons
            if reason.code == "TransactionConflict":
                raise TransactionBusy("busy") from cancelled
            raise ConditionFailed("taken", found=reason.item) from cancelled
        return WriteResult()


Way = Callable[[UnitOfWork, type[MappingSchema[Any]], Any], Any]


def came(way: Way, mapping: type[MappingSchema[Any]], entity: Any, store: Scripted, **policies: Any) -> Came:
    numbers = count()
    policies = {
        "clock": lambda: NOW,
        "ids": lambda: f"id-{next(numbers)}",
        "timing": Pauses().timing,
        **policies,
    }
    uow = UnitOfWork(store, **policies)
    told: object = None
    returned = None
    try:
        returned = way(uow, mapping, entity)
    except CommitConflict as conflict:
        told = [(type(reason), str(reason), reason.entity is entity) for reason in conflict.reasons]
    except ConflictError as reason:
        told = [(type(reason), str(reason), reason.entity is entity)]
    except PersistenceError as error:
        told = (type(error), str(error))
    outcome: Any = uow.last_outcome
    if isinstance(outcome, PersistenceError):
        outcome = type(outcome)
    elif outcome is not None:
        outcome = (outcome, [(each.kind, each.roles, each.weight, each.stored) for each in outcome.planned])
    return Came(told, entity, returned, store.sent, outcome)


def entities() -> dict[str, tuple[type[MappingSchema[Any]], Callable[[], Any]]]:
    return {
        "plain": (PlainMapping, lambda: Plain("n1", "first")),
        "kept": (KeptMapping, lambda: Kept("n1", "first")),
        "frozen": (FrozenMapping, lambda: Frozen("n1")),
        "removable": (RemovableMapping, lambda: Removable("n1")),
        "renamed": (RenamedMapping, lambda: Renamed("n1")),
        "invalid": (KeptMapping, lambda: Kept("n1", "a title that is too long")),
        "no key": (KeptMapping, lambda: Kept("", "a title that is too long")),
        "wrong": (PlainMapping, lambda: Plain("n1", 5)),  # type: ignore[arg-type]  # so it is refused
        "wrong key": (PlainMapping, lambda: Plain(5, 5)),  # type: ignore[arg-type]  # so it is refused
        "too large": (PlainMapping, lambda: Plain("n1", "x" * 500_000)),
        "just not too large": (PlainMapping, lambda: Plain("n1", "x" * (409_600 - 9))),
    }


@pytest.mark.parametrize("name", entities())
@pytest.mark.parametrize(
    "answers",
    [
        (DONE,),
        (LOST, DONE),
        (LOST,),
        (BUSY, DONE),
        (BUSY,),
        (TAKEN,),
        (LOST, TAKEN, DONE),
        (Throttled("slow"), DONE),
        (Throttled("slow"),),
        (AccessDenied("no"),),
    ],
    ids=lambda answers: "-".join(type(each).__name__ for each in answers),
)
@pytest.mark.parametrize("single_write", ["transaction", "conditional"])
def test_both_ways_are_the_same(name: str, answers: tuple[Any, ...], single_write: str) -> None:
    """The same is sent, told, returned and remembered, and the entity is the same afterwards."""
    mapping, made = entities()[name]
    kind = Singly if single_write == "conditional" else Scripted

    by_itself, by_a_unit = (
        came(way, mapping, made(), kind(answers), single_write=single_write) for way in (alone, in_a_unit)
    )

    assert by_itself.told == by_a_unit.told
    assert by_itself.sent == by_a_unit.sent
    assert by_itself.entity == by_a_unit.entity
    assert by_itself.returned == by_a_unit.returned
    assert by_itself.outcome == by_a_unit.outcome


class TestOneAddition:
    def test_is_resumed_where_nobody_knows(self) -> None:
        """The kept request is sent again, and the entity gets what it got."""
        store = Scripted((LOST,) * 40 + (DONE,))
        uow = UnitOfWork(store, timing=Pauses().timing, deadline=0.01, clock=lambda: NOW)
        entity = Kept("n1")
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            Repository(KeptMapping, uow).add(entity)
        store.answers = (DONE,)
        store.__post_init__()
        assert entity.version == 7

        uow.resume(unknown.value)

        assert (entity.version, entity.made) == (0, NOW)
        assert len(set(map(id, store.sent))) == 1

    def test_counts_the_first_attempt_into_the_deadline(self) -> None:
        """Where that took all the time there was, nothing is sent again."""
        times: Iterator[float] = iter([0.0, *[9.0] * 20])
        store = Scripted((Throttled("slow"),))
        uow = UnitOfWork(store, timing=Timing(monotonic=lambda: next(times)))

        with pytest.raises(Throttled):
            Repository(PlainMapping, uow).add(Plain("n1"))

        assert len(store.sent) == 1

    def test_that_is_interrupted_is_unknown(self) -> None:
        """Nobody waits for its answer, which may say anything."""
        uow = UnitOfWork(Interrupted())

        with pytest.raises(KeyboardInterrupt) as interrupted:
            Repository(PlainMapping, uow).add(Plain("n1"))

        assert isinstance(uow.last_outcome, CommitOutcomeUnknown)
        assert interrupted.value.__context__ is uow.last_outcome

    def test_hands_on_the_events_of_its_entity(self) -> None:
        """Handlers are called with what the entity keeps, once it is stored."""
        handled: list[object] = []
        uow = UnitOfWork(MemoryStore(), events=handled.append)
        entity = Kept("n1", domain_events=["made"])

        Repository(KeptMapping, uow).add(entity)

        assert (handled, entity.domain_events) == (["made"], [])

    def test_tells_of_handlers_that_fail(self) -> None:
        """It is stored all the same."""

        def refuse(_: object) -> None:
            raise ValueError

        uow = UnitOfWork(MemoryStore(), events=refuse)
        entity = Kept("n1", domain_events=["made"])

        with pytest.raises(HandlersFailed):
            Repository(KeptMapping, uow).add(entity)

        assert Repository(KeptMapping, uow).get("n1").version == 0

    def test_tells_its_outcome_as_of_the_commit(self) -> None:
        """Who asks later is told of the entity that was stored, and asking changes nothing in it."""
        uow = UnitOfWork(MemoryStore(), ids=lambda: "the-id")
        entity = Repository(KeptMapping, uow).add(Kept("n1"))
        entity.version = 5

        assert uow.last_outcome == Committed("the-id", {"Kept": 1})
        assert uow.last_outcome is uow.last_outcome
        assert entity.version == 5


class Interrupted:
    """A store whose user loses patience."""

    limits = AWS_LIMITS

    def perform(self, operation: Operation[Any]) -> Any:
        raise KeyboardInterrupt
