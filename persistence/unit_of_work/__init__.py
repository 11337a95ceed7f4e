"""Units of work: what happens inside `with uow:` is committed as one transaction, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.commit_plan import CommitPlan, Kind, PlannedAction
    from persistence.timing import Timing
    from persistence.tracking import State
    from persistence.unit_of_work.asynchronous import AsyncAttempt, AsyncScope, AsyncUnitOfWork
    from persistence.unit_of_work.base import UnitOfWorkBase
    from persistence.unit_of_work.domain_events import DomainEvents
    from persistence.unit_of_work.outcomes import Committed
    from persistence.unit_of_work.policies import DEFAULT_DEADLINE, LONGEST_DEADLINE, Isolation
    from persistence.unit_of_work.records import CommitRecord, commit_record_mapping
    from persistence.unit_of_work.sync import Attempt, Scope, UnitOfWork
    from persistence.unit_of_work.unit import UnitState

__all__ = [
    "DEFAULT_DEADLINE",
    "LONGEST_DEADLINE",
    "AsyncAttempt",
    "AsyncScope",
    "AsyncUnitOfWork",
    "Attempt",
    "CommitPlan",
    "CommitRecord",
    "Committed",
    "DomainEvents",
    "Isolation",
    "Kind",
    "PlannedAction",
    "Scope",
    "State",
    "Timing",
    "UnitOfWork",
    "UnitOfWorkBase",
    "UnitState",
    "commit_record_mapping",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.commit_plan": ("CommitPlan", "Kind", "PlannedAction"),
        "persistence.timing": ("Timing",),
        "persistence.tracking": ("State",),
        "persistence.unit_of_work.asynchronous": ("AsyncAttempt", "AsyncScope", "AsyncUnitOfWork"),
        "persistence.unit_of_work.base": ("UnitOfWorkBase",),
        "persistence.unit_of_work.domain_events": ("DomainEvents",),
        "persistence.unit_of_work.outcomes": ("Committed",),
        "persistence.unit_of_work.policies": ("DEFAULT_DEADLINE", "LONGEST_DEADLINE", "Isolation"),
        "persistence.unit_of_work.records": ("CommitRecord", "commit_record_mapping"),
        "persistence.unit_of_work.sync": ("Attempt", "Scope", "UnitOfWork"),
        "persistence.unit_of_work.unit": ("UnitState",),
    },
)
