"""Items as lines of text: DynamoDB JSON, as AWS's own export to S3 writes it, and back.

A line is always the same for the same item: names and the members of sets are in order, and numbers have the
one text that the service returns. So lines can be compared instead of items.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.attributes import (
    ITEM_SIZE_LIMIT,
    NESTING_LIMIT,
    AttributeValue,
    Item,
    NumberRefused,
    canonical_number,
    parse_number,
)

LONGEST_LINE = 80 * ITEM_SIZE_LIMIT
"""Bytes of the longest line that is read.

Nothing grows more than a number in a set: `1E-130` counts as 2 bytes of an item and takes 135 in a line.
"""

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,37}")


class InvalidLine(ValueError):
    """A line that is no item; the message says why, without its content."""


def line_of(item: Item) -> bytes:
    """Write an item as a line, without the line feed.

    Args:
        item: tagged attribute values.
    """
    return _json({"Item": data_of(item)})


def data_of(item: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """Give an item or key as JSON data: binary as base64."""
    return {name: _data(value) for name, value in item.items()}


def text_of_key(item: Item, names: tuple[str, ...]) -> str:
    """Write the key of an item as JSON, for reports."""
    return _json(data_of({name: item[name] for name in names if name in item})).decode()


def item_of(line: bytes) -> Item:
    """Read a line.

    Args:
        line: without or with its line feed.

    Raises:
        InvalidLine: it is no item in DynamoDB JSON.
    """
    try:
        document = json.loads(line)
    except RecursionError:
        raise InvalidLine("it is nested too deeply") from None
    except ValueError:
        raise InvalidLine("it is no JSON") from None
    if not isinstance(document, dict) or list(document) != ["Item"]:
        raise InvalidLine('it is not of the form {"Item": {...}}')
    return item_of_data(document["Item"])


def item_of_data(data: object) -> Item:
    """Read an item or key from JSON data.

    Raises:
        InvalidLine: it is none.
    """
    if not isinstance(data, dict) or not data:
        raise InvalidLine("its item is no object with attributes")
    return {name: _value(part, 1) for name, part in data.items()}


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _data(value: AttributeValue) -> dict[str, Any]:
    ((tag, content),) = value.items()
    match tag:
        case "N":
            return {tag: _number(content)}
        case "B":
            return {tag: _base64(content)}
        case "L":
            return {tag: [_data(part) for part in content]}
        case "M":
            return {tag: data_of(content)}
        case "SS":
            return {tag: sorted(content)}
        case "NS":
            return {tag: sorted(map(_number, content))}
        case "BS":
            return {tag: sorted(map(_base64, content))}
        case _:
            return {tag: content}


def _number(text: str) -> str:
    if _WHOLE.fullmatch(text):
        return text
    try:
        return canonical_number(text)
    except NumberRefused:
        return text  # what a store gives is kept, even where the service would not have it


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _value(data: object, depth: int) -> AttributeValue:
    if not isinstance(data, dict) or len(data) != 1:
        raise InvalidLine("an attribute is no object with one type tag")
    ((tag, content),) = data.items()
    if tag not in _READERS:
        raise InvalidLine("an attribute has an unknown type tag")
    return {tag: _READERS[tag](content, depth)}


def _read_text(content: object, depth: int) -> str:
    if not isinstance(content, str):
        raise InvalidLine("a text, or a member of a set, is no string")
    try:
        content.encode()
    except UnicodeEncodeError:
        raise InvalidLine("a text is no valid Unicode") from None
    return content


def _read_number(content: object, depth: int) -> str:
    text = _read_text(content, depth)
    try:
        parse_number(text)
    except NumberRefused as refused:
        raise InvalidLine(f"a number can't be: {refused}") from None
    return text


def _read_binary(content: object, depth: int) -> bytes:
    try:
        return base64.b64decode(_read_text(content, depth), validate=True)
    except ValueError:
        raise InvalidLine("a binary value is no base64") from None


def _read_truth(content: object, depth: int) -> bool:
    if not isinstance(content, bool):
        raise InvalidLine("a BOOL is neither true nor false")
    return content


def _read_null(content: object, depth: int) -> bool:
    if content is not True:
        raise InvalidLine("a NULL is not true")
    return True


def _read_list(content: object, depth: int) -> list[AttributeValue]:
    if not isinstance(content, list) or depth >= NESTING_LIMIT:
        raise InvalidLine(f"a list is none, or is nested deeper than {NESTING_LIMIT} levels")
    return [_value(part, depth + 1) for part in content]


def _read_map(content: object, depth: int) -> dict[str, AttributeValue]:
    if not isinstance(content, dict) or depth >= NESTING_LIMIT:
        raise InvalidLine(f"a map is none, or is nested deeper than {NESTING_LIMIT} levels")
    return {name: _value(part, depth + 1) for name, part in content.items()}


def _set_of(read: Callable[[object, int], Any]) -> Callable[[object, int], list[Any]]:
    def read_set(content: object, depth: int) -> list[Any]:
        if not isinstance(content, list) or not content:
            raise InvalidLine("a set is no list of members")
        return [read(member, depth) for member in content]

    return read_set


_READERS: Mapping[str, Callable[[object, int], Any]] = {
    "S": _read_text,
    "N": _read_number,
    "B": _read_binary,
    "BOOL": _read_truth,
    "NULL": _read_null,
    "L": _read_list,
    "M": _read_map,
    "SS": _set_of(_read_text),
    "NS": _set_of(_read_number),
    "BS": _set_of(_read_binary),
}
