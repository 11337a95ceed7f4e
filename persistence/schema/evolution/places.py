"""Where a copy reads from and writes to: a table, and what is known of the entities in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from persistence.errors import QueryError, SchemaMismatch, TableInUse
from persistence.expectations import type_condition
from persistence.expressions import Condition
from persistence.flows import Flow, perform
from persistence.mapping import EntityMapping
from persistence.operations import ScanPage, TableDescription
from persistence.schema.flows import TableFlows
from persistence.schema.planning.comparison import differences
from persistence.table import Table
from persistence.table_options import NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Place:
    """One side of a copy.

    Attributes:
        table: its declaration.
        mapping: the mapping of the entities that are meant; None for all items of the table.
    """

    table: Table
    mapping: EntityMapping[Any] | None = None

    @property
    def own(self) -> Condition | None:
        """What tells the items that are meant from others in the table; None for all."""
        return None if self.mapping is None else type_condition(self.mapping)


def structure(table: Table, name: str) -> Table:
    """Give the declaration of a table of another name with the same keys and indexes."""
    return replace(table, name=name, options=NO_OPTIONS)


def backup_of(table: Table, name: str) -> Table:
    """Give the declaration of a table for a backup: the same key, and no indexes, which would be paid for."""
    keys = table.key_names()
    types = {key: kind for key, kind in table.types.items() if key in keys}
    return replace(table, name=name, indexes=(), types=types, time_to_live=None, options=NO_OPTIONS)


def make_backup_table(flows: TableFlows, table: Table, *, begun: bool) -> Flow[TableDescription]:
    """Make the table of a backup, or take the one that is there; none is ever deleted or emptied.

    Args:
        flows: what is done to tables.
        table: its declaration.
        begun: whether this job has begun to fill it.

    Raises:
        TableInUse: a table of that name has items that are not this job's.
        SchemaMismatch: it has another key.
    """
    found = yield from flows.find(table.name)
    if found is not None and (unlike := differences(table, found.table)):
        raise SchemaMismatch(table.name, unlike)
    description = yield from flows.ensure(table)
    if found is not None and not begun:
        page = yield from perform(ScanPage(table, limit=1, consistent=True))
        if page.items:
            raise TableInUse(
                f"table {table.name!r} has items already, and a backup neither mixes with them nor deletes "
                "them; name another table for it, or the checkpoint of the job that began to fill this one"
            )
    return description


def refuse_same(source: Table, target: Table, backup: str) -> None:
    """Refuse a backup that is the table itself.

    Raises:
        QueryError: it is.
    """
    if backup in (source.name, target.name):
        raise QueryError(f"the backup can't be table {backup!r} itself; name another one")
