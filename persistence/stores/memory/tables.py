"""The tables of a store: made, described, deleted, and found for an operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from persistence.errors import InvalidRequest, MappingError, TableInUse, TableNotFound
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    TableDescription,
)
from persistence.stores.memory.table import LiveTable
from persistence.stores.validation.keys import SCHEMA_MISMATCH
from persistence.stores.validation.refused import Refused
from persistence.stores.validation.tables import check_attribute_name, check_parts, check_table
from persistence.table import Table

NO_TABLE = "Requested resource not found; create it with SchemaService"

_REMEMBERED = 256


class Tables:
    """All live tables; whoever uses it holds the store's lock.

    Args:
        auto_create: make tables and indexes as operations declare them.
        clock: gives the time in epoch seconds.
    """

    def __init__(self, *, auto_create: bool, clock: Callable[[], float]) -> None:
        self._auto_create = auto_create
        self._clock = clock
        self._tables: dict[str, LiveTable] = {}
        # Declarations that were compared with the live table already; held, so that their ids stay theirs.
        self._agreed: dict[int, tuple[Table, LiveTable]] = {}

    def use(self, declared: Table) -> LiveTable:
        """Find the live table of a declaration.

        Raises:
            TableNotFound: there is none, and none is made.
            Refused: the live table contradicts the declaration.
        """
        agreed = self._agreed.get(id(declared))
        if agreed is not None:
            return agreed[1]
        live = self._found_or_made(declared)
        if len(self._agreed) >= _REMEMBERED:
            self._agreed.clear()
        self._agreed[id(declared)] = declared, live
        return live

    def _found_or_made(self, declared: Table) -> LiveTable:
        live = self._tables.get(declared.name)
        if live is None and self._auto_create:
            check_parts(declared)
            return self._make(declared)
        live = self.named(declared.name)
        _check_same_key(live.declaration, declared)
        if self._auto_create:
            _merge(live, declared)
        return live

    def named(self, name: str) -> LiveTable:
        """Find a live table by its name.

        Raises:
            TableNotFound: there is none.
        """
        live = self._tables.get(name)
        if live is None:
            raise TableNotFound(NO_TABLE, table=name, code="ResourceNotFoundException")
        return live

    def create(self, operation: CreateTable) -> TableDescription:
        """Make a table; it is active at once."""
        name = operation.table.name
        if name in self._tables:
            raise TableInUse(
                f"Table already exists: {name}",
                operation="CreateTable",
                table=name,
                code="ResourceInUseException",
            )
        check_table(operation.table)
        return self._make(operation.table).describe()

    def _make(self, declared: Table) -> LiveTable:
        now = datetime.fromtimestamp(self._clock(), UTC)
        live = self._tables[declared.name] = LiveTable(declared.structure, now)
        return live

    def describe(self, operation: DescribeTable) -> TableDescription:
        """Describe a table."""
        return self.named(operation.name).describe()

    def delete(self, operation: DeleteTable) -> None:
        """Delete a table; it is gone at once."""
        self.named(operation.name)
        del self._tables[operation.name]
        self._agreed.clear()

    def describe_time_to_live(self, operation: DescribeTimeToLive) -> str | None:
        """Tell the attribute that was set as the time to live."""
        return self.named(operation.name).time_to_live

    def enable_time_to_live(self, operation: EnableTimeToLive) -> None:
        """Record the attribute that holds the time to live; nothing is ever deleted because of it."""
        live = self.named(operation.name)
        check_attribute_name("time to live", operation.attribute)
        if live.time_to_live == operation.attribute:
            raise Refused("TimeToLive is already enabled")
        if live.time_to_live is not None:
            raise Refused(
                "TimeToLive is active on a different AttributeName: "
                f"current AttributeName is {live.time_to_live}"
            )
        live.time_to_live = operation.attribute


def _check_same_key(live: Table, declared: Table) -> None:
    found = [(name, live.type_of(name)) for name in live.key_names()]
    expected = [(name, declared.type_of(name)) for name in declared.key_names()]
    if found != expected:
        raise Refused(
            f"{SCHEMA_MISMATCH}: table {live.name!r} has the key {_text(found)}, "
            f"it is declared with {_text(expected)}"
        )


def _text(key: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in key)


def _merge(live: LiveTable, declared: Table) -> None:
    try:
        merged = live.declaration.merged_with(declared.structure)
    except MappingError as contradiction:
        raise InvalidRequest(
            f"the declaration contradicts the live table: {contradiction}",
            table=live.name,
            code="ValidationException",
        ) from contradiction
    if merged is not live.declaration:
        check_parts(merged)
        live.declare(merged)
