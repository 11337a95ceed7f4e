"""Tables that a server's store makes when they are first used, as a `MemoryStore` does."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from persistence.flows import Flow, perform
from persistence.operations import Operation, QueryPage, ScanPage
from persistence.schema.flows import TableFlows
from persistence.stores.layers.facts import actions_in
from persistence.stores.layers.layer import Layer, R
from persistence.table import Table
from persistence.timing import Timing


class TablesByUse(Layer):
    """A layer that makes what operations declare and a server lacks: tables, and global indexes.

    It is for tests on servers of their own: tables are made from keys and indexes alone, billed on demand,
    and time to live is not switched on.

    Args:
        timeout: seconds that a table may take to become active.
    """

    def __init__(self, *, timeout: float = 60.0) -> None:
        self._flows = TableFlows(Timing(), timeout)
        self._lock = threading.Lock()
        self._there: set[Table] = set()

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Pass an operation on when the tables that it declares are there."""
        for table in _declared_in(operation):
            structure = table.structure
            if structure not in self._there:
                yield from self._make(structure)
                with self._lock:
                    self._there.add(structure)
        return (yield from perform(operation))

    def _make(self, table: Table) -> Flow[None]:
        live = yield from self._flows.find(table.name)
        known = set() if live is None else {index.name for index in live.table.indexes}
        if live is not None and any(index.name not in known for index in table.indexes):
            # Another declaration of the table came first; what it has beside this one stays.
            yield from self._flows.migrate([live.table.structure.merged_with(table)], ())
        elif live is None or not live.active:
            yield from self._flows.ensure(table)


def _declared_in(operation: Operation[R]) -> Iterable[Table]:
    if isinstance(operation, QueryPage | ScanPage):
        return (operation.table,)
    return dict.fromkeys(action.table for action in actions_in(operation))
