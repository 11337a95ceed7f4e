"""Commits whose answer is lost: the same request again, and what is said when nobody knows."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from persistence import CommitConflict, CommitOutcomeUnknown, Repository, UnitOfWork
from persistence.errors import (
    ActionRefused,
    AlreadyCommitted,
    DeadlineExceeded,
    EntityExists,
    StaleEntity,
    Throttled,
    UnitBroken,
    UnitOfWorkStateError,
)
from persistence.operations import ConditionCheck, GetItem, TransactWrite
from persistence.testing.faults import (
    Cancellation,
    Fault,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
)
from persistence.unit_of_work import Committed, commit_record_mapping
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping
from tests.semantics.world import World

RECORDS = commit_record_mapping("commits")


class Ids:
    """Ids that are known afterwards, and that no server has seen before."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self) -> str:
        self.given.append(uuid4().hex)
        return self.given[-1]


def lost(count: int | None = None, fault: Fault | None = None) -> Rule:
    return Rule(fault or LostAnswer(), (TransactWrite,), count=count)


@pytest.fixture
def note(world: World) -> Note:
    """A stored note of version 0."""
    note = Note("n1", "first")
    world.repository(NoteMapping).add(note)
    world.forget()
    return note


def change(world: World, uow: UnitOfWork, title: str = "second") -> Note:
    """Change the note in a unit; give it even if the commit fails."""
    with uow:
        note = world.repository(NoteMapping, uow).get("n1")
        note.title = title
    return note


class TestRepetition:
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(LostAnswer(), id="answers lost after apply"),
            pytest.param(LostRequest(), id="requests lost"),
            pytest.param(ServerError(applied=True), id="500 after apply"),
            pytest.param(ServerError(applied=False), id="500 before apply"),
            pytest.param(LateArrival(after=1), id="requests that arrive late"),
        ],
    )
    def test_applies_once(self, world: World, note: Note, fault: Fault) -> None:
        """Answers lost twice: success, version + 1, nothing applied twice, every request the same."""
        uow, layer = world.faulty(lost(2, fault))

        changed = change(world, uow)

        assert (changed.title, changed.version) == ("second", 1)
        assert world.elsewhere(NoteMapping).get("n1") == changed
        first, *others = layer.transactions
        assert others == [first, first]

    def test_waits_for_the_service_without_reading_again(self, world: World, note: Note) -> None:
        """`[TransactionConflict, None]` twice, then success without re-reading."""
        world.repository(AccountMapping)
        busy = Cancellation(("TransactionConflict", "None"))
        uow, layer = world.faulty(lost(2, busy))

        with uow:
            world.repository(NoteMapping, uow).get("n1").title = "second"
            world.repository(AccountMapping, uow).add(Account("a1"))

        assert [type(each).__name__ for each in world.sent] == ["GetItem", "TransactWrite"]
        assert len(layer.transactions) == 3

    def test_stops_at_mixed_reasons(self, world: World, note: Note) -> None:
        """Mixed reasons are a conflict naming the entity; there is no blind retry."""
        world.repository(AccountMapping)
        mixed = Cancellation(("TransactionConflict", "ConditionalCheckFailed"))
        uow, layer = world.faulty(lost(2, mixed))

        with pytest.raises(CommitConflict) as refused, uow:
            world.repository(NoteMapping, uow).get("n1").title = "second"
            world.repository(AccountMapping, uow).add(Account("a1"))

        assert [(type(each).__name__, each.key) for each in refused.value.reasons] == [
            ("TransactionBusy", ("n1",)),
            ("EntityExists", ("a1",)),
        ]
        assert len(layer.transactions) == 1


