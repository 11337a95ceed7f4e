"""What can be told of a value without encoding it: whether it changes itself, and what is inside of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal
from enum import Enum
from operator import is_not
from typing import Any

from marshmallow import missing

from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Output, Scalar
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.scalars import BINARY
from persistence.mapping.source import any_of
from persistence.mapping.untyped import Plain
from persistence.mapping.walking import parts_of
from persistence.mapping.wrapping import Nullable, Validated

UNCHANGING: frozenset[type] = frozenset(
    (str, int, float, bool, Decimal, dt.datetime, dt.date, dt.time, dt.timedelta, uuid.UUID, type(None))
)
"""Types of values that never change themselves; members of enums don't either."""

_EMPTY = (list, dict, set, frozenset, tuple)
_KNOWN = (Scalar, ListOf, TupleOf, MapOf, SetOf, Nullable, Validated, Record, Plain)


def never_changes(node: Node) -> bool:
    """Tell whether the values of a node never change themselves; bytes may be a bytearray."""
    return isinstance(node, Scalar) and node is not BINARY


def tells(node: Node) -> bool:
    """Tell whether the objects inside of a value tell whether it is still the same; see `inside`."""
    match node:
        case ListOf(inner=Record()) | Record():
            return bool(_names(node if isinstance(node, Record) else node.inner))
        case ListOf() | SetOf() | MapOf():
            return never_changes(_within(node.inner))
        case _:
            return isinstance(node, Scalar)


def inside(node: Node, name: str) -> str:
    """Give the source that lists the objects inside of a value: while they are the same, so is its encoding.

    Args:
        node: how the value is stored; one whose contents tell.
        name: the value's variable; it is not None.
    """
    match node:
        case Record():
            return f"({', '.join(_parts(node, name))})"
        case ListOf(inner=Record()):
            return f"(type({name}), [({', '.join(_parts(node.inner, 'one'))}) for one in {name}])"
        case MapOf():
            return f"(type({name}), [*{name}], [*{name}.values()])"
        case Scalar():
            return f"({name} if type({name}) is bytes else object(),)"
        case _:
            return f"(type({name}), [*{name}])"


def differing(node: Node, out: Output, name: str, known: str, found: str) -> list[str]:
    """Give the source that compares what is inside of a value: it goes on behind an `if`.

    Args:
        node: how the value is stored; one whose contents tell.
        out: where helpers are known.
        name: the value's variable.
        known: that of what was inside of it.
        found: the statement for another object that is inside.
    """
    match node:
        case Record():
            parts = _parts(node, name)
            known_parts = [f"{known}[{place}]" for place in range(len(parts))]
            return [f"elif {_other(parts, known_parts)}:", f"    {found}"]
        case Scalar():
            return [f"elif {name} is not {known}[0]:", f"    {found}"]
        case ListOf(inner=Record()):
            parts = _parts(node.inner, "one")
            known_parts = [f"was_{place}" for place in range(len(parts))]
            return [
                f"elif {_other_length(name, known)}:",
                f"    {found}",
                "else:",
                f"    for one, part in zip({name}, {known}[1]):",
                f"        {', '.join(known_parts)} = part",
                f"        if {_other(parts, known_parts)}:",
                f"            {found}",
                "            break",
            ]
        case _:
            other = out.bind(is_not, "is_not")
            members = f"any(map({other}, {name}, {known}[1]))"
            if isinstance(node, MapOf):
                members += f" or any(map({other}, {name}.values(), {known}[2]))"
            return [f"elif {_other_length(name, known)} or {members}:", f"    {found}"]


def _other_length(name: str, known: str) -> str:
    return f"type({name}) is not {known}[0] or len({name}) != len({known}[1])"


def _parts(record: Node, name: str) -> list[str]:
    return [name, f"{name}.__class__", *[f"{name}.{part}" for part in _names(record)]]


def _other(parts: list[str], known: list[str]) -> str:
    return any_of([f"{part} is not {was}" for part, was in zip(parts, known, strict=True)])


def _within(node: Node) -> Node:
    while isinstance(node, Nullable | Validated):
        node = node.inner
    return node


def _names(node: Node) -> tuple[str, ...]:
    """Give the names of all fields of a nested entity; none unless their values never change themselves."""
    if not isinstance(node, Record) or isinstance(node, HookedRecord) or node.plan.hooked:
        return ()
    fields = node.plan.fields
    if not node.plan.construction.plain or not all(
        field.stored and field.on_entity and never_changes(field.node) for field in fields
    ):
        return ()
    return tuple(field.name for field in fields)


def reads_alike(node: Node) -> bool:
    """Tell whether reading a stored value again and again always gives the same.

    That is not so where code of the application has a say: in constructors and hooks, and in what makes the
    defaults of absent attributes.
    """
    return all(map(_reads_alike, parts_of(node)))


def _reads_alike(part: RecordPlan | Node) -> bool:
    if isinstance(part, Node):
        return isinstance(part, _KNOWN) and not isinstance(part, HookedRecord)
    known = {field.name: field for field in part.construction.fields}
    return (
        not part.hooked
        and part.construction.plain
        and all(field.loaded or not field.stored for field in part.fields)
        and all(_has_one_default(field, known.get(field.name)) for field in part.fields)
    )


def _has_one_default(field: FieldPlan, known: dataclasses.Field[Any] | None) -> bool:
    """Tell whether the value of an absent attribute is always the same."""
    if field.default is None or field.default in _EMPTY:
        return True
    if known is not None and known.default_factory is not dataclasses.MISSING:
        return False
    given = [field.field.load_default, missing if known is None else known.default]
    return all(value is missing or value is dataclasses.MISSING or is_unchanging(value) for value in given)


def is_unchanging(value: object) -> bool:
    """Tell whether a value never changes itself."""
    return type(value) in UNCHANGING or isinstance(value, Enum)
