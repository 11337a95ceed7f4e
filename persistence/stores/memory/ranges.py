"""Which part of a partition a query reads: where what it demands of the sort key begins and ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from persistence.expressions import BeginsWith, Between, Compare, Value
from persistence.stores.memory.contents import Content, Position, content
from persistence.stores.validation.keys import KeyPart


@dataclass(frozen=True, slots=True)
class Range:
    """What is demanded of the sort key.

    Attributes:
        leading: the contents of its first attributes, where it has several and they are asked for.
        condition: on the attribute behind those.
        part: that attribute; None where there is no condition.
    """

    leading: tuple[Content, ...] = ()
    condition: Compare | Between | BeginsWith | None = None
    part: KeyPart | None = None

    def bounds(self, positions: Sequence[Position]) -> tuple[int, int]:
        """Find where the positions that meet it begin and end; they are in order."""
        low, high = self._led(positions)
        if self.condition is None or self.part is None:
            return low, high
        at = _Attribute(positions, len(self.leading), low, high)
        match self.condition:
            case Between(_, lower, upper):
                return at.left(self._sought(lower)), at.right(self._sought(upper))
            case BeginsWith(_, prefix):
                return at.prefixed(self._sought(prefix))
            case Compare("<", _, value):
                return low, at.left(self._sought(value))
            case Compare("<=", _, value):
                return low, at.right(self._sought(value))
            case Compare(">", _, value):
                return at.right(self._sought(value)), high
            case Compare(">=", _, value):
                return at.left(self._sought(value)), high
            case Compare(_, _, value):
                return at.left(self._sought(value)), at.right(self._sought(value))

    def _led(self, positions: Sequence[Position]) -> tuple[int, int]:
        depth = len(self.leading)
        if not depth:
            return 0, len(positions)

        def first(position: Position) -> Position:
            return position[:depth]

        return bisect_left(positions, self.leading, key=first), bisect_right(
            positions, self.leading, key=first
        )

    def _sought(self, operand: object) -> Content:
        assert isinstance(operand, Value), "key conditions have constant operands"
        assert self.part is not None, "a condition is on an attribute"
        return content(self.part, {self.part.name: operand.value})


EVERYTHING = Range()


class _Attribute:
    """One attribute of positions that agree on those before it."""

    __slots__ = ("_at", "_high", "_low", "_positions")

    def __init__(self, positions: Sequence[Position], depth: int, low: int, high: int) -> None:
        self._positions = positions
        self._at = itemgetter(depth)
        self._low = low
        self._high = high

    def left(self, value: Content) -> int:
        return bisect_left(self._positions, value, self._low, self._high, key=self._at)

    def right(self, value: Content) -> int:
        return bisect_right(self._positions, value, self._low, self._high, key=self._at)

    def prefixed(self, prefix: Content) -> tuple[int, int]:
        def is_behind(position: Position) -> bool:
            found = self._at(position)
            if isinstance(found, str) and isinstance(prefix, str):
                return found > prefix and not found.startswith(prefix)
            assert isinstance(found, bytes), "prefixes are of strings or binary"
            assert isinstance(prefix, bytes), "prefixes are of strings or binary"
            return found > prefix and not found.startswith(prefix)

        end = bisect_left(self._positions, True, self._low, self._high, key=is_behind)
        return self.left(prefix), end
