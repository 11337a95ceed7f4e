"""The tables of a store: made, listed, described, deleted, and found for an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from persistence.errors import InvalidRequest, MappingError, TableNotFound
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    ListTables,
    TableDescription,
    TableNames,
)
from persistence.stores.memory.control.lifecycle import Lifecycle
from persistence.stores.memory.control.managed import ManagedTable
from persistence.stores.memory.control.settings import Settings, like, unscaled
from persistence.stores.memory.journal import Journal
from persistence.stores.memory.table import Lag, LiveTable
from persistence.stores.validation.billing import check_first_billing, check_index_billing
from persistence.stores.validation.keys import SCHEMA_MISMATCH
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import InUse, Refused
from persistence.stores.validation.tables import check_list, check_parts, check_table
from persistence.table import GlobalIndex, Table

NO_TABLE = "Requested resource not found; create it with SchemaService"
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. "
    "Disable deletion protection first."
)

_REMEMBERED = 256


class Tables:
    """All live tables; whoever uses it holds the store's lock.

    Args:
        auto_create: make tables and indexes as operations declare them.
        clock: gives the time in epoch seconds.
        delay: seconds that making, changing or deleting a table takes.
        index_delay: seconds that a change takes to reach the global indexes.
    """

    def __init__(
        self, *, auto_create: bool, clock: Callable[[], float], delay: float, index_delay: float = 0.0
    ) -> None:
        self.clock = clock
        self._lag = Lag(clock, index_delay) if index_delay else None
        self.delay = delay
        self._auto_create = auto_create
        self._tables: dict[str, ManagedTable] = {}
        # Declarations that were compared with the live table already; held, so that their ids stay theirs.
        self._agreed: dict[int, tuple[Table, LiveTable]] = {}

    @property
    def now(self) -> datetime:
        """The time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def use(self, declared: Table) -> LiveTable:
        """Find the live table of a declaration.

        Raises:
            TableNotFound: there is none that can be used, and none is made.
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
        if self._auto_create and self.find(declared.name) is None:
            check_parts(declared)
            return self._make_by_use(declared).items
        table = self.ready(declared.name)
        _check_same_key(table.items.declaration, declared)
        if self._auto_create:
            _merge(table, declared)
        return table.items

    def _make_by_use(self, declared: Table) -> ManagedTable:
        """Make a table with all that its declaration says, active at once."""
        check_first_billing(declared)
        table = self._made(declared.structure, Settings.created(declared))
        table.settings.declare_all(declared)
        recovery = declared.options.point_in_time_recovery
        if recovery is not None and recovery.enabled:
            table.items.journal = Journal(self.clock, table.settings.recovery_days)
        return table

    def find(self, name: str) -> ManagedTable | None:
        """Find a table by its name, in whatever state it is; None if there is none."""
        table = self._tables.get(name)
        if table is not None and table.lifecycle.gone:
            del self._tables[name]
            return None
        return table

    def present(self) -> tuple[ManagedTable, ...]:
        """Give all tables that are not gone."""
        found = map(self.find, tuple(self._tables))
        return tuple(table for table in found if table is not None)

    def named(self, name: str) -> ManagedTable:
        """Find a table by its name, in whatever state it is.

        Raises:
            TableNotFound: there is none.
        """
        table = self.find(name)
        if table is None:
            raise _missing(name)
        return table

    def ready(self, name: str) -> ManagedTable:
        """Find a table that is neither being made nor being deleted.

        Raises:
            TableNotFound: there is none; the service says the same of one that is not there yet.
        """
        table = self.named(name)
        if table.lifecycle.status in ("CREATING", "DELETING"):
            raise _missing(name)
        return table

    def create(self, operation: CreateTable) -> TableDescription:
        """Make a table."""
        declared = operation.table
        check_table(declared)
        check_first_billing(declared)
        self.check_free(declared.name)
        table = self._made(declared.structure, Settings.created(declared))
        table.lifecycle.begin("CREATING")
        return table.describe()

    def check_free(self, name: str, refusal: type[InUse] = InUse) -> None:
        """Check that no table has a name.

        Raises:
            InUse: of the given kind; one has.
        """
        if self.find(name) is not None:
            raise refusal(f"Table already exists: {name}")

    def restore(self, structure: Table, settings: Settings, records: Iterable[Record]) -> TableDescription:
        """Make a table from what another one held."""
        table = self._made(structure, settings, records, restored=True)
        table.lifecycle.begin("CREATING")
        return table.describe()

    def _made(
        self,
        structure: Table,
        settings: Settings,
        records: Iterable[Record] = (),
        *,
        restored: bool = False,
    ) -> ManagedTable:
        lifecycle = Lifecycle(structure.name, self.clock, self.delay)
        table = ManagedTable(
            LiveTable(structure, records, self._lag), settings, lifecycle, self.now, restored=restored
        )
        table.set_stream(settings.stream, table.created_at)
        self._tables[structure.name] = table
        return table

    def describe(self, operation: DescribeTable) -> TableDescription:
        """Describe a table."""
        return self.named(operation.name).describe()

    def list(self, operation: ListTables) -> TableNames:
        """Name the tables, a page at a time."""
        limit = check_list(operation.limit)
        names = sorted(table.name for table in self.present())
        after = [name for name in names if operation.start is None or name > operation.start]
        page = tuple(after[:limit])
        return TableNames(page, page[-1] if len(after) > limit else None)

    def delete(self, operation: DeleteTable) -> None:
        """Delete a table."""
        table = self.named(operation.name)
        table.lifecycle.check_deletes()
        if table.settings.deletion_protection:
            raise Refused(PROTECTED)
        table.lifecycle.begin("DELETING")
        self._agreed.clear()


def _missing(name: str) -> TableNotFound:
    return TableNotFound(NO_TABLE, table=name, code="ResourceNotFoundException")


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


def _merge(table: ManagedTable, declared: Table) -> None:
    """Add the indexes of a declaration to a live table that lacks them."""
    live = table.items
    try:
        merged = live.declaration.merged_with(declared.structure)
    except MappingError as contradiction:
        raise InvalidRequest(
            f"the declaration contradicts the live table: {contradiction}",
            table=live.name,
            code="ValidationException",
        ) from contradiction
    if merged is live.declaration:
        return
    check_parts(merged)
    settings = table.settings
    for index in declared.indexes:
        if isinstance(index, GlobalIndex) and index.name not in settings.index_billing:
            asked = index.billing or declared.options.index_billing
            check_index_billing(index.name, asked, settings.billing)
            settings.index_billing[index.name] = unscaled(asked or like(settings.billing))
    live.declare(merged)
