"""What repositories do, as flows: once for synchronous and asynchronous ones.

Every flow looks at the unit's state and identity map again after each answer, since other tasks of the same
event loop may have used the unit meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.errors import (
    ConditionFailed,
    DecodeError,
    EntityNotFound,
    KeysUnread,
    MappingError,
    QueryError,
    StoreError,
    Throttled,
    UnitOfWorkStateError,
)
from persistence.events import event_log
from persistence.flows import Flow, pause, perform, run_together
from persistence.mapping import EntityMapping
from persistence.mapping.patching import read_fields
from persistence.operations import BatchGetItems, GetItem, Returning
from persistence.patches import Patch
from persistence.tracking import (
    Identity,
    IdentityMap,
    State,
    Tracked,
    identity_of,
    refuse_expired_changes,
)
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit, reading
from persistence.visibility import Visibility, hides, sees

T = TypeVar("T")

_EVERYTHING = Visibility(deleted=True)

BATCH_ATTEMPTS = 10
"""How often a batch is asked for in vain, one time after the other, before the read gives up."""


class EntityFlows(Generic[T]):
    """The flows of one repository.

    Args:
        mapping: the compiled mapping of its entities.
        uow: the unit of work that it belongs to.
        shown: what its readers see; by default what the mapping says.

    Attributes:
        mapping, uow, shown: as they were given.
    """

    def __init__(
        self, mapping: EntityMapping[T], uow: UnitOfWorkBase[Any], shown: Visibility | None = None
    ) -> None:
        self.mapping = mapping
        self.uow = uow
        self.shown = Visibility.of(mapping) if shown is None else shown
        # Asked once: most mappings hide nothing, and each read would ask again.
        self._hides = hides(mapping, self.shown)

    def showing(self, shown: Visibility) -> EntityFlows[T]:
        """Give the same flows for readers who see more or less."""
        return EntityFlows(self.mapping, self.uow, shown)

    def key(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Item:
        """Give the stored key for the arguments of `get`."""
        return self.mapping.key_from(args, kwargs)

    def find(self, key: Item) -> Flow[T | None]:
        """Read an entity, or give the one that the unit holds."""
        unit = self.uow.current_unit()
        if unit is not None and self._knows(unit, key):
            return self._known(unit, key)
        get = GetItem(self.mapping.table, key, consistent=True)
        answer = yield from reading(unit, lambda: perform(get))
        return self._took_in(unit, key, answer.item)

    def get(self, key: Item) -> Flow[T]:
        """Read an entity that must be there."""
        entity = yield from self.find(key)
        if entity is None:
            raise EntityNotFound(self.mapping.entity_type, [self.mapping.key_values(key)])
        return entity

    def find_many(self, keys: Sequence[Item]) -> Flow[list[T | None]]:
        """Read any number of entities, in the order of the keys."""
        unit = self.uow.current_unit()
        wanted = {identity_of(self.mapping, key): key for key in keys}
        items: dict[Identity, Item | None] = {}
        epoch = None if unit is None else unit.epoch
        while missing := self._unread(unit, wanted, items):
            items |= yield from reading(unit, partial(self._read, missing, unit))
            if unit is not None and unit.epoch != epoch:
                items, epoch = {}, unit.epoch
        found = {
            identity: self._took_in(unit, key, items[identity])
            if identity in items
            else self._known(unit, key)
            for identity, key in wanted.items()
        }
        return [found[identity_of(self.mapping, key)] for key in keys]

    def _unread(
        self, unit: Unit[Any] | None, wanted: Mapping[Identity, Item], items: Mapping[Identity, Item | None]
    ) -> list[Item]:
        """Give the keys that are neither read nor known; a unit may forget keys while others are read."""
        if unit is not None:
            unit.check()
        return [
            key
            for identity, key in wanted.items()
            if identity not in items and (unit is None or not self._knows(unit, key))
        ]

    def read_items(
        self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool
    ) -> Flow[list[Item | None]]:
        """Read items by their keys, in the order of the keys; None for what is absent.

        Args:
            keys: any number; no two are the same.
            unit: the unit that is open, if any: its store is read.
            consistent: whether the reads are strongly consistent.
        """
        found = yield from self._read(keys, unit, consistent=consistent)
        return [found[identity_of(self.mapping, key)] for key in keys]

    def get_many(self, keys: Sequence[Item]) -> Flow[list[T]]:
        """Read any number of entities that must all be there."""
        found = yield from self.find_many(keys)
        absent = [key for key, entity in zip(keys, found, strict=True) if entity is None]
        if absent:
            values = dict.fromkeys(self.mapping.key_values(key) for key in absent)
            raise EntityNotFound(self.mapping.entity_type, values)
        return [entity for entity in found if entity is not None]

    def add(self, entity: T) -> Flow[T]:
        """Put a new entity under the unit."""
        return self._write(entity, IdentityMap.add)

    def update(self, entity: T) -> Flow[T]:
        """Put a detached or replaced entity under the unit."""
        return self._write(entity, IdentityMap.update)

    def remove(self, entity: T) -> Flow[T]:
        """Plan an entity's deletion, or its mark."""
        return self._write(entity, IdentityMap.remove)

    def restore(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Flow[T]:
        """Take the mark of a deletion away from an entity that is given, or named by its key."""
        entity = self._entity_of(args, kwargs)
        key = self.key(args, kwargs) if entity is None else self.mapping.key_of(entity)

        def work(entities: IdentityMap, tracked: Tracked[T]) -> None:
            entities.restore(tracked, entity)

        return (yield from self._end(key, work, "restore"))

    def purge(
        self, args: tuple[object, ...], kwargs: Mapping[str, object], after: timedelta | None
    ) -> Flow[T]:
        """Delete an entity for good that is given, or marked as deleted and named by its key."""
        if after is not None:
            self._check_expiry(after)
        entity = self._entity_of(args, kwargs)
        key = self.key(args, kwargs) if entity is None else self.mapping.key_of(entity)

        def work(entities: IdentityMap, tracked: Tracked[T]) -> None:
            if entity is None and not tracked.marked:
                raise _unmarked(tracked)
            entities.purge(tracked, entity, after)

        return (yield from self._end(key, work, "purge"))

    def _end(self, key: Item, work: Callable[[IdentityMap, Tracked[T]], None], call: str) -> Flow[T]:
        """Do with an entity, marked or not, what ends its deletion; one that is not held is read first."""
        if self.mapping.roles.deleted_at is None:
            raise MappingError(
                f"{call}: {self.mapping.schema.__name__} has no field fields.DeletedAt(), so that a "
                f"removal deletes {self.mapping.name} at once"
            )
        unit = self.uow.current_unit()
        held = None if unit is None else unit.entities.find(self.mapping, key)
        if unit is not None and held is not None and held.known:
            work(unit.entities, held)
            return held.entity
        get = GetItem(self.mapping.table, key, consistent=True)
        item = (yield from reading(unit, lambda: perform(get))).item
        if item is None:
            if unit is not None:
                self._note_absence(unit, key, _EVERYTHING)
            raise EntityNotFound(self.mapping.entity_type, [self.mapping.key_values(key)])

        def act(entities: IdentityMap) -> Tracked[T]:
            entities.load(self.mapping, item)
            tracked = entities.find(self.mapping, key)
            assert tracked is not None
            work(entities, tracked)
            return tracked

        ended = act(unit.entities) if unit is not None else (yield from self.uow.committing_at_once(act))
        return ended.entity

    def _entity_of(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> T | None:
        """Give the entity if one was given instead of a key."""
        if len(args) == 1 and not kwargs and isinstance(args[0], self.mapping.entity_type):
            self._check(args[0])
            return args[0]
        return None

    def _check_expiry(self, after: timedelta) -> None:
        if not isinstance(after, timedelta) or after <= timedelta(0):
            raise QueryError(f"purge(after=...) takes a timedelta of more than 0, not {after!r}")
        if self.mapping.roles.time_to_live is None:
            raise MappingError(
                f"purge(after=...): {self.mapping.schema.__name__} has no field fields.TimeToLive(), by "
                "which DynamoDB would delete the item; declare one, or purge without `after`"
            )

    def save(self, entity: T) -> Flow[T]:
        """Overwrite what is stored; at once, the stored entity with its new version is read back."""
        self._check(entity)
        if self.uow.current_unit() is not None:
            return (yield from self._write(entity, IdentityMap.save))
        stored = yield from self._write(entity, IdentityMap.save)
        try:
            return (yield from self.get(self.mapping.key_of(entity)))
        except (StoreError, EntityNotFound) as unread:
            # It is stored all the same. Without its new version a later update of it is stale, not wrong.
            event_log().info("save.unread", entity_type=self.mapping.name, error=type(unread).__name__)
            return stored

    def patch(self, patch: Patch[T]) -> Flow[None]:
        """Change an item that is not read, at the unit's commit or at once."""
        unit = self.uow.current_unit()
        if unit is not None:
            unit.entities.patch(patch)
            return
        yield from self.uow.committing_at_once(lambda entities: entities.patch(patch))

    def patch_returning(self, patch: Patch[T], returning: Returning) -> Flow[T | dict[str, Any] | None]:
        """Change an item that is not read at once, and give what it was or is.

        Args:
            patch: the change.
            returning: "old" or "new" for the entity, "updated_old" or "updated_new" for the values of the
                attributes that it changes, by name.
        """
        if self.uow.current_unit() is not None:
            raise UnitOfWorkStateError(
                f"execute(returning={returning!r}): in a unit of work a patch is written with the commit, so "
                "it has nothing to return yet; leave out `returning`, or patch outside the unit"
            )
        item = yield from self.uow.updating(patch, _wide_enough(patch, returning))
        try:
            if returning in ("updated_old", "updated_new"):
                return self._values_of(patch, item or {})
            return None if item is None else self.mapping.codec.decode(item)
        except DecodeError as unread:
            unread.add_note(f"the patch of this {self.mapping.name} took effect all the same")
            unread.committed = True
            raise

    def _values_of(self, patch: Patch[T], item: Item) -> dict[str, Any]:
        roles = self.mapping.roles
        stepped = {role.attribute for role in (roles.version, roles.updated_at) if role is not None}
        changed = {*stepped, *(action.path.attribute for action in patch.actions)}
        attributes = {name: value for name, value in item.items() if name in changed}
        return read_fields(self.mapping.plan, attributes)

    def refresh(self, entity: T) -> Flow[T]:
        """Read a clean entity again."""
        self._check(entity)
        unit = self.uow.current_unit()
        if unit is None:
            return (yield from self.get(self.mapping.key_of(entity)))
        tracked = self._refreshable(unit, entity)
        get = GetItem(self.mapping.table, tracked.key, consistent=True)
        answer = yield from reading(unit, lambda: perform(get))
        if answer.item is None or not self._sees(answer.item):
            self._note_absence(unit, tracked.key, self.shown)
            raise EntityNotFound(self.mapping.entity_type, [tracked.key_values])
        return unit.entities.reload(self._refreshable(unit, entity), answer.item)

    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """Make an entity of an item that a query found; None if the unit has removed it or its mark."""
        return self._loaded(unit, item, latest=False)

    def _loaded(self, unit: Unit[Any] | None, item: Item, *, latest: bool) -> T | None:
        if unit is None:
            return self.mapping.codec.decode(item)
        return unit.entities.load(self.mapping, item, latest=latest, shown=self.shown)

    def _sees(self, item: Item) -> bool:
        return not self._hides or sees(self.mapping, self.shown, item, self.uow.clock)

    def _write(self, entity: T, call: Callable[[IdentityMap, EntityMapping[T], T], None]) -> Flow[T]:
        self._check(entity)
        unit = self.uow.current_unit()
        if unit is not None:
            call(unit.entities, self.mapping, entity)
            return entity

        def work(entities: IdentityMap) -> Tracked[T]:
            call(entities, self.mapping, entity)
            (tracked,) = entities
            return tracked

        tracked = yield from self.uow.committing_at_once(work)
        return tracked.entity

    def _check(self, entity: T) -> None:
        refuse_other_type(self.mapping, entity)

    def _refreshable(self, unit: Unit[Any], entity: T) -> Tracked[T]:
        tracked = unit.entities.find_entity(self.mapping, entity)
        if tracked is None or tracked.entity is not entity:
            raise UnitOfWorkStateError(
                f"refresh: this {self.mapping.name} is not part of the unit; get it instead"
            )
        if tracked.state is not State.CLEAN:
            raise UnitOfWorkStateError(
                f"refresh: {tracked} is {tracked.state.value}; "
                "its changes would be lost. Commit or roll back first"
            )
        return tracked

    def _knows(self, unit: Unit[Any], key: Item) -> bool:
        entities = unit.entities
        tracked = entities.find(self.mapping, key)
        if tracked is not None:
            return tracked.known
        return entities.known_absent(self.mapping, key, self.shown)

    def _known(self, unit: Unit[Any] | None, key: Item) -> T | None:
        tracked = None if unit is None else unit.entities.find(self.mapping, key)
        return tracked.entity if tracked is not None and tracked.seen_by(self.shown) else None

    def _took_in(self, unit: Unit[Any] | None, key: Item, stored: Item | None) -> T | None:
        item = stored if stored is not None and self._sees(stored) else None
        if unit is not None:
            unit.check()
            if self._knows(unit, key):
                return self._known(unit, key)
            if item is None:
                self._note_absence(unit, key, _EVERYTHING if stored is None else self.shown)
        return None if item is None else self._loaded(unit, item, latest=True)

    def _note_absence(self, unit: Unit[Any], key: Item, shown: Visibility) -> None:
        tracked = unit.entities.find(self.mapping, key)
        if tracked is not None:
            refuse_expired_changes(tracked)
            unit.entities.forget(tracked)
        unit.entities.remember_absent(self.mapping, key, shown)

    def _read(
        self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool = True
    ) -> Flow[dict[Identity, Item | None]]:
        """Read items in batches, asking again for what the service left out."""
        limits = self.uow.store.limits if unit is None else unit.store.limits
        gets = [GetItem(self.mapping.table, key, consistent=consistent) for key in keys]
        items: dict[Identity, Item | None] = {}
        batches = [self._read_batch(chunk, items) for chunk in _chunks(gets, limits.batch_gets)]
        failures = [failure for failure in (yield from run_together(batches)) if failure is not None]
        if failures:
            unread = [self.mapping.key_values(key) for key in keys if self._identity(key) not in items]
            raise KeysUnread(
                self.mapping.entity_type, unread, len(keys), table=self.mapping.table.name
            ) from failures[0]
        return items

    def _read_batch(
        self, gets: Sequence[GetItem], items: dict[Identity, Item | None]
    ) -> Flow[Throttled | None]:
        """Read one batch until all of it is answered, or nothing is answered any more.

        Returns:
            What was told in place of the last answers; None if all are there.
        """
        wasted = 0
        for attempt in count(1):
            failure, left = yield from self._ask(gets, items)
            if failure is None:
                return None
            wasted = wasted + 1 if len(left) == len(gets) else 0
            if wasted == BATCH_ATTEMPTS:
                return failure
            gets = left
            yield from pause(self.uow.timing.backoff(attempt))
        raise AssertionError("unreachable: the attempts are endless")

    def _ask(
        self, gets: Sequence[GetItem], items: dict[Identity, Item | None]
    ) -> Flow[tuple[Throttled | None, Sequence[GetItem]]]:
        """Ask once for a batch; give what is left of it, and why if anything is."""
        try:
            answer = yield from perform(BatchGetItems(tuple(gets)))
        except Throttled as throttled:
            return throttled, gets
        left = {self._identity(get.key) for get in answer.unprocessed}
        found = {self._identity(get.key): item for get, item in zip(gets, answer.items, strict=True)}
        items.update((identity, item) for identity, item in found.items() if identity not in left)
        if not answer.unprocessed:
            return None, ()
        return Throttled("keys were left unprocessed", operation="BatchGetItems"), answer.unprocessed

    def _identity(self, key: Item) -> Identity:
        return identity_of(self.mapping, key)


def refuse_other_type(mapping: EntityMapping[Any], entity: object) -> None:
    """Refuse an entity that a mapping is not for.

    Raises:
        MappingError: with the remedy.
    """
    if type(entity) is not mapping.entity_type:
        raise MappingError(
            f"{mapping.schema.__name__} maps {mapping.name}, not {type(entity).__name__}; "
            "use the repository of that type"
        )


def _unmarked(tracked: Tracked[Any]) -> ConditionFailed:
    return ConditionFailed(
        f"purge: {tracked} is not marked as deleted, and was named by its key only; remove it first, or give "
        "the entity itself",
        entity=tracked.entity,
        entity_type=tracked.mapping.entity_type,
        key=tracked.key_values,
    )


def _wide_enough(patch: Patch[Any], returning: Returning) -> Returning:
    """Ask for whole items where a patch changes parts of attributes: the service gives no more than those."""
    if all(len(action.path.segments) == 1 for action in patch.actions):
        return returning
    whole: dict[Returning, Returning] = {"updated_old": "old", "updated_new": "new"}
    return whole.get(returning, returning)


def _chunks(gets: Sequence[GetItem], size: int) -> Iterable[Sequence[GetItem]]:
    return [gets[start : start + size] for start in range(0, len(gets), size)]
