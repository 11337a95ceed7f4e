"""The items of several pages as one sequence, none of which is read for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import SupportsIndex, overload

from persistence.attributes import Item


class Joined(Sequence[Item]):
    """The items of several pages, one after the other.

    Attributes:
        parts: those of each page.
    """

    def __init__(self, parts: Sequence[Sequence[Item]]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Item]:
        return chain.from_iterable(self.parts)

    @overload
    def __getitem__(self, place: SupportsIndex) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Item | Sequence[Item]:
        if isinstance(place, slice):
            return tuple(self)[place]
        left = range(len(self))[place]
        for part in self.parts:
            if left < len(part):
                return part[left]
            left -= len(part)
        raise AssertionError("unreachable: the place is within the range")


def joined(parts: Sequence[Sequence[Item]]) -> Sequence[Item]:
    """Put the items of several pages together."""
    filled = [part for part in parts if part]
    return filled[0] if len(filled) == 1 else Joined(filled)


def parts_of(items: Sequence[Item]) -> Sequence[Sequence[Item]]:
    """Give the items of each page that was put together."""
    return items.parts if isinstance(items, Joined) else (items,)
