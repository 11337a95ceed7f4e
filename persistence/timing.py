"""Time and chance, in one place, so that tests can give their own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from random import random


async def _sleep_async(seconds: float) -> None:
    await import_module("asyncio").sleep(seconds)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance, as the library sees them; tests give their own.

    Attributes:
        monotonic: seconds that only grow.
        sleep: wait for a number of seconds (synchronous units).
        sleep_async: the same, awaited (asynchronous units).
        chance: a number in [0, 1), for jitter.
        first_pause: upper bound in seconds of the first wait before a repetition; it doubles each time.
        longest_pause: upper bound in seconds of any wait.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = _sleep_async
    chance: Callable[[], float] = random
    first_pause: float = 0.05
    longest_pause: float = 2.0

    def backoff(self, attempt: int) -> float:
        """Give a time to wait after the given attempt (1 is the first): full jitter, exponential."""
        bound = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt - 1, 30))
        return self.chance() * bound
