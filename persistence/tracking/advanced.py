"""What is known of an item that was read, and that a commit has changed since."""

from __future__ import annotations

from persistence.attributes import Item
from persistence.mapping import Difference, Memento
from persistence.tracking.tracked import Loaded


class Advanced(Loaded):
    """An entity was read, and attributes of its item were replaced since.

    Most units end with their commit, and nobody asks any more: the item and the memento are made when they
    are asked for.

    Args:
        origin: what was loaded.
        found: what differed; it sets whole attributes only.
        given: the attributes that the unit of work gave to the item.
    """

    __slots__ = ("_found", "_given", "_item", "_memento", "_origin")

    snapshot = None

    def __init__(self, origin: Loaded, found: Difference, given: Item) -> None:
        self.complete = origin.complete
        self._origin = origin
        self._found = found
        self._given = given

    @property
    def item(self) -> Item:  # type: ignore[override]  # nobody changes what was loaded
        """As it is stored now; nobody changes it."""
        try:
            return self._item
        except AttributeError:
            pass
        item = {**self._origin.item, **self._given}
        item.update({name: now for name, now in self._found.replaced.items() if now is not None})
        self._item: Item = item
        del self._origin  # which may have one of its own
        return item

    @property
    def memento(self) -> Memento:  # type: ignore[override]  # nobody changes what was loaded
        """What the entity was when it was stored."""
        try:
            return self._memento
        except AttributeError:
            self._memento: Memento = self._found.memento
            return self._memento
