"""What the validators of a field demand, as data: for documents that describe entities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import fields, validate

_PATTERN_FLAGS = re.UNICODE.value


@dataclass(frozen=True, slots=True)
class Constraints:
    """What the validators of a field demand.

    Attributes:
        shortest, longest: bounds of the length.
        least, most: bounds of the value, themselves allowed.
        above, below: bounds of the value, themselves not allowed.
        choices: the values that are allowed; None for any.
        excluded: values that are not.
        patterns: regular expressions in Python's dialect that the beginning of a text matches.
        members: the values that the members of a list may have; None for any.
        text_format: "email" or "uri", where the field takes such texts.
        others: how many validators demand what this can't tell.
    """

    shortest: int | None = None
    longest: int | None = None
    least: Any = None
    most: Any = None
    above: Any = None
    below: Any = None
    choices: tuple[Any, ...] | None = None
    excluded: tuple[Any, ...] = ()
    patterns: tuple[str, ...] = ()
    members: tuple[Any, ...] | None = None
    text_format: str | None = None
    others: int = 0


def constraints_of(field: fields.Field[Any]) -> Constraints:
    """Tell what the validators of a field demand.

    Args:
        field: any marshmallow field.
    """
    found = Constraints()
    for validator in _flat(field.validators):
        found = _with(found, validator)
    if isinstance(field, fields.IPv4 | fields.IPv6):
        return replace(found, text_format="ipv4" if isinstance(field, fields.IPv4) else "ipv6")
    return found


def _flat(validators: list[Any]) -> Iterator[Any]:
    for validator in validators:
        if isinstance(validator, validate.And):
            yield from _flat(list(validator.validators))
        else:
            yield validator


def _with(found: Constraints, validator: Any) -> Constraints:
    match validator:
        case validate.Email():
            return replace(found, text_format="email")
        case validate.URL():
            return replace(found, text_format="uri-reference" if validator.relative else "uri")
        case validate.Length():
            return _with_length(found, validator)
        case validate.Range():
            return _with_range(found, validator)
        case validate.ContainsOnly():  # a OneOf to Python
            return replace(found, members=_common(found.members, tuple(validator.choices)))
        case validate.OneOf():
            return replace(found, choices=_common(found.choices, tuple(validator.choices)))
        case validate.Equal():
            return replace(found, choices=_common(found.choices, (validator.comparable,)))
        case validate.NoneOf() if not isinstance(validator, validate.ContainsNoneOf):
            return replace(found, excluded=(*found.excluded, *validator.iterable))
        case validate.Regexp() if _is_plain(validator.regex):
            return replace(found, patterns=(*found.patterns, str(validator.regex.pattern)))
        case _:
            return replace(found, others=found.others + 1)


def _is_plain(regex: re.Pattern[Any]) -> bool:
    return isinstance(regex.pattern, str) and regex.flags == _PATTERN_FLAGS


def _with_length(found: Constraints, validator: validate.Length) -> Constraints:
    least = validator.equal if validator.equal is not None else validator.min
    most = validator.equal if validator.equal is not None else validator.max
    return replace(
        found, shortest=_tighter(max, found.shortest, least), longest=_tighter(min, found.longest, most)
    )


def _with_range(found: Constraints, validator: validate.Range) -> Constraints:
    low, high = (
        ("least" if validator.min_inclusive else "above"),
        ("most" if validator.max_inclusive else "below"),
    )
    return replace(
        found,
        **{
            low: _tighter(max, getattr(found, low), validator.min),
            high: _tighter(min, getattr(found, high), validator.max),
        },
    )


def _tighter(choose: Any, known: Any, wanted: Any) -> Any:
    if known is None or wanted is None:
        return wanted if known is None else known
    return choose(known, wanted)


def _common(known: tuple[Any, ...] | None, wanted: tuple[Any, ...]) -> tuple[Any, ...]:
    return wanted if known is None else tuple(each for each in known if each in wanted)
