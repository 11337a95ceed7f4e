"""Running a whole unit again after a conflict."""

from __future__ import annotations

import inspect

from persistence.errors import (
    ActionThrottled,
    AlreadyCommitted,
    CommitConflict,
    CommitOutcomeUnknown,
    EntityGone,
    HandlersFailed,
    StaleEntity,
    TransactionBusy,
    UnitBroken,
    UnitOfWorkStateError,
)
from persistence.events import event_log

RETRIED_REASONS = (StaleEntity, EntityGone, TransactionBusy, ActionThrottled)
"""Reasons after which a new unit with fresh reads may succeed."""

DEFAULT_ATTEMPTS = 5

RetryOn = tuple[type[Exception], ...]


def is_retried(error: BaseException, retry_on: RetryOn) -> bool:
    """Tell whether a unit that failed with this error is worth another attempt.

    Args:
        error: what left the unit.
        retry_on: further types of errors, or of reasons of a conflict, that the caller wants repeated.
    """
    if isinstance(error, UnitBroken):
        return is_retried(error.first_failure, retry_on)
    if isinstance(error, CommitOutcomeUnknown | HandlersFailed | AlreadyCommitted):
        return False  # it did take effect, or may have: whatever the caller wants, not twice
    if isinstance(error, retry_on):
        return True
    retried = RETRIED_REASONS + retry_on
    if not isinstance(error, CommitConflict):
        return isinstance(error, RETRIED_REASONS)  # of a snapshot
    return bool(error.reasons) and all(isinstance(reason, retried) for reason in error.reasons)


class AttemptBase:
    """One attempt at a unit: a block that swallows a conflict if another attempt follows.

    Attributes:
        number: 1 for the first.
        entered: whether its block was entered.
        finished: whether no further attempt follows.
    """

    def __init__(self, number: int, retry_on: RetryOn | None) -> None:
        self.number = number
        self.entered = False
        self.finished = False
        self._retry_on = retry_on
        self._swallowed: BaseException | None = None

    def refuse_to_be_abandoned(self) -> None:
        """Report that the loop was left although this attempt was refused and another one is due.

        That is what `return` and `break` inside the block do when its commit meets a conflict. The language
        offers no way to raise this where the loop was left: it is logged, and shown as an unraisable error.
        """
        if self._swallowed is not None:
            event_log().warning("uow.abandoned", attempt=self.number)
            raise UnitOfWorkStateError(
                "the loop over attempts was left by `return` or `break` inside the block, but its commit was "
                "refused: nothing was written. Leave after the loop, or use uow.run(...)"
            ) from self._swallowed

    def note_pause(self, seconds: float) -> None:
        """Tell that another attempt follows after a pause.

        Raises:
            UnitOfWorkStateError: this one was never made.
        """
        if not self.entered:
            raise UnitOfWorkStateError("the attempt was not entered; write `with attempt:` in the loop")
        event_log().info("uow.repeated", attempt=self.number, seconds=round(seconds, 3))

    def _follows(self, error: BaseException | None, *, written: bool) -> bool:
        """Tell whether another attempt follows this outcome; what an early commit wrote is not repeated."""
        self.finished = (
            error is None or self._retry_on is None or written or not is_retried(error, self._retry_on)
        )
        self._swallowed = None if self.finished else error
        return not self.finished


def check_attempts(attempts: int, retry_on: object) -> int:
    """Refuse anything but a positive number of attempts, and types of errors.

    Raises:
        UnitOfWorkStateError: with what they may be.
    """
    if not isinstance(retry_on, tuple) or not all(
        isinstance(kind, type) and issubclass(kind, Exception) for kind in retry_on
    ):
        raise UnitOfWorkStateError(
            f"retry_on is a tuple of types of errors, such as (EntityExists,), not {retry_on!r}"
        )
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise UnitOfWorkStateError(f"attempts must be a whole number of at least 1, not {attempts!r}")
    return attempts


def refuse_generator(result: object) -> None:
    """Refuse work that is a generator, of which nothing has been done.

    Raises:
        UnitOfWorkStateError: it is one.
    """
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise UnitOfWorkStateError(
            "run: the work is a generator function, so nothing of it was done; don't yield in it"
        )
