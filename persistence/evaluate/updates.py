"""Apply update actions to an item, with the service's rules of order and type.

All operands read the item as it was before the update, list indexes count its elements as they were, and
elements set beyond the end of a list are appended in the order of their indexes (developer guide, "Update
expressions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, assert_never

from persistence.attributes import AttributeValue, Item, NumberRefused, comparable, number_text, type_of
from persistence.evaluate.paths import value_at
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

_SETS = {"SS": "S", "NS": "N", "BS": "B"}
# Holds the exact sum of the largest and the smallest number, so that nothing is rounded unnoticed.
_EXACT = Context(prec=300)

MISSING_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
INVALID_PATH = "The document path provided in the update expression is invalid for update"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


class UpdateRefused(ValueError):
    """An update that doesn't fit the item it meets; the message has the service's words and the path."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """What becomes of one place: a new value, or None for its removal."""

    value: AttributeValue | None


_Tree = dict[str | int, "_Edit | _Tree"]


def apply_update(item: Item, actions: Iterable[UpdateAction]) -> Item:
    """Give the item that an update makes of another one.

    Args:
        item: the item as it is now, or just its key attributes where there is none yet.
        actions: the changes; their paths don't overlap.

    Returns:
        A new item; values that didn't change are shared with the old one.

    Raises:
        UpdateRefused: an operand is absent or has the wrong type, a path leads nowhere, or a number gets out
            of range.
    """
    tree: _Tree = {}
    for action in actions:
        _plant(tree, action.path, _edit(action, item))
    return _rebuilt_entries(item, tree)


def _edit(action: UpdateAction, item: Item) -> _Edit:
    match action:
        case Set(path, operand):
            return _Edit(_value(operand, item, path))
        case Remove():
            return _Edit(None)
        case Add(path, Value(value)):
            return _Edit(_added(value_at(path, item), value, path))
        case Discard(path, Value(value)):
            return _discarded(value_at(path, item), value, path)
        case _:
            assert_never(action)


def _value(operand: SetOperand, item: Item, target: Path) -> AttributeValue:
    match operand:
        case Value(value):
            return value
        case Path():
            found = value_at(operand, item)
            if found is None:
                raise UpdateRefused(f"{MISSING_ATTRIBUTE}: {operand}")
            return found
        case IfNotExists(path, default):
            # The default is looked up even where it is not needed, and must exist.
            fallback = _value(_plain(default, target), item, target)
            found = value_at(path, item)
            return found if found is not None else fallback
        case ListAppend(first, second):
            parts = (_list(_value(part, item, target), target) for part in (first, second))
            return {"L": [element for part in parts for element in part]}
        case Plus(left, right):
            return _sum(_value(left, item, target), _value(right, item, target), target)
        case Minus(left, right):
            return _sum(_value(left, item, target), _negated(_value(right, item, target), target), target)
        case _:
            assert_never(operand)


def _plain(operand: object, target: Path) -> Path | Value:
    if isinstance(operand, Path | Value):
        return operand
    raise UpdateRefused(f"The function if_not_exists takes a path or a value as its default: {target}")


def _list(value: AttributeValue, target: Path) -> Sequence[AttributeValue]:
    if "L" not in value:
        raise UpdateRefused(f"{WRONG_TYPE}: {target} needs a list, not {type_of(value)}")
    elements: Sequence[AttributeValue] = value["L"]
    return elements


def _number(value: AttributeValue, target: Path) -> Decimal:
    if "N" not in value:
        raise UpdateRefused(f"{WRONG_TYPE}: {target} needs a number, not {type_of(value)}")
    return Decimal(value["N"])


def _negated(value: AttributeValue, target: Path) -> AttributeValue:
    return {"N": str(_number(value, target).copy_negate())}


def _sum(left: AttributeValue, right: AttributeValue, target: Path) -> AttributeValue:
    total = _EXACT.add(_number(left, target), _number(right, target))
    try:
        return {"N": number_text(total)}
    except NumberRefused as refused:
        raise UpdateRefused(f"Number overflow: {target} can't hold the result, {refused}") from refused


def _added(old: AttributeValue | None, value: AttributeValue, path: Path) -> AttributeValue:
    if "N" in value:
        return _sum(old if old is not None else {"N": "0"}, value, path)
    tag = _set_type(old, value, path)
    if old is None:
        return value
    present = _members(old)
    return {tag: [*old[tag], *(member for form, member in _members(value).items() if form not in present)]}


def _discarded(old: AttributeValue | None, value: AttributeValue, path: Path) -> _Edit:
    tag = _set_type(old, value, path)
    if old is None:
        return _Edit(None)
    unwanted = _members(value)
    kept = [member for form, member in _members(old).items() if form not in unwanted]
    return _Edit({tag: kept} if kept else None)


def _set_type(old: AttributeValue | None, value: AttributeValue, path: Path) -> str:
    tag = type_of(value)
    if tag not in _SETS or (old is not None and tag not in old):
        found = "nothing" if old is None else type_of(old)
        raise UpdateRefused(f"{WRONG_TYPE}: {path} holds {found}, the operand is {tag}")
    return tag


def _members(value: AttributeValue) -> dict[Any, Any]:
    ((tag, content),) = value.items()
    return {comparable({_SETS[tag]: member}): member for member in content}


def _plant(tree: _Tree, path: Path, edit: _Edit) -> None:
    *above, last = path.segments
    for segment in above:
        below = tree.setdefault(segment, {})
        if isinstance(below, _Edit):
            raise UpdateRefused(f"Two document paths overlap with each other: {path}")
        tree = below
    if last in tree:
        raise UpdateRefused(f"Two document paths overlap with each other: {path}")
    tree[last] = edit


def _rebuilt_entries(entries: Mapping[str, AttributeValue], tree: _Tree) -> Item:
    rebuilt = dict(entries)
    for name, change in tree.items():
        if not isinstance(name, str):
            raise UpdateRefused(INVALID_PATH)
        if not isinstance(change, _Edit):
            rebuilt[name] = _rebuilt(rebuilt.get(name), change)
        elif change.value is None:
            rebuilt.pop(name, None)
        else:
            rebuilt[name] = change.value
    return rebuilt


def _rebuilt(value: AttributeValue | None, tree: _Tree) -> AttributeValue:
    if value is not None and "M" in value:
        return {"M": _rebuilt_entries(value["M"], tree)}
    if value is not None and "L" in value:
        return {"L": _rebuilt_elements(value["L"], tree)}
    raise UpdateRefused(INVALID_PATH)


def _rebuilt_elements(elements: Sequence[AttributeValue], tree: _Tree) -> list[AttributeValue]:
    slots: list[AttributeValue | None] = list(elements)
    appended: dict[int, AttributeValue] = {}
    for index, change in tree.items():
        if not isinstance(index, int):
            raise UpdateRefused(INVALID_PATH)
        if not isinstance(change, _Edit):
            slots[index : index + 1] = [_rebuilt(slots[index] if index < len(slots) else None, change)]
        elif index < len(slots):
            slots[index] = change.value
        elif change.value is not None:
            appended[index] = change.value
    kept = [element for element in slots if element is not None]
    return kept + [appended[index] for index in sorted(appended)]
