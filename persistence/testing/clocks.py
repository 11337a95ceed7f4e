"""Clocks and identifiers that a test decides."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

from persistence.timing import Timing

DAY_ONE = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The time of a clock that is not told any other: noon of the first of January 2026."""

TOKEN_LENGTH = 36
"""Characters that a client token may have, for which the service takes it."""


class FrozenClock:
    """A clock that stands still until it is moved: the `clock=` of a unit of work, and of a store.

        clock = FrozenClock()
        store = MemoryStore(clock=clock)
        uow = UnitOfWork(store, clock=clock)
        clock.advance(timedelta(minutes=5))

    It may go backwards, as clocks of servers do. Threads may share one. With `timing=clock.timing` a
    unit of work waits before repetitions by moving the clock, so that a test of them takes no time.

    Args:
        now: an aware time to begin with; by default noon of the first of January 2026, UTC.

    Raises:
        ValueError: a time without a time zone.
    """

    def __init__(self, now: datetime = DAY_ONE) -> None:
        self._now = _aware(now)

    def __call__(self) -> datetime:
        """Give the time, as the clock of a unit of work does."""
        return self._now

    def __repr__(self) -> str:
        return f"FrozenClock({self._now.isoformat()})"

    @property
    def now(self) -> datetime:
        """The time, aware."""
        return self._now

    @property
    def timing(self) -> Timing:
        """Time as a unit of work sees it: to wait is to move the clock, and there is no jitter."""
        return Timing(self.timestamp, self._wait, self._wait_async, chance=lambda: 0.5)

    def _wait(self, seconds: float) -> None:
        self.advance(seconds)

    async def _wait_async(self, seconds: float) -> None:
        self.advance(seconds)

    def timestamp(self) -> float:
        """Give the time in epoch seconds, as the clock of a `MemoryStore` does."""
        return self._now.timestamp()

    def advance(self, by: timedelta | float) -> datetime:
        """Move the clock by a while.

        Args:
            by: a timedelta, or seconds; less than nothing moves it back.

        Returns:
            The time that it has now.

        Raises:
            TypeError: neither of them.
        """
        if isinstance(by, bool) or not isinstance(by, timedelta | int | float):
            raise TypeError(f"a clock is advanced by a timedelta or by seconds, not by {type(by).__name__}")
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._now

    def move_to(self, time: datetime) -> datetime:
        """Set the clock.

        Args:
            time: an aware time.

        Returns:
            The time that it has now.

        Raises:
            ValueError: a time without a time zone.
        """
        self._now = _aware(time)
        return self._now


def _aware(time: datetime) -> datetime:
    if not isinstance(time, datetime) or time.tzinfo is None:
        came = "one without a time zone" if isinstance(time, datetime) else type(time).__name__
        raise ValueError(
            f"a clock takes an aware datetime, such as datetime(2026, 1, 1, tzinfo=UTC), not {came}"
        )
    return time


class SequentialIds:
    """Identifiers that are counted, `id-1`, `id-2` and so on: the `ids=` of a unit of work.

    Units of work over one store share one object, or have prefixes of their own: their client tokens are
    made of these, and a store takes a request with a known token for a repetition. Threads may share one.

    Args:
        prefix: how each begins.

    Raises:
        ValueError: a prefix so long that an identifier would be none that a client token can be.
    """

    def __init__(self, prefix: str = "id-") -> None:
        if len(prefix) > TOKEN_LENGTH - 10:
            raise ValueError(
                f"the prefix of identifiers may have {TOKEN_LENGTH - 10} characters, since a client token "
                f"has {TOKEN_LENGTH} at most; found {len(prefix)}"
            )
        self._prefix = prefix
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._given: list[str] = []

    def __call__(self) -> str:
        """Give the next one."""
        with self._lock:
            self._given.append(f"{self._prefix}{next(self._numbers)}")
            return self._given[-1]

    @property
    def given(self) -> tuple[str, ...]:
        """All that were given, in order."""
        return tuple(self._given)
