"""A declaration beside the live table: what all parts of the planner need of the two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from persistence.errors import BlockedChange
from persistence.operations import IndexDescription, Operation
from persistence.schema.planning.live import LiveTable
from persistence.schema.planning.plans import PlannedStep, StepKind
from persistence.table import Index, Projection, Table
from persistence.table_options import Billing, OnDemand, TableOptions

Change = PlannedStep | BlockedChange


@dataclass(frozen=True, slots=True)
class Pair:
    """A declaration and the live table.

    Attributes:
        declared: how the table shall be.
        live: what there is.
        allow_drop: the names of what may be lost.
    """

    declared: Table
    live: LiveTable
    allow_drop: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The table's name."""
        return self.declared.name

    @property
    def table(self) -> Table:
        """The live keys, indexes and types."""
        return self.live.description.table

    @property
    def options(self) -> TableOptions:
        """The live options; what the store does not tell is as the service has it by default."""
        return self.live.description.options

    @property
    def billing(self) -> Billing:
        """How the table will be billed: as declared, or as it is."""
        return self.declared.options.billing or self.options.billing or OnDemand()

    def live_index(self, name: str) -> IndexDescription | None:
        """Describe a live index, if there is one of that name."""
        return next((index for index in self.live.description.indexes if index.name == name), None)

    def may_drop(self, name: str) -> bool:
        """Tell whether the loss of what has that name is allowed."""
        return not {name, f"{self.name}/{name}"}.isdisjoint(self.allow_drop)

    def step(
        self, kind: StepKind, subject: str, operation: Operation[Any], text: str, difference: str = ""
    ) -> PlannedStep:
        """Make a step that loses nothing."""
        return PlannedStep(self.name, kind, subject, operation, text=text, difference=difference)

    def loss(self, step: PlannedStep, consent: str, *, needed: bool = True) -> PlannedStep:
        """Give a step as one that loses something, which needs consent."""
        return replace(step, consent=consent, needed=needed)

    def blocked(self, what: str, remedy: str) -> BlockedChange:
        """Make a difference that can't be changed in place."""
        return BlockedChange(self.name, what, remedy)


def same_shape(one: Index, other: Index) -> bool:
    """Tell whether two indexes have the same kind, key and projection."""
    return _shape(one) == _shape(other)


def _shape(index: Index) -> tuple[object, ...]:
    key = getattr(index, "key", None) or getattr(index, "sort", None)
    return type(index), key, index.projection.kind, frozenset(index.projection.attributes)


def projection_text(projection: Projection) -> str:
    """Say what an index holds."""
    match projection.kind:
        case "ALL":
            return "all attributes"
        case "KEYS_ONLY":
            return "the keys only"
        case _:
            return f"the keys and {enumerated(projection.attributes)}"


def enumerated(names: Iterable[str]) -> str:
    """Write names, quoted, with commas."""
    return ", ".join(map(repr, names))
