"""Changes of loaded entities, with the patches of their items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from persistence.attributes import NUMBER_SIZE_LIMIT, Item
from persistence.changes import Change
from persistence.commit_plan.encodings import Encodings, refuse_moved
from persistence.commit_plan.marks import encoded_after, shown_after, unmarking
from persistence.commit_plan.patching import refuse_contradiction, refuse_overlong
from persistence.commit_plan.planned import Kind, PlannedAction, action_of
from persistence.commit_plan.stepping import replacing
from persistence.commit_plan.writes import (
    applied,
    by_whole_attributes,
    outgrow_an_expression,
    set_whole,
    update_item,
)
from persistence.errors import ValidationFailed
from persistence.expectations import Expectation
from persistence.expressions import Condition, UpdateAction, all_of
from persistence.operations import PutItem, UpdateItem
from persistence.patches import Patch, refuse_overlaps
from persistence.tracking import (
    UNCHANGED,
    Comparison,
    Identity,
    Loaded,
    Tracked,
    demands_version,
    differing,
    encoded_changes,
)

T = TypeVar("T")

_UPDATE: Final = Kind.UPDATE


class Changes:
    """Plans the changes of loaded entities.

    Args:
        encodings: encodes those of the commit.
        patches: the patches of items.
        checked: demand also what was read of items that are written.
    """

    def __init__(
        self, encodings: Encodings, patches: Mapping[Identity, Patch[Any]], *, checked: bool
    ) -> None:
        self._encodings = encodings
        self._patches = patches
        self._checked = checked
        self._alone = not checked and not patches

    def plan(self, tracked: Tracked[T], origin: Loaded) -> PlannedAction[T] | None:
        """Plan the change of a loaded entity; None where nothing has changed. No validators run.

        Args:
            tracked: the entity's record.
            origin: what was loaded.

        Raises:
            KeyChanged: it has another key than the one that it is tracked under.
            ValidationFailed: a value can't be stored at all.
            ItemTooLarge: its item would have more bytes than the store takes.
        """
        mapping, memento = tracked.mapping, origin.memento
        watch = mapping.codec.watch
        if memento is None or watch is None:
            found = self._encodings.compared(tracked, origin)
        else:
            try:
                difference = watch.compare(tracked.entity, origin.item, memento)
            except ValidationFailed:
                refuse_moved(tracked)
                raise
            if difference is None:
                if not tracked.restored:
                    return None
                found = UNCHANGED
            else:
                if difference.rekeyed:
                    refuse_moved(tracked)
                if self._alone and not tracked.restored and mapping.steps_plainly:
                    step = replacing(tracked, origin, difference, self._encodings)
                    if step is not None:
                        return step
                found = differing(tracked, origin, difference, watch)
        if not found.changes and not tracked.restored:
            return None
        patch = self._patches.get(tracked.identity)
        if patch is None and not self._checked and not tracked.restored and tracked.mapping.steps_plainly:
            return self._stepped(tracked, origin, found)
        expected = Expectation(tracked, reads=self._checked)
        kept = self._encodings.kept(tracked.mapping, version=expected.next_version)
        item = self._encodings.encoded(tracked, kept, found.encoded)
        changed = found.changes
        if found.encoded is not None and item is not found.encoded:
            changed = encoded_changes(tracked, origin, item)
        vanishing: tuple[Change, ...] = ()
        if tracked.restored:
            vanishing = unmarking(tracked, changed)
            changed, item = (*changed, *vanishing), encoded_after(tracked.mapping, item, vanishing)
        stored = applied(origin.item, changed, kept.attributes)
        self._encodings.weighed(tracked, stored)
        write = self._write_changes(expected, origin, changed, patch, kept.actions, stored)
        planned = action_of(kind_of(tracked), tracked, write, kept, item, stored, expected.version, changed)
        if vanishing:
            planned = planned.showing(shown_after(tracked.mapping, vanishing))
        # What a patch made of the item is not what the entity shows, so that it has to be read again.
        return planned if patch is None else replace(planned, stored=None, patch=patch)

    def _stepped(self, tracked: Tracked[T], origin: Loaded, found: Comparison) -> PlannedAction[T]:
        """Plan the change of a loaded entity whose mapping steps plainly."""
        mapping, encodings, changed = tracked.mapping, self._encodings, found.changes
        step = encodings.step(tracked, origin)
        kept, item = step.kept, found.encoded
        if item is not None and kept.roles:
            item.update(kept.attributes)
        after = item if found.memento is None else found.memento
        whole = set_whole(changed)
        if whole:
            stored = {**origin.item, **kept.attributes}
            for each in changed:
                stored[each.path.attribute] = each.after  # type: ignore[assignment]  # there is one
        else:
            stored = applied(origin.item, changed, kept.attributes)
        weight = encodings.weighed(tracked, stored)
        if outgrow_an_expression(changed):
            write = self._write_changes(Expectation(tracked), origin, changed, None, kept.actions, stored)
            return action_of(_UPDATE, tracked, write, kept, after, stored, step.expected, changed)
        if step.condition is not None and (step.by_version or whole):
            condition = step.condition
        else:
            condition = Expectation(tracked).condition(changed, rewriting=True)
        actions = (*[change.action for change in changed], *kept.actions)
        # What a version's condition compares with, the item has too, or had in another version.
        known = whole and (step.by_version or step.condition is not None)
        update = UpdateItem(mapping.table, tracked.key, actions, condition, item_on_failure=True)
        most = 2 * weight + NUMBER_SIZE_LIMIT if known else None
        return action_of(_UPDATE, tracked, update, kept, after, stored, step.expected, changed, weight=most)

    def _write_changes(
        self,
        expected: Expectation[T],
        origin: Loaded,
        changed: tuple[Change, ...],
        patch: Patch[T] | None,
        roles: Sequence[UpdateAction],
        stored: Item,
    ) -> PutItem | UpdateItem:
        tracked = expected.tracked
        if outgrow_an_expression(changed, () if patch is None else patch.actions):
            if patch is None and origin.complete and demands_version(tracked.mapping, origin.item):
                # Under the version nobody else can have changed the item, so that all of it is known.
                known = expected.condition(rewriting=True)
                return PutItem(tracked.mapping.table, stored, known, item_on_failure=True)
            changed = by_whole_attributes(changed, origin.item, stored)
        condition: Condition | None = expected.condition(changed, rewriting=True)
        own = [change.action for change in changed]
        if patch is None:
            return update_item(tracked, (*own, *roles), condition)
        actions = (*_together(tracked, own, patch), *roles)
        condition = all_of(condition, patch.condition)
        refuse_overlong(patch, actions, condition)
        return update_item(tracked, actions, condition)


def kind_of(tracked: Tracked[Any]) -> Kind:
    """Tell whether a write of a stored entity changes it only, or takes the mark of its deletion away."""
    return Kind.RESTORE if tracked.restored else Kind.UPDATE


def _together(tracked: Tracked[T], own: Iterable[UpdateAction], patch: Patch[T]) -> tuple[UpdateAction, ...]:
    """Join the changes of an entity and a patch of its item."""
    refuse_contradiction(patch, tracked)
    actions = (*own, *patch.actions)
    refuse_overlaps(tracked.mapping, actions)
    return actions
