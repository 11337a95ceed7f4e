"""What a unit of work knows of each entity: the identity map, what was loaded, and what is to become of it.

An entity is identified by its table and normalised stored key. Its origin says where it came from, its intent
what the commit shall do; the four words users see are derived from both:

- `new`: added, not stored yet.
- `clean`: as loaded.
- `dirty`: differs from what was loaded, or was put under the unit by `update` or `save`.
- `removed`: to be deleted, or to be marked as deleted where the mapping has a `DeletedAt` field.

What is marked stays a clean or dirty entity for who asked for it, and is not there for anybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Generic, NoReturn, TypeVar

from persistence.attributes import Item, NormalisedKey, normalised_key
from persistence.changes import Change, changes, replaced_attributes
from persistence.errors import EntityExists, KeyChanged, StaleEntity, UnitOfWorkStateError, described
from persistence.evaluate import apply_update
from persistence.mapping import EntityMapping, RoleField
from persistence.patches import Patch
from persistence.visibility import USUAL, Visibility, is_marked

T = TypeVar("T")

Identity = tuple[str, NormalisedKey]
"""Table name and normalised key."""


class State(Enum):
    """What a unit of work thinks of an entity."""

    NEW = "new"
    CLEAN = "clean"
    DIRTY = "dirty"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The entity was read.

    Attributes:
        item: as it was stored.
        snapshot: the entity's encoding right after it was decoded.
        complete: whether `item` is all that is stored; not so after a write of an entity that was not read.
    """

    item: Item
    snapshot: Item
    complete: bool = True

    @property
    def current(self) -> Item:
        """The item that the entity was made of."""
        return self.item


@dataclass(frozen=True, slots=True)
class LoadedOld(Loaded):
    """The entity was read from an item of an older schema version.

    Attributes:
        upcast: the item as the mapping's schema version would have stored it.
    """

    upcast: Item = field(kw_only=True)

    @property
    def current(self) -> Item:
        """The item that the entity was made of."""
        return self.upcast


@dataclass(frozen=True, slots=True)
class Detached:
    """The entity was not read by this unit; its own version is what the write demands.

    Attributes:
        version: the version of the entity when it came under the unit, None without one.
    """

    version: object


Stored = Loaded | Detached
"""What is known of a stored item."""


class Intent(Enum):
    """What the commit shall do with an entity."""

    WATCH = "watch"
    """Save it if it changed."""
    CREATE = "create"
    """Put it; its key must be free."""
    REPLACE = "replace"
    """Put it in the place of a removed entity."""
    OVERWRITE = "overwrite"
    """Save all of it, whatever is stored."""
    REMOVE = "remove"
    """Delete it, or mark it as deleted where its mapping says so."""
    PURGE = "purge"
    """Delete it, also where a removal only marks it."""
    EXPIRED = "expired"
    """Nothing: its stored version is known to the store only, so it must be read again before a change."""


@dataclass(slots=True, eq=False)
class Tracked(Generic[T]):
    """One entity under a unit of work.

    Attributes:
        mapping: its mapping.
        identity: its place in the identity map.
        key: its stored key.
        entity: the object; for frozen dataclasses the latest one.
        intent: what the commit shall do.
        origin: what is known of the stored item; None for a new entity.
        superseded: versions that commits of this unit have moved on from.
        was_read: what was loaded, where the entity is written without regard to it.
        restored: whether the mark of its deletion is to be taken away.
        purge_after: how long a removed entity is kept, marked, before the service deletes it; None for what
            its mapping says.
        meets_newer: whether the stored item is of a later schema version, which stays as it is.
    """

    mapping: EntityMapping[T]
    identity: Identity
    key: Item
    entity: T
    intent: Intent
    origin: Stored | None
    superseded: tuple[object, ...] = ()
    was_read: Loaded | None = None
    restored: bool = False
    purge_after: timedelta | None = None
    meets_newer: bool = False

    @property
    def key_values(self) -> tuple[object, ...]:
        """The key as `get(*key)` takes it."""
        return self.mapping.key_values(self.key)

    def __str__(self) -> str:
        return described(self.mapping.name, self.key_values)

    @property
    def live(self) -> bool:
        """Whether it is there after the commit, be it marked as deleted or not."""
        return self.intent not in (Intent.REMOVE, Intent.PURGE)

    @property
    def was_marked(self) -> bool:
        """Whether it was marked as deleted when it was read."""
        return isinstance(self.origin, Loaded) and is_marked(self.mapping, self.origin.item)

    @property
    def marked(self) -> bool:
        """Whether it is marked as deleted after the commit."""
        if self.intent is Intent.REMOVE:
            return self.mapping.roles.deleted_at is not None
        return self.intent is Intent.WATCH and self.was_marked and not self.restored

    def seen_by(self, shown: Visibility) -> bool:
        """Tell whether a reader finds it; what the unit holds does not expire for it."""
        return shown.deleted if self.marked else self.live

    @property
    def state(self) -> State:
        """The word for it; finding out about changes encodes the entity."""
        match self.intent:
            case Intent.CREATE | Intent.REPLACE:
                return State.NEW
            case Intent.REMOVE | Intent.PURGE:
                return State.REMOVED
            case Intent.OVERWRITE:
                return State.DIRTY
            case Intent.WATCH | Intent.EXPIRED:
                return State.DIRTY if self.changed else State.CLEAN

    @property
    def known(self) -> bool:
        """Whether it can be used without reading it again."""
        return self.intent is not Intent.EXPIRED

    @property
    def changed(self) -> bool:
        """Whether the entity differs from what was loaded."""
        if self.restored or not isinstance(self.origin, Loaded):
            return True
        return bool(loaded_changes(self, self.origin, self.mapping.codec.snapshot(self.entity)))


