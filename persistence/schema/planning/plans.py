"""Plans: what is to be done so that tables become as they are declared, as data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from persistence.errors import BlockedChange
from persistence.operations import Operation
from persistence.schema.planning.live import LiveTable
from persistence.table import Table

PLAN_FORMAT = 1

StepKind = Literal[
    "create_table",
    "set_protection",
    "set_billing",
    "drop_index",
    "create_index",
    "disable_stream",
    "enable_stream",
    "set_encryption",
    "set_table_class",
    "drop_replica",
    "create_replica",
    "update_replica",
    "disable_time_to_live",
    "enable_time_to_live",
    "set_recovery",
    "set_tags",
    "set_insights",
    "set_scaling",
]

INDEX_CHANGES = frozenset[StepKind]({"drop_index", "create_index"})


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One change of one table.

    Two steps are equal if they do the same; how they are put into words does not count.

    Attributes:
        table: the table's name.
        kind: what is done.
        subject: what it is done to: the name of an index, a region, or the table.
        operation: what is sent. What only the live table knows, such as its resource name, is filled in then.
        consent: the name that has to be in `allow_drop` for it, since something is lost by it; None for a
            step that loses nothing.
        needed: whether the table is not as declared without it. A step with consent that is not needed is
            about what the table has beyond its declaration.
        text: what is done, in words.
        difference: how the live table differs from its declaration, in words.
    """

    table: str
    kind: StepKind
    subject: str
    operation: Operation[Any]
    consent: str | None = None
    needed: bool = True
    text: str = field(default="", compare=False)
    difference: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text or f"{self.kind} {self.subject}"

    def allowed_by(self, allow_drop: Collection[str]) -> bool:
        """Tell whether it may be done, where some losses are allowed.

        Args:
            allow_drop: names, such as `"by-kind"`, or with their table, such as `"orders/by-kind"`.
        """
        return self.consent is None or not {self.consent, f"{self.table}/{self.consent}"}.isdisjoint(
            allow_drop
        )


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What is to be done so that one table becomes as it is declared.

    Attributes:
        declared: the declaration, complete with what it implies.
        live: what there was when the plan was made; None if there was no table.
        changes: all steps in their order, also those that need consent.
        blocked: differences that can't be changed in place.
    """

    declared: Table
    live: LiveTable | None
    changes: tuple[PlannedStep, ...] = ()
    blocked: tuple[BlockedChange, ...] = ()

    @property
    def table(self) -> str:
        """The table's name."""
        return self.declared.name

    @property
    def status(self) -> str:
        """The state of the table when the plan was made, in the service's word, or "ABSENT"."""
        return "ABSENT" if self.live is None else self.live.description.status

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps that lose nothing."""
        return tuple(step for step in self.changes if step.consent is None)

    @property
    def destructive(self) -> tuple[PlannedStep, ...]:
        """The steps that lose something, and are done only with consent."""
        return tuple(step for step in self.changes if step.consent is not None)

    @property
    def needed(self) -> tuple[PlannedStep, ...]:
        """The steps without which the table is not as it is declared."""
        return tuple(step for step in self.changes if step.needed)

    @property
    def empty(self) -> bool:
        """Whether the table is as it is declared; it may have more."""
        return not self.needed and not self.blocked

    def chosen(self, allow_drop: Collection[str]) -> tuple[PlannedStep, ...]:
        """Give the steps that are done where some losses are allowed.

        Args:
            allow_drop: the names of what may be lost.
        """
        return tuple(step for step in self.changes if step.allowed_by(allow_drop))

    def __str__(self) -> str:
        return "\n".join([f"table {self.table!r}{self._state()}", *self._lines()])

    def _state(self) -> str:
        if self.status in {"ABSENT", "ACTIVE"}:
            return "" if self.changes or self.blocked else ": nothing to do"
        return f", which is {self.status}: nothing of it is changed until that has ended"

    def _lines(self) -> Iterator[str]:
        for number, step in enumerate(self.needed, 1):
            consent = "" if step.consent is None else f" [needs allow_drop={{{step.consent!r}}}]"
            yield f"  {number}. {step}{consent}"
        for change in self.blocked:
            yield f"  blocked: {change.what}; {change.remedy}"
        for step in self.changes:
            if not step.needed:
                yield f"  not declared, and kept unless allow_drop has {step.consent!r}: {step.subject}"


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """What is to be done so that some tables become as they are declared.

    Attributes:
        tables: the plan of each table.
    """

    tables: tuple[TablePlan, ...]

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps that lose nothing, of all tables."""
        return tuple(step for table in self.tables for step in table.steps)

    @property
    def destructive(self) -> tuple[PlannedStep, ...]:
        """The steps that lose something, of all tables; each is done only if `allow_drop` names it."""
        return tuple(step for table in self.tables for step in table.destructive)

    @property
    def blocked(self) -> tuple[BlockedChange, ...]:
        """The differences that can't be changed in place, of all tables."""
        return tuple(change for table in self.tables for change in table.blocked)

    @property
    def empty(self) -> bool:
        """Whether all tables are as they are declared; they may have more."""
        return all(table.empty for table in self.tables)

    @property
    def fingerprint(self) -> str:
        """A digest of all that the plan would do: two plans with the same one do the same."""
        content = [_table_data(table, words=False) for table in self.tables]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Give the plan as JSON data, to be kept and looked at; the same plan gives the same data."""
        return {
            "format": PLAN_FORMAT,
            "fingerprint": self.fingerprint,
            "empty": self.empty,
            "tables": [_table_data(table, words=True) for table in self.tables],
        }

    def __str__(self) -> str:
        return "\n".join(map(str, self.tables)) or "no tables"


def _table_data(plan: TablePlan, *, words: bool) -> dict[str, Any]:
    return {
        "table": plan.table,
        **({"status": plan.status, "empty": plan.empty} if words else {}),
        "steps": [_step_data(step, words=words) for step in plan.changes],
        "blocked": [{"what": change.what, "remedy": change.remedy} for change in plan.blocked],
    }


def _step_data(step: PlannedStep, *, words: bool) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "subject": step.subject,
        "consent": step.consent,
        "needed": step.needed,
        **({"text": step.text, "difference": step.difference} if words else {}),
        "operation": {type(step.operation).__name__: _plain(step.operation)},
    }


_OF_READERS = ("tenant_scoped", "needs")
"""What declarations of tables say that no live table has."""


def _plain(value: object) -> Any:
    """Write a value as JSON data; what is not given is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        names = (each.name for each in fields(value) if each.init and each.name not in _OF_READERS)
        given = {name: getattr(value, name) for name in names}
        return {name: _plain(one) for name, one in given.items() if one not in (None, (), {})}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
