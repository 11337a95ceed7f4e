"""Running a whole unit again after a conflict."""

from __future__ import annotations

from persistence.errors import (
    ActionThrottled,
    CommitConflict,
    EntityGone,
    StaleEntity,
    TransactionBusy,
    UnitBroken,
    UnitOfWorkStateError,
)

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
    if isinstance(error, retry_on):
        return True
    retried = RETRIED_REASONS + retry_on
    if not isinstance(error, CommitConflict) or not error.reasons:
        return False
    return all(isinstance(reason, retried) for reason in error.reasons)


def check_attempts(attempts: int) -> int:
    """Refuse anything but a positive number of attempts."""
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise UnitOfWorkStateError(f"attempts must be a whole number of at least 1, not {attempts!r}")
    return attempts
