"""Units of work: what happens inside `with uow:` is committed as one transaction, or not at all."""

from persistence.commit_plan import CommitPlan, PlannedAction
from persistence.timing import Timing
from persistence.tracking import State
from persistence.unit_of_work.base import DEFAULT_DEADLINE, UnitOfWorkBase
from persistence.unit_of_work.commit import LONGEST_DEADLINE
from persistence.unit_of_work.sync import Attempt, Scope, UnitOfWork
from persistence.unit_of_work.unit import UnitState

__all__ = [
    "DEFAULT_DEADLINE",
    "LONGEST_DEADLINE",
    "Attempt",
    "CommitPlan",
    "PlannedAction",
    "Scope",
    "State",
    "Timing",
    "UnitOfWork",
    "UnitOfWorkBase",
    "UnitState",
]
