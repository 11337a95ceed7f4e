"""Whether what a user's function gave is an item at all; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from persistence.attributes import NESTING_LIMIT, AttributeValue, Item, NumberRefused, parse_number


class Malformed(ValueError):
    """It is no item; the message says why and where, without stored values."""


def well_formed(made: object) -> Item:
    """Give a copy of an item that shares nothing with what made it.

    Args:
        made: names and tagged attribute values, as it should be.

    Raises:
        Malformed: it is something else, or holds something that DynamoDB can't.
    """
    if not isinstance(made, Mapping):
        raise Malformed("it is no dict of names to tagged attribute values")
    return _map(made, 1)


def _map(content: object, depth: int) -> Item:
    if not isinstance(content, Mapping):
        raise Malformed("an M holds no dict")
    kept: Item = {}
    for name, value in content.items():
        if not isinstance(name, str) or not name:
            raise Malformed("the name of an attribute is no text")
        _text(name)
        try:
            kept[name] = _value(value, depth)
        except Malformed as inside:
            raise (Malformed(f"attribute {name!r}: {inside}") if depth == 1 else inside) from None
    return kept


def _value(value: object, depth: int) -> AttributeValue:
    if depth > NESTING_LIMIT:
        raise Malformed(f"more than {NESTING_LIMIT} levels are nested")
    if not isinstance(value, Mapping) or len(value) != 1:
        raise Malformed("it is no value with one type tag, such as {'S': ...}")
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": _map(content, depth + 1)}
    if tag == "L":
        if not isinstance(content, list | tuple):
            raise Malformed("an L holds no list")
        return {"L": [_value(part, depth + 1) for part in content]}
    if tag in _MEMBERS:
        return {tag: _set(content, _MEMBERS[tag])}
    if not isinstance(tag, str) or tag not in _SCALARS:
        raise Malformed("it has a type tag that DynamoDB does not know")
    return {tag: _SCALARS[tag](content)}


def _set(content: object, member: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(content, list | tuple | set | frozenset) or not content:
        raise Malformed("a set holds no list of values, or an empty one")
    return [member(each) for each in content]


def _text(content: object) -> str:
    if not isinstance(content, str):
        raise Malformed("an S holds no text")
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            raise Malformed("a text is no valid Unicode") from None
    return content


def _number(content: object) -> str:
    if not isinstance(content, str):
        raise Malformed("an N holds no text; numbers are texts in attribute values")
    try:
        parse_number(content)
    except NumberRefused as refused:
        raise Malformed(f"an N can't be stored: {refused}") from None
    return content


def _binary(content: object) -> bytes:
    if not isinstance(content, bytes | bytearray | memoryview):
        raise Malformed("a B holds no bytes")
    return bytes(content)


def _truth(content: object) -> bool:
    if not isinstance(content, bool):
        raise Malformed("a BOOL holds neither True nor False")
    return content


def _null(content: object) -> bool:
    if content is not True:
        raise Malformed("a NULL holds something else than True")
    return content


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _truth,
    "NULL": _null,
}
_MEMBERS: Mapping[str, Callable[[Any], Any]] = {"SS": _text, "NS": _number, "BS": _binary}
