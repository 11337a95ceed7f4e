"""Sending a commit again and again, the same each time, until its outcome is certain or time is up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from persistence.commit_plan import CommitPlan
from persistence.errors import CommitOutcomeUnknown, DeadlineExceeded, HeldBack, PersistenceError
from persistence.events import EventLog
from persistence.flows import Flow, pause
from persistence.operations import Operation
from persistence.timing import Timing
from persistence.unit_of_work.policies import LONGEST_DEADLINE

R = TypeVar("R")


def pause_after(failure: PersistenceError, attempt: int, timing: Timing) -> float:
    """Give the seconds to wait after a failed attempt: what the store's retry policy says, else a backoff.

    Args:
        failure: of the attempt.
        attempt: 1 for the first.
        timing: time and chance.
    """
    if isinstance(failure, HeldBack):
        return failure.retry_after
    return timing.backoff(attempt)


class NoAnswer(Exception):
    """An attempt gave no answer that settles the commit; another one may follow.

    Attributes:
        failure: what it gave instead.
    """

    def __init__(self, failure: PersistenceError) -> None:
        self.failure = failure
        super().__init__(str(failure))


@dataclass(slots=True)
class Attempts(ABC, Generic[R]):
    """The attempts of one commit; what was in doubt once stays so until an answer settles it.

    Attributes:
        commit: the plan.
        token: its client token where it is a transaction, else its mark in the item.
        request: the request, the same each time.
        begun: when its first attempt began, aware.
        clock: gives the present time, aware. A machine that was asleep tells by it, and not by the clock that
            only grows, that the service has forgotten the token.
        commit_id: what its commit record is found by; None if it writes none.
        sent_before: whether this is not the first attempt.
        ambiguous: whether an attempt may have taken effect although no answer said so.
        met: what the first attempt failed with, where it was made before; it is taken up from there.
    """

    commit: CommitPlan
    token: str
    request: Operation[R]
    begun: datetime
    clock: Callable[[], datetime]
    timing: Timing
    log: EventLog
    commit_id: str | None = field(default=None, kw_only=True)
    ambiguous: bool = field(default=False, kw_only=True)
    sent_before: bool = field(default=False, kw_only=True)
    met: BaseException | None = field(default=None, kw_only=True)

    def flow(self, deadline: float) -> Flow[R]:
        """Send the request until its outcome is certain or the deadline has passed.

        Args:
            deadline: seconds from now in which attempts may start.

        Raises:
            CommitConflict: it was refused; nothing took effect.
            Throttled, StoreUnavailable: it certainly had no effect, and time is up.
            CommitOutcomeUnknown: an answer was lost and could not be made up for in time.
            StoreError: it can't be done at all; nothing took effect.
            DeadlineExceeded: the deadline of the block around it passed first; nothing took effect.
        """
        try:
            return (yield from self._repeat(deadline))
        except DeadlineExceeded as late:
            if self.ambiguous:
                raise self.unknown() from late
            raise

    def _repeat(self, deadline: float) -> Flow[R]:
        end = self.timing.monotonic() + deadline
        for attempt in count(1):
            if self.ambiguous and self.age > LONGEST_DEADLINE:
                raise self.unknown()
            try:
                return (yield from self._attempt())
            except NoAnswer as unanswered:
                failure = unanswered.failure
            self.sent_before = True
            self.ambiguous |= bool(getattr(failure, "ambiguous", False))
            wait = pause_after(failure, attempt, self.timing)
            if self.timing.monotonic() + wait >= end:
                return (yield from self._give_up(failure))
            code = getattr(failure, "code", None) or type(failure).__name__
            self.log.info("retry.scheduled", attempt=attempt, code=code, seconds=round(wait, 3))
            try:
                yield from pause(wait)
            except DeadlineExceeded as late:
                if not self.ambiguous:
                    raise late from failure
                return (yield from self._give_up(failure))
        raise AssertionError("unreachable: the attempts are endless")

    def _asked(self) -> Flow[R]:
        """Send the request, or fail as it did where that was done before."""
        if self.met is not None:
            met, self.met = self.met, None
            raise met
        answer: R = yield self.request
        return answer

    @property
    def age(self) -> float:
        """Seconds since its first attempt, by the clock on the wall."""
        return (self.clock() - self.begun).total_seconds()

    def forgo_answer(self) -> None:
        """Settle for the outcome, where an answer holds more than that."""

    def unknown(self) -> CommitOutcomeUnknown:
        """Give the error that says that nobody knows."""
        keys = [(planned.entity_name, planned.key_values) for planned in self.commit.actions]
        return CommitOutcomeUnknown(self.token, keys, self.request, self.begun, self.commit_id)

    @abstractmethod
    def _attempt(self) -> Flow[R]:
        """Send the request once.

        Raises:
            NoAnswer: another attempt may follow.
            PersistenceError: the commit has failed, or can't be settled.
        """

    @abstractmethod
    def _give_up(self, failure: PersistenceError) -> Flow[R]:
        """Settle the commit now that time is up, or raise what is known of it."""
