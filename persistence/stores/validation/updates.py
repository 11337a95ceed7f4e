"""Update actions: what each may do to which path, with which constant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from persistence.expressions import (
    Add,
    Discard,
    IfNotExists,
    ListAppend,
    Minus,
    Path,
    Plus,
    Remove,
    Set,
    SetOperand,
    UpdateAction,
    Value,
)
from persistence.render import Renderer
from persistence.stores.validation.conditions import (
    LIGHT,
    check_apart,
    check_constant,
    check_path,
    refuse_heavy,
)
from persistence.stores.validation.refused import Refused
from persistence.stores.validation.values import check_value

_Plain = Path | Value | IfNotExists
_SETS = frozenset({"SS", "NS", "BS"})


def check_update(actions: Sequence[UpdateAction], key_names: Collection[str]) -> None:
    """Check the actions of an update before they meet an item.

    Args:
        actions: the changes.
        key_names: attributes of the table's key, which no update may touch.

    Raises:
        Refused: overlapping paths, a key attribute, or a constant of a type that the action can't take.
    """
    for action in actions:
        _check_key_untouched(action.path, key_names)
    try:
        weight = sum(_weigh(action) for action in actions)
    except Refused as refused:
        raise Refused(f"Invalid UpdateExpression: {refused.reason}", refused.place) from None
    if len(actions) > 1:
        check_apart(tuple(action.path for action in actions), "UpdateExpression")
    if weight > LIGHT:
        refuse_heavy("UpdateExpression", lambda: Renderer().update(actions))


def _check_key_untouched(path: Path, key_names: Collection[str]) -> None:
    if path.segments and path.segments[0] in key_names:
        raise Refused(
            f"One or more parameter values were invalid: Cannot update attribute {path.attribute}. "
            "This attribute is part of the key"
        )


def _weigh(action: UpdateAction) -> int:
    """Check an action and give the number of its operators, operands and path segments."""
    check_path(action.path)
    weight = 1 + len(action.path.segments)
    if type(action) is Set and type(action.value) is Value:  # as most are
        check_value(action.value.value)
        return weight + 1
    match action:
        case Set(_, operand):
            return weight + _weigh_operand(operand)
        case Remove():
            return weight
        case Add(_, value):
            check_constant("ADD", value, _SETS | {"N"})
        case Discard(_, value):
            check_constant("DELETE", value, _SETS)
        case _:
            assert_never(action)
    return weight + 1


def _weigh_operand(operand: SetOperand) -> int:
    match operand:
        case Plus(left, right):
            return _weigh_pair("+", left, right, "N")
        case Minus(left, right):
            return _weigh_pair("-", left, right, "N")
        case ListAppend(first, second):
            return _weigh_pair("list_append", first, second, "L")
        case Path() | Value() | IfNotExists():
            return _weigh_plain(operand)
        case _:
            assert_never(operand)


def _weigh_pair(operator: str, left: _Plain, right: _Plain, tag: str) -> int:
    weight = 1
    for operand in (left, right):
        weight += _weigh_plain(operand)
        # The default of an if_not_exists is looked at only where it is needed.
        if not isinstance(operand, IfNotExists):
            check_constant(operator, operand, frozenset({tag}))
    return weight


def _weigh_plain(operand: _Plain) -> int:
    match operand:
        case Value(value):
            check_value(value)
            return 1
        case Path():
            check_path(operand)
            return len(operand.segments)
        case IfNotExists(path, (Path() | Value()) as default):
            check_path(path)
            if default == path:
                raise Refused(
                    "The first operand must be distinct from the remaining operands for this operator or "
                    f"function; operator: if_not_exists, first operand: {path}"
                )
            return 1 + len(path.segments) + _weigh_plain(default)
        case IfNotExists():
            raise Refused("The function is not allowed to be used this way in an expression; function: size")
        case _:
            assert_never(operand)
