"""What may be done of a plan: what was planned before, or what completes a new table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from persistence.errors import PersistenceError, PlanOutdated
from persistence.schema.planning.comparison import mismatch, remedied_differences
from persistence.schema.planning.plans import StepKind, TablePlan

COMPLETING = frozenset[StepKind](
    {
        "create_table",
        "create_replica",
        "enable_time_to_live",
        "set_recovery",
        "set_insights",
        "set_scaling",
    }
)
"""What making a table consists of: `CreateTable`, and what that does not take."""


class Terms(Protocol):
    """What may be done of a plan that was made of the present state."""

    def surplus(self, plan: TablePlan) -> tuple[str, ...]:
        """Tell in words what the plan has that may not be done."""
        ...

    def refusal(self, plan: TablePlan, surplus: tuple[str, ...]) -> PersistenceError:
        """Make the error for that."""
        ...


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """Only what is in an earlier plan may be done.

    Attributes:
        plan: the earlier plan.
        allow_drop: the names of what may be lost.
    """

    plan: TablePlan
    allow_drop: Collection[str] = ()

    def surplus(self, plan: TablePlan) -> tuple[str, ...]:
        """Tell what the plan has that the earlier one did not have."""
        wanted = dict.fromkeys((*plan.chosen(self.allow_drop), *plan.needed))
        steps = [str(step) for step in wanted if step not in self.plan.changes]
        return (*steps, *(change.what for change in plan.blocked if change not in self.plan.blocked))

    def refusal(self, plan: TablePlan, surplus: tuple[str, ...]) -> PersistenceError:
        """Make the error for a table that has changed since."""
        return PlanOutdated(plan.table, surplus)


@dataclass(frozen=True, slots=True)
class AsDeclared:
    """A table may be made, or made complete; one that differs in what it was made with is left as it is."""

    def surplus(self, plan: TablePlan) -> tuple[str, ...]:
        """Tell how the live table differs from its declaration."""
        if any(step.kind not in COMPLETING or step.consent for step in plan.needed) or plan.blocked:
            return tuple(difference for difference, _ in remedied_differences(plan))
        return ()

    def refusal(self, plan: TablePlan, surplus: tuple[str, ...]) -> PersistenceError:
        """Make the error for a table that differs."""
        return mismatch(plan)
