"""Values out of bytes: the same bytes give the same values, and no bytes are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

WORDS = (
    "",
    "a",
    "id",
    "name",
    "S",
    "N",
    "B",
    "M",
    "L",
    "#",
    ":",
    "#a",
    ":v",
    "0",
    "1",
    "-0",
    "1E400",
    "NaN",
    "9" * 40,
    "1.50",
    "a.b",
    "a[0]",
    "{",
    "}",
    "{id}",
    "ORDER#",
    "\x00",
    "\ud800",
    "\u2028",
    "ß",
    "😀",
    "'",
    '"',
    "\\",
    "and",
    "or",
    "not",
    "between",
    "in",
    "contains",
    "size(",
    ")",
    "=",
    "<>",
    "2026-01-02T03:04:05.000006Z",
    "null",
    "true",
)

NAMES = (
    "id",
    "PK",
    "SK",
    "_type",
    "name",
    "at",
    "state",
    "lines",
    "tags",
    "data",
    "price",
    "blob",
    "expires",
)


class Data:
    """Reads values from bytes; behind their end there are zeros."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return max(0, len(self._content) - self._at)

    def byte(self) -> int:
        """Give a number from 0 to 255."""
        self._at += 1
        return self._content[self._at - 1] if self._at <= len(self._content) else 0

    def below(self, number: int) -> int:
        """Give a number from 0 to one below another."""
        return self.byte() % number

    def pick(self, choices: Sequence[T]) -> T:
        """Give one of several."""
        return choices[self.below(len(choices))]

    def binary(self) -> bytes:
        """Give up to 20 bytes."""
        size = self.below(21)
        found = self._content[self._at : self._at + size]
        self._at += size
        return found

    def text(self) -> str:
        """Give words of the trade, or any text."""
        if self.below(3):
            return "".join(self.pick(WORDS) for _ in range(self.below(4)))
        return self.binary().decode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        """Give all bytes that are left."""
        found = self._content[self._at :]
        self._at = len(self._content)
        return found

    def value(self, depth: int = 0) -> Any:
        """Give an attribute value, mostly a valid one."""
        kind = self.below(14)
        if depth > 40 or (kind in (8, 9) and not self.left):
            kind = 0
        match kind:
            case 0 | 1:
                return {"S": self.text()}
            case 2 | 3:
                return {"N": self.pick(("0", "-1", "1.5", "1e3", "1E126", "NaN", "", "٣", self.text()))}
            case 4:
                return {"B": self.binary()}
            case 5:
                return {"BOOL": bool(self.below(2))}
            case 6:
                return {"NULL": True}
            case 7:
                return {self.pick(("SS", "NS", "BS")): [self.text() for _ in range(self.below(3))]}
            case 8:
                return {"M": {self.text(): self.value(depth + 1) for _ in range(self.below(4))}}
            case 9:
                return {"L": [self.value(depth + 1) for _ in range(self.below(4))]}
            case 10:
                return {"M": self.item(depth + 1)}
            case 11:
                return {self.text(): self.text()}
            case 12:
                return {"S": self.pick(("2026-01-02T03:04:05Z", "open", "1", "a#b", "A#1#00002"))}
            case _:
                content: Any = self.pick((None, 1, [], {}, "x", [None]))
                return {self.pick(("S", "N", "B", "BOOL", "M", "L", "SS")): content}

    def item(self, depth: int = 0) -> Any:
        """Give an item."""
        count = 0 if depth > 40 else self.below(8)
        return {
            self.pick(NAMES) if self.below(8) else self.text(): self.value(depth + 1) for _ in range(count)
        }
