"""Performing what is planned for a table, a step at a time, looking at the live table before each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from persistence.errors import (
    DeadlineExceeded,
    InvalidRequest,
    LimitExceeded,
    NotSupported,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    TableInUse,
    TableNotFound,
    Throttled,
)
from persistence.flows import Flow, pause, perform
from persistence.operations import Operation, TableDescription, TagTable, UpdateTable
from persistence.schema.declarations import globals_of
from persistence.schema.planning.billing import performable
from persistence.schema.planning.live import LiveTable, read_live, resource_name
from persistence.schema.planning.planner import plan_table
from persistence.schema.planning.plans import PlannedStep, TablePlan
from persistence.schema.planning.terms import Terms
from persistence.schema.planning.waiting import Patience, poll_seconds, state_of
from persistence.schema.progress import Progress, ProgressCallback
from persistence.table import GlobalIndex, Table
from persistence.table_options import Billing, Provisioned

SETTLING = 15.0
"""Seconds after which what was done is seen by who asks: tags "for a few seconds" show as they were before
(API reference, TagResource)."""

UNAVAILABLE_TRIES = 3

_PASSING = ("simultaneous", "multiple times within", "retry", "being enabled")
"""What the service says in errors that end by themselves: one index at a time, one change of the time to live
per hour, recovery that is being switched on."""


@dataclass(slots=True)
class Applying:
    """The work on one table until it is as declared.

    Whatever happens, the next thing to do is found by a new look at the table. So work that was killed is
    gone on with, two who do the same at once help each other, and what a server only pretends to have done
    is found out.

    Attributes:
        declared: how the table shall be.
        allow_drop: the names of what may be lost.
        terms: what may be done.
        patience: asks and waits.
        progress: is told of each step, and of what is waited for.
        done: the steps done so far.
    """

    declared: Table
    allow_drop: Collection[str]
    terms: Terms
    patience: Patience
    progress: ProgressCallback
    done: list[PlannedStep] = field(default_factory=list)
    _since: float = 0.0
    _failure: tuple[Operation[Any], StoreError] | None = None
    _failures: int = 0

    def finish(self) -> Flow[LiveTable]:
        """Do what is to be done.

        Returns:
            The table as it is then.

        Raises:
            PersistenceError: what the terms refuse.
            NotSupported: the server answered that a step is done, and it is not.
            DeadlineExceeded: a step takes longer than the timeout.
            StoreError: the service refuses a step.
        """
        self._since = self.patience.timing.monotonic()
        while True:
            live = yield from self.look()
            plan = plan_table(self.declared, live, self.allow_drop)
            todo = plan.chosen(self.allow_drop)
            surplus = self.terms.surplus(plan)
            if surplus and not self._may_be_late():
                raise self._refusal(plan, surplus)
            if surplus or (todo and todo[0] in self.done):
                yield from self._look_again(todo)
            elif todo:
                yield from self._do(todo[0], live, len(todo))
            else:
                assert live is not None
                return live

    def look(self) -> Flow[LiveTable | None]:
        """Read what is live, when nothing of it is being changed any more."""
        description = yield from self.patience.until_settled(self.declared.name, self._report_wait)
        if description is None:
            return None
        return (yield from read_live(self.declared, description, self.patience))

    def _do(self, step: PlannedStep, live: LiveTable | None, left: int) -> Flow[None]:
        operation = performed(step, live)
        if self._failure is not None and self._failure[0] != operation:
            self._failure, self._failures = None, 0
        self._give_up_if_refused()
        self._report(step, left)
        try:
            yield from perform(operation)
        except StoreError as error:
            if not _worth_another_look(error):
                raise
            yield from self._failed(step, operation, error)
        else:
            self.done.append(step)
            self._since = self.patience.timing.monotonic()
            self._failure, self._failures = None, 0

    def _give_up_if_refused(self) -> None:
        """Raise what the last try failed with, if it was no passing thing: nobody else has done the step."""
        if self._failure is None:
            return
        _, error = self._failure
        permanent = isinstance(error, InvalidRequest | TableNotFound) and not _passes(error)
        unavailable = isinstance(error, StoreUnavailable) and self._failures >= UNAVAILABLE_TRIES
        if permanent or unavailable:
            raise error

    def _failed(self, step: PlannedStep, operation: Operation[Any], error: StoreError) -> Flow[None]:
        if not self._failures:
            self._since = self.patience.timing.monotonic()
        wait = poll_seconds(self._failures)
        self._failure, self._failures = (operation, error), self._failures + 1
        if self.patience.timing.monotonic() + wait > self._since + self.patience.timeout:
            raise DeadlineExceeded(
                f"table {step.table!r}: could not {step} within {self.patience.timeout:g} seconds: {error}. "
                "What was done before stays; go on later with the same call"
            ) from error
        yield from pause(wait)

    def _may_be_late(self) -> bool:
        """Tell whether what was done last may not be seen yet."""
        return bool(self.done) and self.patience.timing.monotonic() < self._since + SETTLING

    def _look_again(self, todo: tuple[PlannedStep, ...]) -> Flow[None]:
        if not self._may_be_late():
            raise NotSupported(
                f"the server answered that it has done this, but the table is not so: {todo[0]}. It doesn't "
                "have it, or somebody else changed it back",
                table=self.declared.name,
            )
        elapsed = self.patience.timing.monotonic() - self._since
        yield from pause(max(poll_seconds(1), elapsed / 2))

    def _refusal(self, plan: TablePlan, surplus: tuple[str, ...]) -> PersistenceError:
        if self.done and self.done[-1].kind == "create_table":
            return NotSupported(
                "the server answered that it has made the table, but not as it was asked to: "
                + "; ".join(surplus),
                operation="CreateTable",
                table=plan.table,
            )
        return self.terms.refusal(plan, surplus)

    def _report(self, step: PlannedStep, left: int) -> None:
        done = len(self.done)
        self.progress(Progress(f"table {step.table!r}", done, done + left, "steps", str(step)))

    def _report_wait(self, description: TableDescription) -> None:
        made = next((index for index in description.indexes if index.status == "CREATING"), None)
        if made is not None:
            activity, total = f"create index {made.name!r}", description.item_count
            state = "filling it" if made.backfilling else "allocating"
            self.progress(Progress(activity, min(made.item_count, total), total, "items", state))
        else:
            activity = f"wait for table {description.table.name!r}"
            seconds = int(self.patience.timing.monotonic() - self._since)
            self.progress(Progress(activity, seconds, None, "seconds", state_of(description)))


def performed(step: PlannedStep, live: LiveTable | None) -> Operation[Any]:
    """Give the operation of a step, with what only the live table knows."""
    operation: Operation[Any] = step.operation
    if live is None:
        return operation
    description = live.description
    match operation:
        case TagTable():
            return replace(operation, arn=resource_name(description))
        case UpdateTable(create_index=index) if index is not None:
            # moto takes the types that it is sent for all that there are.
            types = {**description.table.key_types, **operation.key_types}
            return replace(operation, create_index=_billed(index, description), key_types=types)
        case UpdateTable() if operation.billing is not None or operation.index_billing:
            return _with_present_units(operation, description)
        case _:
            return operation


def _billed(index: GlobalIndex, description: TableDescription) -> GlobalIndex:
    """Give an index that says nothing of its billing the units of its table, which it must have some of."""
    table = description.options.billing
    if index.billing is not None or not isinstance(table, Provisioned):
        return index
    return replace(index, billing=Provisioned(table.read_units, table.write_units))


def _with_present_units(operation: UpdateTable, description: TableDescription) -> UpdateTable:
    """Keep units that scale, and give indexes units where their table becomes provisioned: all need some."""
    there = {index.name: index.billing for index in description.indexes}
    own = operation.billing and performable(operation.billing, description.options.billing)
    given = operation.index_billing.items()
    indexes: dict[str, Billing] = {name: performable(each, there.get(name)) for name, each in given}
    if isinstance(own, Provisioned) and not isinstance(description.options.billing, Provisioned):
        units = Provisioned(own.read_units, own.write_units)
        indexes = {**{index.name: units for index in globals_of(description.table)}, **indexes}
    return replace(operation, billing=own, index_billing=indexes)


def _worth_another_look(error: StoreError) -> bool:
    """Tell whether somebody else may have done it, may be at it, or whether it may go another time."""
    if isinstance(error, LimitExceeded):
        return _passes(error)
    return isinstance(error, TableInUse | Throttled | StoreUnavailable | InvalidRequest | TableNotFound)


def _passes(error: StoreError) -> bool:
    return any(word in error.text.lower() for word in _PASSING)
