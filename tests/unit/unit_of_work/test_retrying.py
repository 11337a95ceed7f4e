"""Which failures of a unit are worth another attempt, and how long to wait before it."""

from __future__ import annotations

import pytest

from persistence.errors import (
    ActionRefused,
    ActionThrottled,
    CommitConflict,
    CommitOutcomeUnknown,
    ConflictError,
    EntityExists,
    EntityGone,
    ItemTooLarge,
    StaleEntity,
    Throttled,
    TransactionBusy,
)
from persistence.timing import Timing
from persistence.unit_of_work.retrying import is_retried


def conflict(*reasons: type[ConflictError]) -> CommitConflict:
    return CommitConflict(reason("refused") for reason in reasons)


class TestWhatIsRetried:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (conflict(StaleEntity), True),
            (conflict(EntityGone), True),
            (conflict(TransactionBusy), True),
            (conflict(ActionThrottled), True),
            (conflict(StaleEntity, EntityGone, TransactionBusy, ActionThrottled), True),
            (conflict(EntityExists), False),
            (conflict(StaleEntity, EntityExists), False),
            (conflict(ItemTooLarge), False),
            (conflict(ActionRefused), False),
            (CommitOutcomeUnknown("token", [], None), False),
            (Throttled("slow down"), False),
            (ValueError("of the work itself"), False),
        ],
    )
    def test_is_conflicts_that_fresh_reads_may_cure(self, error: Exception, expected: bool) -> None:
        """`CommitConflict` whose reasons are all stale, gone, busy or throttled; never an unknown outcome."""
        assert is_retried(error, ()) is expected

    @pytest.mark.parametrize(
        ("error", "retry_on"),
        [
            (conflict(EntityExists), EntityExists),
            (conflict(StaleEntity, EntityExists), EntityExists),
            (conflict(ItemTooLarge), CommitConflict),
            (ValueError("of the work itself"), ValueError),
        ],
    )
    def test_is_widened_by_type_of_error_or_reason(self, error: Exception, retry_on: type[Exception]) -> None:
        """`retry_on=` widens it, by errors that leave the unit and by reasons of a conflict."""
        assert is_retried(error, (retry_on,))

    def test_is_not_widened_by_one_reason_of_several(self) -> None:
        """All reasons must be worth it."""
        assert not is_retried(conflict(EntityExists, ItemTooLarge), (EntityExists,))


class TestBackoff:
    @pytest.mark.parametrize(
        ("attempt", "bound"), [(1, 0.05), (2, 0.1), (3, 0.2), (6, 1.6), (7, 2.0), (1000, 2.0)]
    )
    def test_is_a_random_part_of_a_growing_bound(self, attempt: int, bound: float) -> None:
        """Full jitter: anything from nothing to a bound that doubles, up to the longest pause."""
        assert Timing(chance=lambda: 0.0).backoff(attempt) == 0.0
        assert Timing(chance=lambda: 0.5).backoff(attempt) == pytest.approx(bound / 2)

    def test_differs_by_chance(self) -> None:
        """Workers that met in a conflict don't meet again."""
        assert len({Timing().backoff(5) for _ in range(20)}) > 1
