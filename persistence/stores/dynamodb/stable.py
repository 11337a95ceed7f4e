"""Items in the one form that they are sent in, so that items of one value are one text.

See `stable_items` for the order of what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from persistence.attributes import AttributeValue, Item
from persistence.stable_items import is_stable_set, stable


class Settling:
    """Gives the items of a request in that form.

    Attributes:
        certain: whether all of them, and what else was looked at, had it from the start, each part of the one
            type that its API has.
    """

    __slots__ = ("certain",)

    def __init__(self) -> None:
        self.certain = True

    def __call__(self, item: Mapping[str, AttributeValue]) -> Item:
        """Give an item as `stable` does."""
        if is_as_sent(item):
            return cast(Item, item)
        self.certain = False
        return stable(item)


class Settled(Settling):
    """Takes the items of a request for being in that form, where somebody has seen to it."""

    __slots__ = ()

    def __call__(self, item: Mapping[str, AttributeValue]) -> Item:
        """Give an item as it is."""
        return cast(Item, item)


_TYPES: Mapping[str, type] = {"B": bytes, "BOOL": bool, "NULL": bool, "L": list, "M": dict}
_MEMBERS: Mapping[str, frozenset[type]] = {
    "SS": frozenset({str}),
    "NS": frozenset({str}),
    "BS": frozenset({bytes}),
}


def is_as_sent(item: object) -> bool:
    """Tell whether an item is in that form, each part of the one type that its API has."""
    if type(item) is not dict:
        return False
    for name, value in item.items():
        if type(name) is not str or type(value) is not dict or len(value) != 1:
            return False
        if "S" in value:  # most are
            if type(value["S"]) is not str:
                return False
        elif "N" in value:
            if type(value["N"]) is not str:
                return False
        elif not _is_value_as_sent(value):
            return False
    return True


def _is_value_as_sent(value: Any) -> bool:
    if type(value) is not dict or len(value) != 1:
        return False
    tag: Any
    content: Any
    ((tag, content),) = value.items()
    if tag == "S" or tag == "N":
        return type(content) is str
    members = _MEMBERS.get(tag)
    if members is not None:
        return is_stable_set(content) and members.issuperset(map(type, content))
    if type(content) is not _TYPES.get(tag):
        return False
    if tag == "M":
        return is_as_sent(content)
    return tag != "L" or all(map(_is_value_as_sent, cast("list[Any]", content)))
