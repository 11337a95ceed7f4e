"""Time to live: items whose time has passed are deleted, some time after it has.

Source: developer guide, "Time to Live": the attribute is a number of epoch seconds, items that expired more
than five years ago are left alone, and others are deleted within a few days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from persistence.stores.memory.control.managed import ManagedTable
from persistence.stores.memory.table import TableKey

LONGEST_AGO = 5 * 365 * 86_400
"""Seconds: what says that it expired longer ago is taken for a mistake."""

_SWEEP_EVERY = 1.0


class Expiry:
    """Deletes what has expired in the tables of a store; whoever uses it holds the store's lock.

    Args:
        tables: gives the tables.
        clock: gives the time in epoch seconds.
        delay: seconds between the time of an item and its deletion by itself; None for no such deletion.
    """

    def __init__(
        self, tables: Callable[[], Iterable[ManagedTable]], clock: Callable[[], float], delay: float | None
    ) -> None:
        self.delay = delay
        self._tables = tables
        self._clock = clock
        self._swept: float | None = None

    def sweep(self) -> None:
        """Delete what has expired for long enough, if the clock has moved on since that was done last."""
        now = self._clock()
        if self.delay is not None and (self._swept is None or abs(now - self._swept) >= _SWEEP_EVERY):
            self._swept = now
            self.delete(now - self.delay)

    def delete(self, until: float | None = None) -> int:
        """Delete what has expired.

        Args:
            until: the time by which it must have, in epoch seconds; None for now.

        Returns:
            How many items were deleted.
        """
        moment = self._clock() if until is None else until
        deleted = 0
        for table in self._tables():
            attribute = table.settings.time_to_live
            if attribute is not None:
                expired = list(_expired(table, attribute, moment))
                for key in expired:
                    table.items.replace(key, None)
                deleted += len(expired)
        return deleted


def _expired(table: ManagedTable, attribute: str, until: float) -> Iterator[TableKey]:
    for key, record in table.items.records.items():
        found = record.glance.get(attribute, {}).get("N")
        if found is not None and until - LONGEST_AGO <= Decimal(found) <= until:
            yield key
