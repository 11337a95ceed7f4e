"""How much memory something took, beside the times of the harness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Bytes = int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What several ways to do some work took, each above what its process had before.

    Attributes:
        title: what the work is.
        used: way -> bytes at the peak.
        most: what each of them may take.
        unlimited: ways that are there for comparison only.
    """

    title: str
    used: Mapping[str, Bytes]
    most: Bytes
    unlimited: frozenset[str] = frozenset()

    @property
    def limited(self) -> tuple[str, ...]:
        """The ways that have a limit."""
        return tuple(name for name in self.used if name not in self.unlimited)

    def misses(self) -> tuple[str, ...]:
        """Give the ways that took too much."""
        return tuple(name for name in self.limited if self.used[name] > self.most)