@dataclass(frozen=True, slots=True)
class Absence:
    """A key under which a unit looked and found nothing.

    Attributes:
        mapping: the mapping of what it looked for.
        key: the stored key.
        shown: what it would have seen.
    """

    mapping: EntityMapping[Any]
    key: Item
    shown: Visibility = USUAL


@dataclass(slots=True)
class IdentityMap:
    """All entities of a unit, one per stored key, in the order in which they came.

    Keys that were looked up and found absent are remembered too, and patches of items.
    """

    _tracked: dict[Identity, Tracked[Any]] = field(default_factory=dict)
    _objects: dict[int, Tracked[Any]] = field(default_factory=dict)
    _absent: dict[Identity, Absence] = field(default_factory=dict)
    _patches: dict[Identity, Patch[Any]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Tracked[Any]]:
        return iter(tuple(self._tracked.values()))

    def __len__(self) -> int:
        return len(self._tracked)

    def find(self, mapping: EntityMapping[T], key: Item) -> Tracked[T] | None:
        """Give what is tracked under a key.

        Raises:
            UnitOfWorkStateError: it is tracked, or patched, under another mapping.
        """
        if not self._tracked and not self._patches:
            return None
        identity = identity_of(mapping, key)
        tracked = self._tracked.get(identity)
        for held in (tracked, self._patches.get(identity)):
            if held is not None and held.mapping is not mapping:
                raise UnitOfWorkStateError(
                    f"{described(mapping.name, mapping.key_values(key))} is the item that this unit holds as "
                    f"{held.mapping.name} (mapping {held.mapping.schema.__name__}); "
                    "use one mapping per item within a unit"
                )
        return tracked

    def find_entity(self, mapping: EntityMapping[T], entity: T) -> Tracked[T] | None:
        """Give what is tracked under the key of an entity.

        Raises:
            KeyChanged: this very object is tracked under another key.
            UnitOfWorkStateError: the key is tracked under another mapping.
        """
        return self._locate(mapping, entity)[1]

    def known_absent(self, mapping: EntityMapping[Any], key: Item, shown: Visibility = USUAL) -> bool:
        """Tell whether this unit looked a key up and found nothing, and has put nothing there since.

        Args:
            mapping: the mapping of what is looked for.
            key: the stored key.
            shown: what would be seen now; who saw less did not look for all of it.
        """
        identity = identity_of(mapping, key)
        absence = self._absent.get(identity)
        return absence is not None and identity not in self._tracked and absence.shown.covers(shown)

    def remember_absent(self, mapping: EntityMapping[Any], key: Item, shown: Visibility = USUAL) -> None:
        """Note that nothing is stored under a key, or nothing that is seen."""
        known = self._absent.get(identity_of(mapping, key))
        if known is None or not known.shown.covers(shown):
            self._absent[identity_of(mapping, key)] = Absence(mapping, key, shown)

    @property
    def absences(self) -> Mapping[Identity, Absence]:
        """The keys that were found absent, also those of entities that were added since."""
        return self._absent

    @property
    def patches(self) -> Mapping[Identity, Patch[Any]]:
        """The patches that the commit shall write, one per item."""
        return self._patches

    def at(self, identity: Identity) -> Tracked[Any] | None:
        """Give what is tracked at a place, whatever its mapping."""
        return self._tracked.get(identity)

    def load(
        self,
        mapping: EntityMapping[T],
        item: Item,
        *,
        latest: bool = True,
        shown: Visibility = USUAL,
    ) -> T | None:
        """Take in an item that was read; what is tracked already wins over it.

        Args:
            mapping: the entity's mapping.
            item: as it is stored.
            latest: whether it was read consistently, so that it may bring an expired entity up to date.
            shown: what the reader sees.

        Returns:
            The tracked entity, or None if the unit has removed it, or it is marked as deleted.
        """
        key = key_part(mapping, item)
        tracked = self.find(mapping, key)
        if tracked is None:
            entity, origin = _decoded(mapping, item)
            tracked = self._track(mapping, key, entity, origin, Intent.WATCH)
        elif latest and not tracked.known:
            self.reload(tracked, item)
        return tracked.entity if tracked.seen_by(shown) else None

    def reload(self, tracked: Tracked[T], item: Item) -> T:
        """Bring a clean entity up to date with the stored item; a frozen one is replaced."""
        refuse_expired_changes(tracked)
        fresh, origin = _decoded(tracked.mapping, item)
        values = {name: getattr(fresh, name) for name in field_names(fresh)}
        for name in values.keys() - tracked.mapping.field_names:
            if values[name] == []:
                # A list that is not stored collects what happens to the object, such as events.
                values[name] = getattr(tracked.entity, name, [])
        self.exchange(tracked, tracked.mapping.assign(tracked.entity, values))
        tracked.origin, tracked.intent, tracked.restored = origin, Intent.WATCH, False
        return tracked.entity

    def add(self, mapping: EntityMapping[T], entity: T) -> None:
        """Take in a new entity.

        Raises:
            EntityExists: the key belongs to another live entity of this unit, or to one that is marked as
                deleted.
        """
        key, tracked = self._locate(mapping, entity)
        self._refuse_patched(mapping, key, "add")
        if tracked is None:
            self._track(mapping, key, entity, None, Intent.CREATE)
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
        key, tracked = self._locate(mapping, entity)
        if tracked is None:
            self._refuse_patched(mapping, key, "update")
            _refuse_without_version(mapping, key, "update")
            self._track_detached(mapping, key, entity, Intent.WATCH)
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
        key, tracked = self._locate(mapping, entity)
        self._refuse_patched(mapping, key, "save")
        if tracked is None:
            tracked = self._track_detached(mapping, key, entity, Intent.OVERWRITE)
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
        key, tracked = self._locate(mapping, entity)
        self._refuse_patched(mapping, key, "remove")
        if tracked is None:
            _refuse_without_version(mapping, key, "remove")
            self._track_detached(mapping, key, entity, Intent.REMOVE)
            return
        if tracked.intent is Intent.OVERWRITE:
            _refuse(tracked, "remove", _SAVED)
        if tracked.live and tracked.entity is not entity:
            self._stand_in(tracked, entity, "remove")
        if not tracked.known:
            raise _expired(tracked)
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
        self._refuse_patched(tracked.mapping, tracked.key, "purge")
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

    def _refuse_patched(self, mapping: EntityMapping[Any], key: Item, call: str) -> None:
        if self._patches and identity_of(mapping, key) in self._patches:
            raise UnitOfWorkStateError(
                f"{call}: {described(mapping.name, mapping.key_values(key))} is patched in this unit; commit "
                "that first, or make the change in the entity"
            )

    def exchange(self, tracked: Tracked[T], entity: T) -> None:
        """Let another object stand for an entity."""
        self._objects.pop(id(tracked.entity), None)
        tracked.entity = entity
        self._objects[id(entity)] = tracked

    def forget(self, tracked: Tracked[Any]) -> None:
        """Drop an entity; the next read loads it anew."""
        self._tracked.pop(tracked.identity, None)
        self._objects.pop(id(tracked.entity), None)

    def settle(self) -> None:
        """Drop what counts until a commit only: absent keys and patches."""
        self._absent.clear()
        self._patches.clear()

    def clear(self) -> None:
        """Drop everything."""
        self._tracked.clear()
        self._objects.clear()
        self.settle()

    def _stand_in(self, tracked: Tracked[T], entity: T, call: str) -> None:
        """Let another object stand for a stored entity; what was loaded counts if the versions agree."""
        if not tracked.known:
            raise _expired(tracked)
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
            self._refuse_patched(tracked.mapping, tracked.key, call)
            _detach(tracked, Detached(version))
        self.exchange(tracked, entity)

    def _locate(self, mapping: EntityMapping[T], entity: T) -> tuple[Item, Tracked[T] | None]:
        key = mapping.key_of(entity)
        known = self._objects.get(id(entity))
        if known is not None and known.mapping is mapping:
            refuse_changed_key(known, key)
        return key, self.find(mapping, key)

    def _track_detached(self, mapping: EntityMapping[T], key: Item, entity: T, intent: Intent) -> Tracked[T]:
        return self._track(mapping, key, entity, Detached(version_of(mapping, entity)), intent)

    def _track(
        self, mapping: EntityMapping[T], key: Item, entity: T, origin: Stored | None, intent: Intent
    ) -> Tracked[T]:
        tracked = Tracked(mapping, identity_of(mapping, key), key, entity, intent, origin)
        self._tracked[tracked.identity] = tracked
        self._objects[id(entity)] = tracked
        return tracked


