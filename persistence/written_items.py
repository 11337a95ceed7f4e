"""Items as the text that is sent, which is read when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from persistence.attributes import AttributeValue, Item
from persistence.json_text import plain_text, quoted, read_text

T = TypeVar("T")


class WrittenItem:
    """An item of which nothing is there but its text, until somebody looks at it.

    Most items of a commit are written, sent and forgotten. Their attribute values are objects by the dozen,
    which take as long to make as their text does, and keep the garbage collector busy.

    Args:
        text: a JSON object in ASCII, of attribute values in the one form that items are sent in.
    """

    __slots__ = ("_held",)

    def __init__(self, text: str) -> None:
        self._held: str | Item = text

    @property
    def text(self) -> str | None:
        """The text; None once somebody has looked, and may have changed what he found."""
        held = self._held
        return held if type(held) is str else None

    @property
    def item(self) -> Item:
        """The item, the same one for all who look."""
        held = self._held
        if isinstance(held, str):
            held = self._held = cast(Item, read_text(held))
        return held

    def having(self, name: str, value: AttributeValue) -> Item | WrittenItem:
        """Give an item that has an attribute beside its others, or in the place of one of that name."""
        text, member = self.text, f"{quoted(name)}:"
        # Inside of a text, quotes are escaped: what is found is a name, be it that of a part of an attribute.
        if text is None or member in text:
            return {**self.item, name: value}
        return WrittenItem(f"{text[:-1]},{member}{plain_text(value)}}}")

    def __repr__(self) -> str:
        return f"<WrittenItem: {'read' if self.text is None else f'{len(self.text)} characters'}>"


def read_when_asked(kind: type[T], name: str) -> Callable[[T], Any]:
    """Let an attribute of a class with slots hold a `WrittenItem`, and give its item to whoever asks.

    Args:
        kind: the class; the attribute is a slot of its own.
        name: the attribute.

    Returns:
        What gives the attribute as it is held.
    """
    slot = vars(kind)[name]
    held: Callable[[T], Any] = slot.__get__

    def looked_at(whole: T) -> Any:
        found = held(whole)
        return found.item if type(found) is WrittenItem else found

    setattr(kind, name, property(looked_at, slot.__set__, doc=slot.__doc__))
    return held
