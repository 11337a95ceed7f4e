"""The way of a commit: collect, plan, perform, absorb; and what can be said of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.commit_plan import CommitPlan, PlannedAction, plan, plan_patch
from persistence.errors import (
    CommitConflict,
    CommitOutcomeUnknown,
    PersistenceError,
    UnitOfWorkStateError,
)
from persistence.events import event_log
from persistence.flows import Flow, perform
from persistence.operations import GetItem, Returning, TransactWrite, WriteResult
from persistence.patches import Patch
from persistence.store import AsyncStore, Store, takes_text, tenant_of
from persistence.tracking import IdentityMap
from persistence.unit_of_work.adapting import ADAPTATIONS, adapted
from persistence.unit_of_work.additions import Additions
from persistence.unit_of_work.attempts import Attempts
from persistence.unit_of_work.conditional import ConditionalAttempts, single_write, takes_one_write
from persistence.unit_of_work.domain_events import NO_EVENTS, CollectedEvents
from persistence.unit_of_work.foreign import ForeignAttempts
from persistence.unit_of_work.outcomes import (
    Committed,
    Unresolved,
    refuse_other_tenant,
    refuse_strange_token,
    time_left,
)
from persistence.unit_of_work.policies import LONGEST_DEADLINE
from persistence.unit_of_work.records import record_of
from persistence.unit_of_work.sending import Sending, only_reason
from persistence.unit_of_work.transaction import TransactionAttempts
from persistence.unit_of_work.unit import Unit, UnitState

S = TypeVar("S", bound=Store | AsyncStore)

FOREIGN_MARGIN = 120.0
"""Seconds by which the clocks of two machines may differ."""

_PENDING = "pending"
"""Stands for ids that are made when a commit begins."""


class Pipeline(Sending[S]):
    """Commits units; safe to share between threads.

    Args:
        policies: of the unit of work.
    """

    def commit(self, unit: Unit[S]) -> Flow[CollectedEvents]:
        """Commit what a unit holds; a failure breaks the unit.

        Returns:
            The events that are to be handed on now.
        """
        unit.check()
        try:
            events = CollectedEvents.of(unit.recorded, unit.entities, self._policies.events)
            commit = yield from self._sent(unit, events)
            if commit.actions:
                commit.absorb(unit.entities)
                commit.release()
                unit.state, unit.commit_id = UnitState.OPEN, None
                unit.epoch += 1
            if commit.actions or unit.isolation == "default":
                # Where nothing was sent nothing was checked: a serializable unit goes on relying on it.
                unit.entities.settle()
            if events is not NO_EVENTS:
                unit.written = True
                events.drain(self._policies.events)
                unit.recorded.clear()
        except BaseException as error:
            unit.break_with(error)
            raise
        return events

    def _sent(self, unit: Unit[S], events: CollectedEvents) -> Flow[CommitPlan]:
        """Plan and send what a unit holds, again where items of other schema versions were met."""
        for attempt in count(1):
            token = self._policies.ids() if self._policies.records is not None else ""
            texts = takes_text(unit.store)
            commit = self._plan(unit, events, unit.commit_id or token, self._policies.ids, texts=texts)
            commit.check(unit.store.limits, tenant_of(unit.store))
            if not commit.actions:
                return commit
            sending = self._attempts(commit, token or self._policies.ids(), unit.commit_id)
            try:
                yield from self._send_for(unit, self._begun(sending, unit.store, events))
            except CommitConflict as refused:
                if attempt > ADAPTATIONS or not (yield from adapted(commit, refused)):
                    raise
            else:
                return commit
        raise AssertionError("unreachable: attempts are endless")

    def _send_for(self, unit: Unit[S], unresolved: Unresolved) -> Flow[None]:
        """Send a unit's commit; it counts as written unless it is certain that it is not."""
        before = unit.written
        unit.state, unit.written = UnitState.COMMITTING, True
        try:
            yield from self._send(unresolved)
        except CommitOutcomeUnknown:
            raise
        except PersistenceError:
            unit.written = before
            raise

    def pending(self, unit: Unit[S]) -> tuple[PlannedAction[Any], ...]:
        """Give the actions that a commit would send now."""
        events = CollectedEvents.of(unit.recorded, unit.entities, self._policies.events)
        return self._plan(unit, events, unit.commit_id or _PENDING, lambda: _PENDING).actions

    def resume(self, outcome: CommitOutcomeUnknown | str, present_store: Callable[[], S]) -> Resumption[S]:
        """Prepare to repeat a commit whose outcome is unknown.

        Raises:
            UnitOfWorkStateError: nothing is known of the token, or it is another tenant's.
            DeadlineExceeded: it is too late for that.
        """
        token = outcome if isinstance(outcome, str) else outcome.token
        now = self._policies.timing.monotonic()
        # Taken, so that of several callers one brings the entities in line and hands on the events.
        unresolved = self._unresolved.take(token)
        if unresolved is None:
            if not isinstance(outcome, CommitOutcomeUnknown) or not isinstance(
                outcome.request, TransactWrite
            ):
                raise refuse_strange_token(token)
            unresolved = self._foreign(outcome, outcome.request, present_store(), now)
            refuse_other_tenant(outcome.tenant, unresolved.store)
        elif (tenant := tenant_of(unresolved.store)) is not None:
            try:
                refuse_other_tenant(tenant, present_store())
            except BaseException:
                self._unresolved.keep(unresolved)
                raise
        left = self._time_left(unresolved, now)
        return Resumption(unresolved.store, self._resume(unresolved, min(self._policies.deadline, left)))

    def _time_left(self, unresolved: Unresolved, now: float) -> float:
        # The older of two clocks: one stands still while the machine sleeps, the other may be set back.
        sending = unresolved.sending
        if isinstance(sending, ForeignAttempts):
            return time_left(sending.age, LONGEST_DEADLINE - FOREIGN_MARGIN)
        return time_left(max(now - unresolved.begun, sending.age), LONGEST_DEADLINE)

    def _resume(self, unresolved: Unresolved, deadline: float) -> Flow[tuple[Committed, CollectedEvents]]:
        unresolved.sending.forgo_answer()
        yield from self._send(unresolved, deadline)
        unresolved.sending.commit.absorb(IdentityMap())
        unresolved.sending.commit.release()
        unresolved.events.drain(self._policies.events)
        return Committed.by(unresolved.sending), unresolved.events

    def was_committed(self, commit_id: str) -> Flow[bool]:
        """Look for the commit record of a commit.

        Raises:
            UnitOfWorkStateError: no commit records are written.
        """
        records = self._policies.records
        if records is None:
            raise UnitOfWorkStateError(
                "was_committed: this UnitOfWork writes no commit records; make it with commit_record=..."
            )
        answer = yield from perform(
            GetItem(records.table, records.key_from((commit_id,), {}), consistent=True)
        )
        return answer.item is not None

    def update(self, patch: Patch[Any], returning: Returning, store: S) -> Flow[Item | None]:
        """Write a patch at once and give attributes of its item.

        Raises:
            ConflictError: it was refused.
            CommitOutcomeUnknown: its answer was lost, and the item does not tell it any more.
        """
        for attempt in count(1):
            planned = plan_patch(patch, self._policies.clock, store.limits, self._policies.ids)
            try:
                return (yield from self._write(planned, store, returning)).attributes
            except CommitConflict as refused:
                if attempt > ADAPTATIONS or not (yield from adapted(CommitPlan((planned,)), refused)):
                    raise only_reason(refused) from refused.__cause__
        raise AssertionError("unreachable: attempts are endless")

    def write(self, planned: PlannedAction[Any], store: S) -> Flow[None]:
        """Send one planned write by itself, without a transaction; its entity moves on if it took effect.

        Raises:
            ConflictError: it was refused.
            CommitOutcomeUnknown: its answer was lost, and could not be made up for.
        """
        try:
            yield from self._write(planned, store, "none")
        except CommitConflict as refused:
            raise only_reason(refused) from refused.__cause__
        commit = CommitPlan((planned,))
        commit.absorb(IdentityMap())
        commit.release()

    def _write(self, planned: PlannedAction[Any], store: S, returning: Returning) -> Flow[WriteResult]:
        policies, token = self._policies, self._policies.ids()
        attempts = ConditionalAttempts(
            CommitPlan((planned,)),
            token,
            single_write(planned.action, token, returning),
            policies.clock(),
            policies.clock,
            policies.timing,
            event_log(),
        )
        result: WriteResult = yield from self._send(self._begun(attempts, store, NO_EVENTS))
        return result

    def _plan(
        self,
        unit: Unit[S],
        events: CollectedEvents,
        commit_id: str,
        ids: Callable[[], str],
        *,
        texts: bool = False,
    ) -> CommitPlan:
        additions = None
        if self._adds:
            additions = Additions(self._policies, unit.entities, events, commit_id, ids)
        return plan(
            unit.entities,
            self._policies.clock,
            unit.store.limits,
            ids=ids,
            checked=unit.isolation == "serializable",
            additions=additions,
            texts=texts,
        )

    @property
    def _adds(self) -> bool:
        """Whether commits may store more than their entities."""
        return self._policies.outbox is not None or self._policies.records is not None

    def _attempts(self, commit: CommitPlan, token: str, commit_id: str | None) -> Attempts[Any]:
        policies, log = self._policies, event_log()
        begun = policies.clock()
        if policies.single_write == "conditional" and takes_one_write(commit):
            request = single_write(commit.actions[0].action, token)
            return ConditionalAttempts(commit, token, request, begun, policies.clock, policies.timing, log)
        transaction = commit.request(token)
        return TransactionAttempts(
            commit,
            token,
            transaction,
            begun,
            policies.clock,
            policies.timing,
            log,
            record=record_of(transaction, policies.records),
            commit_id=None if policies.records is None else commit_id or token,
        )

    def _foreign(
        self, unknown: CommitOutcomeUnknown, request: TransactWrite, store: S, now: float
    ) -> Unresolved:
        """Take up a commit that another UnitOfWork, or another process, has begun."""
        policies = self._policies
        begun = unknown.begun or policies.clock()
        sending = ForeignAttempts(
            CommitPlan(()),
            unknown.token,
            request,
            begun,
            policies.clock,
            policies.timing,
            event_log(),
            record=record_of(request, policies.records),
            keys=unknown.keys,
            sent_before=True,
            commit_id=unknown.commit_id,
            ambiguous=True,
        )
        return Unresolved(sending, NO_EVENTS, store, now - (policies.clock() - begun).total_seconds())


@dataclass(frozen=True, slots=True)
class Resumption(Generic[S]):
    """A commit that is about to be repeated.

    Attributes:
        store: where it was sent.
        flow: repeats it, and gives its outcome and the events that are to be handed on then.
    """

    store: S
    flow: Flow[tuple[Committed, CollectedEvents]]
