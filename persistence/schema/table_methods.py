"""The side of the schema service that makes, describes and removes tables."""

from __future__ import annotations

from persistence.operations import TableDescription
from persistence.schema.base import Schema, SchemaBase
from persistence.schema.flows import TableFlows


class TableMethods(SchemaBase):
    """Tables: created, ensured, described, deleted."""

    def create_table(self, schema: Schema) -> TableDescription:
        """Create the table of a mapping and wait until it and its indexes are active.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableInUse: it exists already.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows().create(self._table(schema)))

    def ensure_table(self, schema: Schema) -> TableDescription:
        """Create the table of a mapping unless it exists, wait until it is active, and compare.

        Any number of processes may call it at once, again and again.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            SchemaMismatch: it exists with another key or without a declared index.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows().ensure(self._table(schema)))

    def ensure_tables(self) -> tuple[TableDescription, ...]:
        """Call `ensure_table` for the tables of all mappings that the service was made with."""
        return tuple(self._drive(self._flows().ensure(table)) for table in self._registry.tables())

    def delete_table(self, schema: Schema) -> None:
        """Delete a table with all that is in it, and wait until it is gone.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableNotFound: there is none.
            DeadlineExceeded: it takes longer than the timeout.
        """
        self._drive(self._flows().delete(self._table(schema).name))

    def exists(self, schema: Schema) -> bool:
        """Tell whether a table exists, in whatever state.

        Args:
            schema: a mapping, or a `Table` declaration.
        """
        return self._drive(self._flows().find(self._table(schema).name)) is not None

    def describe(self, schema: Schema) -> TableDescription:
        """Describe the live table of a mapping.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableNotFound: there is none.
        """
        return self._drive(self._flows().describe(self._table(schema).name))

    def _flows(self) -> TableFlows:
        return TableFlows(self._timing, self._timeout)
