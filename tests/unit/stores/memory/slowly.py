"""A clock that is set by hand, and a store whose tables take 10 seconds by it."""

from __future__ import annotations

from datetime import UTC, datetime

from persistence.stores.memory import MemoryStore

DELAY = 10.0


class HandClock:
    """Gives the time that it was set to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @property
    def date(self) -> datetime:
        """The time as a date."""
        return datetime.fromtimestamp(self.now, UTC)


def slow_store(clock: HandClock, *, auto_create: bool = False) -> MemoryStore:
    """Make a store whose tables take their time."""
    return MemoryStore(auto_create=auto_create, clock=clock, table_delay=DELAY)
