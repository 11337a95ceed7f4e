"""The items of a page as the text that came over the wire, which is read when somebody looks at them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Protocol, SupportsIndex, overload

from persistence.attributes import Item

_HEAD = 4096
"""Bytes in which the first item mostly ends."""

_JSON = json.JSONDecoder()


class Grammar(Protocol):
    """Knows the form that the items of one mapping have as text."""

    def take_apart(self, text: str) -> Apart | None:
        """Take the items apart that a text begins with.

        Args:
            text: JSON, from the first item of an array on.

        Returns:
            Their parts, whereby they are known to be well-formed; None where an item has another form, or it
            is not worth while to look.
        """
        ...


@dataclass(frozen=True, slots=True)
class Apart:
    """Items that were taken apart.

    Attributes:
        grammar: who did it, and knows what the parts are.
        parts: the parts of all items.
        count: how many items there are.
        rest: the text behind the last of them.
    """

    grammar: Grammar
    parts: Sequence[str | None]
    count: int
    rest: str


class WireItems(Sequence[Item]):
    """Items that are not read yet: a sequence like any other, equal to others of the same items.

    A codec reads entities straight from the text, and a single item can be looked at. Whoever goes through
    the items makes all of them dicts, whereupon the text is let go.

    Args:
        text: a JSON array of one item or more, well-formed and valid UTF-8.
        count: how many items it has.
        read: gives the items of such an array.
        split: gives the texts of the items of such an array; None where all are read when one is looked at.
        apart: the same items, taken apart, if they are.
    """

    __slots__ = ("_apart", "_count", "_items", "_read", "_split", "_text", "_texts")

    def __init__(
        self,
        text: bytes | memoryview,
        count: int,
        read: Callable[[bytes], Sequence[Item]],
        split: Callable[[bytes | memoryview], Sequence[bytes | memoryview]] | None = None,
        apart: Apart | None = None,
    ) -> None:
        self._text: bytes | memoryview | None = text
        self._count = count
        self._read = read
        self._split = split
        self._apart = apart
        self._texts: Sequence[bytes | memoryview] = ()
        self._items: tuple[Item, ...] = ()

    @property
    def text(self) -> bytes | memoryview | None:
        """The JSON array; None once the items were looked at."""
        return self._text

    @property
    def apart(self) -> Apart | None:
        """The items as they were taken apart; None where they are not, or once they were looked at."""
        return self._apart

    def _all(self) -> tuple[Item, ...]:
        text = self._text
        if text is not None:
            # In this order, since another thread may look too.
            self._items = tuple(self._read(bytes(text)))
            self._text, self._apart, self._texts = None, None, ()
        return self._items

    def __len__(self) -> int:
        return self._count if self._text is not None else len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all())

    @overload
    def __getitem__(self, place: SupportsIndex) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Item | tuple[Item, ...]:
        text = self._text
        if text is None or isinstance(place, slice):
            return self._all()[place]
        return self._first(text) if place == 0 else self._one(text, index(place))

    def _one(self, text: bytes | memoryview, place: int) -> Item:
        if self._split is None:
            return self._all()[place]
        texts = self._texts or self._split(text)
        self._texts = texts
        return self._read(b"[%b]" % bytes(texts[place]))[0]

    def _first(self, text: bytes | memoryview) -> Item:
        """Read the first item only: many look at no other, to learn how large items are."""
        for size in (_HEAD, len(text)):
            head = str(text[:size], "utf-8", "ignore")
            start = head.index("{")
            try:
                _, end = _JSON.raw_decode(head, start)
            except ValueError:
                continue
            return self._read(f"[{head[start:end]}]".encode())[0]
        return self._all()[0]  # what Python's parser alone can't take apart

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, tuple | list | WireItems) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # like all that holds dicts

    def __repr__(self) -> str:
        return f"<WireItems: {len(self)} items>"

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._all(),)
