"""What a store in memory takes for a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast


class TellsTimestamp(Protocol):
    """A clock that is an object, such as `persistence.testing.FrozenClock`."""

    def timestamp(self) -> float:
        """Give the time in epoch seconds."""
        ...


Clock = Callable[[], float] | TellsTimestamp
"""Gives the time in epoch seconds, as a function or by its method `timestamp`."""


def epoch_seconds(clock: Clock) -> Callable[[], float]:
    """Give the function that tells a clock's time in epoch seconds."""
    return cast("Callable[[], float]", getattr(clock, "timestamp", clock))
