"""The schema service's procedures, as flows over operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from persistence.errors import DeadlineExceeded, InvalidRequest, SchemaMismatch, TableInUse, TableNotFound
from persistence.flows import Flow, pause, perform
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    TableDescription,
)
from persistence.schema.comparison import differences
from persistence.table import Table
from persistence.timing import Timing

FIRST_POLL = 0.05
LONGEST_POLL = 5.0


@dataclass(frozen=True, slots=True)
class TableFlows:
    """What is done to tables, with waiting.

    Attributes:
        timing: gives the time.
        timeout: seconds to wait for a table to become active or to vanish.
    """

    timing: Timing
    timeout: float

    def create(self, table: Table) -> Flow[TableDescription]:
        """Create a table and wait until it and its indexes can be used."""
        yield from perform(CreateTable(table))
        description = yield from self._until_active(table.name)
        yield from self._time_to_live(table)
        return description

    def ensure(self, table: Table) -> Flow[TableDescription]:
        """Create a table unless it is there as declared; one that is being deleted is waited for."""
        description = yield from self._poll(
            table.name, lambda found: found is None or found.status != "DELETING", "be deleted"
        )
        if description is None:
            try:
                return (yield from self.create(table))
            except TableInUse:
                # Somebody else creates it at this moment: theirs must be as ours.
                pass
        description = yield from self._until_active(table.name)
        found = differences(table, description.table)
        if found:
            raise SchemaMismatch(table.name, found)
        yield from self._time_to_live(table)
        return description

    def delete(self, name: str) -> Flow[None]:
        """Delete a table and wait until it is gone."""
        yield from perform(DeleteTable(name))
        yield from self._poll(name, lambda description: description is None, "be deleted")

    def find(self, name: str) -> Flow[TableDescription | None]:
        """Describe a table, or give None."""
        try:
            return (yield from perform(DescribeTable(name)))
        except TableNotFound:
            return None

    def describe(self, name: str) -> Flow[TableDescription]:
        """Describe a table that must be there."""
        return perform(DescribeTable(name))

    def _until_active(self, name: str) -> Flow[TableDescription]:
        description = yield from self._poll(
            name, lambda found: found is not None and found.active, "become active"
        )
        assert description is not None
        return description

    def _poll(
        self, name: str, reached: Callable[[TableDescription | None], bool], goal: str
    ) -> Flow[TableDescription | None]:
        end = self.timing.monotonic() + self.timeout
        for attempt in count():
            description = yield from self.find(name)
            if reached(description):
                return description
            wait = min(LONGEST_POLL, FIRST_POLL * 2.0 ** min(attempt, 10))
            if self.timing.monotonic() + wait > end:
                raise DeadlineExceeded(
                    f"table {name!r} did not {goal} within {self.timeout:g} seconds; its status is "
                    f"{description.status if description else 'absent'}. Wait longer with a greater timeout"
                )
            yield from pause(wait)
        raise AssertionError("unreachable: polling is endless")

    def _time_to_live(self, table: Table) -> Flow[None]:
        if table.time_to_live is None:
            return
        current = yield from perform(DescribeTimeToLive(table.name))
        if current is None:
            current = yield from self._enable_time_to_live(table.name, table.time_to_live)
        if current != table.time_to_live:
            raise SchemaMismatch(
                table.name, [f"its time to live is in {current!r}, declared is {table.time_to_live!r}"]
            )

    def _enable_time_to_live(self, name: str, attribute: str) -> Flow[str]:
        """Enable it, and tell which attribute it is in then: somebody else may have been faster."""
        try:
            yield from perform(EnableTimeToLive(name, attribute))
        except InvalidRequest:
            current = yield from perform(DescribeTimeToLive(name))
            if current is None:
                raise
            return current
        return attribute
