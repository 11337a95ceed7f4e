"""Schema versions in writes: what is demanded of items that were not read, and the way to the current one."""

from __future__ import annotations

from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.changes import replaced_attributes
from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.commit_plan.writes import is_free, outgrow_an_expression
from persistence.expectations import FIRST_VERSION, still_as_read
from persistence.expressions import (
    AttributeNotExists,
    Compare,
    Condition,
    IfNotExists,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
    equals,
)
from persistence.mapping import EntityMapping, SchemaVersions
from persistence.operations import PutItem, UpdateItem
from persistence.tracking import Detached, Tracked, key_part

_FIRST = 1


def fit_for_a_part(mapping: EntityMapping[Any], *, may_create: bool) -> Condition | None:
    """Demand a schema version in which attributes can be changed: the current one, or a compatible one.

    Args:
        mapping: the item's mapping.
        may_create: whether the item may be absent.
    """
    versions = mapping.versions
    if versions is None:
        return None
    path = Path.of(versions.attribute)
    fit = equals(path, _current(versions)) | _compatible(versions)
    if versions.current == _FIRST:
        fit |= AttributeNotExists(path)
    return is_free(mapping) | fit if may_create else fit


def fit_for_the_whole(tracked: Tracked[Any]) -> Condition | None:
    """Demand a schema version that a write of all known attributes fits: none that is later.

    Where the item is known to be of a compatible later version, it is that which is demanded.
    """
    versions = tracked.mapping.versions
    if versions is None:
        return None
    if tracked.meets_newer:
        return _compatible(versions)
    path = Path.of(versions.attribute)
    return AttributeNotExists(path) | Compare("<=", path, Value(_current(versions)))


def whole_marks(tracked: Tracked[Any]) -> list[UpdateAction]:
    """Say the schema version in an item of which all known attributes are written."""
    versions = tracked.mapping.versions
    if versions is None or tracked.meets_newer:
        return []
    marks = versions.marks
    return [
        Set(Path.of(name), Value(marks[name])) if name in marks else Remove(Path.of(name))
        for name in versions.attributes
    ]


def created_marks(mapping: EntityMapping[Any]) -> list[UpdateAction]:
    """Say the schema version in an item that a patch may make."""
    if mapping.versions is None:
        return []
    marks = mapping.versions.marks.items()
    return [Set(Path.of(name), IfNotExists(Path.of(name), Value(value))) for name, value in marks]


def depends_on_version(planned: PlannedAction[Any]) -> bool:
    """Tell whether an action demands a schema version of an item that was not read."""
    if planned.mapping.versions is None:
        return False
    if planned.kind in (Kind.PATCH, Kind.OVERWRITE):
        return True
    tracked = planned.tracked
    return planned.kind is Kind.UPDATE and tracked is not None and isinstance(tracked.origin, Detached)


def unfit_version(planned: PlannedAction[Any], item: Item) -> bool:
    """Tell whether an action was refused because of the schema version of the item that it met.

    Args:
        planned: an action that depends on it.
        item: the item, which its mapping can read.
    """
    versions = planned.mapping.versions
    assert versions is not None
    if planned.kind is Kind.PATCH:
        return versions.is_old(item)
    return versions.is_newer(item) != (planned.tracked is not None and planned.tracked.meets_newer)


def upgrade(mapping: EntityMapping[Any], item: Item) -> UpdateItem | PutItem | None:
    """Plan the step of a stored item to the current schema version, as its next save would take it.

    Its version moves on, so that whoever has read the older item notices. Its time of change does not.

    Args:
        mapping: the item's mapping.
        item: as it is stored, whole.

    Returns:
        The write, on the condition that the item is still as it was read; None where it is not old.

    Raises:
        DecodeError: an upcast fails, or the result is no entity of the mapping.
        UnitOfWorkStateError: it has no version, and more attributes than an expression can compare.
    """
    if mapping.versions is None or not mapping.versions.is_old(item):
        return None
    current = mapping.current(item)
    mapping.codec.decode(current)
    return rewrite(mapping, item, current)


def rewrite(mapping: EntityMapping[Any], before: Item, after: Item) -> UpdateItem | PutItem:
    """Write what differs between two states of an item, on the condition that it is still in the first one.

    Args:
        mapping: the item's mapping.
        before: as it is stored, whole.
        after: as it shall be; its version is the next one, whatever is said here.

    Raises:
        UnitOfWorkStateError: it has no version, and more attributes than an expression can compare.
    """
    role = mapping.roles.version
    if role is not None:
        version = mapping.read_role(role, after)
        step = FIRST_VERSION if version is None else int(str(version))
        after = {**after, role.attribute: role.encode(step + 1)}
    changed = replaced_attributes(before, after)
    condition = still_as_read(mapping, before, changed)
    if outgrow_an_expression(changed):
        # All of the item is known, and nobody else can have changed it.
        return PutItem(mapping.table, after, condition)
    actions = tuple(change.action for change in changed)
    return UpdateItem(mapping.table, key_part(mapping, before), actions, condition)


def _compatible(versions: SchemaVersions) -> Condition:
    """Demand a later version that says it can be read and written by this one."""
    later = Compare(">", Path.of(versions.attribute), Value(_current(versions)))
    return later & Compare("<=", Path.of(versions.reader_attribute), Value(_current(versions)))


def _current(versions: SchemaVersions) -> AttributeValue:
    return versions.marks[versions.attribute]
