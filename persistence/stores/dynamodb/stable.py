"""Items in the one form that they are sent in, so that items of one value are one text.

The members of sets stand in the order of their `repr`; mappings are dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from persistence.attributes import AttributeValue, Item


def stable(item: Mapping[str, AttributeValue]) -> Item:
    """Give an item with the members of its sets in a stable order: itself where they are, else a copy."""
    if type(item) is dict and _are_stable(item.values()):
        return item
    return {name: _stable_value(value) for name, value in item.items()}


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
        return _is_sorted(content) and members.issuperset(map(type, content))
    if type(content) is not _TYPES.get(tag):
        return False
    if tag == "M":
        return is_as_sent(content)
    return tag != "L" or all(map(_is_value_as_sent, cast("list[Any]", content)))


def _are_stable(values: Iterable[AttributeValue]) -> bool:
    for value in values:
        if type(value) is not dict:
            return False
        if "S" in value or "N" in value:
            continue
        for tag, content in value.items():
            if tag == "M":
                if type(content) is not dict or not _are_stable(content.values()):
                    return False
            elif tag == "L":
                if type(content) is not list or not _are_stable(content):
                    return False
            elif tag in ("SS", "NS", "BS") and not _is_sorted(content):
                return False
    return True


def _is_sorted(members: object) -> bool:
    return type(members) is list and members == sorted(members, key=repr)


def _stable_value(value: AttributeValue) -> AttributeValue:
    return {tag: _stable_content(tag, content) for tag, content in value.items()}


def _stable_content(tag: str, content: Any) -> Any:
    # What does not fit its tag goes on as it is, to be refused.
    match tag, content:
        case "SS" | "NS" | "BS", list() | tuple() | set() | frozenset():
            return sorted(content, key=repr)
        case "L", list() | tuple():
            return [_stable_value(part) for part in content]
        case "M", Mapping():
            return {name: _stable_value(part) for name, part in content.items()}
        case _:
            return content
