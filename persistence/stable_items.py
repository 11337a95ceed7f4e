"""Items in a form that repeats itself, so that items of one value are one text.

The members of sets stand in the order of their `repr`; mappings are dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.json_text import plain_text


def stable(item: Mapping[str, AttributeValue]) -> Item:
    """Give an item with the members of its sets in a stable order: itself where they are, else a copy."""
    if type(item) is dict and _are_stable(item.values()):
        return item
    return {name: _stable_value(value) for name, value in item.items()}


def stable_text(value: AttributeValue) -> str:
    """Write an attribute value in that form as JSON."""
    return plain_text(_stable_value(value))


def is_stable_set(members: object) -> bool:
    """Tell whether the content of a set is in that form."""
    return type(members) is list and members == sorted(members, key=repr)


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
            elif tag in ("SS", "NS", "BS") and not is_stable_set(content):
                return False
    return True


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
