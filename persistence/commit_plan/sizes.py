"""Bytes that actions of a transaction have, as the service counts them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from persistence.attributes import AttributeValue, item_size, value_size
from persistence.expressions import (
    Condition,
    IfNotExists,
    ListAppend,
    Minus,
    Path,
    Plus,
    Set,
    UpdateAction,
    Value,
    constants_of,
    operands_of,
)
from persistence.operations import ConditionCheck, DeleteItem, PutItem, TransactAction, UpdateItem


def action_size(action: TransactAction) -> int:
    """Give the bytes of an action, with those of the constants of its condition."""
    condition = action.condition
    compared = 0 if condition is None else sum(map(value_size, constants_of(condition)))
    match action:
        case PutItem():
            return compared + item_size(action.item)
        case UpdateItem():
            return compared + item_size(action.key) + sum(map(_update_size, action.actions))
        case DeleteItem() | ConditionCheck():
            return compared + item_size(action.key)


def constant_of(action: UpdateAction) -> AttributeValue | None:
    """Give the constant that an update action stores, if it is one."""
    value = getattr(action, "value", None)
    return value.value if isinstance(value, Value) else None


def constants_in(action: UpdateAction) -> Iterator[AttributeValue]:
    """Give the constants of an update action: what it stores, and operands such as what is appended."""
    waiting: list[object] = [getattr(action, "value", None)]
    while waiting:
        match waiting.pop():
            case Value(value):
                yield value
            case IfNotExists(_, default):
                waiting.append(default)
            case ListAppend(first, second) | Plus(first, second) | Minus(first, second):
                waiting += (second, first)
            case _:
                pass  # a path, or an action that has no operand


def tenant_names_in(action: TransactAction) -> int:
    """Count how often the name of a tenant is put into an action, if it is sent to the store of one."""
    names = action.table.tenant_keys if action.table.tenant_scoped else ()
    return sum("S" in value for value in _prefixed(action, names)) if names else 0


def _prefixed(action: TransactAction, names: Collection[str]) -> Iterator[AttributeValue]:
    item = action.item if isinstance(action, PutItem) else action.key
    yield from (item[name] for name in names if name in item)
    if isinstance(action, UpdateItem):
        for each in action.actions:
            if isinstance(each, Set) and each.path.attribute in names:
                yield from constants_in(each)
    if action.condition is not None:
        yield from _compared(action.condition, names)


def _compared(condition: Condition, names: Collection[str]) -> Iterator[AttributeValue]:
    """Give the constants that attributes are compared with; in conditions of commits paths come first."""
    of_names = False
    for operand in operands_of(condition):
        if isinstance(operand, Value):
            if of_names:
                yield operand.value
        else:
            of_names = isinstance(operand, Path) and operand.attribute in names


def _update_size(action: UpdateAction) -> int:
    return len(action.path.attribute.encode()) + sum(map(value_size, constants_in(action)))
