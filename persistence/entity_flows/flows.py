"""What repositories do with entities, as flows: in the unit that is open, or at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from persistence.attributes import Item
from persistence.entity_flows.reading import EVERYTHING, EntityReading
from persistence.errors import (
    ConditionFailed,
    DecodeError,
    EntityNotFound,
    MappingError,
    QueryError,
    StoreError,
    UnitOfWorkStateError,
)
from persistence.events import event_log
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.mapping.patching import read_fields
from persistence.operations import GetItem, Returning
from persistence.patches import Patch
from persistence.tracking import (
    IdentityMap,
    State,
    Tracked,
)
from persistence.unit_of_work.unit import Unit, read_item

T = TypeVar("T")

Put = Callable[[IdentityMap, EntityMapping[T], T], None]
"""What an identity map does with an entity."""


class EntityFlows(EntityReading[T]):
    """The flows of one repository; see `EntityReading`."""

    def put(self, entity: T, call: Put[T]) -> bool:
        """Do something with an entity in the unit that is open here, for which nothing is asked of the store.

        Args:
            entity: the entity.
            call: what the identity map does with it.

        Returns:
            Whether a unit is open; where none is, `at_once` does it.
        """
        mapping = self.mapping
        if type(entity) is not mapping.entity_type:
            refuse_other_type(mapping, entity)
        unit = self.uow.current_unit()
        if unit is None:
            return False
        call(unit.entities, mapping, entity)
        return True

    def at_once(self, entity: T, call: Put[T]) -> Flow[T]:
        """Do something with an entity as a unit of its own; see `put`."""
        if call is IdentityMap.add:
            return self.uow.creating_at_once(self.mapping, entity)
        return self._at_once(entity, call)

    def _at_once(self, entity: T, call: Put[T]) -> Flow[T]:
        def work(entities: IdentityMap) -> Tracked[T]:
            call(entities, self.mapping, entity)
            (tracked,) = entities
            return tracked

        tracked = yield from self.uow.committing_at_once(work)
        return tracked.entity

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
        item = (yield from read_item(unit, get)).item
        if item is None:
            if unit is not None:
                self._note_absence(unit, key, EVERYTHING)
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
        if self.put(entity, IdentityMap.save):
            return entity
        stored = yield from self._at_once(entity, IdentityMap.save)
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
        yield from self.uow.patching_at_once(patch)

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
        answer = yield from read_item(unit, get)
        if answer.item is None or not self._sees(answer.item):
            self._note_absence(unit, tracked.key, self.shown)
            raise EntityNotFound(self.mapping.entity_type, [tracked.key_values])
        return unit.entities.reload(self._refreshable(unit, entity), answer.item)

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
