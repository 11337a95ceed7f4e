"""The schema service's procedures, as flows over operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from persistence.errors import (
    BlockedChange,
    ChangeBlocked,
    DropNotAllowed,
    NotSupported,
    SchemaMismatch,
    TableInUse,
    TableNotFound,
)
from persistence.flows import Flow, pause, run_together
from persistence.operations import CreateTable, DeleteScaling, DeleteTable, DescribeTable, TableDescription
from persistence.schema.declarations import completed
from persistence.schema.planning.applying import Applying
from persistence.schema.planning.billing import declared_scaling
from persistence.schema.planning.comparison import mismatch, remedied_differences
from persistence.schema.planning.live import LiveTable, read_live
from persistence.schema.planning.planner import plan_table
from persistence.schema.planning.plans import INDEX_CHANGES, PlannedStep, SchemaPlan, TablePlan
from persistence.schema.planning.terms import AsDeclared, AsPlanned, Terms
from persistence.schema.planning.waiting import FIRST_POLL, Patience
from persistence.schema.progress import ProgressCallback, ignored
from persistence.table import Table
from persistence.timing import Timing

_UNUSABLE = frozenset({"CREATING", "DELETING"})


@dataclass(frozen=True, slots=True)
class TableFlows:
    """What is done to tables, with waiting.

    Attributes:
        timing: gives the time.
        timeout: seconds to wait for a step: for a table or index to become active, or to vanish.
        progress: is told of steps, and of what is waited for.
    """

    timing: Timing
    timeout: float
    progress: ProgressCallback | None = None
    patience: Patience = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patience", Patience(self.timing, self.timeout))

    # Single tables

    def create(self, table: Table) -> Flow[TableDescription]:
        """Create a table with all that is declared, and wait until it and its indexes can be used."""
        plan = plan_table(table, None)
        making = self._applying(plan.declared, (), AsPlanned(plan))
        yield from self.patience.ask(CreateTable(plan.declared))
        making.done.append(plan.changes[0])
        return (yield from making.finish()).description

    def ensure(self, table: Table) -> Flow[TableDescription]:
        """Create a table unless it is there as declared; one that is being deleted is waited for."""
        work = self._applying(completed(table), (), AsDeclared())
        return (yield from work.finish()).description

    def delete(self, table: Table) -> Flow[None]:
        """Delete a table, remove the scaling that is declared, and wait until the table is gone."""
        yield from self._delete(table.name)
        for index, dimension, _ in declared_scaling(table):
            # Not earlier: a table whose deletion is refused keeps it.
            with suppress(NotSupported):  # then this store has set none
                yield from self.patience.ask(DeleteScaling(table.name, dimension, index))
        yield from self.patience.until_gone(table.name)

    def _delete(self, name: str) -> Flow[None]:
        """Begin to delete a table, once nothing of it is being made or changed; somebody else may do it."""
        end = self.timing.monotonic() + self.timeout
        while True:
            try:
                yield from self.patience.ask(DeleteTable(name))
                return
            except TableInUse:
                if self.timing.monotonic() >= end:
                    raise
            yield from pause(FIRST_POLL)
            if (yield from self.patience.until_settled(name)) is None:
                return

    def find(self, name: str) -> Flow[TableDescription | None]:
        """Describe a table, or give None."""
        return self.patience.find(name)

    def describe(self, name: str) -> Flow[TableDescription]:
        """Describe a table that must be there."""
        return self.patience.ask(DescribeTable(name))

    # Plans

    def plan(self, tables: Sequence[Table]) -> Flow[SchemaPlan]:
        """Hold declarations against the live tables."""
        return SchemaPlan(tuple((yield from run_together([self._plan(table) for table in tables]))))

    def apply(self, plan: SchemaPlan, allow_drop: Collection[str]) -> Flow[tuple[PlannedStep, ...]]:
        """Do what was planned, after all of it was found to be still what is to be done."""
        _check_names(allow_drop)
        permitted = SchemaPlan(tuple(_with_consent(table, allow_drop) for table in plan.tables))
        _check_plan(permitted, allow_drop)
        works = [
            self._applying(table.declared, allow_drop, AsPlanned(table, allow_drop))
            for table in permitted.tables
        ]
        for work in works:
            yield from self._refuse_outdated(work)
        done: list[PlannedStep] = []
        for work in works:
            yield from work.finish()
            done += work.done
        return tuple(done)

    def migrate(self, tables: Sequence[Table], allow_drop: Collection[str]) -> Flow[tuple[PlannedStep, ...]]:
        """Plan, and do what was planned; names of what is not there any more are let pass."""
        _check_names(allow_drop)
        plan = yield from self.plan(tables)
        return (yield from self.apply(plan, _known(plan, allow_drop)))

    def update(
        self, table: Table, allow_drop: Collection[str], *, single: bool
    ) -> Flow[tuple[PlannedStep, ...]]:
        """Change a table that is there; with `single` one change of indexes is the most."""
        _check_names(allow_drop)
        plan = yield from self.plan([table])
        (only,) = plan.tables
        if only.live is None or only.status == "DELETING":
            raise TableNotFound("there is none to update; create it with ensure_table", table=table.name)
        changes = [step for step in only.chosen(allow_drop) if step.kind in INDEX_CHANGES]
        if single and len(changes) > 1:
            several = f"{len(changes)} changes of indexes are to be done: {'; '.join(map(str, changes))}"
            remedy = "update_table does one; call batch_update_table, which does one after the other"
            raise ChangeBlocked([BlockedChange(table.name, several, remedy)])
        return (yield from self.apply(plan, _known(plan, allow_drop)))

    def differences(self, table: Table) -> Flow[tuple[str, ...]]:
        """Tell in words how a live table differs from its declaration."""
        plan = yield from self._plan(table)
        return tuple(difference for difference, _ in remedied_differences(plan))

    def verify(self, tables: Sequence[Table]) -> Flow[None]:
        """Refuse tables that are not as declared, all in one error."""
        plan = yield from self.plan(tables)
        complaints = [complaint for table in plan.tables if (complaint := _complaint(table)) is not None]
        if complaints:
            first, *others = complaints
            raise SchemaMismatch(first.table, first.differences, first.remedies, others)

    def _plan(self, table: Table) -> Flow[TablePlan]:
        declared = completed(table)
        description = yield from self.patience.until_made(table.name)
        if description is None:
            return plan_table(declared, None)
        if description.status == "DELETING":
            return plan_table(declared, LiveTable(description))
        return plan_table(declared, (yield from read_live(declared, description, self.patience)))

    def _refuse_outdated(self, work: Applying) -> Flow[None]:
        live = yield from work.look()
        plan = plan_table(work.declared, live, work.allow_drop)
        surplus = work.terms.surplus(plan)
        if surplus:
            raise work.terms.refusal(plan, surplus)

    def _applying(self, declared: Table, allow_drop: Collection[str], terms: Terms) -> Applying:
        return Applying(declared, allow_drop, terms, self.patience, self.progress or ignored)


def _complaint(plan: TablePlan) -> SchemaMismatch | None:
    if not plan.empty:
        return mismatch(plan)
    unusable = tuple(_unusable(plan))
    return (
        SchemaMismatch(plan.table, unusable, ["wait until that has ended"] * len(unusable))
        if unusable
        else None
    )


def _unusable(plan: TablePlan) -> Iterator[str]:
    """Name the declared indexes that can't be queried yet, or no more."""
    declared = {index.name for index in plan.declared.indexes}
    for index in plan.live.description.indexes if plan.live else ():
        if index.name in declared and index.status in _UNUSABLE:
            yield f"index {index.name!r} is {index.status}, so that it can't be queried"