_DELETED = "marked as deleted already; restore it, or purge it"

_SAVED = "it was given to save in this unit, beside which no other action can stand; commit that first"

_STORED_AS_A_WHOLE = (Intent.CREATE, Intent.REPLACE)


def identity_of(mapping: EntityMapping[Any], key: Item) -> Identity:
    """Give the identity of an item from its key or from the whole item."""
    return mapping.table.name, normalised_key(key, mapping.table.key_names())


def key_part(mapping: EntityMapping[Any], item: Item) -> Item:
    """Give the key attributes of an item."""
    return {name: item[name] for name in mapping.table.key_names()}


def version_of(mapping: EntityMapping[T], entity: T) -> object:
    """Give the version that an entity carries; None if it has none."""
    role = mapping.roles.version
    return None if role is None or role.name is None else getattr(entity, role.name)


def field_names(entity: object) -> list[str]:
    """Give the names of an entity's dataclass fields that have a value."""
    names = type(entity).__dataclass_fields__  # type: ignore[attr-defined]  # entities are dataclasses
    return [name for name in names if hasattr(entity, name)]


def is_frozen(mapping: EntityMapping[Any]) -> bool:
    """Tell whether the entity's class is a frozen dataclass."""
    return bool(mapping.entity_type.__dataclass_params__.frozen)


