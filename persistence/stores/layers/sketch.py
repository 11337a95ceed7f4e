"""The most frequent of any number of keys, in bounded memory.

Source: Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams"
(2005), Space-Saving.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Counter:
    """How often a key came.

    Attributes:
        count: at most so often.
        excess: what of it may belong to keys that had the counter before.
        marks: how often the key was marked since it has the counter.
    """

    count: float = 0.0
    excess: float = 0.0
    marks: float = 0.0

    @property
    def surely(self) -> float:
        """How often the key came at least."""
        return self.count - self.excess


class SpaceSaving(Generic[K]):
    """Counts keys with a fixed number of counters: a new key takes over the counter of the rarest one.

    A key that makes up more than one part in `counters` of all is always among them.

    Args:
        counters: how many there are.
    """

    __slots__ = ("_counters", "_kept", "total")

    def __init__(self, counters: int) -> None:
        self._counters = counters
        self._kept: dict[K, Counter] = {}
        self.total = 0.0

    @property
    def kept(self) -> dict[K, Counter]:
        """The keys that have a counter at present, most frequent first."""
        return dict(sorted(self._kept.items(), key=lambda entry: entry[1].count, reverse=True))

    def add(self, key: K) -> None:
        """Count a key."""
        self.total += 1
        counter = self._kept.get(key)
        if counter is None:
            counter = self._kept[key] = self._taken_over()
        counter.count += 1

    def share(self, key: K) -> float:
        """Tell which part of all a key surely is, from 0 to 1."""
        counter = self._kept.get(key)
        return counter.surely / self.total if counter else 0.0

    def mark(self, key: K) -> None:
        """Mark a key, if it has a counter."""
        counter = self._kept.get(key)
        if counter:
            counter.marks += 1

    def fade(self, factor: float) -> None:
        """Let all that was counted so far weigh less.

        Args:
            factor: from 0 to 1.
        """
        self.total *= factor
        for counter in self._kept.values():
            counter.count *= factor
            counter.excess *= factor
            counter.marks *= factor

    def _taken_over(self) -> Counter:
        if len(self._kept) < self._counters:
            return Counter()
        rarest = min(self._kept, key=lambda key: self._kept[key].count)
        count = self._kept.pop(rarest).count
        return Counter(count, excess=count)
