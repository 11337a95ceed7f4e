"""The bodies of requests and answers: DynamoDB's JSON from and to plain data.

The parameters of a data operation are its body, and the body of an answer is its data, but for binary values,
which are base64 in JSON and `bytes` in Python.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any


def body_of(parameters: Mapping[str, Any]) -> bytes:
    """Write the body of a request.

    Args:
        parameters: keyword arguments of a method of boto3's client.

    Raises:
        TypeError: they hold something that has no place in an attribute value.
        ValueError: they hold a float that JSON has no number for.
    """
    return _ENCODER.encode(parameters).encode("ascii")


def content_of(body: bytes) -> dict[str, Any]:
    """Read the body of an answer.

    Args:
        body: JSON text in UTF-8.

    Returns:
        The same data as botocore's own parser gives.

    Raises:
        ValueError: it is no JSON.
    """
    if b'"B"' in body or b'"BS"' in body:
        content: dict[str, Any] = json.loads(body, object_hook=_with_bytes)
    else:
        content = json.loads(body)
    return content


def _written(value: object) -> object:
    match value:
        case bytes() | bytearray() | memoryview():
            return b64encode(value).decode("ascii")
        case set() | frozenset():
            return sorted(value, key=repr)
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a request")


def _with_bytes(found: dict[str, Any]) -> dict[str, Any]:
    # A binary value holds text. An attribute, a map's member or a table of that name holds an object, or a list
    # of objects.
    match found:
        case {"B": str(text), **others} if not others:
            return {"B": b64decode(text)}
        case {"BS": [*texts], **others} if not others and all(isinstance(text, str) for text in texts):
            return {"BS": [b64decode(text) for text in texts]}
        case _:
            return found


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_written)
