"""Whether the pages of a mapping are taken apart in their text: it begins once it is worth while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
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
        made: makes what does it; None for a mapping that needs dicts.

    Attributes:
        before: how many pages are still read as dicts first.
        misses: how many pages in a row had another form.
        pause: how many pages are not tried from now on.
    """

    def __init__(self, made: Callable[[], TextPages | None]) -> None:
        self._make = made
        self.before = PAGES_BEFORE
        self.misses = 0
        self.pause = 0

    @cached_property
    def _made(self) -> TextPages | None:
        return self._make()

    @property
    def suits(self) -> bool:
        """Tell whether the mapping's items have a form that can be taken apart."""
        return self._made is not None

    def take_apart(self, text: str) -> Apart | None:
        """Take the items apart that a text begins with; see `wire_items.Grammar`."""
        if self.before > 0:
            self.before -= 1
            return None
        if self.pause > 0:
            self.pause -= 1
            return None
        if self._made is None:
            return None
        found = self._made.taken_apart(text)
        if found is None:
            self.misses += 1
            if self.misses >= MISSES:
                self.misses, self.pause = 0, PAUSE
            return None
        self.misses = 0
        return Apart(self, *found)

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
