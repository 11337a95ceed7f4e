"""From tracked entities, patches and reads to actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from persistence.attributes import NUMBER_SIZE_LIMIT, Item
from persistence.commit_plan.brief import PlannedCreation
from persistence.commit_plan.checks import checks
from persistence.commit_plan.encodings import Encodings
from persistence.commit_plan.loaded import Changes, kind_of
from persistence.commit_plan.marks import marking, shown_mark, unmark
from persistence.commit_plan.patching import patched_alone
from persistence.commit_plan.planned import CommitPlan, Kind, PlannedAction, action_of
from persistence.commit_plan.schema_versions import fit_for_the_whole, whole_marks
from persistence.commit_plan.writes import (
    free_or_own_type,
    is_absent,
    set_all,
    step_roles,
    update_item,
)
from persistence.errors import UnitOfWorkStateError
from persistence.expectations import (
    FIRST_VERSION,
    Expectation,
    all_loaded,
    partition_path,
    type_condition,
)
from persistence.expressions import AttributeExists, Condition, Set, all_of
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import DeleteItem, PutItem
from persistence.patches import Patch
from persistence.store import Limits
from persistence.tracking import (
    CREATE,
    WATCH,
    Detached,
    IdentityMap,
    Intent,
    Loaded,
    Tracked,
    identity_of,
    refuse_expired_changes,
)
from persistence.visibility import unmarked
from persistence.written_items import WrittenItem

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
    texts: bool = False,
) -> CommitPlan:
    """Work out what has to be sent for a unit.

    Args:
        identities: what the unit tracks.
        now: gives the time of the commit, aware; it is asked once, if at all.
        limits: what the store takes.
        ids: gives random ids, for incarnations.
        checked: demand that everything the unit read is still as it was, if it writes at all.
        additions: gives what else is to be stored.
        texts: whether the store sends new items as JSON.

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
    encodings = Encodings(now, limits, ids, identities.heaviest, texts=texts)
    planner = _Planner(encodings, identities, checked)
    writes = planner.writes()
    if identities.patches:
        writes += planner.patches(writes)
    if additions is not None:
        writes += [planner.create(tracked) for tracked in additions(writes, encodings.time)]
    demands = checks(identities, writes, encodings.time) if checked and writes else ()
    # There is one entity or patch per key; only what is stored beside them may meet one of theirs.
    return CommitPlan((*writes, *demands), distinct=additions is None)


_CREATE: Final = Kind.CREATE
_OVERWRITE: Final = Kind.OVERWRITE