class TestUnknown:
    def test_is_raised_with_token_and_keys_and_breaks_the_unit(self, world: World, note: Note) -> None:
        """If the outcome stays unknown: `CommitOutcomeUnknown` with token and keys, never a guess."""
        ids = Ids()
        uow, _layer = world.faulty(lost(), ids=ids)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)

        assert (unknown.value.token, unknown.value.keys) == (ids.given[0], (("Note", ("n1",)),))
        assert unknown.value.committed is None
        assert uow.last_outcome is unknown.value

    def test_leaves_objects_as_they_are(self, world: World, note: Note) -> None:
        """Versions and timestamps move only after the store said yes."""
        uow, _layer = world.faulty(lost())
        changed = None

        with pytest.raises(CommitOutcomeUnknown), uow:
            changed = world.repository(NoteMapping, uow).get("n1")
            changed.title = "second"

        assert changed is not None
        assert (changed.version, changed.title) == (0, "second")

    def test_sticks(self, world: World, note: Note) -> None:
        """A doubt stays, whatever the later attempts say: the first request may still arrive."""
        plan = [Rule(LateArrival(after=100), (TransactWrite,), count=1), lost(None, Throttling())]
        uow, _layer = world.faulty(*plan)

        with pytest.raises(CommitOutcomeUnknown):
            change(world, uow)

    def test_certain_failures_say_so(self, world: World, note: Note) -> None:
        """A commit that certainly failed at its deadline is `Throttled`, with `committed=False`."""
        uow, _layer = world.faulty(lost(None, Throttling()))

        with pytest.raises(Throttled) as failed:
            change(world, uow)

        assert failed.value.committed is False
        assert uow.last_outcome is failed.value

    def test_is_never_repeated_by_run(self, world: World, note: Note) -> None:
        """`run` and `attempts` never repeat `CommitOutcomeUnknown`, whatever `retry_on` says."""
        uow, layer = world.faulty(lost())
        calls = []

        def work() -> None:
            calls.append(1)
            world.repository(NoteMapping, uow).get("n1").title = "second"

        with pytest.raises(CommitOutcomeUnknown):
            uow.run(work, retry_on=(Exception,))

        assert calls == [1]
        assert len({each.token for each in layer.transactions}) == 1

    def test_survives_pickling(self, world: World, note: Note) -> None:
        """The error can be sent to another process, with its request."""
        uow, _layer = world.faulty(lost())
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)

        copied = pickle.loads(pickle.dumps(unknown.value))

        assert (copied.token, copied.keys, copied.request) == (
            unknown.value.token,
            unknown.value.keys,
            unknown.value.request,
        )


