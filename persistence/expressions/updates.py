"""Update actions."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.expressions.conditions import Operand, Value
from persistence.expressions.paths import Path
from persistence.quick_init import made_quickly


@dataclass(frozen=True, slots=True)
class IfNotExists:
    """`if_not_exists(path, default)`: the value at the path before the update, or else the default."""

    path: Path
    default: Operand


@dataclass(frozen=True, slots=True)
class ListAppend:
    """`list_append(first, second)`: two lists joined."""

    first: Path | Value | IfNotExists
    second: Path | Value | IfNotExists


@dataclass(frozen=True, slots=True)
class Plus:
    """`left + right` of numbers."""

    left: Path | Value | IfNotExists
    right: Path | Value | IfNotExists


@dataclass(frozen=True, slots=True)
class Minus:
    """`left - right` of numbers."""

    left: Path | Value | IfNotExists
    right: Path | Value | IfNotExists


SetOperand = Path | Value | IfNotExists | ListAppend | Plus | Minus


@made_quickly
@dataclass(frozen=True, slots=True)
class Set:
    """SET: give a path a value, computed from the item as it was before the update."""

    path: Path
    value: SetOperand


@dataclass(frozen=True, slots=True)
class Remove:
    """REMOVE: delete an attribute, map entry or list element (numbered as before the update)."""

    path: Path


@dataclass(frozen=True, slots=True)
class Add:
    """ADD: add to a number, or members to a set; an absent number counts as 0, an absent set as empty."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Discard:
    """DELETE: take members out of a set."""

    path: Path
    value: Value


UpdateAction = Set | Remove | Add | Discard
