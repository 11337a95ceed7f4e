"""Sending a commit until its outcome is certain: what is repeated, how long, and what is said in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    PersistenceError,
    Repository,
    StoreUnavailable,
    TableNotFound,
    Throttled,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.errors import (
    AccessDenied,
    ActionThrottled,
    CancellationReason,
    EntityExists,
    InvalidRequest,
    StoreError,
    TokenMismatch,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
    UnitBroken,
)
from persistence.operations import Operation, TransactWriteResult
from tests.semantics.model import Note, NoteMapping
from tests.semantics.world import Pauses
from tests.unit.unit_of_work.scripted import Answer, Scripted

R = TypeVar("R")

DONE = TransactWriteResult()
THROTTLED = Throttled("slow down")
IN_PROGRESS = TransactionInProgress("still at it")
LOST = StoreUnavailable("no answer", ambiguous=True)
UNREACHED = StoreUnavailable("no connection", ambiguous=False)
MISMATCH = TokenMismatch("another request")
INVALID = InvalidRequest("refused")


def cancelled(*codes: str) -> TransactionCancelled:
    return TransactionCancelled(CancellationReason(code) for code in codes)


BUSY = cancelled("None", "TransactionConflict")
TAKEN = cancelled("None", "ConditionalCheckFailed")


@dataclass
class Committed:
    """What came of a commit of two notes."""

    store: Scripted
    pauses: Pauses
    first: Note
    error: PersistenceError | None = None


def commit(*answers: Answer, **policies: Any) -> Committed:
    """Commit two notes at a store that answers as given."""
    outcome = Committed(Scripted(answers), Pauses(), Note("n1", version=9))
    timing = outcome.pauses.timing
    uow = UnitOfWork(outcome.store, ids=lambda: "the-token", timing=timing, **policies)
    notes = Repository(NoteMapping, uow)
    try:
        with uow:
            notes.add(outcome.first)
            notes.add(Note("n2"))
    except PersistenceError as error:
        outcome.error = error
    return outcome


class TestRepetition:
    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(THROTTLED, id="throttled"),
            pytest.param(IN_PROGRESS, id="in progress"),
            pytest.param(LOST, id="lost answer"),
            pytest.param(UNREACHED, id="not reached"),
            pytest.param(BUSY, id="busy"),
            pytest.param(cancelled("ThrottlingError", "None"), id="an action throttled"),
            pytest.param(cancelled("TransactionConflict", "ProvisionedThroughputExceeded"), id="both"),
        ],
    )
    def test_sends_the_very_same_request_until_it_is_answered(self, failure: PersistenceError) -> None:
        """Every retry sends the same bytes and token."""
        outcome = commit(failure, failure, DONE)

        assert outcome.error is None
        assert outcome.first.version == 0
        first, *others = outcome.store.sent
        assert len(others) == 2
        assert all(other is first for other in others)
        assert first.token == "the-token"  # type: ignore[attr-defined]  # it is a TransactWrite

    def test_waits_with_jitter_and_ever_longer(self) -> None:
        """The pauses are a random part of a bound that doubles."""
        outcome = commit(THROTTLED, THROTTLED, THROTTLED, DONE)

        assert outcome.pauses.seconds == [0.025, 0.05, 0.1]

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(TAKEN, id="condition"),
            pytest.param(cancelled("TransactionConflict", "ConditionalCheckFailed"), id="busy and condition"),
            pytest.param(INVALID, id="invalid"),
            pytest.param(TableNotFound("no such table"), id="no table"),
            pytest.param(AccessDenied("no"), id="denied"),
        ],
    )
    def test_does_not_repeat_what_would_fail_again(self, failure: PersistenceError) -> None:
        """Certain refusals are final."""
        outcome = commit(failure, DONE)

        assert outcome.error is not None
        assert len(outcome.store.sent) == 1


class TestTheDeadline:
    @pytest.mark.parametrize("failure", [THROTTLED, BUSY, LOST, UNREACHED, IN_PROGRESS])
    def test_ends_the_repetitions(self, failure: PersistenceError) -> None:
        """No busy loop, and the deadline is kept: 8 seconds by default."""
        outcome = commit(failure)

        assert outcome.error is not None
        assert 4 < sum(outcome.pauses.seconds) < 8
        assert len(outcome.store.sent) < 30

    def test_is_a_policy(self) -> None:
        """The deadline of a commit is a constructor argument."""
        outcome = commit(THROTTLED, deadline=100.0)

        assert 90 < sum(outcome.pauses.seconds) < 100

    @pytest.mark.parametrize("deadline", [0, -1, 540.1, 600])
    def test_is_over_0_and_at_most_9_minutes(self, deadline: float) -> None:
        """The service forgets a client token after 10 minutes."""
        with pytest.raises(UnitOfWorkStateError, match="deadline"):
            UnitOfWork(Scripted([DONE]), deadline=deadline)

    def test_after_throttling_says_throttled(self) -> None:
        """A commit that certainly failed at its deadline is `Throttled` with `committed=False`."""
        outcome = commit(THROTTLED)

        assert isinstance(outcome.error, Throttled)
        assert outcome.error.committed is False

    def test_after_busy_items_says_which(self) -> None:
        """Or it is `CommitConflict` with `TransactionBusy`, naming the entity."""
        outcome = commit(BUSY)

        assert isinstance(outcome.error, CommitConflict)
        assert outcome.error.committed is False
        assert [(type(reason), reason.key) for reason in outcome.error.reasons] == [
            (TransactionBusy, ("n2",))
        ]

    def test_after_throttled_actions_says_which(self) -> None:
        """Throttling of single actions names their entities."""
        outcome = commit(cancelled("ThrottlingError", "None"))

        assert isinstance(outcome.error, CommitConflict)
        assert [(type(reason), reason.key) for reason in outcome.error.reasons] == [
            (ActionThrottled, ("n1",))
        ]

    def test_after_vain_connections_is_certain(self) -> None:
        """Where no request ever reached the service, nothing was committed."""
        outcome = commit(UNREACHED)

        assert outcome.error is UNREACHED


class TestUnusableReasons:
    @pytest.mark.parametrize("codes", [(), ("None", "None"), ("ConditionalCheckFailed",)])
    def test_are_no_conflict(self, codes: tuple[str, ...]) -> None:
        """A cancellation whose reasons are not those of the request names no entity, and is not repeated."""
        outcome = commit(cancelled(*codes))

        assert isinstance(outcome.error, StoreError)
        assert len(outcome.store.sent) == 1


class TestUnknownOutcomes:
    def test_hold_token_keys_and_request(self) -> None:
        """If the outcome stays unknown: `CommitOutcomeUnknown` with token and keys, never a guess."""
        outcome = commit(LOST)

        assert isinstance(outcome.error, CommitOutcomeUnknown)
        assert outcome.error.token == "the-token"
        assert outcome.error.keys == (("Note", ("n1",)), ("Note", ("n2",)))
        assert outcome.error.request is outcome.store.sent[0]
        assert outcome.error.__cause__ is LOST

    @pytest.mark.parametrize(
        "answers",
        [
            pytest.param([LOST, THROTTLED], id="then throttled for ever"),
            pytest.param([LOST, BUSY], id="then busy for ever"),
            pytest.param([LOST, UNREACHED], id="then never reached again"),
            pytest.param([LOST, INVALID], id="then refused"),
            pytest.param([LOST, AccessDenied("expired")], id="then denied"),
            pytest.param([IN_PROGRESS], id="in progress for ever"),
            pytest.param([LOST, MISMATCH], id="then a token mismatch"),
            pytest.param([LOST, TransactionBusy("held")], id="then a conflict that is none of ours"),
            pytest.param([LOST, cancelled("None", "None")], id="then cancelled without a reason"),
            pytest.param([THROTTLED, MISMATCH], id="a token mismatch after throttling"),
        ],
    )
    def test_stay_unknown_after_a_lost_answer(self, answers: list[Answer]) -> None:
        """A delayed first attempt can still take effect: only an answer to the request itself is certain."""
        assert isinstance(commit(*answers).error, CommitOutcomeUnknown)

    def test_become_certain_by_an_answer(self) -> None:
        """With the token alive, a later answer tells what became of the request."""
        assert commit(LOST, DONE).error is None

    def test_become_certain_by_a_refusal(self) -> None:
        """A failed condition can't be our own write as long as the token is alive."""
        error = commit(LOST, TAKEN).error

        assert isinstance(error, CommitConflict)
        assert [type(reason) for reason in error.reasons] == [EntityExists]

    @pytest.mark.parametrize(
        ("answers", "expected"),
        [
            pytest.param([LOST, TAKEN, DONE], CommitConflict, id="the fence stands"),
            pytest.param(
                [LOST, TAKEN, LOST, THROTTLED, DONE], CommitConflict, id="the fence stands in the end"
            ),
            pytest.param([LOST, TAKEN, MISMATCH, DONE], None, id="the request had landed"),
            pytest.param([LOST, TAKEN, MISMATCH, LOST, MISMATCH, DONE], None, id="it had, after a doubt"),
            pytest.param([LOST, TAKEN, MISMATCH, TAKEN], CommitConflict, id="the store sets no fences"),
            pytest.param(
                [LOST, TAKEN, AccessDenied("no checks")], CommitConflict, id="no fence is permitted"
            ),
            pytest.param(
                [LOST, TAKEN, MISMATCH, INVALID], CommitOutcomeUnknown, id="no answer to the request"
            ),
            pytest.param([LOST, TAKEN, LOST], CommitOutcomeUnknown, id="no answer to the fence"),
            pytest.param([LOST, TAKEN, MISMATCH, MISMATCH], CommitOutcomeUnknown, id="no sense at all"),
        ],
    )
    def test_are_settled_by_a_fence_where_a_refusal_is_not_final(
        self, answers: list[Answer], expected: type[Exception] | None
    ) -> None:
        """The token is used up by a request that does nothing: then no earlier one can take effect."""
        error = commit(*answers).error

        assert (None if error is None else type(error)) is expected

    def test_leave_the_objects_alone(self) -> None:
        """Objects move only after the store said yes."""
        assert commit(LOST).first == Note("n1", version=9)

    def test_break_the_unit(self) -> None:
        """The unit keeps its first failure."""
        store = Scripted([LOST])
        uow = UnitOfWork(store, timing=Pauses().timing)
        notes = Repository(NoteMapping, uow)

        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            notes.add(Note("n1"))
            with pytest.raises(CommitOutcomeUnknown):
                uow.commit()
            with pytest.raises(UnitBroken) as broken:
                uow.commit()

        assert broken.value.first_failure is unknown.value

    def test_are_never_repeated_by_run(self) -> None:
        """`run` and `attempts` retry conflicts, never `CommitOutcomeUnknown`."""
        store, calls = Scripted([LOST]), []
        uow = UnitOfWork(store, timing=Pauses().timing)
        notes = Repository(NoteMapping, uow)

        def work() -> None:
            calls.append(1)
            notes.add(Note("n1"))

        with pytest.raises(CommitOutcomeUnknown):
            uow.run(work)

        assert calls == [1]

    def test_show_no_values(self) -> None:
        """Messages name types and keys only."""
        store = Scripted([LOST])
        uow = UnitOfWork(store, timing=Pauses().timing)

        with pytest.raises(CommitOutcomeUnknown) as unknown:
            Repository(NoteMapping, uow).add(Note("n1", "secret"))

        assert "secret" not in f"{unknown.value} {unknown.value!r}"


class TestInterruption:
    def test_passes_and_breaks_the_unit(self) -> None:
        """A KeyboardInterrupt during a commit propagates; the unit is not taken for committed."""

        class Interrupting(Scripted):
            def perform(self, operation: Operation[R]) -> R:
                raise KeyboardInterrupt

        uow = UnitOfWork(Interrupting([DONE]))
        note = Note("n1", version=9)

        with pytest.raises(KeyboardInterrupt), uow:
            Repository(NoteMapping, uow).add(note)

        assert note.version == 9