class TestResume:
    @pytest.mark.parametrize("applied", [True, False])
    @pytest.mark.parametrize("by_token", [True, False])
    def test_commits_exactly_once_and_absorbs(
        self, world: World, note: Note, applied: bool, by_token: bool
    ) -> None:
        """`resume(error_or_token)` sends the frozen request and absorbs into the live objects."""
        fault: Fault = LostAnswer() if applied else LostRequest()
        uow, layer = world.faulty(lost(1, fault), deadline=0.01)
        changed: list[Note] = []
        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            changed.append(world.repository(NoteMapping, uow).get("n1"))
            changed[0].title = "second"

        outcome = uow.resume(unknown.value.token if by_token else unknown.value)

        assert outcome == Committed(unknown.value.token, {"Note": 1})
        assert uow.last_outcome == outcome
        assert (changed[0].version, changed[0].title) == (1, "second")
        assert world.elsewhere(NoteMapping).get("n1") == changed[0]
        assert len(set(map(repr, layer.transactions))) == 1

    def test_says_that_it_certainly_failed(self, world: World, note: Note) -> None:
        """A refusal under the same token is certain: the request never took effect."""
        uow, _layer = world.faulty(lost(1, LostRequest()), deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)
        others = world.elsewhere(NoteMapping)
        theirs = others.get("n1")
        theirs.title = "theirs"
        others.update(theirs)

        with pytest.raises(CommitConflict) as refused:
            uow.resume(unknown.value)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)

    def test_may_stay_unknown(self, world: World, note: Note) -> None:
        """Again no answer: again unknown, and it may be resumed again."""
        uow, _layer = world.faulty(lost(), deadline=0.1)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)

        for _ in range(2):
            with pytest.raises(CommitOutcomeUnknown) as again:
                uow.resume(unknown.value.token)

        assert again.value.token == unknown.value.token

    def test_ends_after_nine_minutes(self, world: World, note: Note) -> None:
        """It is sent within 9 minutes of the first attempt; after 10 the service forgets the token."""
        uow, layer = world.faulty(lost(), deadline=0.1)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)
        sent = len(layer.transactions)
        world.pauses.seconds.append(541.0)
        world.clock.now += timedelta(seconds=541)

        with pytest.raises((DeadlineExceeded, UnitOfWorkStateError)):
            uow.resume(unknown.value.token)
        with pytest.raises(DeadlineExceeded, match="10 minutes"):
            uow.resume(unknown.value)

        assert len(layer.transactions) == sent

    def test_takes_up_the_commit_of_another_process(self, world: World, note: Note) -> None:
        """The error holds all that is needed; there are no live objects then."""
        uow, _layer = world.faulty(lost(1, LostRequest()), deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)
        arrived = pickle.loads(pickle.dumps(unknown.value))

        outcome = world.unit_of_work().resume(arrived)

        assert outcome.token == unknown.value.token
        assert world.elsewhere(NoteMapping).get("n1").title == "second"

    def test_names_what_was_refused_elsewhere(self, world: World, note: Note) -> None:
        """A refused request of another process names its keys."""
        uow, _layer = world.faulty(lost(1, LostRequest()), deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)
        arrived = copy.copy(unknown.value)
        change(world, world.unit_of_work(), "theirs")

        with pytest.raises(CommitConflict) as refused:
            world.unit_of_work().resume(arrived)

        (reason,) = refused.value.reasons
        assert (type(reason), reason.key) == (ActionRefused, ("n1",))

    def test_refuses_what_it_does_not_know(self, world: World) -> None:
        """A token alone means nothing to another UnitOfWork."""
        with pytest.raises(UnitOfWorkStateError, match="no commit with the token 'strange'"):
            world.uow.resume("strange")
        with pytest.raises(UnitOfWorkStateError, match="takes a CommitOutcomeUnknown"):
            world.uow.resume(7)  # type: ignore[arg-type]  # on purpose

    def test_does_not_mend_the_unit(self, world: World, note: Note) -> None:
        """The unit keeps its first failure; a new one goes on."""
        uow, _layer = world.faulty(lost(1), deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown), uow:
            notes = world.repository(NoteMapping, uow)
            notes.get("n1").title = "second"
            with pytest.raises(CommitOutcomeUnknown) as unknown:
                uow.commit()
            uow.resume(unknown.value)
            with pytest.raises(UnitBroken):
                notes.get("n1")

        assert change(world, world.unit_of_work(), "third").version == 2


class TestARefusalAfterADoubt:
    """A refusal must be final: an earlier request may arrive when its conditions hold again."""

    @pytest.fixture
    def others(self, world: World) -> Repository[Account]:
        """Another writer, who holds a key for a while."""
        world.repository(AccountMapping)
        others = world.elsewhere(AccountMapping)
        others.add(Account("taken"))
        return others

    def add_two(self, world: World, uow: UnitOfWork) -> None:
        with uow:
            accounts = world.repository(AccountMapping, uow)
            accounts.add(Account("taken", 1))
            accounts.add(Account("free", 1))

    def settle(self, world: World, layer: Any) -> None:
        """Let what is late arrive."""
        settled = layer.settle()
        if world.task is not None:
            world.task.run(lambda: settled)

    def test_is_fenced_off_from_what_is_still_on_its_way(
        self, world: World, others: Repository[Account]
    ) -> None:
        """The token is used up before the refusal is told: what arrives later has no effect."""
        uow, layer = world.faulty(lost(1, LateArrival(after=1000)))

        with pytest.raises(CommitConflict) as refused:
            self.add_two(world, uow)
        others.remove(others.get("taken"))
        self.settle(world, layer)

        assert [type(reason) for reason in refused.value.reasons] == [EntityExists]
        assert others.find("free") is None
        first, second, fence = layer.transactions
        assert second == first
        assert (fence.token, [type(action) for action in fence.actions]) == (first.token, [ConditionCheck])
        assert [each.refused for each in layer.landed] == ["TokenMismatch"]

    def test_is_told_only_when_the_fence_stands(self, world: World, others: Repository[Account]) -> None:
        """The fence's own lost answers are made up for; it is the same request each time."""
        plan = [lost(1, LostRequest()), Rule(LostAnswer(), (TransactWrite,), after=1, count=2)]
        uow, layer = world.faulty(*plan)

        with pytest.raises(CommitConflict):
            self.add_two(world, uow)

        first, second, *fences = layer.transactions
        assert second == first
        assert fences == [fences[0]] * 3
        assert others.find("free") is None

    def test_is_unknown_where_no_fence_can_be_set(self, world: World, others: Repository[Account]) -> None:
        """Without a certain answer nobody knows, and `resume` goes on with the fence."""
        plan = [lost(1, LateArrival(after=1000)), Rule(LostRequest(), (TransactWrite,), after=1, count=1)]
        uow, layer = world.faulty(*plan, deadline=0.06)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            self.add_two(world, uow)

        with pytest.raises(CommitConflict):
            uow.resume(unknown.value)

        others.remove(others.get("taken"))
        self.settle(world, layer)
        assert others.find("free") is None

    def test_needs_no_fence_where_a_condition_can_never_hold_again(self, world: World, note: Note) -> None:
        """A version of one life of the item is over for good."""
        uow, layer = world.faulty(lost(1, LateArrival(after=1000)))

        with pytest.raises(CommitConflict), uow:
            world.repository(NoteMapping, uow).get("n1").title = "mine"
            change(world, world.unit_of_work(), "theirs")

        assert [len(each.actions) for each in layer.transactions] == [1, 1]


