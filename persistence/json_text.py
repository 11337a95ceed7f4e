"""DynamoDB's JSON of plain data: how requests write it, and how what was written is read again."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

quoted: Callable[[str], str] = encode_basestring_ascii
"""Write a text in JSON's quotes, in ASCII; `TypeError` for what is none."""


def binary_text(binary: bytes) -> str:
    """Write a binary value as base64, without quotes."""
    return b64encode(binary).decode("ascii")


def plain_text(value: object) -> str:
    """Write plain data as the standard library does, in ASCII, with binary values as base64.

    Raises:
        TypeError: something has no place in a request.
        ValueError: a number that JSON does not have.
    """
    return _ENCODER.encode(value)


def read_text(text: str) -> Any:
    """Read plain data in which binary values are base64.

    Args:
        text: JSON; `"B"` and `"BS"` stand for binary values where they hold text.

    Raises:
        ValueError: it is no JSON.
    """
    if '"B"' in text or '"BS"' in text:
        return json.loads(text, object_hook=with_bytes)
    return json.loads(text)


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return binary_text(value)
    raise TypeError(f"{type(value).__name__} has no place in a request")


def with_bytes(found: dict[str, Any]) -> dict[str, Any]:
    """Give an object of DynamoDB's JSON with its binary values as `bytes`, which are base64 there.

    Args:
        found: an object as it was read.
    """
    # A binary value holds text. An attribute, a map's member or a table of that name holds an object, or a
    # list of objects.
    match found:
        case {"B": str(text)}:
            return {**found, "B": b64decode(text)}
        case {"BS": [str(), *_] as texts} if all(type(text) is str for text in texts):
            return {**found, "BS": [b64decode(text) for text in texts]}
        case _:
            return found


# A circle ends the check of the form; to look for one once more takes a fifth of the time.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, default=_written)
