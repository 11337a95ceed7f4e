"""A limit on how much is done per second."""

from __future__ import annotations

import threading

from persistence.errors import QueryError
from persistence.flows import Flow, pause
from persistence.timing import Timing


class Pace:
    """Holds flows back so that together they spend no more than a number of units per second.

    What was spent is said afterwards, when the service has told what it cost; who comes next waits for it. So
    the mean is kept, over any time longer than one request.

    Args:
        units: per second, such as write capacity units; None for no limit.
        timing: gives the time.

    Raises:
        QueryError: the number is not positive.
    """

    def __init__(self, units: float | None, timing: Timing) -> None:
        if units is not None and not units > 0:
            raise QueryError(f"a rate is a positive number of units per second, or None, not {units!r}")
        self._units = units
        self._timing = timing
        self._lock = threading.Lock()
        self._free_at = timing.monotonic()

    def wait(self) -> Flow[None]:
        """Wait until something may be spent again."""
        with self._lock:
            seconds = self._free_at - self._timing.monotonic()
        if seconds > 0:
            yield from pause(seconds)

    def spent(self, units: float) -> None:
        """Say what was spent."""
        if self._units is None:
            return
        with self._lock:
            self._free_at = max(self._free_at, self._timing.monotonic()) + units / self._units
