"""Spans of time one after the other, within which something happens once."""

from __future__ import annotations

import math


class Windows:
    """Tells when a new window begins. Not safe between threads by itself.

    Args:
        seconds: how long a window is.
        now: when the first one begins.
    """

    __slots__ = ("_begun", "_seconds")

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self._begun = now

    def passed(self, now: float) -> int:
        """Tell how many windows ended since this was last asked.

        Args:
            now: the time; it does not go back.
        """
        ended = max(0, math.floor((now - self._begun) / self._seconds))
        self._begun += ended * self._seconds
        return ended
