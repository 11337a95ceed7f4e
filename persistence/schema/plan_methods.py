"""The side of the schema service that plans changes of tables, makes them, and verifies."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Unpack

from persistence.schema.base import Schema
from persistence.schema.ledger import Ledger, ledger_needed
from persistence.schema.table_methods import TableMethods
from persistence.table_options import OptionArguments

if TYPE_CHECKING:
    from persistence.schema.planning.plans import PlannedStep, SchemaPlan
    from persistence.schema.progress import ProgressCallback


class PlanMethods(TableMethods):
    """Tables: compared with their declarations, and changed."""

    def plan(self, *schemas: Schema) -> SchemaPlan:
        """Hold declarations against the live tables, and tell what is to be done; nothing is changed.

        Only what is declared is read: who declares no tags needs no permission to list them. A table that is
        being created is waited for.

        Args:
            schemas: mappings, or `Table` declarations; without any all mappings of the service.

        Returns:
            Steps, what needs consent, and what can't be changed in place.

        Raises:
            MappingError: no table can be as declared, or declarations contradict each other.
            NotSupported: the store does not have something that is declared.
        """
        return self._drive(self._flows().plan(self._tables(schemas)))

    def apply(
        self,
        plan: SchemaPlan,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
    ) -> tuple[PlannedStep, ...]:
        """Do what was planned, one step after the other, and see after each that it has happened.

        The tables are looked at first: where there is more to do than was planned, nothing is done. Where
        there is less, since an earlier call was interrupted or somebody else is at it, it goes on with that.
        So the same plan can be applied again, and by several at once.

        Args:
            plan: of this service.
            allow_drop: the names of what may be lost, as the steps' `consent` has them, or with their table:
                `"orders/by-kind"`. What is not declared is dropped only if it is named.
            progress: is told of each step, and of what is waited for.

        Returns:
            The steps that this call did.

        Raises:
            ChangeBlocked: the plan has changes that can't be made in place; nothing was done.
            DropNotAllowed: a step that is needed loses something that is not named, or what is named is not
                in the plan; nothing was done.
            PlanOutdated: a table has changed since; nothing more was done.
            NotSupported: the server does not have something, or only answers as if it had.
            DeadlineExceeded: one step took longer than the timeout; what is done stays.
        """
        return self._drive(self._flows(progress).apply(plan, allow_drop))

    def verify(self, *schemas: Schema) -> None:
        """Refuse tables that are not as they are declared; for start-up checks, and before a deployment.

        What a table has beyond its declaration is no difference.

        Args:
            schemas: mappings, or `Table` declarations; without any all mappings of the service.

        Raises:
            SchemaMismatch: with all differences of all tables, and what would mend them.
        """
        self._drive(self._flows().verify(self._tables(schemas)))

    def diff(self, schema: Schema) -> tuple[str, ...]:
        """Tell in words how a live table differs from its declaration; nothing if it does not.

        Args:
            schema: a mapping, or a `Table` declaration.
        """
        return self._drive(self._flows().differences(self._table(schema)))

    def update_table(
        self,
        schema: Schema,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> tuple[PlannedStep, ...]:
        """Make a table that exists as it is declared, where at most one of its indexes changes.

        Args:
            schema: a mapping, or a `Table` declaration.
            allow_drop: the names of what may be lost, as for `apply`; names of what is gone already pass.
            progress: is told of each step, and of what is waited for.
            **options: as in `TableOptions`; they win over what is declared.

        Returns:
            The steps that were done.

        Raises:
            TableNotFound: there is none.
            ChangeBlocked: more than one index changes, which is for `batch_update_table`, or something can't
                be changed in place; nothing was done.
            DropNotAllowed: a step that is needed loses something that is not named; nothing was done.
        """
        table = self._table_with(schema, options)
        return self._drive(self._flows(progress).update(table, allow_drop, single=True))

    def batch_update_table(
        self,
        schema: Schema,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> tuple[PlannedStep, ...]:
        """Make a table that exists as it is declared, whatever has to change; see `update_table`.

        Indexes are made one after the other, each when the one before is filled, since the service makes one
        at a time.
        """
        table = self._table_with(schema, options)
        return self._drive(self._flows(progress).update(table, allow_drop, single=False))

    def auto_migrate(
        self,
        *schemas: Schema,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
    ) -> tuple[PlannedStep, ...]:
        """Make tables as they are declared: create what is missing, change what differs.

        It may be called by many at once, again and again, and after it was killed. What is not declared stays
        unless it is named.

        Args:
            schemas: mappings, or `Table` declarations; without any all mappings of the service.
            allow_drop: the names of what may be lost, as for `apply`; names of what is gone already pass.
            progress: is told of each step, and of what is waited for.

        Returns:
            The steps that were done.

        Raises:
            ChangeBlocked: something can't be changed in place; nothing was done.
            DropNotAllowed: a step that is needed loses something that is not named; nothing was done.
        """
        return self._drive(self._flows(progress).migrate(self._tables(schemas), allow_drop))

    def migrate(self, ledger: Ledger | None = None) -> object:
        """Apply the migrations of a ledger, such as one of `persistence.schema.migrations`.

        Args:
            ledger: knows the migrations, and their store; without one there is nothing to run.

        Returns:
            What the ledger's `run` returns.

        Raises:
            LedgerNeeded: without a ledger; it names what to use instead.
        """
        if ledger is None:
            raise ledger_needed()
        return ledger.run()
