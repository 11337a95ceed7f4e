"""How units end: what broken ones refuse, what conflicts tell, what is repeated, what policies say."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import structlog
from marshmallow import ValidationError, validates_schema

from persistence import (
    AsyncUnitOfWork,
    CommitConflict,
    CommitOutcomeUnknown,
    ConditionFailed,
    ConflictError,
    EntityExists,
    EntityGone,
    Key,
    MappingSchema,
    Repository,
    StaleEntity,
    Throttled,
    TransactionBusy,
    TransactionTooLarge,
    UnitOfWork,
    UnitOfWorkStateError,
    ValidationFailed,
    fields,
)
from persistence.errors import (
    ActionRefused,
    ActionThrottled,
    DecodeError,
    ItemTooLarge,
    KeyChanged,
    PersistenceError,
    ScanWarning,
    UnitBroken,
)
from persistence.operations import TransactWrite, UpdateItem
from persistence.store import Limits
from persistence.testing.faults import (
    Cancellation,
    Fault,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
)
from persistence.unit_of_work import Committed
from tests.semantics.model import (
    Account,
    Note,
    NoteMapping,
    Order,
    OrderMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World


class Trouble(Exception):
    """What goes wrong in the tests."""


def rule(fault: Fault, count: int | None = None) -> Rule:
    return Rule(fault, (TransactWrite,), count=count)


def rival(world: World, title: str = "theirs") -> None:
    """Change the note as another writer."""
    others = world.elsewhere(NoteMapping)
    others.update(replace(others.get("n1"), title=title))


@pytest.fixture
def note(world: World, notes: Repository[Note]) -> Note:
    """A stored note of version 0."""
    note = notes.add(Note("n1", "first"))
    world.forget()
    return note


CALLS: dict[str, Callable[[Any, Repository[Note]], object]] = {
    "add": lambda uow, notes: notes.add(Note("n2")),
    "get": lambda uow, notes: notes.get("n1"),
    "get by keyword": lambda uow, notes: notes.get(id="n1"),
    "find": lambda uow, notes: notes.find("n1"),
    "get_many": lambda uow, notes: notes.get_many(["n1"]),
    "find_many": lambda uow, notes: notes.find_many(["n1"]),
    "update": lambda uow, notes: notes.update(Note("n1")),
    "save": lambda uow, notes: notes.save(Note("n1")),
    "remove": lambda uow, notes: notes.remove(Note("n1")),
    "refresh": lambda uow, notes: notes.refresh(Note("n1")),
    "query": lambda uow, notes: notes.query(lambda n: n.id == "n1").all(),
    "where": lambda uow, notes: notes.where("id", "=", "n1").first(),
    "scan": lambda uow, notes: list(notes.scan()),
    "count": lambda uow, notes: notes.scan().count(),
    "patch": lambda uow, notes: notes.patch("n1").set("title", "x").execute(),
    "snapshot": lambda uow, notes: uow.snapshot(notes.key("n1")),
    "commit": lambda uow, notes: uow.commit(),
    "rollback": lambda uow, notes: uow.rollback(),
    "pending": lambda uow, notes: uow.pending,
    "record": lambda uow, notes: uow.record("event"),
    "with uow:": lambda uow, notes: uow.__enter__(),
    "with uow():": lambda uow, notes: uow().__enter__(),
}
calls = pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])


class TestABrokenUnit:
    @calls
    def test_shows_its_first_failure_to_every_later_call(
        self, world: World, notes: Repository[Note], note: Note, call: Callable[[Any, Any], object]
    ) -> None:
        """After a failed commit the unit is broken and keeps its first failure: every later call shows it."""
        with pytest.raises(CommitConflict) as left, world.uow as uow:
            notes.add(Note("n1"))
            with pytest.raises(CommitConflict) as first:
                uow.commit()
            world.forget()
            with pytest.raises(UnitBroken, match="CommitConflict") as shown:
                call(uow, notes)

        assert shown.value.first_failure is first.value
        assert shown.value.__cause__ is first.value
        assert left.value is first.value
        assert world.sent == []

    @calls
    def test_is_one_whose_inner_scope_failed(
        self, world: World, notes: Repository[Note], note: Note, call: Callable[[Any, Any], object]
    ) -> None:
        """A failure inside breaks the outer one too, even if it is caught."""
        failure = Trouble()

        with pytest.raises(Trouble), world.uow as uow:
            with pytest.raises(Trouble), world.uow:
                raise failure
            with pytest.raises(UnitBroken) as shown:
                call(uow, notes)

        assert shown.value.first_failure is failure
        assert world.sent == []

    def test_keeps_the_first_failure_of_several(self, world: World) -> None:
        """What fails later is a consequence."""
        with pytest.raises(Trouble) as left, world.uow, pytest.raises(ZeroDivisionError), world.uow:
            with pytest.raises(Trouble) as first, world.uow:
                raise Trouble
            raise ZeroDivisionError

        assert left.value is first.value


class TestReasons:
    def test_are_never_flattened(self, world: World, notes: Repository[Note]) -> None:
        """One entry per action that failed, in the order of the plan; each has entity, type and key."""
        codes = (
            "TransactionConflict",
            "ConditionalCheckFailed",
            None,
            "ThrottlingError",
            "ItemCollectionSizeLimitExceeded",
            "ValidationError",
        )
        uow, _layer = world.faulty(rule(Cancellation(codes)))
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitConflict) as refused, uow:
            added = [notes.add(Note(f"n{number}")) for number in range(6)]

        reasons = refused.value.reasons
        assert [(type(each), each.key, each.retryable) for each in reasons] == [
            (TransactionBusy, ("n0",), True),
            (EntityExists, ("n1",), False),
            (ActionThrottled, ("n3",), True),
            (ItemTooLarge, ("n4",), False),
            (ActionRefused, ("n5",), False),
        ]
        assert [reason.entity for reason in reasons] == [added[at] for at in (0, 1, 3, 4, 5)]
        assert {reason.entity_type for reason in reasons} == {Note}
        assert all(isinstance(reason, ConflictError) and reason.committed is False for reason in reasons)
        assert (refused.value.retryable, refused.value.committed) == (False, False)
        assert uow.last_outcome is refused.value

    def test_tell_what_only_the_service_knows_to_be_too_large(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """`ItemTooLarge` names the entity that others made larger meanwhile."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.add(Note("n0"))
            large = notes.get("n1")
            large.body = "x" * 200_000
            world.amend(NoteMapping, "n1", other={"S": "y" * 300_000})

        (reason,) = refused.value.reasons
        assert (type(reason), reason.key) == (ItemTooLarge, ("n1",))
        assert reason.entity is large

    def test_of_a_removal_tell_what_was_found(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """A removal changes nothing by itself, and meets what others changed."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            removed = notes.get("n1")
            notes.remove(removed)
            rival(world)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert reason.entity is removed
        assert (reason.expected_version, reason.found_version) == (0, 1)
        assert reason.found == world.elsewhere(NoteMapping).get("n1")
        assert (reason.changed_by_me, reason.changed_by_other) == ({}, {"title": ("first", "theirs")})

    def test_of_a_detached_entity_know_no_loaded_values(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """Nothing was loaded that could be compared; versions and the stored entity are there."""
        rival(world)

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.update(note)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert reason.entity is note
        assert (reason.expected_version, reason.found_version) == (0, 1)
        assert reason.found == world.elsewhere(NoteMapping).get("n1")
        assert (reason.changed_by_me, reason.changed_by_other) == ({}, {})

    def test_of_a_gone_entity_found_nothing(self, world: World, notes: Repository[Note], note: Note) -> None:
        """`.found` is None, and a new unit may find out."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            gone = notes.get("n1")
            gone.title = "mine"
            others = world.elsewhere(NoteMapping)
            others.remove(others.get("n1"))

        (reason,) = refused.value.reasons
        assert type(reason) is EntityGone
        assert reason.entity is gone
        assert (reason.found, reason.retryable, refused.value.retryable) == (None, True, True)

    def test_of_a_patch_have_the_entity_where_the_unit_holds_it(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """`ConditionFailed` for a patch's own `if_...`, with what was found."""
        world.elsewhere(NoteMapping).add(Note("n2", "other"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            held = notes.get("n1")
            for key in ("n1", "n2"):
                notes.patch(key).increment("score").if_(lambda n: n.score > 5).execute()

        first, second = refused.value.reasons
        assert [(type(each), each.key, each.entity_type) for each in (first, second)] == [
            (ConditionFailed, ("n1",), Note),
            (ConditionFailed, ("n2",), Note),
        ]
        assert first.entity is held
        assert (second.entity, second.found) == (None, world.elsewhere(NoteMapping).get("n2"))
        assert not refused.value.retryable

    def test_of_single_writes_are_raised_themselves(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """A failed single write outside a unit raises the reason itself, with all that it tells."""
        rival(world)
        stale = replace(note, title="mine")
        found = world.elsewhere(NoteMapping).get("n1")
        calls: list[tuple[Callable[[], object], type[ConflictError], object]] = [
            (lambda: notes.add(stale), EntityExists, stale),
            (lambda: notes.update(stale), StaleEntity, stale),
            (lambda: notes.remove(stale), StaleEntity, stale),
            (lambda: notes.patch("n1").set("title", "mine").if_version(0).execute(), StaleEntity, None),
            (lambda: notes.patch("n1").set("title", "x").if_exists("body").execute(), ConditionFailed, None),
            (
                lambda: notes.patch("n1").set("title", "x").if_version(0).execute("new"),
                StaleEntity,
                None,
            ),
        ]

        for call, kind, entity in calls:
            with pytest.raises(kind) as refused:
                call()
            told = refused.value
            assert (told.entity_type, told.key, told.found, told.committed) == (Note, ("n1",), found, False)
            assert told.entity is entity
            assert not isinstance(told, CommitConflict)


class TestRunning:
    def test_is_over_where_one_reason_is_of_another_kind(
        self, world: World, notes: Repository[Note], note: Note
    ) -> None:
        """Retried are conflicts whose reasons are all stale, gone, busy or throttled."""
        world.elsewhere(NoteMapping).add(Note("taken"))
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            notes.get("n1").title = "mine"
            rival(world, f"theirs {len(calls)}")
            notes.add(Note("taken"))

        with pytest.raises(CommitConflict) as refused:
            world.uow.run(work)

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity, EntityExists]
        assert calls == [1]

    @pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
    def test_goes_on_after_traffic_that_lasted_to_the_deadline(
        self, world: World, note: Note, code: str
    ) -> None:
        """`TransactionBusy` or throttling."""
        uow, layer = world.faulty(rule(Cancellation((code,)), 1), deadline=0.01)
        notes = world.repository(NoteMapping, uow)

        def work() -> Note:
            changed = notes.get("n1")
            changed.title = "mine"
            return changed

        changed = uow.run(work)

        assert (changed.title, changed.version) == ("mine", 1)
        assert len({each.token for each in layer.transactions}) == 2

    def test_does_not_repeat_a_throttled_request_unless_told(self, world: World, note: Note) -> None:
        """What is retried is `CommitConflict`; `retry_on=` widens it."""
        uow, _layer = world.faulty(rule(Throttling(), 2), deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        titles = iter(("one", "two", "three"))

        def work() -> None:
            notes.get("n1").title = next(titles)

        with pytest.raises(Throttled):
            uow.run(work)
        uow.run(work, retry_on=(Throttled,))

        assert notes.get("n1").title == "three"

    @pytest.mark.parametrize("retry_on", [EntityExists, "EntityExists", [EntityExists], (1,), None])
    def test_is_told_by_types_of_errors(self, world: World, retry_on: Any) -> None:
        """`retry_on=` takes a tuple of them, as `except` does; anything else is refused before the work."""
        with pytest.raises(UnitOfWorkStateError, match="retry_on"):
            world.uow.run(lambda: pytest.fail("it was begun"), retry_on=retry_on)
        with pytest.raises(UnitOfWorkStateError, match="retry_on"):
            world.uow.attempts(retry_on=retry_on)

    def test_repeats_errors_of_the_work_on_request(self, world: World, notes: Repository[Note]) -> None:
        """`retry_on=` takes any error; nothing of the failed attempt is left."""
        calls: list[int] = []

        def work() -> int:
            calls.append(1)
            notes.add(Note("n1", f"attempt {len(calls)}"))
            if len(calls) < 3:
                raise Trouble
            return len(calls)

        assert world.uow.run(work, attempts=3, retry_on=(Trouble, KeyError)) == 3
        assert notes.get("n1").title == "attempt 3"
        assert [len(actions) for actions in world.writes] == [1]

    def test_may_be_told_not_to_repeat(self, world: World, notes: Repository[Note], note: Note) -> None:
        """`attempts=1` is one attempt, in both forms."""
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            notes.get("n1").title = "mine"
            rival(world, f"theirs {len(calls)}")

        with pytest.raises(CommitConflict):
            world.uow.run(work, attempts=1)
        with pytest.raises(CommitConflict):
            for attempt in world.uow.attempts(attempts=1):
                with attempt:
                    work()

        assert calls == [1, 1]
        assert world.pauses.seconds == []

    def test_validation_is_no_conflict(self, world: World, notes: Repository[Note]) -> None:
        """What is wrong with the work itself is wrong the next time too."""
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            notes.add(Note("n1", "x" * 21))

        with pytest.raises(ValidationFailed):
            world.uow.run(work)

        assert calls == [1]


class TestRepetition:
    @pytest.mark.parametrize(
        "fault",
        [
            Cancellation(("TransactionConflict",)),
            Cancellation(("ThrottlingError",)),
            Cancellation(("ProvisionedThroughputExceeded",)),
            Throttling(),
            Throttling("ThrottlingException"),
            Throttling("RequestLimitExceeded"),
        ],
        ids=str,
    )
    def test_is_of_the_same_request_after_traffic(self, world: World, note: Note, fault: Fault) -> None:
        """Cancelled for conflicts or throttling only: retried in the same way until the deadline."""
        uow, layer = world.faulty(rule(fault, 3))
        notes = world.repository(NoteMapping, uow)

        with uow:
            changed = notes.get("n1")
            changed.title = "mine"

        first, *others = layer.transactions
        assert others == [first] * 3
        assert (changed.version, notes.get("n1").title) == (1, "mine")
        assert world.pauses.seconds == [0.025, 0.05, 0.1]

    @pytest.mark.parametrize(
        ("fault", "kind", "reasons"),
        [
            (Throttling(), Throttled, []),
            (Cancellation(("TransactionConflict",)), CommitConflict, [TransactionBusy]),
            (Cancellation(("ThrottlingError",)), CommitConflict, [ActionThrottled]),
        ],
        ids=str,
    )
    def test_ends_at_the_deadline_with_what_is_certain(
        self, world: World, note: Note, fault: Fault, kind: type[PersistenceError], reasons: list[type]
    ) -> None:
        """`Throttled`, or `CommitConflict` with `TransactionBusy`; both say `committed=False`."""
        uow, layer = world.faulty(rule(fault))
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(kind) as failed, uow:
            changed = notes.get("n1")
            changed.title = "mine"

        assert (failed.value.committed, failed.value.retryable) == (False, True)
        assert [type(reason) for reason in getattr(failed.value, "reasons", ())] == reasons
        assert 5 < sum(world.pauses.seconds) < 8
        assert len({each.token for each in layer.transactions}) == 1
        assert (changed.version, notes.get("n1").title) == (0, "first")
        assert uow.last_outcome is failed.value

    @pytest.mark.parametrize("deadline", [0, -1, 540.5, float("nan"), "8", None])
    def test_has_a_deadline_of_at_most_9_minutes(self, world: World, deadline: Any) -> None:
        """Default 8 s, at most 9 minutes."""
        with pytest.raises(UnitOfWorkStateError, match="deadline"):
            world.unit_of_work(deadline=deadline)

        world.unit_of_work(deadline=540)

    def test_does_not_see_what_happens_meanwhile(self, world: World, note: Note) -> None:
        """The request is encoded once: a change during the wait is the next commit's."""
        held: list[Note] = []
        world.pauses.seconds = WhileWaiting(lambda: held[0].tags.add("late"))
        uow, layer = world.faulty(rule(LostRequest(), 1))
        notes = world.repository(NoteMapping, uow)

        with uow:
            held.append(notes.get("n1"))
            held[0].title = "mine"
            uow.commit()
            early = world.elsewhere(NoteMapping).get("n1")

        first, again, second = layer.transactions
        assert first == again
        assert (early.title, early.tags, early.version) == ("mine", set(), 1)
        assert second.token != first.token
        assert world.elsewhere(NoteMapping).get("n1") == held[0]
        assert (held[0].tags, held[0].version) == ({"late"}, 2)

    def test_that_meets_another_request_of_its_token_is_unknown(self, world: World, note: Note) -> None:
        """`IdempotentParameterMismatch` after a retry of ours is a bug of ours, and reported as unknown."""
        token = uuid4().hex
        uow, layer = world.faulty(Rule(LostRequest(), (TransactWrite,), count=1, after=1), ids=lambda: token)
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            notes.add(Note("n2"))
            uow.commit()
            notes.add(Note("n3"))

        assert unknown.value.token == token
        assert (unknown.value.committed, unknown.value.keys) == (None, (("Note", ("n3",)),))
        assert [each.token for each in layer.transactions] == [token] * 3
        assert world.elsewhere(NoteMapping).find("n3") is None

    @pytest.mark.parametrize("answers", [30.0, 5.0, None])
    def test_of_a_slow_client_is_advised_on_once(
        self, world: World, note: Note, caplog: pytest.LogCaptureFixture, answers: float | None
    ) -> None:
        """The deadline bounds new attempts only, with an advice where the read timeout is longer."""
        world.store.below = Patient(world.store.below, answers)
        uow = world.unit_of_work()
        notes = world.repository(NoteMapping, uow, create=False)

        with caplog.at_level(logging.WARNING, "persistence"):
            notes.save(Note("n2"))
            notes.save(Note("n2"))

        given = [record.getMessage() for record in caplog.records]
        advice = "advice.given code='read_timeout' read_timeout=30.0 deadline=8.0"
        assert given == ([advice] if answers == 30.0 else [])


class WhileWaiting(list[float]):
    """Pauses in the first of which something happens."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work

    def append(self, pause: float) -> None:
        if not self:
            self._work()
        super().append(pause)


class Patient:
    """A layer over a client that waits so many seconds for an answer."""

    def __init__(self, store: Any, seconds: float | None) -> None:
        self.limits: Limits = replace(store.limits, answer_seconds=seconds)
        self.perform = store.perform


class TestUnknownOutcomes:
    def test_hold_the_request_as_it_was_sent(self, world: World, note: Note) -> None:
        """`CommitOutcomeUnknown` holds the frozen request, whatever becomes of the entities."""
        uow, layer = world.faulty(rule(LostRequest(), 1), deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            changed = notes.get("n1")
            changed.title = "mine"
            changed.tags.add("x")
        changed.title = "later"
        changed.tags.add("y")

        uow.resume(unknown.value)

        assert [unknown.value.request] * 2 == list(layer.transactions)
        stored = world.elsewhere(NoteMapping).get("n1")
        assert (stored.title, stored.tags, stored.version) == ("mine", {"x"}, 1)
        assert (changed.title, changed.tags, changed.version) == ("later", {"x", "y"}, 1)

    @pytest.mark.parametrize("fault", [LostAnswer(), LostRequest(), ServerError(applied=True)], ids=str)
    def test_are_settled_once(self, world: World, note: Note, fault: Fault) -> None:
        """`uow.resume(token)` commits it exactly once, however often it is called."""
        uow, _layer = world.faulty(rule(fault, 1), deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            changed = notes.get("n1")
            changed.score += 5

        first = uow.resume(unknown.value)
        second = uow.resume(unknown.value)

        assert (first.token, second.token) == (unknown.value.token, unknown.value.token)
        assert (changed.score, changed.version) == (Decimal(5), 1)
        assert world.elsewhere(NoteMapping).get("n1") == changed
        with pytest.raises(UnitOfWorkStateError, match="no commit with the token"):
            uow.resume(unknown.value.token)

    def test_of_single_writes_are_settled_in_the_same_way(self, world: World, note: Note) -> None:
        """Outside a unit each call is a unit of its own; its entity moves on when it is known."""
        uow, _layer = world.faulty(rule(LostAnswer(), 1), deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        later = world.clock.tick()
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            notes.update(note)
        before = note.version

        outcome = uow.resume(unknown.value.token)

        assert isinstance(outcome, Committed)
        assert (outcome.token, outcome.actions) == (unknown.value.token, {"Note": 1})
        assert (before, note.version, note.updated_at) == (0, 1, later)
        assert world.elsewhere(NoteMapping).get("n1") == note


class TestPatches:
    @pytest.mark.parametrize("fault", [LostAnswer(), LostRequest(), ServerError(applied=True)], ids=str)
    def test_at_once_are_applied_once(self, world: World, note: Note, fault: Fault) -> None:
        """Without `returning=` it is a one-action transaction with a token."""
        uow, layer = world.faulty(rule(fault, 2))
        notes = world.repository(NoteMapping, uow)

        notes.patch("n1").increment("score").execute()

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.score, found.version) == (Decimal(1), 1)
        first, *others = layer.transactions
        assert others == [first] * 2

    @pytest.mark.parametrize("returning", ["new", "updated_new"])
    def test_that_return_find_their_commit_id(self, world: World, note: Note, returning: Any) -> None:
        """With it, an UpdateItem whose lost answer is resolved by a commit id."""
        uow, layer = world.faulty(Rule(LostAnswer(), (UpdateItem,), count=1))
        notes = world.repository(NoteMapping, uow)

        given = notes.patch("n1").increment("score").execute(returning)

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.score, found.version, len(layer.injected)) == (Decimal(1), 1, 1)
        assert given == (
            found
            if returning == "new"
            else {"score": Decimal(1), "version": 1, "updated_at": found.updated_at}
        )

    @pytest.mark.parametrize(
        ("fault", "returning", "score"),
        [(LostAnswer(), "old", 1), (LostAnswer(), "updated_old", 1), (LostRequest(), "new", 0)],
        ids=str,
    )
    def test_that_return_are_unknown_where_nothing_tells(
        self, world: World, note: Note, fault: Fault, returning: Any, score: int
    ) -> None:
        """Or is `CommitOutcomeUnknown`: it is never applied twice to make sure."""
        uow, _layer = world.faulty(Rule(fault, (UpdateItem,), count=1))
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitOutcomeUnknown) as unknown:
            notes.patch("n1").increment("score").execute(returning)

        assert unknown.value.keys == (("Note", ("n1",)),)
        assert world.elsewhere(NoteMapping).get("n1").score == Decimal(score)

    def test_that_return_leave_no_trace_for_readers(self, world: World, note: Note) -> None:
        """The commit id is no attribute of the entity."""
        notes = world.repository(NoteMapping)

        given = notes.patch("n1").set("title", "new").execute(returning="new")

        assert given == world.elsewhere(NoteMapping).get("n1")

    def test_may_make_whole_entities_only(self, world: World) -> None:
        """`if_missing()` needs every required field; else nothing is sent."""
        parts = world.repository(PartMapping)

        with pytest.raises(ValueError, match="name"):
            parts.patch("p1").set("size", 3).if_missing().execute()
        assert world.sent == []
        parts.patch("p1").set("name", "bolt").if_missing().execute()

        assert parts.get("p1") == Part("p1", "bolt", 0, 0)

    def test_count_toward_the_limit(self, world: World, notes: Repository[Note]) -> None:
        """More than 100 actions: `TransactionTooLarge`, patches included, counted by entity type."""
        most = world.store.limits.transaction_actions

        with pytest.raises(TransactionTooLarge) as refused, world.uow:
            for number in range(most):
                notes.patch(f"n{number}").increment("score").execute()
            world.repository(SettingMapping).add(Setting("s1"))

        assert refused.value.by_type == {"Setting": 1, "Note": most}
        assert world.sent == []

    @pytest.mark.parametrize("call", ["update", "remove"])
    def test_leave_a_frozen_entity_stale(
        self, world: World, accounts: Repository[Account], call: str
    ) -> None:
        """After the commit, writing the old object is `StaleEntity`; a frozen one is written by a copy."""
        accounts.add(Account("a1", 1))

        with pytest.raises(StaleEntity), world.uow as uow:
            old = accounts.get("a1")
            accounts.patch("a1").increment("balance").execute()
            uow.commit()
            getattr(accounts, call)(replace(old, balance=9))

        assert accounts.get("a1") == Account("a1", 2, 1)

    @pytest.mark.parametrize("call", ["add", "remove", "save", "update"])
    def test_of_two_in_one_unit_are_one_action(
        self, world: World, notes: Repository[Note], note: Note, call: str
    ) -> None:
        """Actions concatenated, one version step; no whole write stands beside it."""
        with world.uow:
            notes.patch("n1").increment("score").execute()
            notes.patch("n1").set("title", "new").execute()
            with pytest.raises(UnitOfWorkStateError, match="patched"):
                getattr(notes, call)(note)

        assert [len(actions) for actions in world.writes] == [1]
        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.score, found.title, found.version) == (Decimal(1), "new", 1)


@dataclass
class Part:
    """Has a required field beside its key, and rules that concern several fields."""

    id: str
    name: str
    size: int = 0
    version: int = 0
    label: str = ""


class PartMapping(MappingSchema[Part]):
    class Meta:
        table = "parts"
        key = Key("id")

    version = fields.Version()
    label = fields.String(omit_empty=True)

    @validates_schema
    def _check_size(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["name"] == "bolt" and data["size"] > 9:
            raise ValidationError("No bolt is as large.", "size")


class TestValidators:
    def test_of_the_schema_get_values_by_field(self, world: World) -> None:
        """`@validates_schema` gets field -> value; on writes only."""
        parts = world.repository(PartMapping)

        with pytest.raises(ValidationFailed) as refused, world.uow:
            parts.add(Part("p1", "bolt", 10))
        world.put(PartMapping, {"id": {"S": "p2"}, "name": {"S": "bolt"}, "size": {"N": "10"}})

        assert refused.value.messages == {"size": ["No bolt is as large."]}
        assert parts.get("p2").size == 10

    def test_leave_empty_values_out_on_request(self, world: World) -> None:
        """`omit_empty=True`: a value that becomes empty is removed, and loads as its default."""
        parts = world.repository(PartMapping)
        parts.add(Part("p1", "nut", label="x"))

        with world.uow:
            parts.get("p1").label = ""

        item = world.stored(PartMapping, "p1")
        assert item is not None
        assert "label" not in item
        assert parts.get("p1").label == ""


class TestPolicies:
    @pytest.mark.parametrize(
        "policy",
        [
            "clock",
            "ids",
            "deadline",
            "single_write",
            "autocommit",
            "scan_policy",
            "events",
        ],
    )
    def test_are_arguments_by_name(self, policy: str) -> None:
        """Policies are constructor arguments, all of them by keyword."""
        kinds = {
            name: parameter.kind
            for kind in (UnitOfWork, AsyncUnitOfWork)
            for name, parameter in inspect.signature(kind).parameters.items()
            if name == policy
        }

        assert kinds == {policy: inspect.Parameter.KEYWORD_ONLY}

    @pytest.mark.parametrize(
        "policies", [{"scan_policy": "sometimes"}, {"single_write": "sometimes"}, {"deadline": 0}]
    )
    def test_are_checked_when_they_are_given(self, world: World, policies: dict[str, Any]) -> None:
        """A policy that can't be is found at once, not at the first commit."""
        with pytest.raises(UnitOfWorkStateError, match=next(iter(policies))):
            world.unit_of_work(**policies)

    def test_of_scans_warn_by_an_event_too(
        self, world: World, notes: Repository[Note], caplog: pytest.LogCaptureFixture
    ) -> None:
        """`scan_policy="warn"` emits `ScanWarning` and an event."""
        with caplog.at_level(logging.WARNING, "persistence"), pytest.warns(ScanWarning):
            notes.query(lambda n: n.title == "x").all()

        assert "advice.given code='scan' entity_type='Note' table='notes'" in [
            record.getMessage() for record in caplog.records
        ]

    def test_forbid_every_write_outside_a_unit(self, world: World, note: Note) -> None:
        """`autocommit=False` makes writes outside a unit an error; reads, snapshots and queries stay."""
        strict = world.unit_of_work(autocommit=False)
        notes = world.repository(NoteMapping, strict)
        writes: list[Callable[[], object]] = [
            lambda: notes.add(Note("n2")),
            lambda: notes.update(note),
            lambda: notes.save(note),
            lambda: notes.remove(note),
            lambda: notes.patch("n1").increment("score").execute(),
            lambda: notes.patch("n1").increment("score").execute(returning="new"),
        ]

        for write in writes:
            with pytest.raises(UnitOfWorkStateError, match="autocommit=False"):
                write()

        assert world.sent == []
        assert (notes.get("n1"), strict.snapshot(notes.key("n1")), notes.scan().count()) == (note, (note,), 1)
        with strict:
            notes.patch("n1").increment("score").execute()
        assert notes.get("n1").score == Decimal(1)


class TestSilence:
    """Messages show type, key, attribute and type tags, never values; log events neither keys nor values."""

    @pytest.fixture
    def heard(self) -> Iterator[list[dict[str, Any]]]:
        """Everything that an application that configured structlog would be told."""
        seen: list[dict[str, Any]] = []

        def note(logger: object, method: str, event: Any) -> Any:
            seen.append(dict(event))
            raise structlog.DropEvent

        structlog.configure(processors=[note])
        yield seen
        structlog.reset_defaults()

    def test_holds_for_every_way_a_unit_ends(self, world: World, heard: list[dict[str, Any]]) -> None:
        """Commits, conflicts, bad values, moved keys, lost answers, items that can't be read."""
        errors = [*refusals(world), lost(world)]
        told = " ".join(f"{error} {error!r} {error.args!r}" for error in errors)

        assert [type(error) for error in errors] == [
            CommitConflict,
            CommitConflict,
            KeyChanged,
            CommitConflict,
            ValidationFailed,
            ItemTooLarge,
            ValidationFailed,
            DecodeError,
            CommitOutcomeUnknown,
        ]
        assert "the-key" in told
        assert "canary" not in told
        names = {event["event"] for event in heard}
        assert names >= {"uow.committed", "uow.conflicted", "uow.discarded", "uow.outcome_lost"}
        assert "canary" not in repr(heard)
        assert "the-key" not in repr(heard)


def refusals(world: World) -> Iterator[PersistenceError]:
    """Let a unit fail in every way that depends on values."""
    notes = world.repository(NoteMapping)
    orders = world.repository(OrderMapping)
    others = world.elsewhere(NoteMapping)
    canary = Note("the-key", "canary", body="canary")

    def failing(work: Callable[[], object]) -> PersistenceError:
        with pytest.raises(PersistenceError) as failed, world.uow:
            work()
        return failed.value

    def stale() -> None:
        notes.get("the-key").body = "canary of mine"
        others.update(replace(others.get("the-key"), body="canary of theirs"))

    def moved() -> None:
        notes.get("the-key").id = "the-key too"

    def patched() -> None:
        notes.patch("the-key").set("title", "canary 2").if_where("body", "=", "canary?").execute()

    def long() -> None:
        notes.get("the-key").title = "canary" * 9

    with world.uow:
        notes.add(canary)
    yield failing(lambda: notes.add(Note("the-key", "canary")))
    yield failing(stale)
    yield failing(moved)
    yield failing(patched)
    yield failing(long)
    yield failing(lambda: notes.add(Note("the-key 2", body="canary" * 80_000)))
    yield failing(lambda: orders.add(Order("the-key", 1, total=Decimal("NaN"), courier=["canary"])))  # type: ignore[arg-type]  # that is the subject
    world.put(NoteMapping, {"id": {"S": "the-key 3"}, "score": {"S": "canary"}})
    yield failing(lambda: notes.get("the-key 3"))


def lost(world: World) -> PersistenceError:
    """Let an answer get lost."""
    uow, _layer = world.faulty(rule(LostRequest()), deadline=0.1)
    with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
        world.repository(NoteMapping, uow).add(Note("the-key 4", "canary"))
    return unknown.value
