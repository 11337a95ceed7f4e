"""What a probe works with: a store, tables of its own, and words for what is not as it should be."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from typing import Any, TypeVar

from persistence.errors import PersistenceError, TableNotFound
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    IndexDescription,
    Operation,
    PutItem,
    TableDescription,
    UpdateTable,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Index, Key, Table
from persistence.table_options import Billing, TableOptions

R = TypeVar("R")

DEADLINE = 20.0
"""Seconds that a server may take to make or change a table."""

BY_X = GlobalIndex("by-x", Key("x"))
ITEM = {"id": {"S": "1"}, "x": {"S": "a"}}


class Differs(Exception):
    """A server answers, but it is not as it should be."""


class Bench:
    """A store with the tables that one probe makes in it.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._made: list[str] = []

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation."""
        return self.store.perform(operation)

    def new_name(self) -> str:
        """Give a name that no table has, which is deleted with the others."""
        name = f"support-{uuid.uuid4().hex[:12]}"
        self._made.append(name)
        return name

    def table(self, *indexes: Index, sort: str | None = None, **options: Any) -> Table:
        """Make a table with options, and wait for it."""
        table = Table(self.new_name(), "id", sort, indexes=indexes, options=TableOptions(**options))
        self.perform(CreateTable(table))
        self.settled(table.name)
        return table

    def described(self, table: Table) -> TableDescription:
        """Describe a table."""
        return self.perform(DescribeTable(table.name))

    def arn(self, table: Table) -> str:
        """Give the resource name of a table."""
        arn = self.described(table).arn
        expect(arn is not None, "tables have no resource names")
        return str(arn)

    def change(self, table: Table, **change: Any) -> TableDescription:
        """Change a table, wait for it, and describe it."""
        self.perform(UpdateTable(table.name, **change))
        return self.settled(table.name)

    def index(self, table: Table, name: str = BY_X.name) -> IndexDescription | None:
        """Describe an index of a table; None if it has none of that name."""
        return {one.name: one for one in self.described(table).indexes}.get(name)

    def index_billing(self, table: Table) -> Billing | None:
        """Tell how the index of a table is billed."""
        index = self.index(table)
        return None if index is None else index.billing

    def time_to_live(self, table: Table) -> str | None:
        """Tell which attribute holds the time to live."""
        return self.perform(DescribeTimeToLive(table.name))

    def fill(self, table: Table) -> None:
        """Put an item into a table."""
        self.perform(PutItem(table, ITEM))

    def holds(self, name: str) -> bool:
        """Tell whether a table holds the item."""
        return self.perform(GetItem(Table(name, "id"), {"id": ITEM["id"]})).item == ITEM

    def settled(self, name: str) -> TableDescription:
        """Wait until nothing is under way with a table."""
        end = time.monotonic() + DEADLINE
        while not (described := self.perform(DescribeTable(name))).active:
            expect(time.monotonic() < end, "it never becomes active")
            time.sleep(0.05)
        return described

    def close(self) -> None:
        """Delete the tables as far as they can be deleted."""
        for name in self._made:
            with suppress(PersistenceError):
                self.perform(UpdateTable(name, deletion_protection=False))
            with suppress(PersistenceError):
                self.perform(DeleteTable(name))

    def going(self, name: str) -> bool:
        """Tell whether there is no table of that name, or soon none; one look, as it may go between two."""
        try:
            return self.perform(DescribeTable(name)).status == "DELETING"
        except TableNotFound:
            return True


def expect(holds: bool, otherwise: str) -> None:
    """Say what is not as it should be.

    Raises:
        Differs: it does not hold.
    """
    if not holds:
        raise Differs(otherwise)
