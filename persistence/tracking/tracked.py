"""One entity under a unit of work: what is known of it, and whether it has changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Generic, NamedTuple, TypeVar

import persistence.evaluate as evaluate
from persistence.attributes import Item, NormalisedKey
from persistence.changes import Change, changes, replaced_attributes
from persistence.errors import KeyChanged, StaleEntity, described
from persistence.mapping import Difference, EntityMapping, Memento, RoleField, Watch
from persistence.visibility import Visibility, is_marked
from persistence.written_items import WrittenItem

T = TypeVar("T")

Identity = tuple[str, NormalisedKey]
"""Table name and normalised key."""


class State(Enum):
    """What a unit of work thinks of an entity."""

    NEW = "new"
    CLEAN = "clean"
    DIRTY = "dirty"
    REMOVED = "removed"


@dataclass(slots=True)
class Loaded:
    """The entity was read; nobody changes it, though nothing forbids it: there is one for each entity.

    Attributes:
        item: as it was stored; nobody changes it.
        snapshot: the entity's encoding right after it was decoded; None where the memento will do.
        complete: whether `item` is all that is stored; not so after a write of an entity that was not read.
        memento: what the entity was right after it was decoded.
    """

    item: Item
    snapshot: Item | None
    complete: bool = True
    memento: Memento | None = None

    @property
    def current(self) -> Item:
        """The item that the entity was made of."""
        return self.item


@dataclass(slots=True)
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


class Written(Loaded):
    """The entity was put by this unit, which knows no more of its item than the text that was sent.

    Args:
        written: the item.
    """

    __slots__ = ("_written",)

    complete = True
    memento = None

    def __init__(self, written: WrittenItem) -> None:
        self._written = written

    @property
    def item(self) -> Item:  # type: ignore[override]  # nobody changes it
        """The item as it was stored."""
        return self._written.item

    @property
    def snapshot(self) -> Item:  # type: ignore[override]  # nor this
        """The entity's encoding, which is the item."""
        return self._written.item


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


WATCH: Final = Intent.WATCH
CREATE: Final = Intent.CREATE
EXPIRED: Final = Intent.EXPIRED
"""Those that each entity is asked for, as names of the module: Python 3.11 is slow to look up a member."""

_REMOVE: Final = Intent.REMOVE
_PURGE: Final = Intent.PURGE


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
        return self.intent is not _REMOVE and self.intent is not _PURGE

    @property
    def was_marked(self) -> bool:
        """Whether it was marked as deleted when it was read."""
        return isinstance(self.origin, Loaded) and is_marked(self.mapping, self.origin.item)

    @property
    def marked(self) -> bool:
        """Whether it is marked as deleted after the commit."""
        if self.intent is _REMOVE:
            return self.mapping.roles.deleted_at is not None
        return self.intent is WATCH and self.was_marked and not self.restored

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
        return self.intent is not EXPIRED

    @property
    def changed(self) -> bool:
        """Whether the entity differs from what was loaded."""
        if self.restored or not isinstance(self.origin, Loaded):
            return True
        return bool(loaded_changes(self, self.origin).changes)


def identity_of(mapping: EntityMapping[Any], key: Item) -> Identity:
    """Give the identity of an item from its key or from the whole item."""
    return mapping.identity(key)


def key_part(mapping: EntityMapping[Any], item: Item) -> Item:
    """Give the key attributes of an item."""
    return {name: item[name] for name in mapping.key_names}


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
    return mapping.roles.managed


def stepped_roles(mapping: EntityMapping[Any]) -> tuple[RoleField, ...]:
    """Give the fields that every write of a stored entity moves along, and the marks of a deletion."""
    roles = mapping.roles
    stepped = (roles.version, roles.updated_at, roles.deleted_at, roles.former_time_to_live)
    return tuple(role for role in stepped if role is not None)


def demands_version(mapping: EntityMapping[Any], item: Item) -> bool:
    """Tell whether a write can demand the version of a loaded item; older items may have none."""
    role = mapping.roles.version
    return role is not None and role.attribute in item


class Comparison(NamedTuple):
    """How an entity compares with what was loaded.

    Attributes:
        changes: what differs, without what the unit of work manages.
        encoded: the entity's encoding; None where it was not needed.
        memento: what the entity is now, where it differs and that tells enough.
    """

    changes: tuple[Change, ...]
    encoded: Item | None = None
    memento: Memento | None = None


UNCHANGED: Final = Comparison(())
"""Nothing differs, and no encoding was made."""


def loaded_changes(tracked: Tracked[T], origin: Loaded) -> Comparison:
    """Compare an entity with what was loaded.

    Raises:
        ValidationFailed: a value can't be stored at all.
    """
    mapping, memento = tracked.mapping, origin.memento
    watch = mapping.codec.watch
    if memento is None or watch is None:
        encoded = mapping.codec.snapshot(tracked.entity)
        return Comparison(encoded_changes(tracked, origin, encoded), encoded)
    found = watch.compare(tracked.entity, origin.item, memento)
    return UNCHANGED if found is None else differing(tracked, origin, found, watch)


def differing(tracked: Tracked[T], origin: Loaded, found: Difference, watch: Watch) -> Comparison:
    """Give the changes that a difference comes to."""
    mapping, stored = tracked.mapping, origin.item
    paths, managed = mapping.paths, mapping.managed_attributes
    changed = [
        Change(paths[name], stored.get(name), after)
        for name, after in found.replaced.items()
        if name not in managed and (after is not None or name in stored)
    ]
    if found.before or found.after:
        changed += _changes(mapping, origin, found.before, found.after)
    if len(changed) > 1:
        changed.sort(key=lambda change: (_vanishes(change), watch.order[change.path.attribute]))
    return Comparison(tuple(changed), None, found.memento)


def _vanishes(change: Change) -> bool:
    return change.after is None and len(change.path.segments) == 1


def encoded_changes(tracked: Tracked[T], origin: Loaded, encoded: Item) -> tuple[Change, ...]:
    """Compare an entity's encoding with that of what was loaded, without what the unit of work manages."""
    assert origin.snapshot is not None
    return _changes(tracked.mapping, origin, origin.snapshot, encoded)


def _changes(mapping: EntityMapping[Any], origin: Loaded, before: Item, after: Item) -> tuple[Change, ...]:
    if before == after:
        return ()
    changed = changes(
        origin.current,
        before,
        after,
        mapping.shape,
        ignoring=mapping.managed_attributes,
        by_index=mapping.concurrency == "compare" or demands_version(mapping, origin.item),
        paths=mapping.paths,
    )
    if not changed or not isinstance(origin, LoadedOld):
        return changed
    return replaced_attributes(
        origin.item,
        evaluate.apply_update(origin.upcast, [change.action for change in changed]),
        ignoring={role.attribute for role in stepped_roles(mapping)},
    )


def refuse_expired_changes(tracked: Tracked[Any]) -> None:
    """Raise `StaleEntity` if an entity was changed that had to be read again first."""
    if not tracked.known and tracked.changed:
        raise expired(tracked)


def expired(tracked: Tracked[Any]) -> StaleEntity:
    """Give the error for a change of an entity that has to be read again first."""
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