def managed_roles(mapping: EntityMapping[Any]) -> tuple[RoleField, ...]:
    """Give the fields that the unit of work writes by itself: version, timestamps, and what is with them."""
    roles = mapping.roles
    managed = (
        roles.version,
        roles.incarnation,
        roles.created_at,
        roles.updated_at,
        roles.deleted_at,
        roles.former_time_to_live,
    )
    return tuple(role for role in managed if role is not None)


def stepped_roles(mapping: EntityMapping[Any]) -> tuple[RoleField, ...]:
    """Give the fields that every write of a stored entity moves along, and the marks of a deletion."""
    roles = mapping.roles
    stepped = (roles.version, roles.updated_at, roles.deleted_at, roles.former_time_to_live)
    return tuple(role for role in stepped if role is not None)


def demands_version(mapping: EntityMapping[Any], item: Item) -> bool:
    """Tell whether a write can demand the version of a loaded item; older items may have none."""
    role = mapping.roles.version
    return role is not None and role.attribute in item


def loaded_changes(tracked: Tracked[T], origin: Loaded, encoded: Item) -> tuple[Change, ...]:
    """Compare an entity's encoding with what was loaded, without what the unit of work manages."""
    mapping = tracked.mapping
    changed = changes(
        origin.current,
        origin.snapshot,
        encoded,
        mapping.shape,
        ignoring={role.attribute for role in managed_roles(mapping)},
        by_index=mapping.concurrency == "compare" or demands_version(mapping, origin.item),
    )
    if not changed or not isinstance(origin, LoadedOld):
        return changed
    return replaced_attributes(
        origin.item,
        apply_update(origin.upcast, [change.action for change in changed]),
        ignoring={role.attribute for role in stepped_roles(mapping)},
    )


def refuse_expired_changes(tracked: Tracked[Any]) -> None:
    """Raise `StaleEntity` if an entity was changed that had to be read again first."""
    if not tracked.known and tracked.changed:
        raise _expired(tracked)


def _expired(tracked: Tracked[Any]) -> StaleEntity:
    return StaleEntity(
        f"{tracked} was saved or patched in this unit and is to be written after that commit; its stored "
        "version is not known, so that this can't be checked. Get it again first",
        entity=tracked.entity,
        entity_type=tracked.mapping.entity_type,
        key=tracked.key_values,
    )


def refuse_changed_key(tracked: Tracked[Any], key: Item) -> None:
    """Raise `KeyChanged` if the key of an entity is no longer the one that it is tracked under."""
    if key != tracked.key and identity_of(tracked.mapping, key) != tracked.identity:
        changed = [
            name
            for part in tracked.mapping.key_parts()
            if key[part.attribute] != tracked.key[part.attribute]
            for name in part.fields
        ]
        raise KeyChanged(tracked.entity, tracked.mapping.entity_type, tracked.key_values, changed)


def _decoded(mapping: EntityMapping[T], item: Item) -> tuple[T, Loaded]:
    if mapping.versions is None:
        entity = mapping.codec.decode(item)
        return entity, Loaded(item, mapping.codec.snapshot(entity))
    current = mapping.current(item)
    entity = mapping.codec.decode(current)
    snapshot = mapping.codec.snapshot(entity)
    return entity, Loaded(item, snapshot) if current is item else LoadedOld(item, snapshot, upcast=current)


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
