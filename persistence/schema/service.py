"""The schema service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from persistence.flows import Flow, run
from persistence.mapping import MappingRegistry, MappingSchema
from persistence.operations import TableDescription
from persistence.schema.flows import TableFlows
from persistence.store import Store, check_store_source, present_store
from persistence.table import Table
from persistence.timing import Timing

R = TypeVar("R")

DEFAULT_TIMEOUT = 300.0
"""Seconds that a table or index may take to become active."""

Schema = type[MappingSchema[Any]] | Table


class SchemaService:
    """Creates and removes the tables of mappings; stateless, what counts is the live table.

    Args:
        store: where the tables are, or a callable that gives the store.
        mappings: the application's mappings. Where several share a table, it is made with the indexes of all.
        timeout: seconds to wait for a table and its indexes to become active, or to vanish.
        timing: time and waiting, for tests.

    Raises:
        MappingError: a mapping can't be used, or two declarations of one table contradict each other.
    """

    def __init__(
        self,
        store: Store | Callable[[], Store],
        mappings: Iterable[type[MappingSchema[Any]]] = (),
        *,
        timeout: float = DEFAULT_TIMEOUT,
        timing: Timing | None = None,
    ) -> None:
        check_store_source(store)
        self._store = store
        self._registry = MappingRegistry(*mappings)
        self._registry.tables()  # contradictory declarations are told now
        self._timing = timing or Timing()
        self._flows = TableFlows(self._timing, timeout)

    def create_table(self, schema: Schema) -> TableDescription:
        """Create the table of a mapping and wait until it and its indexes are active.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableInUse: it exists already.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows.create(self._table(schema)))

    def ensure_table(self, schema: Schema) -> TableDescription:
        """Create the table of a mapping unless it exists, wait until it is active, and compare.

        Any number of processes may call it at once, again and again.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            SchemaMismatch: it exists with another key or without a declared index.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows.ensure(self._table(schema)))

    def ensure_tables(self) -> tuple[TableDescription, ...]:
        """Call `ensure_table` for the tables of all mappings that the service was made with."""
        return tuple(self._drive(self._flows.ensure(table)) for table in self._registry.tables())

    def delete_table(self, schema: Schema) -> None:
        """Delete a table with all that is in it, and wait until it is gone.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableNotFound: there is none.
            DeadlineExceeded: it takes longer than the timeout.
        """
        self._drive(self._flows.delete(self._table(schema).name))

    def exists(self, schema: Schema) -> bool:
        """Tell whether a table exists, in whatever state.

        Args:
            schema: a mapping, or a `Table` declaration.
        """
        return self._drive(self._flows.find(self._table(schema).name)) is not None

    def describe(self, schema: Schema) -> TableDescription:
        """Describe the live table of a mapping.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableNotFound: there is none.
        """
        return self._drive(self._flows.describe(self._table(schema).name))

    def _table(self, schema: Schema) -> Table:
        """Give a mapping's table with the indexes that other mappings of the service declare for it."""
        declared = schema if isinstance(schema, Table) else MappingRegistry(schema).tables()[0]
        for table in self._registry.tables():
            if table.name == declared.name:
                return declared.merged_with(table)
        return declared

    def _drive(self, flow: Flow[R]) -> R:
        return run(flow, present_store(self._store), sleep=self._timing.sleep)
