"""A digest over items that does not depend on their order: it tells whether two places hold the same."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable

_BITS = 256


class Digest:
    """The sum of the SHA-256 of lines, modulo 2^256, and their number; threads may share one.

    It finds what gets lost, doubled or changed; it is no signature.

    Args:
        text: the sum so far, as 64 hexadecimal digits.
        items: how many lines are in it.
    """

    def __init__(self, text: str = "0", items: int = 0) -> None:
        self._sum = int(text, 16)
        self._items = items
        self._lock = threading.Lock()

    @property
    def items(self) -> int:
        """How many lines are in it."""
        return self._items

    @property
    def text(self) -> str:
        """The sum as 64 hexadecimal digits."""
        return f"{self._sum:064x}"

    def add(self, lines: Iterable[bytes]) -> None:
        """Count lines in."""
        hashes = [hashlib.sha256(line).digest() for line in lines]
        added = sum(int.from_bytes(each, "big") for each in hashes)
        with self._lock:
            self._sum = (self._sum + added) % 2**_BITS
            self._items += len(hashes)

    def merge(self, other: Digest) -> None:
        """Count in what another one has."""
        with self._lock:
            self._sum = (self._sum + other._sum) % 2**_BITS
            self._items += other._items
