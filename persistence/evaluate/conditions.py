"""Answer conditions over items with the service's type semantics.

A missing attribute and a value of another type are not errors: `<>` and `NOT ... = ...` are then true, every
other comparison is false (developer guide, "Comparison operator and function reference").
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, assert_never

from persistence.attributes import AttributeValue, Item, comparable, same
from persistence.evaluate.paths import value_at
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Value,
)

_ORDERED = frozenset("SNB")
_MEMBER_TYPES = {"SS": "S", "NS": "N", "BS": "B"}
_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: Condition, item: Item | None) -> bool:
    """Tell whether a condition holds for an item.

    Args:
        condition: the whole condition tree.
        item: the stored item; None where there is none.
    """
    if item is None:
        item = {}
    if isinstance(condition, AttributeNotExists):
        return value_at(condition.path, item) is None
    return _holds(condition, item)


def _holds(condition: Condition, item: Item) -> bool:
    match condition:
        case Compare(comparator, left, right):
            return _compares(comparator, _resolved(left, item), _resolved(right, item))
        case AttributeExists(path):
            return value_at(path, item) is not None
        case And(conditions):
            return all(_holds(part, item) for part in conditions)
        case Or(conditions):
            return any(_holds(part, item) for part in conditions)
        case Not(negated):
            return not _holds(negated, item)
        case AttributeNotExists(path):
            return value_at(path, item) is None
        case AttributeType(path, tag):
            return tag in (value_at(path, item) or ())
        case Between(operand, low, high):
            return _is_between(*(_resolved(part, item) for part in (operand, low, high)))
        case In(operand, options):
            found = _resolved(operand, item)
            return any(_equal(found, _resolved(option, item)) for option in options)
        case BeginsWith(path, prefix):
            return _begins_with(value_at(path, item), _resolved(prefix, item))
        case Contains(path, operand):
            return _contains(value_at(path, item), _resolved(operand, item))
        case _:
            assert_never(condition)


def _resolved(operand: Operand, item: Item) -> AttributeValue | None:
    match operand:
        case Path():
            return value_at(operand, item)
        case Value():
            return operand.value
        case Size(path):
            return _size(value_at(path, item))
        case _:
            assert_never(operand)


def _size(value: AttributeValue | None) -> AttributeValue | None:
    if value is None:
        return None
    ((tag, content),) = value.items()
    match tag:
        case "N" | "BOOL" | "NULL":
            return None
        case "S":
            return {"N": str(_utf_16_units(content))}
        case _:
            return {"N": str(len(content))}


def _utf_16_units(text: str) -> int:
    """Give the length of a text as the service counts it: a character beyond U+FFFF is two units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _compares(comparator: str, left: AttributeValue | None, right: AttributeValue | None) -> bool:
    match comparator:
        case "=":
            return _equal(left, right)
        case "<>":
            return not _equal(left, right)
        case _:
            return _in_order(_ORDERINGS[comparator], left, right)


def _equal(left: AttributeValue | None, right: AttributeValue | None) -> bool:
    return left is not None and right is not None and same(left, right)


def _in_order(
    ordering: Callable[[Any, Any], bool], left: AttributeValue | None, right: AttributeValue | None
) -> bool:
    if left is None or right is None:
        return False
    ((left_tag, left_content),) = left.items()
    ((right_tag, right_content),) = right.items()
    if left_tag != right_tag or left_tag not in _ORDERED:
        return False
    if left_tag == "N":
        return ordering(Decimal(left_content), Decimal(right_content))
    # Code points are ordered as their UTF-8 bytes are, which is the service's order of strings.
    return ordering(left_content, right_content)


def _is_between(
    value: AttributeValue | None, low: AttributeValue | None, high: AttributeValue | None
) -> bool:
    return _in_order(operator.ge, value, low) and _in_order(operator.le, value, high)


def _begins_with(value: AttributeValue | None, prefix: AttributeValue | None) -> bool:
    if value is None or prefix is None:
        return False
    for tag in ("S", "B"):
        if tag in value and tag in prefix:
            return bool(value[tag].startswith(prefix[tag]))
    return False


def _contains(value: AttributeValue | None, wanted: AttributeValue | None) -> bool:
    if value is None or wanted is None:
        return False
    ((tag, content),) = value.items()
    ((wanted_tag, wanted_content),) = wanted.items()
    match tag:
        case "S" | "B":
            return wanted_tag == tag and wanted_content in content
        case "L":
            return any(same(element, wanted) for element in content)
        case "SS" | "NS" | "BS":
            member = _MEMBER_TYPES[tag]
            members = {comparable({member: part}) for part in content}
            return wanted_tag == member and comparable(wanted) in members
        case _:
            return False
