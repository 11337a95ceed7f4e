"""The rate at which a table that throttled is sent requests."""

from __future__ import annotations

import threading

from persistence.stores.layers.retry_policy import AdaptiveRate

_GROWTH = 0.4
"""Requests per second, per cubed second, by which a rate grows (RFC 9438, section 4.1: C)."""

_FAR_BEYOND = 2
"""A rate that grew to so many times the one that was too much, without more throttling, bounds no more."""

_SPAN = 0.5
"""Seconds over which the rate of what is sent is measured, and within which it is cut once."""


class Rate:
    """Gives requests their turns; safe to share between threads.

    Args:
        policy: how it changes.
        now: the time.
    """

    def __init__(self, policy: AdaptiveRate, now: float) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._limit: float | None = None
        self._reached = 0.0
        self._cut_at = now
        self._turn = now
        self._span_begun = now
        self._sent_in_span = 0
        self._measured = 0.0

    @property
    def longest_wait(self) -> float:
        """Seconds that a request waits for its turn at most."""
        return self._policy.longest_wait

    def limit(self, now: float) -> float | None:
        """Tell how many requests per second there may be; None as long as nothing was throttled, or again."""
        with self._lock:
            self._lift_when_calm(now)
            return self._limit

    def turn(self, now: float) -> float:
        """Take a turn.

        Returns:
            Seconds until it comes; more than `longest_wait` where none was taken.
        """
        with self._lock:
            self._lift_when_calm(now)
            if self._limit is None:
                self._count(now)
                return 0.0
            wait = max(0.0, self._turn - now)
            if wait <= self._policy.longest_wait:
                self._turn = max(self._turn, now) + 1 / self._limit
                self._count(now)
            return wait

    def throttled(self, now: float) -> None:
        """Slow down."""
        with self._lock:
            if self._limit is not None and now < self._cut_at + _SPAN:
                return  # of what was under way at the old rate
            present = self._rate_measured(now)
            self._reached = present if self._limit is None else min(present, self._limit)
            self._limit = max(self._policy.slowest, self._reached * self._policy.part)
            self._cut_at = now
            self._turn = max(self._turn, now + 1 / self._limit)

    def answered(self, now: float) -> None:
        """Go faster, by and by."""
        if self._limit is None:
            return
        with self._lock:
            # Who sends little does not slow down by it below the rate that was safe right after the cut.
            safe = max(self._policy.slowest, self._reached * self._policy.part)
            self._limit = max(safe, min(self._grown(now), 2 * self._rate_measured(now)))

    def _grown(self, now: float) -> float:
        plateau = (self._reached * (1 - self._policy.part) / _GROWTH) ** (1 / 3)
        beyond: float = (now - self._cut_at - plateau) ** 3
        return _GROWTH * beyond + self._reached

    def _lift_when_calm(self, now: float) -> None:
        if self._limit is None or now < self._cut_at + self._policy.calm:
            return
        if self._grown(now) >= _FAR_BEYOND * max(self._reached, self._policy.slowest):
            self._limit = None

    def _count(self, now: float) -> None:
        self._settle(now)
        self._sent_in_span += 1

    def _settle(self, now: float) -> None:
        passed = now - self._span_begun
        if passed >= _SPAN:
            self._measured = self._sent_in_span / passed
            self._span_begun, self._sent_in_span = now, 0

    def _rate_measured(self, now: float) -> float:
        self._settle(now)
        return max(self._measured, self._sent_in_span / _SPAN)
