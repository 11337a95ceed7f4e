"""The side of the schema service that makes, describes and removes tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from persistence.operations import TableDescription
from persistence.schema.base import Schema, SchemaBase
from persistence.table_options import OptionArguments

if TYPE_CHECKING:
    from persistence.schema.progress import ProgressCallback


class TableMethods(SchemaBase):
    """Tables: created, ensured, described, deleted."""

    def create_table(
        self,
        schema: Schema,
        *,
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> TableDescription:
        """Create the table of a mapping with all that is declared, and wait until all of it is active.

        Args:
            schema: a mapping, or a `Table` declaration.
            progress: is told of each step, and of what is waited for.
            **options: as in `TableOptions`; they win over what is declared.

        Raises:
            TableInUse: it exists already.
            MappingError: no table can be as declared, such as one of 21 global indexes.
            NotSupported: the store does not have something that is declared.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows(progress).create(self._table_with(schema, options)))

    def ensure_table(
        self,
        schema: Schema,
        *,
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> TableDescription:
        """Create the table of a mapping unless it exists, wait until it is active, and compare.

        Any number of processes may call it at once, again and again. What a table gets after it was created
        (time to live, recovery, insights, scaling, replicas) is switched on where it is not; anything else
        that differs is left as it is.

        Args:
            schema: a mapping, or a `Table` declaration.
            progress: is told of each step, and of what is waited for.
            **options: as in `TableOptions`; they win over what is declared.

        Raises:
            SchemaMismatch: it exists, and is not as declared; the message says which steps would mend it, and
                `auto_migrate` takes those that lose nothing.
            MappingError: no table can be as declared.
            NotSupported: the store does not have something that is declared.
            DeadlineExceeded: it takes longer than the timeout.
        """
        return self._drive(self._flows(progress).ensure(self._table_with(schema, options)))

    def ensure_tables(self, *, progress: ProgressCallback | None = None) -> tuple[TableDescription, ...]:
        """Call `ensure_table` for the tables of all mappings that the service was made with.

        Args:
            progress: is told of each step, and of what is waited for.
        """
        return tuple(self._drive(self._flows(progress).ensure(table)) for table in self._registry.tables())

    def delete_table(self, schema: Schema) -> None:
        """Delete a table with all that is in it, and wait until it is gone.

        A table that is being made or changed is waited for, and so is one that somebody else deletes. The
        scaling that is declared is removed too. It belongs to another service, in which it would wait for
        a table of the same name.

        Args:
            schema: a mapping, or a `Table` declaration.

        Raises:
            TableNotFound: there is none.
            InvalidRequest: its deletion protection is on; switch it off with
                `update_table(schema, deletion_protection=False)` first.
            DeadlineExceeded: it takes longer than the timeout.
        """
        self._drive(self._flows().delete(self._table(schema)))

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
