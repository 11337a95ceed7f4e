"""Attribute values: what the service accepts, the one form in which it keeps them, and their size.

One walk over an item does all three, because a store needs all three for every write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from persistence.attributes import (
    ITEM_SIZE_LIMIT,
    NESTING_LIMIT,
    AttributeValue,
    Item,
    NumberRefused,
    canonical_number,
)
from persistence.stores.validation.refused import ItemTooBig, Refused

ATTRIBUTE_NAME_LIMIT = 65_535

_SCALARS = frozenset({"S", "N", "B", "BOOL", "NULL"})
# What is in the canonical form already needs no arithmetic.
_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,37}|-?(?=[0-9.]{3,39}\Z)(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")

_INVALID = "One or more parameter values were invalid"
_Content = tuple[Any, int]


class Admitted(NamedTuple):
    """An item as a table keeps it.

    Attributes:
        item: a copy of its own, numbers in canonical form.
        size: its bytes as the service counts them.
        nested: names of the attributes that hold documents or sets, in other words mutable parts.
    """

    item: Item
    size: int
    nested: tuple[str, ...]


def admit(item: Mapping[str, AttributeValue], limit: int = ITEM_SIZE_LIMIT) -> Admitted:
    """Check an item and give it in the form in which a table keeps it.

    Args:
        item: attribute names and tagged attribute values.
        limit: the size that it may have in bytes.

    Raises:
        Refused: a malformed value, a number out of range, an empty or doubled set, too deep a nesting.
        ItemTooBig: it is larger than the limit.
    """
    kept, total, nested = _members(item, 1)
    if total > limit:
        raise ItemTooBig("Item size has exceeded the maximum allowed size")
    return Admitted(kept, total, tuple(nested))


def check_value(value: AttributeValue, name: str = "") -> None:
    """Check a value that stands in a key or an expression.

    Args:
        value: the tagged value.
        name: the attribute that it belongs to, for the message.

    Raises:
        Refused: the service would not take it.
    """
    try:
        _admitted(value, 1)
    except Refused as refused:
        raise (refused.below(name) if name else refused) from None


def _members(values: Mapping[str, AttributeValue], depth: int) -> tuple[Item, int, list[str]]:
    """Admit named values; most are short texts and numbers, which take no call of another function."""
    kept: Item = {}
    nested: list[str] = []
    total = 0
    for name, value in values.items():
        if type(value) is dict and len(value) == 1:
            ((tag, content),) = value.items()
            if tag == "S" and type(content) is str and content.isascii():
                kept[name] = {"S": content}
                total += len(content) + _name_size(name)
                continue
            if tag == "N" and type(content) is str:
                try:
                    content, size = _number_admitted(content)
                except NumberRefused:
                    pass  # told below, with its place
                else:
                    kept[name] = {"N": content}
                    total += size + _name_size(name)
                    continue
        try:
            tag, content, size = _admitted(value, depth)
            total += size + _name_size(name)
        except Refused as refused:
            raise refused.below(name) from None
        kept[name] = {tag: content}
        if tag not in _SCALARS:
            nested.append(name)
    return kept, total, nested


def _admitted(value: AttributeValue, depth: int) -> tuple[str, Any, int]:
    try:
        ((tag, content),) = value.items()
        admit_content = _CONTENTS[tag]
    except (ValueError, AttributeError, KeyError, TypeError):
        raise Refused(_malformed(value)) from None
    content, size = admit_content(content, depth)
    return tag, content, size


def _malformed(value: object) -> str:
    if not isinstance(value, Mapping):
        return f"Expected a tagged attribute value such as {{'S': ...}}, found {type(value).__name__}"
    if not value:
        return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    if len(value) > 1:
        return (
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    return (
        "Supplied AttributeValue has an unknown datatype, must contain one of the supported datatypes: "
        f"{', '.join(_CONTENTS)}"
    )


@lru_cache(4096)
def _name_size(name: Any) -> int:
    if not isinstance(name, str) or not name:
        raise Refused("Attribute names must be strings of at least one character")
    size = len(name) if name.isascii() else len(_encoded(name))
    if size > ATTRIBUTE_NAME_LIMIT:
        raise Refused(f"Attribute name is too large, its size must be at most {ATTRIBUTE_NAME_LIMIT} bytes")
    return size


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("Text must be valid Unicode; this has a surrogate without its pair") from None


def _string(content: Any, depth: int) -> _Content:
    if not isinstance(content, str):
        raise Refused(_expected("S", "str", content))
    return content, len(content) if content.isascii() else len(_encoded(content))


def _number(content: Any, depth: int) -> _Content:
    if not isinstance(content, str):
        raise Refused(_expected("N", "a number as str", content))
    try:
        return _number_admitted(content)
    except NumberRefused as refused:
        raise Refused(_number_refusal(refused)) from refused


@lru_cache(4096)
def _number_admitted(text: str) -> tuple[str, int]:
    if not _CANONICAL.fullmatch(text):
        text = canonical_number(text)
    digits = text.replace(".", "").strip("-0")
    return text, 1 + (len(digits) + 1) // 2 + (text[0] == "-")


def _number_refusal(refused: NumberRefused) -> str:
    text = str(refused)
    for word, service in _NUMBER_WORDS.items():
        if word in text:
            return f"{service}: {text}"
    return f"The parameter cannot be converted to a numeric value: {text}"


_NUMBER_WORDS = {
    "digits": "Attempting to store more than 38 significant digits in a Number",
    "larger": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "smaller": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
}


def _binary(content: Any, depth: int) -> _Content:
    if not isinstance(content, bytes | bytearray):
        raise Refused(_expected("B", "bytes", content))
    return bytes(content), len(content)


def _boolean(content: Any, depth: int) -> _Content:
    if not isinstance(content, bool):
        raise Refused(_expected("BOOL", "bool", content))
    return content, 1


def _null(content: Any, depth: int) -> _Content:
    if content is not True:
        raise Refused(f"{_INVALID}: Null attribute value types must have the value of true")
    return content, 1


def _list(content: Any, depth: int) -> _Content:
    if not isinstance(content, list | tuple):
        raise Refused(_expected("L", "list", content))
    _check_depth(depth)
    kept = []
    total = 3
    for position, element in enumerate(content):
        try:
            tag, inner, size = _admitted(element, depth + 1)
        except Refused as refused:
            raise refused.below(position) from None
        kept.append({tag: inner})
        total += 1 + size
    return kept, total


def _map(content: Any, depth: int) -> _Content:
    if not isinstance(content, Mapping):
        raise Refused(_expected("M", "dict", content))
    _check_depth(depth)
    kept, total, _ = _members(content, depth + 1)
    return kept, 3 + len(kept) + total


def _check_depth(depth: int) -> None:
    if depth >= NESTING_LIMIT:
        raise Refused("Nesting Levels have exceeded supported limits")


def _set(tag: str, word: str, member: Callable[[Any, int], _Content]) -> Callable[[Any, int], _Content]:
    def admitted(content: Any, depth: int) -> _Content:
        if not isinstance(content, list | tuple):
            raise Refused(_expected(tag, "list", content))
        if not content:
            raise Refused(f"{_INVALID}: {word}")
        members = [member(part, depth) for part in content]
        kept = [part for part, _ in members]
        if len(set(kept)) < len(kept):
            raise Refused(f"{_INVALID}: Input collection ({tag}) contains duplicates.")
        return kept, sum(size for _, size in members)

    return admitted


def _expected(tag: str, wanted: str, found: object) -> str:
    return f"Expected {wanted} under type tag {tag}, found {type(found).__name__}"


_CONTENTS: Mapping[str, Callable[[Any, int], _Content]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set("SS", "An string set  may not be empty", _string),
    "NS": _set("NS", "An number set  may not be empty", _number),
    "BS": _set("BS", "Binary sets should not be empty", _binary),
}
