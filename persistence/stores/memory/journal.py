"""What a table held before each change, while its point-in-time recovery is on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from persistence.stores.memory.contents import Content
from persistence.stores.validation.record import Record

TableKey = tuple[Content, ...]

_DAY = 86_400.0


class Journal:
    """An append-only record of the changes of a table's items.

    Args:
        clock: gives the time in epoch seconds.
        days: how far back one can go.
    """

    def __init__(self, clock: Callable[[], float], days: int) -> None:
        self.days = days
        self._clock = clock
        self._since = clock()
        self._entries: deque[tuple[float, TableKey, Record | None]] = deque()

    @property
    def earliest(self) -> float:
        """The first time that can be gone back to, in epoch seconds."""
        return max(self._since, self._clock() - self.days * _DAY)

    @property
    def latest(self) -> float:
        """The last time that can be gone back to, in epoch seconds: now."""
        return self._clock()

    def note(self, key: TableKey, old: Record | None) -> None:
        """Record that an item changes.

        Args:
            key: its key.
            old: what is there until now.
        """
        # Times that are asked for are dates, which know no less than a microsecond.
        now = round(self._clock(), 6)
        self._entries.append((now, key, old))
        while self._entries[0][0] < now - self.days * _DAY:
            self._entries.popleft()

    def records_at(self, time: float, present: Mapping[TableKey, Record]) -> dict[TableKey, Record]:
        """Give what the table held at a time.

        Args:
            time: in epoch seconds; what was written at that very time is held.
            present: what the table holds now.
        """
        records = dict(present)
        for changed, key, old in reversed(self._entries):
            if changed <= time:
                break
            if old is None:
                records.pop(key, None)
            else:
                records[key] = old
        return records
