"""Units of work: what happens inside `with uow:` is committed as one transaction, or not at all."""

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
