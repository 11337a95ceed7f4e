"""Checks of what a serializable unit has read and does not write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.commit_plan.writes import is_absent
from persistence.errors import CommitConflict, StaleEntity
from persistence.expectations import Expectation
from persistence.operations import ConditionCheck
from persistence.tracking import Absence, IdentityMap, Intent, Loaded, Tracked, identity_of
from persistence.visibility import sees


def checks(
    identities: IdentityMap, writes: Sequence[PlannedAction[Any]], now: Callable[[], datetime]
) -> list[PlannedAction[Any]]:
    """Plan a check for each entity that was read, and each key that was found absent, and is not written.

    Args:
        identities: what the unit tracks.
        writes: the actions that are planned; what they write is checked by their own conditions.
        now: gives the time of the commit.

    Raises:
        CommitConflict: a key was found absent, and an entity was found under it later.
    """
    written = {identity_of(planned.mapping, planned.key) for planned in writes}
    contradictions = [
        _appeared(tracked)
        for identity, absence in identities.absences.items()
        if (tracked := identities.at(identity)) is not None and _contradicts(tracked, absence, now)
    ]
    if contradictions:
        raise CommitConflict(contradictions)
    read = [
        _check(tracked) for tracked in identities if tracked.identity not in written and _is_read(tracked)
    ]
    checked = {identity_of(planned.mapping, planned.key) for planned in read}
    absent = [
        _check_absence(absence, now)
        for place, absence in identities.absences.items()
        if place not in written and place not in checked
    ]
    return [*read, *absent]


def _is_read(tracked: Tracked[Any]) -> bool:
    return tracked.intent is Intent.WATCH and isinstance(tracked.origin, Loaded)


def _contradicts(tracked: Tracked[Any], absence: Absence, now: Callable[[], datetime]) -> bool:
    """Tell whether an entity was loaded that should have been found before: one that was not hidden then."""
    if not isinstance(tracked.origin, Loaded):
        return False
    return sees(absence.mapping, absence.shown, tracked.origin.item, now)


def _check(tracked: Tracked[Any]) -> PlannedAction[Any]:
    expected = Expectation(tracked, reads=True)
    check = ConditionCheck(tracked.mapping.table, tracked.key, expected.condition(), item_on_failure=True)
    return PlannedAction(
        Kind.CHECK, tracked.mapping, tracked.key, check, tracked, expected_version=expected.version
    )


def _check_absence(absence: Absence, now: Callable[[], datetime]) -> PlannedAction[Any]:
    mapping, key = absence.mapping, absence.key
    check = ConditionCheck(mapping.table, key, is_absent(absence, now), item_on_failure=True)
    return PlannedAction(Kind.CHECK_ABSENCE, mapping, key, check)


def _appeared(tracked: Tracked[Any]) -> StaleEntity:
    return StaleEntity(
        f"{tracked} was not stored when this unit looked, and was found later; read both again and retry",
        entity=tracked.entity,
        entity_type=tracked.mapping.entity_type,
        key=tracked.key_values,
    )
