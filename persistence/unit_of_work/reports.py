"""What the log tells of commits."""

from __future__ import annotations

from collections import Counter
from typing import Any

from persistence.commit_plan import CommitPlan
from persistence.errors import CommitConflict, ConflictError, PersistenceError
from persistence.events import EventLog
from persistence.operations import Capacity
from persistence.unit_of_work.attempts import Attempts


def log_failure(sending: Attempts[Any], failed: PersistenceError) -> None:
    """Tell of a commit that certainly failed."""
    actions = sending.commit.by_type
    if isinstance(failed, ConflictError):
        sending.log.warning("uow.conflicted", actions=actions, reasons=_reason_names(failed))
    else:
        sending.log.warning("uow.failed", actions=actions, error=type(failed).__name__)


def log_success(log: EventLog, commit: CommitPlan, seconds: float, capacity: Capacity) -> None:
    """Tell of a commit that took effect; worth while where somebody hears it."""
    log.info(
        "uow.committed",
        actions=commit.by_type,
        tables=sorted({planned.mapping.table.name for planned in commit.actions}),
        seconds=round(seconds, 6),
        write_units=sum(consumed.write_units for consumed in capacity),
    )


def _reason_names(refused: ConflictError) -> dict[str, int]:
    reasons = refused.reasons if isinstance(refused, CommitConflict) else (refused,)
    return dict(
        Counter(
            f"{type(reason).__name__} {getattr(reason.entity_type, '__name__', '')}".strip()
            for reason in reasons
        )
    )
