"""Attribute values as bytes, which give the same value back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from persistence.attributes import AttributeValue

_DOCUMENT = b"J"
_TEXTS = {"S": b"S", "N": b"N"}


def to_bytes(value: AttributeValue) -> bytes:
    """Write an attribute value: what is one text, number or binary as it is, all else as JSON."""
    if len(value) == 1:
        ((tag, content),) = value.items()
        if tag in _TEXTS:
            return _TEXTS[tag] + str(content).encode()
        if tag == "B":
            return b"B" + bytes(content)
    return _DOCUMENT + json.dumps(value, default=_base64, ensure_ascii=False, separators=(",", ":")).encode()


def from_bytes(content: bytes) -> AttributeValue:
    """Read what `to_bytes` wrote, after it was authenticated.

    Raises:
        ValueError: it is something else.
    """
    kind, rest = content[:1], content[1:]
    if kind == b"B":
        return {"B": rest}
    if kind in (b"S", b"N"):
        return {kind.decode(): rest.decode()}
    if kind != _DOCUMENT:
        raise ValueError("no attribute value")
    return _read(json.loads(rest))


def _base64(binary: Any) -> str:
    return b64encode(bytes(binary)).decode()


def _read(value: dict[str, Any]) -> AttributeValue:
    ((tag, content),) = value.items()
    match tag:
        case "B":
            return {tag: b64decode(content, validate=True)}
        case "BS":
            return {tag: [b64decode(each, validate=True) for each in content]}
        case "L":
            return {tag: [_read(each) for each in content]}
        case "M":
            return {tag: {name: _read(each) for name, each in content.items()}}
        case _:
            return value