class TestSleep:
    """A machine that was asleep must not repeat what the service has forgotten."""

    def test_between_commit_and_resume_is_noticed(self, world: World, note: Note) -> None:
        """The clock that only grows may stand still meanwhile; the one on the wall tells."""
        uow, layer = world.faulty(lost(1), deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)
        world.clock.now += timedelta(minutes=11)

        with pytest.raises(DeadlineExceeded) as refused:
            uow.resume(unknown.value)

        assert refused.value.committed is None
        assert len(layer.transactions) == 1

    def test_between_two_attempts_is_noticed(self, world: World, note: Note) -> None:
        """After a doubt nothing is sent when the token may be forgotten."""
        seconds = world.pauses.seconds

        class Asleep(list[float]):
            def append(self, pause: float) -> None:
                world.clock.now += timedelta(minutes=11)
                super().append(pause)

        world.pauses.seconds = Asleep(seconds)
        uow, layer = world.faulty(lost(1))

        with pytest.raises(CommitOutcomeUnknown):
            change(world, uow)

        assert len(layer.transactions) == 1


class TestCommitRecord:
    """`UnitOfWork(..., commit_record=table)` answers the unknown case even after a kill."""

    @pytest.fixture(autouse=True)
    def table(self, world: World, note: Note) -> None:
        world.clock.now = datetime.now(UTC)  # records carry a time to live, which servers may act upon
        world.repository(RECORDS)

    def test_is_written_beside_each_commit(self, world: World) -> None:
        """One more action; a unit that writes nothing leaves none."""
        ids = Ids()
        uow = world.unit_of_work(commit_record="commits", ids=ids)

        change(world, uow)
        with uow:
            world.repository(NoteMapping, uow).get("n1")

        assert [len(actions) for actions in world.writes] == [2]
        assert uow.was_committed(ids.given[0])
        assert not uow.was_committed("never-given")

    def test_settles_the_doubt_by_one_consistent_read(self, world: World) -> None:
        """The record is there: the commit took effect, and the caller is told so."""
        uow, layer = world.faulty(lost(), commit_record="commits", deadline=0.2)

        changed = change(world, uow)

        assert changed.version == 1
        assert isinstance(uow.last_outcome, Committed)
        assert type(world.sent[-1]).__name__ == "GetItem"
        assert len(layer.transactions) > 1

    def test_says_unknown_where_no_record_is(self, world: World) -> None:
        """A record that is not there yet proves nothing: the request may be on its way."""
        uow, _layer = world.faulty(lost(None, LostRequest()), commit_record="commits", deadline=0.2)

        with pytest.raises(CommitOutcomeUnknown) as unknown:
            change(world, uow)

        assert (
            world.unit_of_work(commit_record="commits").was_committed(unknown.value.commit_id or "") is False
        )

    def test_lets_an_id_of_the_application_commit_once(self, world: World) -> None:
        """`uow(commit_id=...)`: a second commit of the same id is `AlreadyCommitted`, and writes nothing."""
        uow = world.unit_of_work(commit_record="commits")
        with uow(commit_id="payment-7"):
            world.repository(NoteMapping, uow).get("n1").title = "second"

        with pytest.raises(AlreadyCommitted) as refused, uow(commit_id="payment-7"):
            world.repository(NoteMapping, uow).get("n1").title = "third"

        assert refused.value.commit_id == "payment-7"
        assert world.elsewhere(NoteMapping).get("n1").title == "second"
        assert world.unit_of_work(commit_record="commits").was_committed("payment-7")

    def test_lets_repeated_work_commit_once(self, world: World) -> None:
        """`run(work, commit_id=...)`: the attempt that is committed leaves the record."""
        uow = world.unit_of_work(commit_record="commits")
        notes = world.repository(NoteMapping, uow)
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            note = notes.get("n1")
            if len(calls) == 1:
                change(world, world.unit_of_work(), "theirs")
            note.title = f"mine {len(calls)}"

        uow.run(work, commit_id="job-1")
        with pytest.raises(AlreadyCommitted):
            uow.run(work, commit_id="job-1")

        assert len(calls) == 3
        assert world.elsewhere(NoteMapping).get("n1").version == 2

    def test_counts_toward_the_limit(self, world: World) -> None:
        """It is an action of the transaction, shown in `pending`."""
        uow = world.unit_of_work(commit_record="commits")

        with uow:
            world.repository(NoteMapping, uow).get("n1").title = "second"
            pending = uow.pending

        assert [action.entity_name for action in pending] == ["Note", "CommitRecord"]

    def test_answers_for_a_commit_of_another_process(self, world: World) -> None:
        """Taken up elsewhere, a commit that took effect is known by its record, whatever the token says."""
        uow, _layer = world.faulty(lost(1), lost(None, LostRequest()), commit_record="commits", deadline=0.01)
        get_lost = Rule(LostRequest(), (GetItem,))
        blind, _layer = world.faulty(get_lost, lost(), commit_record="commits", deadline=0.01)
        with pytest.raises(CommitOutcomeUnknown) as unknown, blind:
            world.repository(NoteMapping, blind).add(Note("n2"))
        arrived = pickle.loads(pickle.dumps(unknown.value))
        others = world.elsewhere(NoteMapping)
        others.remove(others.get("n2"))

        outcome = world.unit_of_work(commit_record="commits").resume(arrived)

        assert outcome.committed
        assert outcome.commit_id == unknown.value.token
        assert uow.was_committed(unknown.value.token)
        assert others.find("n2") is None

    def test_must_be_asked_for(self, world: World) -> None:
        """Without records nobody can tell."""
        with pytest.raises(UnitOfWorkStateError, match="commit_record"):
            world.uow.was_committed("any")

    @pytest.mark.parametrize("commit_id", ["", "x" * 201, 7])
    def test_takes_ids_that_can_be_keys(self, world: World, commit_id: Any) -> None:
        """An id is part of a key: 1 to 200 characters."""
        with pytest.raises(UnitOfWorkStateError, match="1 to 200"):
            world.unit_of_work(commit_record="commits")(commit_id=commit_id)

    def test_is_needed_for_a_commit_id(self, world: World) -> None:
        """Without a record the id would be kept nowhere."""
        with pytest.raises(UnitOfWorkStateError, match="commit_record"):
            world.uow(commit_id="payment-7")

    def test_refuses_an_id_for_a_scope_that_joins(self, world: World) -> None:
        """The unit has an id already."""
        uow = world.unit_of_work(commit_record="commits")

        with pytest.raises(UnitOfWorkStateError, match="joins"), uow, uow(commit_id="inner"):
            raise AssertionError("it was entered")
