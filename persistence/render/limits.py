"""What an expression may hold.

Sources of the limits: developer guide, "Service, account, and table quotas": Expression parameters, and
"Condition and filter expressions, operators, and functions".
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any

from persistence.errors import QueryError
from persistence.expressions import Operand, Path

EXPRESSION_BYTES = 4096
"""Bytes of one expression string, placeholders and not what they stand for."""
EXPRESSION_OPERATORS = 300
"""Comparisons, functions of conditions, AND, OR, NOT, + and - in one expression."""
IN_OPTIONS = 100
"""Options of one IN."""
PLACEHOLDER_BYTES = 2 * 1024 * 1024
"""Bytes of all names and values, with their placeholders, of one request."""


def within_size(what: str, expression: str) -> str:
    """Give an expression as it is.

    Raises:
        QueryError: it is too long.
    """
    if len(expression) > EXPRESSION_BYTES:
        raise QueryError(
            f"the {what} expression takes {len(expression)} bytes, DynamoDB allows {EXPRESSION_BYTES}; "
            "split it into several requests"
        )
    return expression


def within_options(options: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """Give the options of an IN as they are.

    Raises:
        QueryError: there are none, or too many.
    """
    if not options:
        raise QueryError("IN needs at least one option; nothing is in an empty list")
    if len(options) > IN_OPTIONS:
        raise QueryError(f"IN takes at most {IN_OPTIONS} options, got {len(options)}; ask several times")
    return options


def refuse_overlaps(what: str, paths: tuple[Path, ...]) -> None:
    """Refuse paths of which one is another, or lies within it.

    Raises:
        QueryError: two overlap.
    """
    seen: dict[tuple[str | int, ...], Path] = {}
    for path in sorted(paths, key=lambda path: len(path.segments)):
        for length in range(1, len(path.segments) + 1):
            if path.segments[:length] in seen:
                raise QueryError(
                    f"two paths of the {what} overlap: {seen[path.segments[:length]]} and {path}; "
                    "remove one, or write their common parent as a whole"
                )
        seen[path.segments] = path


def refuse_heavy(names: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Refuse names and values, with their placeholders, that are too much for one request.

    Raises:
        QueryError: together they are over 2 MB.
    """
    size = _weight(names) + _weight(values)
    if size > PLACEHOLDER_BYTES:
        raise QueryError(
            f"the names and values of a request's expressions take {size} bytes; "
            f"DynamoDB allows {PLACEHOLDER_BYTES}"
        )


def surely_light(values: Any, most: int) -> bool:
    """Tell whether values certainly weigh no more than so many bytes; False means that they must be weighed.

    The encoding of the standard library's marshal, version 2, writes every text in full and at least as much
    beside them as counts.
    """
    try:
        return len(marshal.dumps(values, 2)) <= most
    except ValueError:
        return False


def _weight(content: Any) -> int:
    """Give the bytes of a name or value; unlike `value_size` also for what the service will refuse."""
    match content:
        case str():
            return _text_weight(content)
        case Mapping():
            return sum(_weight(name) + _weight(part) for name, part in content.items())
        case list() | tuple():
            return sum(map(_weight, content))
        case bytes():
            return len(content)
        case _:
            return 1


def _text_weight(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise QueryError(
            "a name or a text of the request has half of a surrogate pair, which has no form in UTF-8; names "
            "and texts are valid Unicode"
        ) from error
