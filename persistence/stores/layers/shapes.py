"""The shape of a request: what it asks, without the values that it asks with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from persistence.operations import BatchGetItems, Operation
from persistence.stores.layers.facts import actions_in, index_of, tables_of
from persistence.stores.layers.wording import Clauses, clauses_of


@dataclass(frozen=True, slots=True)
class Shape:
    """What requests have in common that differ in their values only.

    Attributes:
        operation: the operation's name, such as "QueryPage".
        tables: the names of its tables, sorted.
        index: the name of the index that it reads, if it reads one.
        clauses: its expressions, with `?` in place of values.
        parts: of a transaction or batch of writes: which kinds of actions it has, on which tables.
        consistent: whether it reads strongly consistent.
    """

    operation: str
    tables: tuple[str, ...] = ()
    index: str | None = None
    clauses: Clauses = field(default_factory=Clauses)
    parts: tuple[str, ...] = ()
    consistent: bool = False

    @property
    def table(self) -> str:
        """The names of its tables as one text."""
        return ", ".join(self.tables)

    @property
    def asks(self) -> str:
        """What it asks, in words."""
        words = [str(self.clauses), ", ".join(self.parts), "consistent" if self.consistent else ""]
        return " ".join(word for word in words if word)

    def __str__(self) -> str:
        where = f"{self.table}/{self.index}" if self.index else self.table
        return " ".join(part for part in (self.operation, where, self.asks) if part)


OTHERS = Shape("(others)")
"""Stands for all requests whose shapes are too many to be told apart."""


def shape_of(operation: Operation[Any]) -> Shape:
    """Give the shape of an operation.

    Raises:
        QueryError: it has an expression that can't be written; no store takes it either.
    """
    return Shape(
        type(operation).__name__,
        tables_of(operation),
        index_of(operation),
        clauses_of(operation),
        _parts(operation),
        _is_consistent(operation),
    )


def _parts(operation: Operation[Any]) -> tuple[str, ...]:
    actions = actions_in(operation)
    if actions == (operation,) or isinstance(operation, BatchGetItems):
        return ()
    return tuple(sorted({f"{type(action).__name__} {action.table.name}" for action in actions}))


def _is_consistent(operation: Operation[Any]) -> bool:
    if isinstance(operation, BatchGetItems):
        return any(get.consistent for get in operation.gets)
    return bool(getattr(operation, "consistent", False))
