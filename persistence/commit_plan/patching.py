"""Patches as actions: alone, or as one update with a change of the same entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.commit_plan.schema_versions import created_marks, fit_for_a_part
from persistence.commit_plan.writes import free_or_own_type, step_roles
from persistence.errors import QueryError, UnitOfWorkStateError, described
from persistence.expectations import FIRST_VERSION, Expectation, is_version, type_condition
from persistence.expressions import Condition, UpdateAction, all_of
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import UpdateItem
from persistence.patches import Patch
from persistence.render import EXPRESSION_BYTES, Renderer
from persistence.tracking import Loaded, Tracked
from persistence.visibility import USUAL, Visibility, visible

T = TypeVar("T")

_EACH_ACTION, _EACH_SEGMENT = 50, 14
"""Bytes that ` = if_not_exists(, :v999) + :v999, ` and a segment of its path, told twice, take at most."""


def patched_alone(
    patch: Patch[T],
    tracked: Tracked[T] | None,
    roles: Mapping[RoleField, object],
    reads: Condition | None,
    now: Callable[[], datetime],
) -> PlannedAction[T]:
    """Plan a patch of an item whose entity, if the unit holds it, has no change of its own.

    Args:
        patch: the patch.
        tracked: the entity's record.
        roles: the values that a new item would get.
        reads: what is demanded because the unit read the item.
        now: gives the time of the commit.

    Raises:
        QueryError: it is too long for one request.
        UnitOfWorkStateError: it can't hold of what the unit has loaded.
    """
    if tracked is not None:
        refuse_contradiction(patch, tracked)
    mapping = patch.mapping
    update, seen = update_of(patch, roles, now, reads, held=tracked is not None and tracked.known)
    return PlannedAction(
        Kind.PATCH,
        mapping,
        patch.key,
        update,
        tracked,
        encoded=None if tracked is None else mapping.codec.snapshot(tracked.entity),
        expected_version=_expected_version(patch, tracked, reads),
        patch=patch,
        seen=seen,
    )


def update_of(
    patch: Patch[T],
    roles: Mapping[RoleField, object],
    now: Callable[[], datetime],
    reads: Condition | None = None,
    *,
    held: bool = False,
) -> tuple[UpdateItem, Condition | None]:
    """Write a patch as an update.

    Args:
        patch: the patch.
        roles: the values that a new item would get.
        now: gives the time of the commit.
        reads: what is demanded because the unit read the item.
        held: whether the unit holds its entity.

    Returns:
        The update, and what it demands so that it finds no item which readers don't see.

    Raises:
        QueryError: it is too long for one request.
    """
    mapping = patch.mapping
    actions = patch.actions
    if patch.upsert or patch.fill_ins or roles:
        marks = created_marks(mapping) if patch.upsert else ()
        actions = (*actions, *patch.fill_ins, *marks, *step_roles(mapping, roles, may_create=patch.upsert))
    # What the unit holds does not expire for it.
    seen = visible(mapping, now, USUAL if held else Visibility.of(mapping))
    fit = fit_for_a_part(mapping, may_create=patch.upsert)
    condition = own_condition(patch)
    if seen is not None or reads is not None or fit is not None:
        condition = all_of(condition, seen, reads, fit)
    refuse_overlong(patch, actions, condition)
    return UpdateItem(mapping.table, patch.key, actions, condition, "none", condition is not None), seen


def refuse_overlong(patch: Patch[T], actions: Sequence[UpdateAction], condition: Condition | None) -> None:
    """Refuse what no request holds (developer guide, "Expression parameters").

    Args:
        patch: the patch that is part of it.
        actions: all that is done to its item.
        condition: all that is demanded of it.

    Raises:
        QueryError: an expression has too many bytes or operators.
    """
    sizes = [_EACH_ACTION + _EACH_SEGMENT * len(action.path.segments) for action in actions]
    is_long = sum(sizes) > EXPRESSION_BYTES
    if not is_long and patch.condition is None:
        return
    renderer = Renderer()
    try:
        if is_long:
            renderer.update(actions)
        if patch.condition is not None and condition is not None:
            renderer.condition(condition)
    except QueryError as error:
        name = described(patch.mapping.name, patch.mapping.key_values(patch.key))
        raise QueryError(f"the patch of {name} is too much for one request: {error}") from error


def _expected_version(patch: Patch[T], tracked: Tracked[T] | None, reads: Condition | None) -> object:
    if patch.expected_version is not None or tracked is None or reads is None:
        return patch.expected_version
    return Expectation(tracked).version


def own_condition(patch: Patch[T]) -> Condition | None:
    """Give what a patch demands of an item that readers see."""
    mapping, version = patch.mapping, patch.mapping.roles.version
    place = free_or_own_type(mapping) if patch.upsert else _exists(mapping)
    if patch.expected_version is None and patch.condition is None:
        return place
    demanded = None
    if version is not None and patch.expected_version is not None:
        demanded = is_version(version, patch.expected_version)
    return all_of(place, demanded, patch.condition)


def _exists(mapping: EntityMapping[Any]) -> Condition | None:
    marked = type_condition(mapping)
    return mapping.exists if marked is None else all_of(mapping.exists, marked)


def refuse_contradiction(patch: Patch[T], tracked: Tracked[T]) -> None:
    """Refuse a patch that can't hold of what the unit has loaded: of a marked item, or of another version.

    Raises:
        UnitOfWorkStateError: with the remedy.
    """
    if tracked.marked:
        raise UnitOfWorkStateError(
            f"patch: {tracked} is marked as deleted, and a patch takes it for absent; restore it first"
        )
    if patch.expected_version is None or not isinstance(tracked.origin, Loaded) or not tracked.known:
        return
    loaded = Expectation(tracked).version
    if (FIRST_VERSION if loaded is None else loaded) != patch.expected_version:
        raise UnitOfWorkStateError(
            f"patch: {tracked} is expected in version {patch.expected_version}, but this unit has loaded "
            f"version {loaded}; one of them is wrong. Read it in a new unit, or leave out if_version()"
        )
