"""The usual change of a loaded entity: some of its attributes are replaced whole, under one condition."""

from __future__ import annotations

from typing import TypeVar

from persistence.attributes import (
    KEY_NAME_LIMIT,
    NUMBER_SIZE_LIMIT,
    PARTITION_KEY_SIZE_LIMIT,
    SORT_KEY_SIZE_LIMIT,
    size_at_most,
)
from persistence.commit_plan.encodings import Encodings
from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.commit_plan.writes import FEW
from persistence.expressions import Set, Value
from persistence.mapping import Difference
from persistence.operations import UpdateItem
from persistence.tracking import Loaded, Tracked

T = TypeVar("T")

_UPDATE = Kind.UPDATE

_KEY = PARTITION_KEY_SIZE_LIMIT + SORT_KEY_SIZE_LIMIT + 2 * KEY_NAME_LIMIT
"""Bytes that a key and its names have at most (developer guide, "Quotas")."""


def replacing(
    tracked: Tracked[T], origin: Loaded, found: Difference, encodings: Encodings
) -> PlannedAction[T] | None:
    """Plan the change of an entity whose mapping steps plainly.

    Args:
        tracked: the entity's record.
        origin: what was loaded.
        found: what differs.
        encodings: those of the commit.

    Returns:
        The action; None where there is more to it.

    Raises:
        ItemTooLarge: the item would have more bytes than the store takes.
    """
    mapping, replaced = tracked.mapping, found.replaced
    if found.before or found.after or found.rekeyed or len(replaced) > FEW:
        return None
    if not mapping.managed_attributes.isdisjoint(replaced):
        return None  # as after each commit, though nothing of it be the application's
    step = encodings.step(tracked, origin)
    condition, item = step.condition, origin.item
    if condition is None:
        return None
    kept, paths, stored = step.kept, mapping.paths, {**item, **step.attributes}
    actions: list[Set] = []
    weight = _KEY + step.weight
    for name, after in replaced.items():
        if after is None:
            return None
        stored[name] = after
        actions.append(Set(paths[name], Value(after)))
        text = after.get("S") or after.get("N")
        # A character has four bytes at most in a text or a name, and less in a number.
        weight += 4 * (len(name) + len(text)) if text else size_at_most([name, after])
    if not encodings.surely_fits(weight):
        encodings.weighed(tracked, stored)
    return PlannedAction(
        _UPDATE,
        mapping,
        tracked.key,
        UpdateItem(mapping.table, tracked.key, (*actions, *step.actions), condition, "none", True),
        tracked,
        kept.named,
        found.memento,
        stored,
        step.expected,
        kept.version,
        (),
        item,
        None,
        None,
        weight + NUMBER_SIZE_LIMIT,  # the version that is demanded, if one is
    )