def _with_consent(plan: TablePlan, allow_drop: Collection[str]) -> TablePlan:
    """Make a plan again, from what was live then, for what may be lost."""
    return plan_table(plan.declared, plan.live, allow_drop)


def _known(plan: SchemaPlan, allow_drop: Collection[str]) -> frozenset[str]:
    """Give the names of losses that a plan has."""
    steps = plan.destructive
    return frozenset(name for name in allow_drop if any(step.allowed_by({name}) for step in steps))


def _check_names(allow_drop: Collection[str]) -> None:
    """Refuse a single text, which is a collection too: of its letters."""
    if isinstance(allow_drop, str):
        raise DropNotAllowed(
            f"allow_drop takes a collection of names: write allow_drop={{{allow_drop!r}}}", (allow_drop,)
        )


def _check_plan(plan: SchemaPlan, allow_drop: Collection[str]) -> None:
    unknown = sorted(set(allow_drop) - _known(plan, allow_drop))
    if unknown:
        known = ", ".join(dict.fromkeys(repr(step.consent) for step in plan.destructive)) or "nothing"
        raise DropNotAllowed(
            f"allow_drop names {', '.join(map(repr, unknown))}, which the plan does not drop; it drops "
            f"{known}",
            unknown,
        )
    if plan.blocked:
        raise ChangeBlocked(plan.blocked)
    needed = [step for step in plan.destructive if step.needed and not step.allowed_by(allow_drop)]
    if needed:
        names = tuple(dict.fromkeys(step.consent or "" for step in needed))
        raise DropNotAllowed(
            f"{'; '.join(f'table {step.table!r}: {step}' for step in needed)}. That loses something: if it "
            f"is meant, call it with allow_drop={{{', '.join(map(repr, names))}}}",
            names,
        )
