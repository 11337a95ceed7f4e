"""The update actions and conditions of which planned writes are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from persistence.attributes import Item
from persistence.changes import Change
from persistence.expectations import FIRST_VERSION, partition_path, type_condition
from persistence.expressions import (
    AttributeNotExists,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import UpdateItem
from persistence.render import EXPRESSION_BYTES
from persistence.tracking import Absence, Tracked, managed_roles
from persistence.visibility import hidden, hides

_EACH_SEGMENT, _EACH_CHANGE, _ROLES_AND_CLAUSES = 7, 11, 100
"""Bytes that a path segment (`.#n999`), the rest of a change (` = :v999, `) and all else take at most."""

_ONE = Value({"N": "1"})


def outgrow_an_expression(changed: Iterable[Change], patched: Iterable[UpdateAction] = ()) -> bool:
    """Tell whether changes are too long for one expression (developer guide, "Expression parameters")."""
    paths = [part.path for part in (*changed, *patched)]
    size = sum(_EACH_CHANGE + _EACH_SEGMENT * len(path.segments) for path in paths)
    return size + _ROLES_AND_CLAUSES > EXPRESSION_BYTES


def by_whole_attributes(changed: Iterable[Change], before: Item, after: Item) -> tuple[Change, ...]:
    """Widen changes to the attributes that they lie in."""
    names = dict.fromkeys(change.path.attribute for change in changed)
    return tuple(Change(Path.of(name), before.get(name), after.get(name)) for name in names)


def is_free(mapping: EntityMapping[Any]) -> Condition:
    """Demand that nothing is stored under a key."""
    return AttributeNotExists(partition_path(mapping))


def is_absent(absence: Absence, now: Callable[[], datetime]) -> Condition:
    """Demand that nothing is stored under a key, or still nothing that was looked for.

    Args:
        absence: what was looked for.
        now: gives the time of the commit; it is asked only where it matters.
    """
    free, mapping = is_free(absence.mapping), absence.mapping
    if not hides(mapping, absence.shown):
        return free
    unseen = hidden(mapping, now(), absence.shown)
    return free if unseen is None else free | unseen


def free_or_own_type(mapping: EntityMapping[Any]) -> Condition | None:
    """Demand that an upsert meets no entity of another type."""
    own_type = type_condition(mapping)
    return None if own_type is None else is_free(mapping) | own_type


def set_all(tracked: Tracked[Any], item: Item) -> list[UpdateAction]:
    """SET every attribute that the entity has, REMOVE those that it could have; unknown ones stay."""
    mapping = tracked.mapping
    marks = () if mapping.versions is None else mapping.versions.attributes
    left_out = {*mapping.table.key_names(), *marks, *(role.attribute for role in managed_roles(mapping))}
    sets = [Set(Path.of(name), Value(value)) for name, value in item.items() if name not in left_out]
    absent = [
        Remove(Path.of(name)) for name in mapping.attributes if name not in item and name not in left_out
    ]
    return [*sets, *absent]


def set_roles(roles: Mapping[RoleField, object]) -> list[UpdateAction]:
    """SET what the unit of work keeps."""
    return [Set(Path.of(role.attribute), Value(role.encode(value))) for role, value in roles.items()]


def step_roles(
    mapping: EntityMapping[Any], roles: Mapping[RoleField, object], *, may_create: bool
) -> list[UpdateAction]:
    """Step the stored version, whatever it is; keep what an item has had since it was made.

    Args:
        mapping: the item's mapping.
        roles: the values that a new item would get.
        may_create: whether the item may be new, so that its version is the first one.
    """
    before_first = FIRST_VERSION - 1 if may_create else FIRST_VERSION
    kept = (mapping.roles.created_at, mapping.roles.incarnation)
    actions: list[UpdateAction] = []
    for role, value in roles.items():
        path = Path.of(role.attribute)
        if role is mapping.roles.version:
            stored = IfNotExists(path, Value({"N": str(before_first)}))
            actions.append(Set(path, Plus(stored, _ONE)))
        elif role not in kept:
            actions.append(Set(path, Value(role.encode(value))))
        elif may_create:
            actions.append(Set(path, IfNotExists(path, Value(role.encode(value)))))
    return actions


def named(roles: Mapping[RoleField, object]) -> dict[str, object]:
    """Give the values of roles that the entity has attributes for, by their names."""
    return {role.name: value for role, value in roles.items() if role.name is not None}


def update_item(
    tracked: Tracked[Any], actions: tuple[UpdateAction, ...], condition: Condition | None
) -> UpdateItem:
    """Make the update of an entity's item; a condition that fails tells what is stored."""
    wants_item = condition is not None
    return UpdateItem(tracked.mapping.table, tracked.key, actions, condition, item_on_failure=wants_item)
