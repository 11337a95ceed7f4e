"""The circuit of one table: closed while it answers, open while it doesn't."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

from persistence.stores.layers.retry_policy import CircuitBreaking

CircuitState = Literal["closed", "open"]

_SLOTS = 10
"""A window is looked back on in so many parts."""


@dataclass(slots=True)
class _Slot:
    begun: float
    answered: int = 0
    failed: int = 0


class Circuit:
    """Counts what fails, and lets pass or not; safe to share between threads.

    Args:
        policy: when it opens.
    """

    def __init__(self, policy: CircuitBreaking) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._slots: deque[_Slot] = deque()
        self._next_probe: float | None = None
        self.last_failure: Exception | None = None

    @property
    def state(self) -> CircuitState:
        """Whether it is open."""
        return "closed" if self._next_probe is None else "open"

    def wait(self, now: float) -> float:
        """Ask whether a request may pass.

        Returns:
            0 if it may; else the seconds until the next one may.
        """
        if self._next_probe is None:
            return 0.0
        with self._lock:
            if self._next_probe is None:
                return 0.0
            if now < self._next_probe:
                return self._next_probe - now
            self._next_probe = now + self._policy.probe_every
            return 0.0

    def give_back_probe(self, now: float) -> None:
        """Note that a request that was let through to look was not sent after all: the next one may look."""
        with self._lock:
            if self._next_probe is not None:
                self._next_probe = now

    def answered(self, now: float) -> bool:
        """Note an answer; tells whether it closed the circuit."""
        if not self._slots and self._next_probe is None:
            return False  # nothing failed lately: most requests end here
        with self._lock:
            was_open = self._next_probe is not None
            if was_open:
                self._slots.clear()
                self._next_probe = self.last_failure = None
            elif self._slots:
                self._slot(now).answered += 1
                self._forget(now)
            return was_open

    def failed(self, now: float, failure: Exception) -> bool:
        """Note a failure; tells whether it opened the circuit."""
        with self._lock:
            self.last_failure = failure
            if self._next_probe is not None:
                return False
            self._slot(now).failed += 1
            self._forget(now)
            failed = sum(slot.failed for slot in self._slots)
            asked = failed + sum(slot.answered for slot in self._slots)
            if failed < self._policy.failures or failed < self._policy.share * asked:
                return False
            self._next_probe = now + self._policy.probe_every
            return True

    def _slot(self, now: float) -> _Slot:
        if not self._slots or now >= self._slots[-1].begun + self._policy.window / _SLOTS:
            self._slots.append(_Slot(now))
        return self._slots[-1]

    def _forget(self, now: float) -> None:
        # What was answered before the first failure says nothing about the trouble; it would hide a new one.
        while (slots := self._slots) and (not slots[0].failed or slots[0].begun <= now - self._policy.window):
            slots.popleft()