class _Planner:
    """Plans single entities.

    Args:
        encodings: encodes those of the commit.
        identities: what the unit tracks.
        checked: demand also what was read of items that are written.
    """

    def __init__(self, encodings: Encodings, identities: IdentityMap, checked: bool) -> None:
        self._encodings = encodings
        self._time = encodings.time
        self._identities = identities
        self._checked = checked
        self._changed = Changes(encodings, identities.patches, checked=checked).plan

    def writes(self) -> list[PlannedAction[Any]]:
        """Plan what the unit holds, in its order; most of it was loaded."""
        planned = [
            self._changed(tracked, tracked.origin)
            if tracked.intent is WATCH and isinstance(tracked.origin, Loaded)
            else self.plan(tracked)
            for tracked in self._identities
        ]
        return [each for each in planned if each is not None]

    def plan(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        """Plan an entity that was not loaded, or is to be more than watched."""
        if tracked.intent is WATCH:
            return self._update(tracked)
        if tracked.intent is CREATE:
            return self.create(tracked)
        match tracked.intent:
            case Intent.REPLACE:
                return self._replace(tracked)
            case Intent.OVERWRITE:
                return self._overwrite(tracked)
            case Intent.REMOVE:
                return self._remove(tracked)
            case Intent.PURGE:
                return self._delete(Kind.PURGE, tracked)
            case Intent.EXPIRED:
                refuse_expired_changes(tracked)
                return None

    def patches(self, writes: Iterable[PlannedAction[Any]]) -> list[PlannedAction[Any]]:
        """Plan the patches of items whose entities have no change of their own.

        Args:
            writes: the changes of entities, with the patches of their items.
        """
        changed = {planned.tracked.identity for planned in writes if planned.tracked is not None}
        patches = self._identities.patches.items()
        return [
            self.patch(patch, self._identities.at(place)) for place, patch in patches if place not in changed
        ]

    def patch(self, patch: Patch[T], tracked: Tracked[T] | None) -> PlannedAction[T]:
        kept = self._encodings.kept(patch.mapping, version=FIRST_VERSION, created=patch.upsert)
        reads = self._reads(patch.mapping, patch.key, tracked)
        return patched_alone(patch, tracked, kept.roles, reads, self._time)

    def _reads(self, mapping: EntityMapping[T], key: Item, tracked: Tracked[T] | None) -> Condition | None:
        """Give what a write has to demand, beside its own condition, because the unit read the item."""
        if not self._checked:
            return None
        read = None if tracked is None else _last_read(tracked)
        if tracked is not None and read is not None:
            return Expectation(replace(tracked, origin=read), reads=True).condition()
        absence = self._identities.absences.get(identity_of(mapping, key))
        return None if absence is None else is_absent(absence, self._time)

    def _with_reads(self, tracked: Tracked[T], condition: Condition) -> Condition:
        """Demand also what the unit read of an item that it writes without regard to that."""
        if isinstance(tracked.origin, Loaded):
            return condition
        reads = self._reads(tracked.mapping, tracked.key, tracked)
        return condition if reads is None else condition & reads

    def create(
        self,
        tracked: Tracked[T],
        *,
        anyway: bool = False,
        given: Callable[[], Mapping[RoleField, object]] | None = None,
    ) -> PlannedAction[T]:
        """Plan a new entity.

        Args:
            tracked: its record.
            anyway: whether it takes the place of whatever is stored, so that nothing is demanded.
            given: gives what takes the place of what the unit of work would give it; it is asked once the
                entity is known to be fit to be stored.
        """
        encodings, mapping = self._encodings, tracked.mapping
        new = encodings.new(mapping)
        kept, text = new.kept, new.written(tracked.entity, tracked.key)
        item: Any  # as a `PutItem` holds it
        if text is None:
            item = encodings.encoded(tracked, kept)
            weight = encodings.weighed(tracked, item)
            if given is not None:
                kept = encodings.kept_instead(new, given())
                item.update(kept.attributes)
                weight += NUMBER_SIZE_LIMIT
        else:
            if given is not None:
                kept = encodings.kept_instead(new, given())
                text = new.keeping(text, kept)
            item, weight = WrittenItem(text), len(text)
        if anyway:
            kind, action = _OVERWRITE, PutItem(mapping.table, item)
        else:
            kind, action = _CREATE, PutItem(mapping.table, item, mapping.is_free, "none", True)
        if text is not None:
            return PlannedCreation(kind, tracked, action, item, weight, kept)
        planned = action_of(kind, tracked, action, kept, item, item, weight=weight)
        return planned if mapping.roles.deleted_at is None else planned.showing(shown_mark(mapping, None))

    def _replace(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = Expectation(tracked, reads=self._checked)
        condition = self._with_reads(tracked, expected.condition(all_loaded(tracked)))
        mapping = tracked.mapping
        kept = self._encodings.kept(mapping, version=expected.next_version, created=True)
        item = self._encodings.encoded(tracked, kept)
        self._encodings.weighed(tracked, item)
        action = PutItem(mapping.table, item, condition, item_on_failure=True)
        planned = action_of(Kind.REPLACE, tracked, action, kept, item, item, expected.version)
        return planned if mapping.roles.deleted_at is None else planned.showing(shown_mark(mapping, None))

    def _update(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        expected = Expectation(tracked)
        kept = self._encodings.kept(tracked.mapping, version=expected.next_version)
        item = self._encodings.encoded(tracked, kept)
        self._encodings.weighed(tracked, item)
        vanishing = unmark(tracked.mapping) if tracked.restored else ()
        actions = (*set_all(tracked, item), *whole_marks(tracked), *vanishing, *kept.actions)
        if not actions:
            return None
        condition = self._with_reads(tracked, expected.condition())
        if (fit := fit_for_the_whole(tracked)) is not None:
            condition &= fit
        update = update_item(tracked, actions, condition)
        return action_of(kind_of(tracked), tracked, update, kept, item, item, expected.version)

    def _overwrite(self, tracked: Tracked[T]) -> PlannedAction[T]:
        mapping = tracked.mapping
        kept = self._encodings.kept(mapping, version=FIRST_VERSION, created=True)
        item = self._encodings.encoded(tracked, kept)
        weight = self._encodings.weighed(tracked, item)
        steps = step_roles(mapping, kept.roles, may_create=True)
        actions = (*set_all(tracked, item), *whole_marks(tracked), *steps)
        if not any(isinstance(action, Set) for action in actions):
            # An update that sets nothing creates no absent item, and a put would drop what is unknown.
            raise UnitOfWorkStateError(
                f"save: {tracked} has nothing to store beside its key; add or update it"
            )
        reads = self._reads(mapping, tracked.key, tracked)
        condition = all_of(free_or_own_type(mapping), unmarked(mapping), reads, fit_for_the_whole(tracked))
        # Beside the item it names what it removes.
        known = condition is None and all(map(item.__contains__, mapping.attributes))
        return action_of(
            Kind.OVERWRITE,
            tracked,
            update_item(tracked, actions, condition),
            encoded=item,
            expected_version=self._version_read(tracked),
            weight=weight if known else None,
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
        kept = self._encodings.kept(mapping, version=expected.next_version)
        after = mapping.purge_after if tracked.purge_after is None else tracked.purge_after
        actions = (*marking(tracked, self._time(), after), *kept.actions)
        kind = Kind.MARK if tracked.purge_after is None else Kind.PURGE_LATER
        update = update_item(tracked, actions, condition)
        planned = action_of(kind, tracked, update, kept, expected_version=expected.version)
        return planned if tracked.was_marked else planned.showing(shown_mark(mapping, self._time()))

    def mark(self, tracked: Tracked[T]) -> PlannedAction[T]:
        """Plan to mark whatever is stored, unless that is marked already."""
        mapping = tracked.mapping
        kept = self._encodings.kept(mapping, version=FIRST_VERSION)
        steps = step_roles(mapping, kept.roles, may_create=False)
        actions = (*marking(tracked, self._time(), mapping.purge_after), *steps)
        condition = all_of(
            AttributeExists(partition_path(mapping)), type_condition(mapping), unmarked(mapping)
        )
        planned = action_of(Kind.MARK, tracked, update_item(tracked, actions, condition))
        return planned.showing(shown_mark(mapping, self._time()))


def plan_patch(
    patch: Patch[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
) -> PlannedAction[T]:
    """Work out a patch outside any unit; see `plan`."""
    return _Planner(Encodings(now, limits, ids), IdentityMap(), checked=False).patch(patch, None)


class Creations(Generic[T]):
    """Works out, one after the other, how to put new entities in the place of whatever is stored.

    Args:
        mapping: that of the entities.
        now: gives the time at which one is planned, aware.
        limits: what the store takes.
        ids: gives random ids, for incarnations.
        texts: whether the store sends new items as JSON.
    """

    def __init__(
        self,
        mapping: EntityMapping[T],
        now: Callable[[], datetime],
        limits: Limits,
        ids: Callable[[], str],
        *,
        texts: bool = False,
    ) -> None:
        self._mapping = mapping
        self._given = now, limits, ids
        self._texts = texts
        roles = mapping.roles
        own = (roles.created_at, roles.updated_at, roles.incarnation)
        self._shared = self._planner() if own == (None, None, None) else None

    def plan(
        self, entity: T, given: Callable[[], Mapping[RoleField, object]] | None = None
    ) -> PlannedAction[T]:
        """Plan one, as it is now.

        Args:
            entity: the entity.
            given: gives what takes the place of what the unit of work would give it; see `_Planner.create`.

        Raises:
            ValidationFailed, ItemTooLarge: it can't be stored as it is.
        """
        mapping = self._mapping
        key = mapping.key_of(entity)
        tracked = Tracked(mapping, mapping.identity(key), key, entity, CREATE, None)
        return (self._shared or self._planner()).create(tracked, anyway=True, given=given)

    def _planner(self) -> _Planner:
        return _Planner(Encodings(*self._given, texts=self._texts), IdentityMap(), checked=False)


def plan_mark(
    tracked: Tracked[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
) -> PlannedAction[T]:
    """Work out how to mark whatever is stored under a key as deleted, outside any unit; see `plan`."""
    return _Planner(Encodings(now, limits, ids), IdentityMap(), checked=False).mark(tracked)


def _last_read(tracked: Tracked[Any]) -> Loaded | None:
    if tracked.was_read is not None:
        return tracked.was_read
    return tracked.origin if isinstance(tracked.origin, Loaded) and tracked.known else None
