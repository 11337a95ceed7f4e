"""The identity map: what a unit holds, and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from persistence.attributes import Item
from persistence.errors import EntityExists, UnitOfWorkStateError, described
from persistence.mapping import EntityMapping
from persistence.patches import Patch
from persistence.tracking.places import Places
from persistence.tracking.tracked import (
    CREATE,
    WATCH,
    Detached,
    Identity,
    Intent,
    Loaded,
    State,
    Tracked,
    expired,
    identity_of,
    is_frozen,
    refuse_expired_changes,
    version_of,
)

T = TypeVar("T")


@dataclass(slots=True)
class IdentityMap(Places):
    """All entities of a unit, and what its commit shall do with them."""

    def add(self, mapping: EntityMapping[T], entity: T) -> None:
        """Take in a new entity.

        Raises:
            EntityExists: the key belongs to another live entity of this unit, or to one that is marked as
                deleted.
        """
        key, identity, tracked = self._locate(mapping, entity)
        if self._patches:
            self._refuse_patched(mapping, key, identity, "add")
        if tracked is None:
            self._track(mapping, identity, key, entity, None, CREATE)
        elif not tracked.live:
            self.exchange(tracked, entity)
            tracked.intent = Intent.REPLACE
        elif tracked.intent is Intent.OVERWRITE and tracked.entity is entity:
            _refuse(tracked, "add", _SAVED)
        elif tracked.entity is not entity or tracked.marked:
            raise EntityExists(
                f"{tracked} is {_DELETED}" if tracked.marked else f"{tracked} is already part of this unit",
                entity=entity,
                entity_type=mapping.entity_type,
                key=tracked.key_values,
                found=tracked.entity,
            )

    def update(self, mapping: EntityMapping[T], entity: T) -> None:
        """Put a detached or replaced entity under the unit.

        Raises:
            UnitOfWorkStateError: the unit holds another, changed object under this key, or has removed it.
        """
        key, identity, tracked = self._locate(mapping, entity)
        if tracked is None:
            self._refuse_patched(mapping, key, identity, "update")
            _refuse_without_version(mapping, key, "update")
            self._track_detached(mapping, identity, key, entity, WATCH)
        elif not tracked.live:
            _refuse(tracked, "update", "it is removed in this unit; add a new one instead")
        elif tracked.intent is Intent.OVERWRITE:
            _refuse(tracked, "update", _SAVED)
        elif tracked.entity is not entity:
            self._stand_in(tracked, entity, "update")

    def save(self, mapping: EntityMapping[T], entity: T) -> None:
        """Put an entity under the unit that overwrites what is stored.

        Raises:
            UnitOfWorkStateError: another action on this key is planned.
        """
        key, identity, tracked = self._locate(mapping, entity)
        self._refuse_patched(mapping, key, identity, "save")
        if tracked is None:
            tracked = self._track_detached(mapping, identity, key, entity, Intent.OVERWRITE)
        elif not _may_overwrite(tracked, entity):
            _refuse(tracked, "save", "save can't stand beside another action on its key; commit that first")
        self.exchange(tracked, entity)
        _detach(tracked, Detached(None))
        tracked.intent = Intent.OVERWRITE

    def remove(self, mapping: EntityMapping[T], entity: T) -> None:
        """Plan the deletion of an entity, or its mark; of a new one nothing remains.

        Raises:
            UnitOfWorkStateError: the unit holds another, changed object under this key, or saves it, or has
                loaded it marked as deleted.
        """
        key, identity, tracked = self._locate(mapping, entity)
        self._refuse_patched(mapping, key, identity, "remove")
        if tracked is None:
            _refuse_without_version(mapping, key, "remove")
            self._track_detached(mapping, identity, key, entity, Intent.REMOVE)
            return
        if tracked.intent is Intent.OVERWRITE:
            _refuse(tracked, "remove", _SAVED)
        if tracked.live and tracked.entity is not entity:
            self._stand_in(tracked, entity, "remove")
        if not tracked.known:
            raise expired(tracked)
        if tracked.intent is Intent.CREATE:
            self.forget(tracked)
        elif tracked.restored:
            tracked.restored = False
        elif tracked.live and tracked.marked:
            _refuse(tracked, "remove", f"it is {_DELETED}")
        elif tracked.live:
            tracked.intent, tracked.purge_after = Intent.REMOVE, None

    def restore(self, tracked: Tracked[T], entity: T | None) -> None:
        """Plan to take the mark of a deletion away, or take back what this unit removes.

        Args:
            tracked: what was removed; of what was not nothing changes.
            entity: the object that shall stand for it, or None for the one that does.

        Raises:
            UnitOfWorkStateError: the unit holds another, changed object under this key, or writes one that it
                has not read.
        """
        if tracked.live and isinstance(tracked.origin, Detached):
            _refuse(
                tracked, "restore", "it is written in this unit without having been read; commit that first"
            )
        if isinstance(tracked.origin, Detached):
            self.forget(tracked)
            return
        if not tracked.live:
            tracked.intent, tracked.purge_after = Intent.WATCH, None
        marked = tracked.marked
        if entity is not None and tracked.entity is not entity:
            self._stand_in(tracked, entity, "restore")
        tracked.restored |= marked

    def purge(self, tracked: Tracked[T], entity: T | None, after: timedelta | None) -> None:
        """Plan the deletion of an entity for good; of a new one nothing remains.

        Args:
            tracked: what is to be deleted.
            entity: the object that shall stand for it, or None for the one that does.
            after: how long it is kept, marked as deleted, before the service deletes it; None for not at all.

        Raises:
            UnitOfWorkStateError: the unit holds another, changed object under this key, or saves or patches
                it.
        """
        self._refuse_patched(tracked.mapping, tracked.key, tracked.identity, "purge")
        if tracked.intent is Intent.OVERWRITE:
            _refuse(tracked, "purge", _SAVED)
        if tracked.live and entity is not None and tracked.entity is not entity:
            self._stand_in(tracked, entity, "purge")
        if tracked.intent is Intent.CREATE:
            self.forget(tracked)
            return
        tracked.intent = Intent.PURGE if after is None else Intent.REMOVE
        tracked.purge_after, tracked.restored = after, False

    def patch(self, patch: Patch[Any]) -> None:
        """Plan update actions on an item, beside a change of its entity if there is one.

        Raises:
            UnitOfWorkStateError: the item is added, removed, saved or updated as a whole in this unit.
            QueryError: an earlier patch of this unit contradicts it.
        """
        tracked = self.find(patch.mapping, patch.key)
        if tracked is not None and _is_written_whole(tracked):
            removed = tracked.state is State.REMOVED
            remedy = "leave one of the two out" if removed else "change the entity instead"
            _refuse(tracked, "patch", f"it is {tracked.state.value} in this unit; {remedy}")
        if tracked is not None and not tracked.known:
            refuse_expired_changes(tracked)
        identity = identity_of(patch.mapping, patch.key)
        known = self._patches.get(identity)
        self._patches[identity] = patch if known is None else known.joined(patch)

    def _refuse_patched(self, mapping: EntityMapping[Any], key: Item, identity: Identity, call: str) -> None:
        if identity in self._patches:
            raise UnitOfWorkStateError(
                f"{call}: {described(mapping.name, mapping.key_values(key))} is patched in this unit; commit "
                "that first, or make the change in the entity"
            )

    def _stand_in(self, tracked: Tracked[T], entity: T, call: str) -> None:
        """Let another object stand for a stored entity; what was loaded counts if the versions agree."""
        if not tracked.known:
            raise expired(tracked)
        if is_frozen(tracked.mapping) and tracked.intent in _STORED_AS_A_WHOLE:
            self.exchange(tracked, entity)
            return
        if tracked.intent is not Intent.WATCH or (tracked.changed and not is_frozen(tracked.mapping)):
            _refuse(
                tracked,
                call,
                "the unit holds another object under this key, with changes of its own; change that one "
                "instead",
            )
        if not is_frozen(tracked.mapping):
            _refuse_without_version(tracked.mapping, tracked.key, call)
        version = version_of(tracked.mapping, entity)
        if version_of(tracked.mapping, tracked.entity) != version:
            if version in tracked.superseded:
                _refuse(tracked, call, "this unit has committed it since, with a new version; get it again")
            self._refuse_patched(tracked.mapping, tracked.key, tracked.identity, call)
            _detach(tracked, Detached(version))
        self.exchange(tracked, entity)


_DELETED = "marked as deleted already; restore it, or purge it"

_SAVED = "it was given to save in this unit, beside which no other action can stand; commit that first"

_STORED_AS_A_WHOLE = (Intent.CREATE, Intent.REPLACE)


def _refuse_without_version(mapping: EntityMapping[Any], key: Item, call: str) -> None:
    role = mapping.roles.version
    if role is not None and role.name is None:
        raise UnitOfWorkStateError(
            f"{call}: {described(mapping.name, mapping.key_values(key))} is not part of this unit, and its "
            f"version is in the table only ({role.attribute!r}), so that a change by others could not be "
            f"noticed. Read it inside the unit, or give {mapping.name} an attribute for its version"
        )


def _may_overwrite(tracked: Tracked[T], entity: T) -> bool:
    if tracked.intent in (Intent.OVERWRITE, Intent.EXPIRED):
        return True
    if tracked.intent is not Intent.WATCH or tracked.restored or isinstance(tracked.origin, Detached):
        return False
    return tracked.entity is entity or not tracked.changed


def _detach(tracked: Tracked[Any], origin: Detached) -> None:
    if tracked.known and isinstance(tracked.origin, Loaded):
        tracked.was_read = tracked.origin
    tracked.origin = origin


def _is_written_whole(tracked: Tracked[Any]) -> bool:
    """Tell whether the commit writes more of an item than what changed in it."""
    if tracked.intent is Intent.WATCH:
        return isinstance(tracked.origin, Detached)
    return tracked.intent is not Intent.EXPIRED


def _refuse(tracked: Tracked[Any], call: str, why: str) -> NoReturn:
    raise UnitOfWorkStateError(f"{call}: {tracked}: {why}")
