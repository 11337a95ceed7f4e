"""Keeping values out of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from persistence.attributes import AttributeValue, type_of
from persistence.testing.recordings.walking import Replacing

_STAND_INS: Mapping[str, Any] = MappingProxyType(
    {
        "S": "<redacted>",
        "N": "0",
        "B": b"<redacted>",
        "BOOL": False,
        "NULL": True,
        "L": [],
        "M": {},
        "SS": ["<redacted>"],
        "NS": ["0"],
        "BS": [b"<redacted>"],
    }
)

Redaction = Iterable[str] | Replacing
"""Names of attributes, at any depth; or what gives a stand-in for the value of an attribute."""


def redacting(redact: Redaction) -> Replacing | None:
    """Give what replaces values that are not to be recorded; None where all may be.

    A stand-in has the type of its value. It says nothing about it: all values of a type have the same.
    """
    if callable(redact):
        return redact
    names = frozenset([redact] if isinstance(redact, str) else redact)
    if not names:
        return None

    def replacing(name: str, value: AttributeValue) -> AttributeValue:
        return {(tag := type_of(value)): _STAND_INS[tag]} if name in names else value

    return replacing
