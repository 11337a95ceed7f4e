"""The update actions and conditions of which planned writes are made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from persistence.attributes import NESTING_LIMIT, Item
from persistence.changes import Change
from persistence.evaluate import apply_update
from persistence.expectations import FIRST_VERSION, type_condition
from persistence.expressions import (
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
from persistence.tracking import Absence, Tracked
from persistence.visibility import hidden, hides

_EACH_SEGMENT, _EACH_CHANGE, _ROLES_AND_CLAUSES = 7, 11, 100
"""Bytes that a path segment (`.#n999`), the rest of a change (` = :v999, `) and all else take at most."""

FEW = (EXPRESSION_BYTES - _ROLES_AND_CLAUSES) // (_EACH_CHANGE + _EACH_SEGMENT * NESTING_LIMIT)
"""So many changes fit into one expression, however deep they lie."""

_ONE = Value({"N": "1"})


def outgrow_an_expression(changed: Collection[Change], patched: Collection[UpdateAction] = ()) -> bool:
    """Tell whether changes are too long for one expression (developer guide, "Expression parameters")."""
    if not patched and len(changed) <= FEW:
        return False
    paths = [part.path for part in (*changed, *patched)]
    size = sum([_EACH_CHANGE + _EACH_SEGMENT * len(path.segments) for path in paths])
    return size + _ROLES_AND_CLAUSES > EXPRESSION_BYTES


def set_whole(changed: Iterable[Change]) -> bool:
    """Tell whether changes only set whole attributes, so that the item afterwards holds all that is sent."""
    for each in changed:  # noqa: SIM110  # a generator takes twice as long
        if each.after is None or len(each.path.segments) != 1:
            return False
    return True


def by_whole_attributes(changed: Iterable[Change], before: Item, after: Item) -> tuple[Change, ...]:
    """Widen changes to the attributes that they lie in."""
    names = dict.fromkeys(change.path.attribute for change in changed)
    return tuple(Change(Path.of(name), before.get(name), after.get(name)) for name in names)


def is_free(mapping: EntityMapping[Any]) -> Condition:
    """Demand that nothing is stored under a key."""
    return mapping.is_free


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


def applied(item: Item, changed: Iterable[Change], roles: Item) -> Item:
    """Give an item after changes.

    Args:
        item: as it is stored.
        changed: what changes.
        roles: the attributes of what the unit of work keeps.
    """
    after = {**item, **roles}
    nested: list[UpdateAction] = []
    for change in changed:
        if len(change.path.segments) > 1:
            nested.append(change.action)
        elif change.after is None:
            after.pop(change.path.attribute, None)
        else:
            after[change.path.attribute] = change.after
    return apply_update(after, nested) if nested else after


def set_all(tracked: Tracked[Any], item: Item) -> list[UpdateAction]:
    """SET every attribute that the entity has, REMOVE those that it could have; unknown ones stay."""
    mapping = tracked.mapping
    left_out, paths = mapping.kept_apart, mapping.paths
    sets = [
        Set(paths[name] if name in paths else Path.of(name), Value(value))
        for name, value in item.items()
        if name not in left_out
    ]
    absent = [Remove(paths[name]) for name in mapping.attributes if name not in item and name not in left_out]
    return [*sets, *absent]


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
        path = role.path
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
    return {role.name: value for role, value in roles.items() if role.name is not None} if roles else {}


def update_item(
    tracked: Tracked[Any], actions: tuple[UpdateAction, ...], condition: Condition | None
) -> UpdateItem:
    """Make the update of an entity's item; a condition that fails tells what is stored."""
    wants_item = condition is not None
    return UpdateItem(tracked.mapping.table, tracked.key, actions, condition, item_on_failure=wants_item)
