"""From tracked entities, patches and reads to actions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from persistence.attributes import Item, item_size, surely_fits
from persistence.changes import Change
from persistence.commit_plan.checks import checks
from persistence.commit_plan.marks import encoded_after, marking, shown_after, shown_mark, unmark, unmarking
from persistence.commit_plan.patching import patched_alone, refuse_contradiction, refuse_overlong
from persistence.commit_plan.planned import CommitPlan, Kind, PlannedAction, action_of
from persistence.commit_plan.schema_versions import fit_for_the_whole, whole_marks
from persistence.commit_plan.writes import (
    by_whole_attributes,
    free_or_own_type,
    is_absent,
    is_free,
    named,
    outgrow_an_expression,
    set_all,
    set_roles,
    step_roles,
    update_item,
)
from persistence.errors import ItemTooLarge, KeyChanged, UnitOfWorkStateError, ValidationFailed
from persistence.evaluate import apply_update
from persistence.expectations import (
    FIRST_VERSION,
    Expectation,
    all_loaded,
    partition_path,
    type_condition,
)
from persistence.expressions import AttributeExists, Condition, Set, UpdateAction, all_of
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import DeleteItem, PutItem, UpdateItem
from persistence.patches import Patch, refuse_overlaps
from persistence.store import Limits
from persistence.tracking import (
    Detached,
    IdentityMap,
    Intent,
    Loaded,
    Tracked,
    demands_version,
    identity_of,
    loaded_changes,
    refuse_changed_key,
    refuse_expired_changes,
)
from persistence.visibility import unmarked

T = TypeVar("T")

Additions = Callable[[Sequence[PlannedAction[Any]], Callable[[], datetime]], Iterable[Tracked[Any]]]
"""Gives the new entities that a unit stores beside its own, from its writes and the time of the commit."""


def plan(
    identities: IdentityMap,
    now: Callable[[], datetime],
    limits: Limits,
    *,
    ids: Callable[[], str] = lambda: "",
    checked: bool = False,
    additions: Additions | None = None,
) -> CommitPlan:
    """Work out what has to be sent for a unit.

    Args:
        identities: what the unit tracks.
        now: gives the time of the commit, aware; it is asked once, if at all.
        limits: what the store takes.
        ids: gives random ids, for incarnations.
        checked: demand that everything the unit read is still as it was, if it writes at all.
        additions: gives what else is to be stored.

    Returns:
        One action for each entity that was added, changed, saved, patched or removed; then one for each
        addition, and for each check.

    Raises:
        ValidationFailed: an entity can't be stored as it is.
        KeyChanged: a key attribute of a tracked entity was changed.
        ItemTooLarge: an item is over the store's limit.
        QueryError, UnitOfWorkStateError: a patch contradicts what the unit does with its item.
        CommitConflict: what was read contradicts itself already.
    """
    planner = _Planner(now, limits, ids, identities, checked)
    writes = [planned for planned in map(planner.plan, identities) if planned is not None]
    writes += planner.patches()
    if additions is not None:
        writes += [planner.create(tracked) for tracked in additions(writes, planner.time)]
    return CommitPlan((*writes, *(checks(identities, writes, planner.time) if checked and writes else ())))


class _Planner:
    """Plans single entities; the time of the commit is the same for all."""

    def __init__(
        self,
        now: Callable[[], datetime],
        limits: Limits,
        ids: Callable[[], str],
        identities: IdentityMap,
        checked: bool,
    ) -> None:
        self._clock = now
        self._now: datetime | None = None
        self._limits = limits
        self._ids = ids
        self._identities = identities
        self._checked = checked

    def plan(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        match tracked.intent:
            case Intent.CREATE:
                return self.create(tracked)
            case Intent.REPLACE:
                return self._replace(tracked)
            case Intent.OVERWRITE:
                return self._overwrite(tracked)
            case Intent.REMOVE:
                return self._remove(tracked)
            case Intent.PURGE:
                return self._delete(Kind.PURGE, tracked)
            case Intent.WATCH:
                return self._update(tracked)
            case Intent.EXPIRED:
                refuse_expired_changes(tracked)
                return None

    def patches(self) -> list[PlannedAction[Any]]:
        """Plan the patches of items whose entities have no change of their own."""
        alone = ((patch, self._identities.at(place)) for place, patch in self._identities.patches.items())
        return [
            self.patch(patch, tracked)
            for patch, tracked in alone
            if tracked is None or not (tracked.intent is Intent.WATCH and tracked.changed)
        ]

    def patch(self, patch: Patch[T], tracked: Tracked[T] | None) -> PlannedAction[T]:
        roles = self._roles(patch.mapping, version=FIRST_VERSION, created=patch.upsert)
        reads = self._reads(patch.mapping, patch.key, tracked)
        return patched_alone(patch, tracked, roles, reads, self.time)

    def _reads(self, mapping: EntityMapping[T], key: Item, tracked: Tracked[T] | None) -> Condition | None:
        """Give what a write has to demand, beside its own condition, because the unit read the item."""
        if not self._checked:
            return None
        read = None if tracked is None else _last_read(tracked)
        if tracked is not None and read is not None:
            return Expectation(replace(tracked, origin=read), reads=True).condition()
        absence = self._identities.absences.get(identity_of(mapping, key))
        return None if absence is None else is_absent(absence, self.time)

    def _with_reads(self, tracked: Tracked[T], condition: Condition) -> Condition:
        """Demand also what the unit read of an item that it writes without regard to that."""
        if isinstance(tracked.origin, Loaded):
            return condition
        reads = self._reads(tracked.mapping, tracked.key, tracked)
        return condition if reads is None else condition & reads

    def create(self, tracked: Tracked[T]) -> PlannedAction[T]:
        """Plan a new entity."""
        return self._put(Kind.CREATE, tracked, is_free(tracked.mapping), FIRST_VERSION)

    def _replace(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = Expectation(tracked, reads=self._checked)
        condition = self._with_reads(tracked, expected.condition(all_loaded(tracked)))
        return self._put(Kind.REPLACE, tracked, condition, expected.next_version, expected.version)

    def _put(
        self,
        kind: Kind,
        tracked: Tracked[T],
        condition: Condition,
        version: int,
        expected_version: object = None,
    ) -> PlannedAction[T]:
        roles = self._roles(tracked.mapping, version=version, created=True)
        item = self._encoded(tracked, roles)
        action = PutItem(tracked.mapping.table, item, condition, item_on_failure=True)
        planned = action_of(kind, tracked, action, roles, item, item, expected_version)
        return planned.showing(shown_mark(tracked.mapping, None))

    def _update(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        if isinstance(tracked.origin, Loaded):
            return self._update_loaded(tracked, tracked.origin)
        expected = Expectation(tracked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        vanishing = unmark(tracked.mapping) if tracked.restored else ()
        actions = (*set_all(tracked, item), *whole_marks(tracked), *vanishing, *set_roles(roles))
        if not actions:
            return None
        condition = self._with_reads(tracked, expected.condition())
        if (fit := fit_for_the_whole(tracked)) is not None:
            condition &= fit
        update = update_item(tracked, actions, condition)
        return action_of(_kind(tracked), tracked, update, roles, item, item, expected.version)

    def _update_loaded(self, tracked: Tracked[T], origin: Loaded) -> PlannedAction[T] | None:
        _refuse_moved(tracked)
        if not tracked.changed:
            return None
        expected = Expectation(tracked, reads=self._checked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        changed = loaded_changes(tracked, origin, item)
        vanishing = unmarking(tracked, changed) if tracked.restored else ()
        changed, item = (*changed, *vanishing), encoded_after(tracked.mapping, item, vanishing)
        patch = self._identities.patches.get(tracked.identity)
        stored = apply_update(origin.item, [*(change.action for change in changed), *set_roles(roles)])
        self._refuse_too_large(tracked, stored)
        write = self._write_changes(tracked, origin, changed, patch, set_roles(roles), stored)
        planned = action_of(_kind(tracked), tracked, write, roles, item, stored, expected.version, changed)
        planned = planned.showing(shown_after(tracked.mapping, vanishing))
        # What a patch made of the item is not what the entity shows, so that it has to be read again.
        return planned if patch is None else replace(planned, stored=None, patch=patch)

    def _write_changes(
        self,
        tracked: Tracked[T],
        origin: Loaded,
        changed: tuple[Change, ...],
        patch: Patch[T] | None,
        roles: Sequence[UpdateAction],
        stored: Item,
    ) -> PutItem | UpdateItem:
        expected = Expectation(tracked, reads=self._checked)
        demanded = None if patch is None else patch.condition
        if outgrow_an_expression(changed, () if patch is None else patch.actions):
            if patch is None and origin.complete and demands_version(tracked.mapping, origin.item):
                # Under the version nobody else can have changed the item, so that all of it is known.
                known = expected.condition(rewriting=True)
                return PutItem(tracked.mapping.table, stored, known, item_on_failure=True)
            changed = by_whole_attributes(changed, origin.item, stored)
        actions = (*_together(tracked, changed, patch), *roles)
        condition = all_of(expected.condition(changed, rewriting=True), demanded)
        if patch is not None:
            refuse_overlong(patch, actions, condition)
        return update_item(tracked, actions, condition)

    def _overwrite(self, tracked: Tracked[T]) -> PlannedAction[T]:
        mapping = tracked.mapping
        roles = self._roles(mapping, version=FIRST_VERSION, created=True)
        item = self._encoded(tracked, roles)
        steps = step_roles(mapping, roles, may_create=True)
        actions = (*set_all(tracked, item), *whole_marks(tracked), *steps)
        if not any(isinstance(action, Set) for action in actions):
            # An update that sets nothing creates no absent item, and a put would drop what is unknown.
            raise UnitOfWorkStateError(
                f"save: {tracked} has nothing to store beside its key; add or update it"
            )
        reads = self._reads(mapping, tracked.key, tracked)
        condition = all_of(free_or_own_type(mapping), unmarked(mapping), reads, fit_for_the_whole(tracked))
        return action_of(
            Kind.OVERWRITE,
            tracked,
            update_item(tracked, actions, condition),
            encoded=item,
            expected_version=self._version_read(tracked),
        )

    def _version_read(self, tracked: Tracked[T]) -> object:
        """Give the version that a write demands because the unit has read it."""
        read = _last_read(tracked) if self._checked else None
        return None if read is None else Expectation(replace(tracked, origin=read)).version

    def _remove(self, tracked: Tracked[T]) -> PlannedAction[T]:
        if tracked.mapping.roles.deleted_at is None:
            return self._delete(Kind.REMOVE, tracked)
        return self._mark(tracked)

    def _delete(self, kind: Kind, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = Expectation(tracked, reads=self._checked)
        condition = self._with_reads(tracked, expected.condition(all_loaded(tracked)))
        delete = DeleteItem(tracked.mapping.table, tracked.key, condition, item_on_failure=True)
        return action_of(kind, tracked, delete, expected_version=expected.version)

    def _mark(self, tracked: Tracked[T]) -> PlannedAction[T]:
        mapping, expected = tracked.mapping, Expectation(tracked, reads=self._checked)
        condition = self._with_reads(tracked, expected.condition(all_loaded(tracked)))
        mark = unmarked(mapping)
        if mark is not None and isinstance(tracked.origin, Detached) and mapping.roles.version is not None:
            # Its version may be that of an entity which was marked when it was read elsewhere.
            condition &= mark
        roles = self._roles(mapping, version=expected.next_version)
        after = mapping.purge_after if tracked.purge_after is None else tracked.purge_after
        actions = (*marking(tracked, self.time(), after), *set_roles(roles))
        kind = Kind.MARK if tracked.purge_after is None else Kind.PURGE_LATER
        update = update_item(tracked, actions, condition)
        planned = action_of(kind, tracked, update, roles, expected_version=expected.version)
        return planned if tracked.was_marked else planned.showing(shown_mark(mapping, self.time()))

    def mark(self, tracked: Tracked[T]) -> PlannedAction[T]:
        """Plan to mark whatever is stored, unless that is marked already."""
        mapping = tracked.mapping
        steps = step_roles(mapping, self._roles(mapping, version=FIRST_VERSION), may_create=False)
        actions = (*marking(tracked, self.time(), mapping.purge_after), *steps)
        condition = all_of(
            AttributeExists(partition_path(mapping)), type_condition(mapping), unmarked(mapping)
        )
        planned = action_of(Kind.MARK, tracked, update_item(tracked, actions, condition))
        return planned.showing(shown_mark(mapping, self.time()))

    def _roles(
        self, mapping: EntityMapping[Any], *, version: int, created: bool = False
    ) -> dict[RoleField, object]:
        roles = mapping.roles
        values: dict[RoleField, object] = {}
        if roles.version is not None:
            values[roles.version] = version
        if roles.incarnation is not None and created:
            values[roles.incarnation] = self._ids()
        if roles.created_at is not None and created:
            values[roles.created_at] = self.time()
        if roles.updated_at is not None:
            values[roles.updated_at] = self.time()
        return values

    def time(self) -> datetime:
        """Give the time of the commit."""
        if self._now is None:
            self._now = self._clock()
        return self._now

    def _encoded(self, tracked: Tracked[T], roles: Mapping[RoleField, object]) -> Item:
        """Encode an entity as it will be after the commit."""
        mapping = tracked.mapping
        values = named(roles)
        entity = mapping.assign(copy.copy(tracked.entity), values) if values else tracked.entity
        item = mapping.codec.encode(entity)
        if mapping.roles.deleted_at is not None:
            item.pop(mapping.roles.deleted_at.attribute, None)
        refuse_changed_key(tracked, {name: item[name] for name in mapping.table.key_names()})
        item.update((role.attribute, role.encode(value)) for role, value in roles.items())
        self._refuse_too_large(tracked, item)
        return item

    def _refuse_too_large(self, tracked: Tracked[T], item: Item) -> None:
        limit = self._limits.item_bytes
        if surely_fits(item, limit) or (size := item_size(item)) <= limit:
            return
        raise ItemTooLarge(
            f"{tracked} would be an item of {size} bytes; DynamoDB's limit is {limit}. Nothing was sent; "
            "store large values elsewhere or split the entity",
            entity=tracked.entity,
            entity_type=tracked.mapping.entity_type,
            key=tracked.key_values,
        )


def plan_patch(
    patch: Patch[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
) -> PlannedAction[T]:
    """Work out a patch outside any unit; see `plan`."""
    return _Planner(now, limits, ids, IdentityMap(), checked=False).patch(patch, None)


def plan_mark(
    tracked: Tracked[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
) -> PlannedAction[T]:
    """Work out how to mark whatever is stored under a key as deleted, outside any unit; see `plan`."""
    return _Planner(now, limits, ids, IdentityMap(), checked=False).mark(tracked)


def _kind(tracked: Tracked[Any]) -> Kind:
    return Kind.RESTORE if tracked.restored else Kind.UPDATE


def _last_read(tracked: Tracked[Any]) -> Loaded | None:
    if tracked.was_read is not None:
        return tracked.was_read
    return tracked.origin if isinstance(tracked.origin, Loaded) and tracked.known else None


def _together(
    tracked: Tracked[T], changed: Iterable[Change], patch: Patch[T] | None
) -> tuple[UpdateAction, ...]:
    """Join the changes of an entity and a patch of its item."""
    own: tuple[UpdateAction, ...] = tuple(change.action for change in changed)
    if patch is None:
        return own
    refuse_contradiction(patch, tracked)
    actions = (*own, *patch.actions)
    refuse_overlaps(tracked.mapping, actions)
    return actions


def _refuse_moved(tracked: Tracked[Any]) -> None:
    try:
        key = tracked.mapping.key_of(tracked.entity)
    except ValidationFailed as error:
        mapping = tracked.mapping
        raise KeyChanged(
            tracked.entity, mapping.entity_type, tracked.key_values, mapping.key_fields
        ) from error
    refuse_changed_key(tracked, key)
