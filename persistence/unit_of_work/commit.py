"""Sending a commit: one request with one token, repeated until its outcome is certain or time is up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import NoReturn

from persistence.commit_plan import CommitPlan
from persistence.conflicts import INNOCENT, conflict, is_transient
from persistence.errors import (
    CommitOutcomeUnknown,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    TokenMismatch,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.events import EventLog
from persistence.flows import Flow, pause, perform
from persistence.operations import TransactWrite, TransactWriteResult
from persistence.timing import Timing

LONGEST_DEADLINE = 540.0
"""Seconds for which a commit may be repeated: the service forgets a client token after 10 minutes."""


@dataclass(slots=True)
class CommitAttempts:
    """The repetitions of one commit.

    Attributes:
        commit: the plan.
        request: the request, the same each time.
        deadline: seconds from the first attempt in which repetitions may start.
    """

    commit: CommitPlan
    request: TransactWrite
    deadline: float
    timing: Timing
    log: EventLog
    ambiguous: bool = False

    def flow(self) -> Flow[TransactWriteResult]:
        """Send the request until its outcome is certain or the deadline has passed.

        Raises:
            CommitConflict: it was refused; nothing took effect.
            Throttled, StoreUnavailable: it certainly had no effect, and time is up.
            CommitOutcomeUnknown: an answer was lost and could not be made up for in time.
            StoreError: it can't be done at all; nothing took effect.
        """
        end = self.timing.monotonic() + self.deadline
        for attempt in count(1):
            try:
                return (yield from perform(self.request))
            except TransactionCancelled as cancelled:
                if not is_transient(cancelled.reasons):
                    raise self._refusal(cancelled) from cancelled
                failure: StoreError = cancelled
            except TokenMismatch as mismatch:
                raise self._unknown() from mismatch
            except (Throttled, TransactionInProgress, StoreUnavailable) as unanswered:
                failure = unanswered
                self.ambiguous |= isinstance(unanswered, TransactionInProgress)
            except Exception as refused:  # raised again, or as unknown: after a doubt no error is an answer
                if self.ambiguous or getattr(refused, "ambiguous", False):
                    raise self._unknown() from refused
                raise
            self.ambiguous |= failure.ambiguous
            wait = self.timing.backoff(attempt)
            if self.timing.monotonic() + wait >= end:
                self._give_up(failure)
            self.log.info("retry.scheduled", attempt=attempt, code=failure.code, seconds=round(wait, 3))
            yield from pause(wait)
        raise AssertionError("unreachable: the attempts are endless")

    def _refusal(self, cancelled: TransactionCancelled) -> PersistenceError:
        """Name the entities of a cancellation, if its reasons are those of this request."""
        failed = {reason.code for reason in cancelled.reasons} - {INNOCENT}
        if failed and len(cancelled.reasons) == len(self.commit.actions):
            return conflict(self.commit, cancelled.reasons)
        if self.ambiguous:
            return self._unknown()
        return StoreError(f"the store gave no usable reasons for it: {cancelled}", code=cancelled.code)

    def _give_up(self, failure: StoreError) -> NoReturn:
        if self.ambiguous:
            raise self._unknown() from failure
        if isinstance(failure, TransactionCancelled):
            raise conflict(self.commit, failure.reasons) from failure
        raise failure

    def _unknown(self) -> CommitOutcomeUnknown:
        assert self.request.token is not None
        keys = ((planned.entity_name, planned.tracked.key_values) for planned in self.commit.actions)
        return CommitOutcomeUnknown(self.request.token, keys, self.request)
