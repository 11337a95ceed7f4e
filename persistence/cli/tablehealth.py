"""What `doctor` finds of the tables: as declared, active, permitted, recoverable, protected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from persistence.attributes import AttributeValue
from persistence.cli.diagnosis import Finding
from persistence.cli.session import Session
from persistence.errors import AccessDenied, NotSupported, PersistenceError, StoreUnavailable
from persistence.operations import DescribeRecovery, DescribeTable, DescribeTimeToLive, GetItem, Operation
from persistence.schema.planning.plans import TablePlan
from persistence.store import Store
from persistence.stores.memory import MemoryStore
from persistence.table import ScalarType, Table

_NOWHERE: Mapping[ScalarType, AttributeValue] = {
    "S": {"S": "persistence doctor: no such key"},
    "N": {"N": "-1"},
    "B": {"B": b"\0"},
}


def table_findings(session: Session) -> Iterator[Finding]:
    """Look at each table that the mappings declare."""
    if not session.settings.app:
        return
    for table in session.app.tables:
        try:
            yield from _of_table(session, table)
        except StoreUnavailable as error:
            yield Finding(f"table {table.name}", "fail", str(error), "the others are not asked for")
            return
        except PersistenceError as error:
            yield Finding(f"table {table.name}", "fail", str(error))


def _of_table(session: Session, table: Table) -> Iterator[Finding]:
    in_memory = isinstance(session.store, MemoryStore)
    denied = [] if in_memory else list(_denied(session.store, table))
    if denied:
        yield Finding(
            f"table {table.name}",
            "fail",
            f"not permitted: {', '.join(denied)}",
            "grant these actions of dynamodb to the role or user, on the table",
        )
        return
    (plan,) = session.service.plan(table).tables
    yield _state(plan)
    if plan.live is not None and not in_memory and not session.settings.endpoint:
        yield from _advice(session.store, plan)


def _denied(store: Store, table: Table) -> Iterator[str]:
    """Try what can be tried without changing anything, and name what is denied."""
    key = {name: _NOWHERE[table.type_of(name)] for name in table.key_names()}
    tries: tuple[tuple[str, Operation[Any]], ...] = (
        ("DescribeTable", DescribeTable(table.name)),
        ("DescribeTimeToLive", DescribeTimeToLive(table.name)),
        ("GetItem", GetItem(table.structure, key)),
    )
    yield from (action for action, operation in tries if not _permitted(store, operation))


def _permitted(store: Store, operation: Operation[Any]) -> bool:
    try:
        store.perform(operation)
    except AccessDenied:
        return False
    except StoreUnavailable:
        raise
    except PersistenceError:
        return True  # it failed for a reason that is looked at elsewhere
    return True


def _state(plan: TablePlan) -> Finding:
    name = f"table {plan.table}"
    if plan.live is None:
        return Finding(name, "fail", "does not exist", "persistence plan, and persistence apply")
    if plan.blocked:
        texts = "; ".join(change.what for change in plan.blocked)
        return Finding(name, "fail", texts, "; ".join(change.remedy for change in plan.blocked))
    if plan.needed:
        texts = "; ".join(step.difference or str(step) for step in plan.needed)
        return Finding(name, "fail", texts, "persistence plan, and persistence apply")
    if plan.status != "ACTIVE":
        return Finding(name, "warn", f"as declared, and {plan.status}", "wait until it is ACTIVE")
    return Finding(name, "ok", "as declared")


def _advice(store: Store, plan: TablePlan) -> Iterator[Finding]:
    assert plan.live is not None, "there is no advice about a table that there is not"
    name, declared = f"table {plan.table}", plan.declared.options
    if declared.point_in_time_recovery is None and _unrecoverable(store, plan.table):
        yield Finding(
            name,
            "warn",
            "point-in-time recovery is off, so that a mistake can't be undone",
            "declare TableOptions(point_in_time_recovery=True), or False to say that it is meant",
        )
    protected = plan.live.description.options.deletion_protection
    if declared.deletion_protection is None and protected is False:
        yield Finding(
            name,
            "warn",
            "deletion protection is off",
            "declare TableOptions(deletion_protection=True), or False to say that it is meant",
        )


def _unrecoverable(store: Store, name: str) -> bool:
    try:
        return not store.perform(DescribeRecovery(name)).recovery.enabled
    except (AccessDenied, NotSupported):
        return False
