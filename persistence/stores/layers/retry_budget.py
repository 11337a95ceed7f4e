"""The repetitions that a store has left."""

from __future__ import annotations

import threading
from collections import OrderedDict

from persistence.stores.layers.retry_policy import RetryBudget

_MOST_TOKENS = 10_000


class Budget:
    """The repetitions of one store; safe to share between threads.

    Args:
        policy: how they are earned.
        now: the time.
    """

    def __init__(self, policy: RetryBudget, now: float) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._left = policy.most
        self._seen = now

    def left(self, now: float) -> float:
        """Tell how many there are."""
        with self._lock:
            return self._grown(now)

    def earn(self) -> None:
        """Note an answer."""
        if self._left < self._policy.most:
            with self._lock:
                self._left = min(self._policy.most, self._left + self._policy.share)

    def spend(self, now: float) -> float:
        """Take one.

        Returns:
            0 if there was one; else the seconds until there is one again.
        """
        with self._lock:
            left = self._grown(now)
            if left < 1:
                return (1 - left) / self._policy.per_second
            self._left = left - 1
            return 0.0

    def give_back(self) -> None:
        """Take back one that was not sent after all."""
        with self._lock:
            self._left = min(self._policy.most, self._left + 1)

    def _grown(self, now: float) -> float:
        earned = max(0.0, now - self._seen) * self._policy.per_second
        self._seen = max(self._seen, now)
        self._left = min(self._policy.most, self._left + earned)
        return self._left


class FailedTokens:
    """The client tokens of transactions that will come again; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, token: str | None) -> bool:
        return token in self._tokens

    def add(self, token: str) -> None:
        """Note a transaction without a final answer; of very many the oldest are forgotten."""
        with self._lock:
            self._tokens[token] = None
            if len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)

    def discard(self, token: str) -> None:
        """Note its final answer."""
        if self._tokens:
            with self._lock:
                self._tokens.pop(token, None)
