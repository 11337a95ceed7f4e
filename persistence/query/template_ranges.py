"""Ranges of a field inside of a key template, such as of `placed_at` in `ORDER#{placed_at}#{id}`.

The text before the field is the same in all that match, so the range lies between texts that begin with it,
and items of other types in the partition are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.errors import QueryError
from persistence.expressions import BeginsWith, Between, Compare, Path, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.keys import Slot
from persistence.mapping.refusal import Refused, said
from persistence.query.fitness import is_last, sorts_like_its_values, width_of
from persistence.query.terms import Comparison

_LAST = "\U0010ffff"
"""Sorts behind all that a text goes on with: the last code point, which is no character."""


def range_of_template(
    mapping: EntityMapping[Any], sort: KeyPart, term: Comparison, values: Mapping[str, object]
) -> Compare | Between | BeginsWith | None:
    """Give the condition on a sort key that a range of its first free field makes.

    Args:
        mapping: the entity's mapping.
        sort: a sort key that is made by a template.
        term: the range.
        values: the fields that are fixed.

    Returns:
        The condition, which holds of the type's items that are in the range and of no others; None where
        there is none, because texts don't sort as the field does or a longer text could slip in between.

    Raises:
        QueryError: an operand is none that the field stores.
    """
    assert sort.parsed is not None
    slot = next(slot for slot in sort.parsed.slots if slot.name not in values)
    if slot.name != term.names[0] or not sorts_like_its_values(slot):
        return None
    width = None if is_last(slot, sort) else width_of(slot)
    if width is None and not is_last(slot, sort):
        return None
    prefix = sort.prefix(values) or ""
    path = Path.of(sort.attribute)
    if term.operator == "begins_with":
        return _beginning(mapping, path, slot, prefix, width, term.operands[0])
    texts = [_text(mapping, slot, operand) for operand in term.operands]
    if any(not text or _LAST in text for text in texts):
        return None
    return _between(term, path, prefix, [prefix + text for text in texts], "" if width is None else _LAST)


def _between(
    term: Comparison, path: Path, prefix: str, texts: list[str], behind: str
) -> Compare | Between | BeginsWith:
    """Write a range of texts; `behind` leads behind all that begins with one of them."""
    match term.operator:
        case "between":
            return Between(path, _value(texts[0]), _value(texts[1] + behind))
        case ">=" if prefix:
            return Between(path, _value(texts[0]), _value(prefix + _LAST))
        case ">" if prefix:
            return Between(path, _value(texts[0] + (behind or "\0")), _value(prefix + _LAST))
        case "<=" if prefix:
            return Between(path, _value(prefix), _value(texts[0] + behind))
        case "<" if prefix:
            return Between(path, _value(prefix), _value(_before(texts[0])))
        case ">" | "<=":
            return Compare(term.operator, path, _value(texts[0] + behind))
        case "<" | ">=":
            return Compare(term.operator, path, _value(texts[0]))
        case _:
            raise AssertionError(f"no range: {term.operator}")


def _before(text: str) -> str:
    """Give a text that sorts before another one, and behind all others that do."""
    code = ord(text[-1]) - 1
    if code < 0:
        return text[:-1]
    # Surrogates are no text by themselves.
    return text[:-1] + (chr(code) if not 0xD800 <= code <= 0xDFFF else "\ud7ff") + _LAST


def _beginning(
    mapping: EntityMapping[Any], path: Path, slot: Slot, prefix: str, width: int | None, operand: object
) -> BeginsWith | None:
    if slot.spec:
        return None
    beginning = mapping.resolve((slot.name,)).prefix(operand).get("S")
    if not beginning or (width is not None and len(beginning) > width):
        return None
    return BeginsWith(path, _value(prefix + beginning))


def _text(mapping: EntityMapping[Any], slot: Slot, operand: object) -> str:
    mapping.resolve((slot.name,)).encode(operand)
    try:
        return slot.text(operand)
    except Refused as refused:
        raise QueryError(
            f"{mapping.name}.{slot.name} can't be compared with this {type(operand).__name__} in a key: "
            f"{said(refused.messages)}"
        ) from refused


def _value(text: str) -> Value:
    return Value({"S": text})
