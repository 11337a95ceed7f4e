"""The shape of expressions: all of them but their values, as one hashable key.

Expressions of one shape are written with the same text, whatever their values. A shape is a list of tokens in
prefix order: each begins with what kind of node it is, which says what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from persistence.attributes import AttributeValue
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Contains,
    Discard,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    Value,
)

Tokens = list[Any]
Values = list[AttributeValue]


def note(node: object, tokens: Tokens, values: Values) -> None:
    """Note the shape and the values of a condition, key condition or update action.

    Args:
        node: the tree.
        tokens: takes its shape.
        values: takes its values in the order in which they are written.

    Raises:
        KeyError: a node is of an unknown kind.
    """
    _NOTES[type(node)](node, tokens, values)


def note_all(nodes: Iterable[object], tokens: Tokens, values: Values) -> None:
    """Note the shapes and values of several; how many there are must be known from their tokens."""
    for node in nodes:
        _NOTES[type(node)](node, tokens, values)


def _compare(node: Compare, tokens: Tokens, values: Values) -> None:
    left, right = node.left, node.right
    if type(left) is Path and type(right) is Value:
        tokens += (node.operator, left.segments)
        values.append(right.value)
        return
    tokens += (Compare, node.operator)
    note(left, tokens, values)
    note(right, tokens, values)


def _set(node: Set, tokens: Tokens, values: Values) -> None:
    operand = node.value
    if type(operand) is Value:
        tokens += (Set, node.path.segments)
        values.append(operand.value)
        return
    tokens += (Set, Set, node.path.segments)
    note(operand, tokens, values)


def _key_condition(node: KeyCondition, tokens: Tokens, values: Values) -> None:
    tokens += (KeyCondition, len(node.also))
    for name, value in (node.partition, *node.also):
        tokens.append((name,))
        values.append(value)
    if node.sort is not None:
        note(node.sort, tokens, values)


def _value(node: Value, tokens: Tokens, values: Values) -> None:
    tokens.append(Value)
    values.append(node.value)


def _in(node: In, tokens: Tokens, values: Values) -> None:
    tokens += (In, len(node.options))
    note(node.operand, tokens, values)
    note_all(node.options, tokens, values)


def _between(node: Between, tokens: Tokens, values: Values) -> None:
    tokens.append(Between)
    note_all((node.operand, node.low, node.high), tokens, values)


def _begins_with(node: BeginsWith, tokens: Tokens, values: Values) -> None:
    tokens += (BeginsWith, node.path.segments)
    note(node.prefix, tokens, values)


def _contains(node: Contains, tokens: Tokens, values: Values) -> None:
    tokens += (Contains, node.path.segments)
    note(node.operand, tokens, values)


def _attribute_type(node: AttributeType, tokens: Tokens, values: Values) -> None:
    tokens += (AttributeType, node.path.segments)
    values.append({"S": node.type})


def _junction(node: And | Or, tokens: Tokens, values: Values) -> None:
    tokens += (type(node), len(node.conditions))
    note_all(node.conditions, tokens, values)


def _not(node: Not, tokens: Tokens, values: Values) -> None:
    tokens.append(Not)
    note(node.condition, tokens, values)


def _path_only(node: AttributeExists | AttributeNotExists | Remove | Size, tokens: Tokens, _: Values) -> None:
    tokens += (type(node), node.path.segments)


def _path(node: Path, tokens: Tokens, _: Values) -> None:
    tokens += (Path, node.segments)


def _path_and_value(node: Add | Discard, tokens: Tokens, values: Values) -> None:
    tokens += (type(node), node.path.segments)
    values.append(node.value.value)


def _if_not_exists(node: IfNotExists, tokens: Tokens, values: Values) -> None:
    tokens += (IfNotExists, node.path.segments)
    note(node.default, tokens, values)


def _list_append(node: ListAppend, tokens: Tokens, values: Values) -> None:
    tokens.append(ListAppend)
    note_all((node.first, node.second), tokens, values)


def _sum(node: Plus | Minus, tokens: Tokens, values: Values) -> None:
    tokens.append(type(node))
    note_all((node.left, node.right), tokens, values)


_NOTES: Mapping[type, Callable[[Any, Tokens, Values], None]] = {
    Compare: _compare,
    Between: _between,
    In: _in,
    BeginsWith: _begins_with,
    Contains: _contains,
    AttributeExists: _path_only,
    AttributeNotExists: _path_only,
    AttributeType: _attribute_type,
    And: _junction,
    Or: _junction,
    Not: _not,
    KeyCondition: _key_condition,
    Path: _path,
    Value: _value,
    Size: _path_only,
    Set: _set,
    Remove: _path_only,
    Add: _path_and_value,
    Discard: _path_and_value,
    IfNotExists: _if_not_exists,
    ListAppend: _list_append,
    Plus: _sum,
    Minus: _sum,
}
