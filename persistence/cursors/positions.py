"""Positions: the key attributes of table and index that a page ended with, and their form in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from persistence.attributes import (
    PARTITION_KEY_SIZE_LIMIT,
    SORT_KEY_SIZE_LIMIT,
    AttributeValue,
    Item,
    NumberRefused,
    parse_number,
)
from persistence.cursors.base64url import plain_bytes, plain_text
from persistence.cursors.binding import Binding
from persistence.errors import InvalidCursor

_ESCAPED_TEXT = "s"
"""The tag of a text that JSON would have to escape, at up to 6 times its size."""


def misfit(position: Item, binding: Binding) -> str | None:
    """Tell why a position can't be one of a table or index, without its values; None if it can.

    Args:
        position: attribute name -> attribute value.
        binding: names the table and index.
    """
    limits = _size_limits(binding)
    if set(position) != set(limits):
        return f"it needs the attributes {', '.join(limits)}, and has {', '.join(position) or 'none'}"
    for name, limit in limits.items():
        kind = binding.table.type_of(name)
        if list(position[name]) != [kind]:
            return f"attribute {name!r} is of type {'/'.join(position[name])}, not {kind}"
        if not _IS_KEY[kind](position[name][kind], limit):
            return f"attribute {name!r} holds no {kind} that a key of up to {limit} bytes can be"
    return None


def _size_limits(binding: Binding) -> dict[str, int]:
    """Give the name of each key attribute of index and table, and how many bytes it may have."""
    limits: dict[str, int] = {}
    for key in (binding.table.index_key(binding.index), binding.table.key):
        for name in key.names:
            limit = PARTITION_KEY_SIZE_LIMIT if name in key.partitions else SORT_KEY_SIZE_LIMIT
            limits[name] = min(limit, limits.get(name, limit))
    return limits


def _is_text(content: object, limit: int) -> bool:
    if not isinstance(content, str):
        return False
    try:
        return 0 < len(content.encode()) <= limit
    except UnicodeEncodeError:
        return False


def _is_binary(content: object, limit: int) -> bool:
    return isinstance(content, bytes) and 0 < len(content) <= limit


def _is_number(content: object, limit: int) -> bool:
    if not isinstance(content, str) or not content.isascii() or len(content) > limit:
        return False
    try:
        parse_number(content)
    except NumberRefused:
        return False
    return True


_IS_KEY: Mapping[str, Callable[[object, int], bool]] = {"S": _is_text, "B": _is_binary, "N": _is_number}


def json_text(document: object) -> str:
    """Write JSON without white space, and without escapes where none are needed."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def parsed_json(content: bytes) -> object:
    """Read JSON from UTF-8.

    Raises:
        InvalidCursor: it is none, or an object in it has two members of one name.
    """
    try:
        return json.loads(content.decode(), object_pairs_hook=_members)
    except (ValueError, RecursionError):
        # From None: the cause would show the content.
        raise InvalidCursor("malformed") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("two members of one name")
    return members


def written_position(position: Item) -> dict[str, dict[str, str]]:
    """Give the JSON form of a position that fits."""
    return {name: _written(value) for name, value in position.items()}


def _written(value: AttributeValue) -> dict[str, str]:
    ((tag, content),) = value.items()
    if tag == "B":
        return {tag: plain_text(content)}
    if tag == "S" and len(json_text(content)) > len(content) + len('""'):
        return {_ESCAPED_TEXT: plain_text(content.encode())}
    return {tag: content}


Reader = Callable[[str], AttributeValue]
"""Reads the content of a JSON form; a ValueError says that it is none."""

TYPED_READERS: Mapping[str, Reader] = {
    "S": lambda content: {"S": content},
    "N": lambda content: {"N": content},
    "B": lambda content: {"B": plain_bytes(content)},
}
"""How an attribute value of each type is read from JSON."""

READERS: Mapping[str, Reader] = {
    **TYPED_READERS,
    _ESCAPED_TEXT: lambda content: {"S": plain_bytes(content).decode()},
}
"""How what `written_position` has written is read."""


def read_position(written: object, readers: Mapping[str, Reader], binding: Binding) -> Item:
    """Read a position from its JSON form.

    Args:
        written: anything that JSON can hold.
        readers: by type tag.
        binding: the query that it is to be used with.

    Raises:
        InvalidCursor: it is none, or does not fit the table or index.
    """
    if not isinstance(written, dict):
        raise InvalidCursor("malformed")
    try:
        position = {name: _read(value, readers) for name, value in written.items()}
    except ValueError:
        raise InvalidCursor("malformed") from None
    if misfit(position, binding) is not None:
        raise InvalidCursor("foreign")
    return position


def _read(written: object, readers: Mapping[str, Reader]) -> AttributeValue:
    if not isinstance(written, dict) or len(written) != 1:
        raise InvalidCursor("malformed")
    ((tag, content),) = written.items()
    if tag not in readers or not isinstance(content, str):
        raise InvalidCursor("malformed")
    return readers[tag](content)
