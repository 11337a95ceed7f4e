"""Whether the pages of a mapping are taken apart in their text: it begins once it is worth while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from persistence.attributes import Item
from persistence.wire_items import Apart, WireItems

T = TypeVar("T")

PAGES_BEFORE = 1
"""Pages that are read as dicts first: who reads one only does not wait until an expression is compiled."""

MISSES = 3
"""After how many pages in a row that have another form no further one is tried."""

PAUSE = 100
"""How many pages are not tried then."""


class TextPages(Protocol):
    """Takes pages apart, and makes entities of the parts; see `texts`."""

    def taken_apart(self, text: str) -> tuple[list[str | None], int, str] | None:
        """Give the parts of the items that a text begins with, how many these are, and what is behind."""
        ...

    def decoded(self, parts: Sequence[str | None], alone: Callable[[int], T]) -> list[T]:
        """Build the entities of a page; `alone` builds the one at a place."""
        ...


class PageGrammar(Generic[T]):
    """Takes the pages of a mapping apart, and makes entities of the parts; see `wire_items.Grammar`.

    Args:
        make: makes what does it, given the first text that it is for; None for a mapping that needs dicts.

    Attributes:
        before: how many pages are still read as dicts first.
        misses: how many pages in a row had another form.
        pause: how many pages are not tried from now on.
    """

    def __init__(self, make: Callable[[str], TextPages | None]) -> None:
        self._make = make
        self._made: TextPages | None = None
        self._is_made = False
        self._lock = threading.Lock()
        self.before = PAGES_BEFORE
        self.misses = 0
        self.pause = 0

    def take_apart(self, text: str) -> Apart | None:
        """Take the items apart that a text begins with; see `wire_items.Grammar`."""
        if self.before > 0:
            self.before -= 1
            return None
        if self.pause > 0:
            self.pause -= 1
            return None
        if not self._is_made:
            self._make_for(text)
        found = None if self._made is None else self._made.taken_apart(text)
        if found is None:
            self.misses += 1
            if self.misses >= MISSES:
                self.misses, self.pause = 0, PAUSE
            return None
        self.misses = 0
        return Apart(self, *found)

    def _make_for(self, text: str) -> None:
        with self._lock:  # once only: what the parts are depends on the text
            if not self._is_made:
                self._made, self._is_made = self._make(text), True

    def decode(self, apart: Apart, items: WireItems, alone: Callable[[Item], T]) -> list[T]:
        """Build the entities of a page.

        Args:
            apart: the page, taken apart by this grammar.
            items: its items.
            alone: builds an entity from an item.
        """
        assert self._made is not None
        return self._made.decoded(apart.parts, lambda place: alone(items[place]))

    def __reduce__(self) -> tuple[Any, ...]:
        # An operation that is copied, or sent to another process, does without.
        return type(None), ()
