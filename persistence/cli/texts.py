"""Values as texts: JSON, and cells of tables."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

Plain = Any
"""None, bool, int, float, Decimal, str, or lists and dicts of such."""


def json_text(data: Plain) -> str:
    """Write plain data as JSON in one line, Decimals with all of their digits."""
    match data:
        case Decimal():
            return format(data, "f") if -_LONGEST < data.adjusted() < _LONGEST else str(data)
        case dict():
            return f"{{{', '.join(f'{_quoted(str(key))}: {json_text(part)}' for key, part in data.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(json_text, data))}]"
        case _:
            return _quoted(data)


_LONGEST = 30
"""Digits before or behind the point beyond which a number is written with an exponent."""


def _quoted(data: Plain) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def json_document(data: Plain) -> str:
    """Write plain data as JSON for people, on several lines."""
    return json.dumps(data, ensure_ascii=False, default=str, indent=2)


def printable(text: str, encoding: str | None) -> str:
    """Write what an encoding does not have as escapes of JSON, so that it stays JSON on any terminal."""
    if _has(encoding, text):
        return text
    return "".join(each if _has(encoding, each) else json.dumps(each)[1:-1] for each in text)


def _has(encoding: str | None, text: str) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def cell(value: Plain) -> str:
    """Write a value for a cell of a table."""
    match value:
        case None:
            return ""
        case str():
            return value
        case True | False:
            return "yes" if value else "no"
        case list() | dict():
            return json_text(value)
        case _:
            return str(value)
