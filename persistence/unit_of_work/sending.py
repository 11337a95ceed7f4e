"""Sending commits: until their outcome is known, with what can be said of it afterwards."""

from __future__ import annotations

import logging
from typing import Any, Generic, TypeVar

from persistence.commit_plan import Alone, Creation, PatchAlone, PlannedAlone, plan
from persistence.errors import CommitConflict, CommitOutcomeUnknown, ConflictError, PersistenceError
from persistence.events import EventLog, event_log, is_heard
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.operations import TransactWrite
from persistence.patches import Patch
from persistence.store import AsyncStore, Limits, Store, takes_text, tenant_of
from persistence.tracking import IdentityMap
from persistence.unit_of_work.attempts import Attempts
from persistence.unit_of_work.conditional import ConditionalAttempts, single_write
from persistence.unit_of_work.domain_events import NO_EVENTS, CollectedEvents
from persistence.unit_of_work.outcomes import Committed, CommittedAlone, Unresolved, UnresolvedCommits
from persistence.unit_of_work.policies import Policies
from persistence.unit_of_work.reports import log_failure, log_success
from persistence.unit_of_work.transaction import TransactionAttempts

S = TypeVar("S", bound=Store | AsyncStore)
T = TypeVar("T")


class Sending(Generic[S]):
    """Sends commits, and knows which of them are unresolved; safe to share between threads.

    Args:
        policies: of the unit of work.
    """

    def __init__(self, policies: Policies) -> None:
        self._last: Committed | CommittedAlone | PersistenceError | None = None
        self._policies = policies
        self._unresolved = UnresolvedCommits(policies.timing.monotonic)
        self._advised = False
        self._plainly = policies.outbox is None and policies.records is None
        self._conditionally = policies.single_write == "conditional"

    @property
    def last_outcome(self) -> Committed | PersistenceError | None:
        """How the latest commit that was sent ended, in whatever thread or task."""
        last = self._last
        return last.outcome if isinstance(last, CommittedAlone) else last

    def creation(self, mapping: EntityMapping[T], entity: T, store: S) -> Creation[T] | None:
        """Plan a new entity as a write by itself; None where its commit may be more than that.

        Raises:
            ValidationFailed, KeyChanged, ItemTooLarge: it can't be stored; nothing was sent.
        """
        policies, limits = self._policies, store.limits
        if (
            self._plainly
            and mapping.versions is None
            and mapping.roles.deleted_at is None
            and limits.item_bytes <= limits.transaction_bytes
            and not getattr(entity, policies.events.attribute, None)
        ):
            texts = takes_text(store)
            return Creation(mapping, entity, policies.clock, limits, policies.ids, texts=texts)
        return None

    def patching(self, patch: Patch[Any], limits: Limits) -> PatchAlone[Any] | None:
        """Plan a patch as a write by itself; None where its commit may be more than that.

        Raises:
            QueryError: it is too long for one request.
        """
        policies = self._policies
        if (
            self._plainly
            and patch.mapping.versions is None  # it may have to be adapted to what it meets
            and limits.item_bytes <= limits.transaction_bytes
        ):
            return PatchAlone(patch, policies.clock, limits, policies.ids)
        return None

    def single(self, entities: IdentityMap, store: S) -> PlannedAlone | None:
        """Plan the one write that some entities come to; None where their commit may be more than that.

        Raises:
            ValidationFailed, KeyChanged, ItemTooLarge: it can't be stored; nothing was sent.
        """
        policies = self._policies
        if not self._plainly or CollectedEvents.of((), entities, policies.events) is not NO_EVENTS:
            return None
        for held in (*entities, *entities.patches.values()):
            if held.mapping.versions is not None:  # it may have to be adapted to what it meets
                return None
        texts = takes_text(store)
        commit = plan(entities, policies.clock, store.limits, ids=policies.ids, texts=texts)
        commit.check(store.limits)
        return PlannedAlone(commit, entities) if len(commit.actions) == 1 else None

    def alone(self, write: Alone, store: S) -> Flow[None]:
        """Send a write by itself, as a unit does that holds nothing else; its entity moves on.

        Raises:
            ConflictError: it was refused.
            CommitOutcomeUnknown: its answer was lost, and could not be made up for.
        """
        policies, log, limits = self._policies, event_log(), store.limits
        token = policies.ids()
        conditional = self._conditionally and not write.is_patch
        request: Any = (
            single_write(write.action, token) if conditional else TransactWrite((write.action,), token, True)
        )
        begun, now = policies.clock(), policies.timing.monotonic
        sent = now()
        if limits.answer_seconds is not None:
            self._advise(log, limits)
        try:
            result = yield request
        except BaseException as met:  # noqa: BLE001  # taken up below, out of its context
            failure = met
        else:
            self._last = CommittedAlone(token, write)
            if is_heard(log, logging.INFO):
                log_success(log, write.plan, now() - sent, result.capacity)
            write.absorb()
            return
        clock, timing = policies.clock, policies.timing
        kind: type[Attempts[Any]] = ConditionalAttempts if conditional else TransactionAttempts
        sending = kind(write.plan, token, request, begun, clock, timing, log, met=failure)
        del failure  # which holds this frame
        try:
            yield from self._send(Unresolved(sending, NO_EVENTS, store, sent), sent=sent)
        except CommitConflict as refused:
            raise only_reason(refused) from refused.__cause__
        write.absorb()
        sending.commit.release()

    def _begun(self, sending: Attempts[Any], store: S, events: CollectedEvents) -> Unresolved:
        return Unresolved(sending, events, store, self._policies.timing.monotonic())

    def _send(
        self, unresolved: Unresolved, deadline: float | None = None, sent: float | None = None
    ) -> Flow[Any]:
        """Send a commit.

        Args:
            unresolved: the commit.
            deadline: seconds for which it is repeated; by default as the policies say.
            sent: when its first attempt was made, if that was not long ago; the deadline counts from then.
        """
        sending, now = unresolved.sending, self._policies.timing.monotonic
        begun = now()
        left = self._policies.deadline if deadline is None else deadline
        if sent is not None:
            begun, left = sent, left - (begun - sent)
        self._advise(sending.log, unresolved.store.limits)
        try:
            result = yield from sending.flow(left)
        except CommitOutcomeUnknown as unknown:
            self._keep(unresolved, unknown)
            sending.log.warning("uow.outcome_lost", actions=sending.commit.by_type)
            raise
        except PersistenceError as failed:
            self._last = failed
            log_failure(sending, failed)
            raise
        except BaseException as interruption:
            # A cancelled task or a keyboard interrupt: nobody waits for the answer, which may say anything.
            lost = sending.unknown()
            lost.__context__, interruption.__context__ = interruption.__context__, lost
            self._keep(unresolved, lost)
            raise
        self._last = Committed.by(sending)
        if is_heard(sending.log, logging.INFO):
            log_success(sending.log, sending.commit, now() - begun, result.capacity)
        return result

    def _keep(self, unresolved: Unresolved, unknown: CommitOutcomeUnknown) -> None:
        unknown.tenant = tenant_of(unresolved.store)
        unresolved.sending.ambiguous = True
        self._unresolved.keep(unresolved)
        self._last = unknown

    def _advise(self, log: EventLog, limits: Limits) -> None:
        seconds = limits.answer_seconds
        if seconds is not None and seconds > self._policies.deadline and not self._advised:
            self._advised = True
            log.warning(
                "advice.given", code="read_timeout", read_timeout=seconds, deadline=self._policies.deadline
            )


def only_reason(refused: CommitConflict) -> ConflictError:
    """Give the reason of a conflict that has just one."""
    return refused.reasons[0] if len(refused.reasons) == 1 else refused
