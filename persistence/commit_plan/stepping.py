"""The usual change of a loaded entity: some of its attributes are replaced whole, under one condition."""

from __future__ import annotations

from typing import TypeVar

from persistence.attributes import (
    KEY_NAME_LIMIT,
    NUMBER_SIZE_LIMIT,
    PARTITION_KEY_SIZE_LIMIT,
    SORT_KEY_SIZE_LIMIT,
    Item,
    size_at_most,
)
from persistence.commit_plan.brief import BriefAction
from persistence.commit_plan.encodings import Encodings
from persistence.commit_plan.kept import Step
from persistence.commit_plan.planned import Kind
from persistence.commit_plan.writes import FEW
from persistence.expressions import Set, Value
from persistence.mapping import Difference
from persistence.operations import UpdateItem
from persistence.tracking import Advanced, Loaded, Tracked

T = TypeVar("T")

_UPDATE = Kind.UPDATE

_KEY = PARTITION_KEY_SIZE_LIMIT + SORT_KEY_SIZE_LIMIT + 2 * KEY_NAME_LIMIT
"""Bytes that a key and its names have at most (developer guide, "Quotas")."""


class PlannedStep(BriefAction[T]):
    """The change of a loaded entity some of whose attributes are replaced whole.

    Args:
        tracked: the entity's record.
        update: what will be sent.
        step: what it has in common with others.
        after: what is known of the item then.
        before: what the update replaces, as it was loaded.
        weight: bytes that the update has at most.
    """

    __slots__ = ("_step",)

    kind = _UPDATE

    def __init__(
        self, tracked: Tracked[T], update: UpdateItem, step: Step, after: Advanced, before: Item, weight: int
    ) -> None:
        super().__init__(tracked, update, step.kept, after, weight)
        self.before = before
        self._step = step

    @property
    def expected_version(self) -> object:  # type: ignore[override]  # it is that of the step
        """The version that the action demands, None if it demands none."""
        return self._step.expected


def replacing(
    tracked: Tracked[T], origin: Loaded, found: Difference, encodings: Encodings
) -> PlannedStep[T] | None:
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
    paths, weight = mapping.paths, _KEY + step.weight
    actions: list[Set] = []
    before: Item = {}
    for name, after in replaced.items():
        if after is None:
            return None
        if name in item:
            before[name] = item[name]
        actions.append(Set(paths[name], Value(after)))
        text = after.get("S") or after.get("N")
        # A character has four bytes at most in a text or a name, and less in a number.
        weight += 4 * (len(name) + len(text)) if text else size_at_most([name, after])
    then = Advanced(origin, found, step.attributes)
    if weight > encodings.room:
        encodings.weighed(tracked, then.item)
    update = UpdateItem(mapping.table, tracked.key, (*actions, *step.actions), condition, "none", True)
    # The version that is demanded, if one is, has a weight too.
    return PlannedStep(tracked, update, step, then, before, weight + NUMBER_SIZE_LIMIT)
