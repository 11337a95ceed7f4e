"""How long something takes, in bounded memory: a histogram whose buckets grow by a tenth each."""

from __future__ import annotations

import math
from itertools import accumulate

GROWTH = 1.1
LEAST = 1e-6
"""Seconds; what is faster counts as this."""
BUCKETS = 240
"""The last one begins at over two hours, and takes all that is slower."""


class Latencies:
    """Counts durations, and gives their quantiles within 5 %. Not safe between threads by itself."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS

    def add(self, seconds: float) -> None:
        """Count a duration."""
        bucket = int(math.log(max(seconds, LEAST) / LEAST, GROWTH))
        self._counts[min(bucket, BUCKETS - 1)] += 1

    def quantile(self, share: float) -> float:
        """Give the seconds within which a share of the durations lies; 0.0 if there are none.

        Args:
            share: such as 0.99.
        """
        rank = math.ceil(share * sum(self._counts))
        if not rank:
            return 0.0
        reached = accumulate(self._counts)
        bucket = next(number for number, count in enumerate(reached) if count >= rank)
        return float(LEAST * GROWTH ** (bucket + 0.5))
