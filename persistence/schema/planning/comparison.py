"""Differences between declarations and live tables, in words."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.errors import SchemaMismatch
from persistence.operations import TableDescription
from persistence.schema.planning.live import LiveTable
from persistence.schema.planning.planner import plan_table
from persistence.schema.planning.plans import PlannedStep, TablePlan
from persistence.table import Table


def differences(declared: Table, live: Table) -> tuple[str, ...]:
    """Tell in words where keys, indexes and types of a live table are not as they are declared.

    What it has beyond its declaration does not count; options and time to live are not compared.
    """
    plan = plan_table(declared.structure, LiveTable(TableDescription(live, "ACTIVE")))
    return tuple(what for what, _ in remedied_differences(plan))


def remedied_differences(plan: TablePlan) -> Iterator[tuple[str, str]]:
    """Give each difference of a table from its declaration, and what would mend it, in words."""
    for change in plan.blocked:
        yield change.what, change.remedy
    for step in plan.needed:
        if step.difference:
            yield step.difference, _remedy(step)


def mismatch(plan: TablePlan) -> SchemaMismatch:
    """Make the error for a table that is not as it is declared."""
    found = tuple(remedied_differences(plan))
    return SchemaMismatch(plan.table, [what for what, _ in found], [remedy for _, remedy in found])


def _remedy(step: PlannedStep) -> str:
    return str(step) if step.consent is None else f"{step}; that needs allow_drop={{{step.consent!r}}}"
