"""Conditions by what they demand, however they are written and wherever they stand in an operation."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import assert_never

from persistence.attributes import Item, comparable
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Comparator,
    Compare,
    Condition,
    Contains,
    In,
    KeyCondition,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Value,
)

_TURNED: Mapping[Comparator, Comparator] = MappingProxyType(
    {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
)


def demands_of(condition: Condition | None) -> Iterator[Condition]:
    """Give the single demands of which a condition wants all; both ends of a range are one each."""
    match condition:
        case None:
            return
        case And(parts):
            for part in parts:
                yield from demands_of(part)
        case Between(operand, low, high):
            yield Compare(">=", operand, low)
            yield Compare("<=", operand, high)
        case _:
            yield condition


def demands_of_key(condition: KeyCondition) -> Iterator[Condition]:
    """Give the single demands of a key condition."""
    for name, value in (condition.partition, *condition.also):
        yield Compare("=", Path.of(name), Value(value))
    yield from demands_of(condition.sort)


def demands_of_item(key: Item) -> Iterator[Condition]:
    """Give the demands that a whole key makes."""
    return (Compare("=", Path.of(name), Value(value)) for name, value in key.items())


def meaning(condition: Condition) -> Hashable:
    """Give a form of a condition that is equal where conditions demand the same.

    Values are compared as stored: numbers by value, sets without order.
    """
    match condition:
        case Compare(operator, left, right):
            if isinstance(left, Value) and not isinstance(right, Value):
                operator, left, right = _TURNED[operator], right, left
            return operator, _operand(left), _operand(right)
        case In(operand, options):
            return "in", _operand(operand), frozenset(map(_operand, options))
        case And() | Between():
            return "and", frozenset(map(meaning, demands_of(condition)))
        case Or(parts):
            return "or", frozenset(map(meaning, parts))
        case Not(inner):
            return _opposite(inner)
        case BeginsWith(path, operand):
            return "begins_with", path, _operand(operand)
        case Contains(path, operand):
            return "contains", path, _operand(operand)
        case AttributeExists(path):
            return "exists", path
        case AttributeNotExists(path):
            return "not_exists", path
        case AttributeType(path, tag):
            return "attribute_type", path, tag
        case _:
            assert_never(condition)


def _opposite(condition: Condition) -> Hashable:
    match condition:
        case Not(inner):
            return meaning(inner)
        case AttributeExists(path):
            return meaning(AttributeNotExists(path))
        case AttributeNotExists(path):
            return meaning(AttributeExists(path))
        case Compare("=", left, right):
            return meaning(Compare("<>", left, right))
        case Compare("<>", left, right):
            return meaning(Compare("=", left, right))
        case _:
            return "not", meaning(condition)


def _operand(operand: Operand) -> Hashable:
    match operand:
        case Value(value):
            compared: Hashable = comparable(value)
            return compared
        case Path() | Size():
            return operand
        case _:
            assert_never(operand)


def subject(condition: Condition) -> Path | None:
    """Give the path that a single demand is about; None where it is about several."""
    match condition:
        case Compare(_, left, right):
            return _path(right if isinstance(left, Value) else left)
        case In(operand) | Between(operand):
            return _path(operand)
        case (
            BeginsWith(path)
            | Contains(path)
            | AttributeExists(path)
            | AttributeNotExists(path)
            | AttributeType(path)
        ):
            return path
        case Not(inner):
            return subject(inner)
        case _:
            return None


def _path(operand: Operand) -> Path | None:
    if isinstance(operand, Size):
        return operand.path
    return operand if isinstance(operand, Path) else None
