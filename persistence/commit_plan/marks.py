"""Marks of deletions: what sets them, and what takes them away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from persistence.attributes import Item
from persistence.changes import Change
from persistence.expressions import IfNotExists, Path, Remove, Set, UpdateAction, Value
from persistence.mapping import EntityMapping, RoleField
from persistence.tracking import Loaded, Tracked

_NOTHING = Value({"NULL": True})


def marking(tracked: Tracked[Any], now: datetime, after: timedelta | None) -> list[UpdateAction]:
    """Mark an item as deleted, unless it is already.

    Args:
        tracked: its entity.
        now: the time of the commit.
        after: how long the item is kept before the service deletes it; None for ever. What its time to live
            was is kept beside the mark.
    """
    roles, stored = tracked.mapping.roles, _stored(tracked)
    assert roles.deleted_at is not None
    actions: list[UpdateAction] = []
    if roles.deleted_at.attribute not in stored:
        actions.append(_set(roles.deleted_at, now))
    if after is not None and roles.time_to_live is not None and roles.former_time_to_live is not None:
        former = Path.of(roles.former_time_to_live.attribute)
        if former.attribute not in stored:
            actions.append(Set(former, IfNotExists(Path.of(roles.time_to_live.attribute), _NOTHING)))
        actions.append(_set(roles.time_to_live, now + after))
    return actions


def unmarking(tracked: Tracked[Any], changed: Iterable[Change]) -> tuple[Change, ...]:
    """Take the mark of a loaded item away, and give it the time to live back that its deletion has replaced.

    Args:
        tracked: its entity.
        changed: what else changes in it; a new time to live stays.
    """
    roles, stored = tracked.mapping.roles, _stored(tracked)
    vanishing = (roles.deleted_at, roles.former_time_to_live)
    names = [role.attribute for role in vanishing if role is not None and role.attribute in stored]
    changes = tuple(Change(Path.of(name), stored[name], None) for name in names)
    former, expiry = roles.former_time_to_live, roles.time_to_live
    if former is None or expiry is None or former.attribute not in stored:
        return changes
    if any(change.path.attribute == expiry.attribute for change in changed):
        return changes
    earlier = stored[former.attribute]
    path, after = Path.of(expiry.attribute), None if "NULL" in earlier else earlier
    return (*changes, Change(path, stored.get(expiry.attribute), after))


def unmark(mapping: EntityMapping[Any]) -> list[UpdateAction]:
    """Take the mark of an item away that was not read."""
    vanishing = (mapping.roles.deleted_at, mapping.roles.former_time_to_live)
    return [Remove(Path.of(role.attribute)) for role in vanishing if role is not None]


def shown_mark(mapping: EntityMapping[Any], when: datetime | None) -> dict[str, object]:
    """Give what the entity's attribute for the mark shows, by its name.

    Args:
        mapping: its mapping.
        when: when it was removed; None for not removed.
    """
    role = mapping.roles.deleted_at
    return {} if role is None or role.name is None else {role.name: when}


def shown_after(mapping: EntityMapping[Any], changes: Sequence[Change]) -> dict[str, object]:
    """Give what an entity's attributes show once its mark is taken away, by their names.

    Args:
        mapping: its mapping.
        changes: those of `unmarking`.
    """
    if not changes:
        return {}
    expiry, role = _expiry(mapping, changes), mapping.roles.time_to_live
    shown = shown_mark(mapping, None)
    if expiry is None or role is None or role.name is None:
        return shown
    return {**shown, role.name: mapping.read_role(role, expiry)}


def encoded_after(mapping: EntityMapping[Any], item: Item, changes: Sequence[Change]) -> Item:
    """Give the encoding of an entity once its mark is taken away.

    Args:
        mapping: its mapping.
        item: its encoding before.
        changes: those of `unmarking`.
    """
    expiry, role = _expiry(mapping, changes), mapping.roles.time_to_live
    if expiry is None or role is None or role.name is None:
        return item
    return {**{name: value for name, value in item.items() if name != role.attribute}, **expiry}


def _expiry(mapping: EntityMapping[Any], changes: Sequence[Change]) -> Item | None:
    """Give the time to live that changes leave, as an item, empty for none; None if they leave it alone."""
    role = mapping.roles.time_to_live
    for change in changes:
        if role is not None and change.path.attribute == role.attribute:
            return {} if change.after is None else {role.attribute: change.after}
    return None


def _set(role: RoleField, value: object) -> Set:
    return Set(Path.of(role.attribute), Value(role.encode(value)))


def _stored(tracked: Tracked[Any]) -> Item:
    return tracked.origin.item if isinstance(tracked.origin, Loaded) else {}
