"""Ranges of a field inside of a key template, such as of `placed_at` in `ORDER#{placed_at}#{id}`.

The text before the field is the same in all that match, so the range lies between texts that begin with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.errors import QueryError
from persistence.expressions import BeginsWith, Between, Compare, Path, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.keys import Slot
from persistence.mapping.paths import bare
from persistence.mapping.refusal import Refused, said
from persistence.mapping.scalars import DATE, DATETIME, UUID
from persistence.query.fitness import sorts_like_its_values
from persistence.query.terms import Comparison

_LAST = "\U0010ffff"
"""Sorts behind every text that a date, a padded number or an ordinary text begins with."""

_ALWAYS_AS_LONG = (DATE, DATETIME, UUID)


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
        The condition; None where texts don't sort as the field does, or a longer text could slip in between.

    Raises:
        QueryError: an operand is none that the field stores.
    """
    assert sort.parsed is not None
    slots = sort.parsed.slots
    place = next(at for at, slot in enumerate(slots) if slot.name not in values)
    slot = slots[place]
    if slot.name != term.names[0] or not sorts_like_its_values(slot):
        return None
    last = place == len(slots) - 1 and not sort.parsed.literals[-1]
    if not last and not _always_as_long(slot):
        return None
    prefix = sort.prefix(values) or ""
    path = Path.of(sort.attribute)
    if term.operator == "begins_with":
        return _beginning(mapping, path, slot, prefix, term.operands[0])
    texts = [prefix + _text(mapping, slot, operand) for operand in term.operands]
    return _between(term, path, prefix, texts, "" if last else _LAST)


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
        case ">" | "<=":
            return Compare(term.operator, path, _value(texts[0] + behind))
        case "<" | ">=":
            # What sorts before the prefix is read too; it is of another type, and so filtered out.
            return Compare(term.operator, path, _value(texts[0]))
        case _:
            raise AssertionError(f"no range: {term.operator}")


def _beginning(
    mapping: EntityMapping[Any], path: Path, slot: Slot, prefix: str, operand: object
) -> BeginsWith | None:
    if slot.spec:
        return None
    beginning = mapping.resolve((slot.name,)).prefix(operand)
    return BeginsWith(path, _value(prefix + beginning["S"])) if "S" in beginning else None


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


def _always_as_long(slot: Slot) -> bool:
    """Tell whether all texts of a field have the same length, so that what follows can't change the order."""
    return bool(slot.spec) or bare(slot.node) in _ALWAYS_AS_LONG
