"""Where the entities of a unit are: one per stored key, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from persistence.attributes import Item
from persistence.errors import UnitOfWorkStateError, described
from persistence.mapping import EntityMapping
from persistence.patches import Patch
from persistence.tracking.tracked import (
    WATCH,
    Detached,
    Identity,
    Intent,
    Loaded,
    LoadedOld,
    Stored,
    Tracked,
    field_names,
    identity_of,
    key_part,
    refuse_changed_key,
    refuse_expired_changes,
    version_of,
)
from persistence.visibility import USUAL, Visibility

T = TypeVar("T")


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
class Places:
    """What a unit holds, by its place: entities, one per stored key, in the order in which they came.

    Keys that were looked up and found absent are remembered too, and patches of items.

    Attributes:
        heaviest: bytes that each item has at most that was loaded; None where that is not known.
    """

    _tracked: dict[Identity, Tracked[Any]] = field(default_factory=dict)
    _objects: dict[int, Tracked[Any]] = field(default_factory=dict)
    _absent: dict[Identity, Absence] = field(default_factory=dict)
    _patches: dict[Identity, Patch[Any]] = field(default_factory=dict)
    heaviest: int | None = 0

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
        return self._at(mapping, key, identity_of(mapping, key))

    def _at(self, mapping: EntityMapping[T], key: Item, identity: Identity) -> Tracked[T] | None:
        tracked = self._tracked.get(identity)
        if tracked is not None and tracked.mapping is not mapping:
            raise _held_otherwise(mapping, key, tracked.mapping)
        if self._patches and (patch := self._patches.get(identity)) and patch.mapping is not mapping:
            raise _held_otherwise(mapping, key, patch.mapping)
        return tracked

    def find_entity(self, mapping: EntityMapping[T], entity: T) -> Tracked[T] | None:
        """Give what is tracked under the key of an entity.

        Raises:
            KeyChanged: this very object is tracked under another key.
            UnitOfWorkStateError: the key is tracked under another mapping.
        """
        return self._locate(mapping, entity)[2]

    def knows(
        self, mapping: EntityMapping[Any], key: Item, identity: Identity, shown: Visibility = USUAL
    ) -> bool:
        """Tell whether what is under a key need not be read: what is tracked, or was found absent.

        Args:
            mapping: the mapping of what is looked for.
            key: the stored key.
            identity: that of the key.
            shown: what would be seen now; who saw less did not look for all of it.

        Raises:
            UnitOfWorkStateError: the key is tracked, or patched, under another mapping.
        """
        tracked = self._at(mapping, key, identity)
        return self._is_absent(identity, shown) if tracked is None else tracked.known

    def known_absent(self, mapping: EntityMapping[Any], key: Item, shown: Visibility = USUAL) -> bool:
        """Tell whether this unit looked a key up and found nothing, and has put nothing there since.

        Args:
            mapping: the mapping of what is looked for.
            key: the stored key.
            shown: what would be seen now; who saw less did not look for all of it.
        """
        return self._is_absent(identity_of(mapping, key), shown)

    def _is_absent(self, identity: Identity, shown: Visibility) -> bool:
        absence = self._absent.get(identity)
        return absence is not None and identity not in self._tracked and absence.shown.covers(shown)

    def remember_absent(self, mapping: EntityMapping[Any], key: Item, shown: Visibility = USUAL) -> None:
        """Note that nothing is stored under a key, or nothing that is seen."""
        identity = identity_of(mapping, key)
        known = self._absent.get(identity)
        if known is None or not known.shown.covers(shown):
            self._absent[identity] = Absence(mapping, key, shown)

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
        identity: Identity | None = None,
        weight: int | None = None,
    ) -> T | None:
        """Take in an item that was read; what is tracked already wins over it.

        Args:
            mapping: the entity's mapping.
            item: as it is stored.
            latest: whether it was read consistently, so that it may bring an expired entity up to date.
            shown: what the reader sees.
            identity: that of the item, where it is known.
            weight: bytes that the item has at most, where that is known.

        Returns:
            The tracked entity, or None if the unit has removed it, or it is marked as deleted.
        """
        key = key_part(mapping, item)
        if identity is None:
            identity = identity_of(mapping, key)
        tracked = self._at(mapping, key, identity)
        if tracked is None:
            self.heaviest = heavier(self.heaviest, weight)
            entity, origin = _decoded(mapping, item)
            tracked = self._track(mapping, identity, key, entity, origin, WATCH)
            if mapping.roles.deleted_at is None:
                return entity  # nothing can hide it
        elif latest and not tracked.known:
            self.reload(tracked, item)
        return tracked.entity if tracked.seen_by(shown) else None

    def reload(self, tracked: Tracked[T], item: Item) -> T:
        """Bring a clean entity up to date with the stored item; a frozen one is replaced."""
        refuse_expired_changes(tracked)
        self.heaviest = None
        fresh, origin = _decoded(tracked.mapping, item)
        values = {name: getattr(fresh, name) for name in field_names(fresh)}
        for name in values.keys() - tracked.mapping.field_names:
            if values[name] == []:
                # A list that is not stored collects what happens to the object, such as events.
                values[name] = getattr(tracked.entity, name, [])
        self.exchange(tracked, tracked.mapping.assign(tracked.entity, values))
        tracked.origin, tracked.intent, tracked.restored = origin, Intent.WATCH, False
        return tracked.entity

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

    def _locate(self, mapping: EntityMapping[T], entity: T) -> tuple[Item, Identity, Tracked[T] | None]:
        key = mapping.key_of(entity)
        known = self._objects.get(id(entity))
        if known is not None and known.mapping is mapping:
            refuse_changed_key(known, key)
        identity = mapping.identity(key)
        if identity not in self._tracked and not self._patches:
            return key, identity, None
        return key, identity, self._at(mapping, key, identity)

    def _track_detached(
        self, mapping: EntityMapping[T], identity: Identity, key: Item, entity: T, intent: Intent
    ) -> Tracked[T]:
        return self._track(mapping, identity, key, entity, Detached(version_of(mapping, entity)), intent)

    def _track(
        self,
        mapping: EntityMapping[T],
        identity: Identity,
        key: Item,
        entity: T,
        origin: Stored | None,
        intent: Intent,
    ) -> Tracked[T]:
        tracked = Tracked(mapping, identity, key, entity, intent, origin)
        self._tracked[identity] = tracked
        self._objects[id(entity)] = tracked
        return tracked


def heavier(one: int | None, other: int | None) -> int | None:
    """Give the greater one of two weights; None where one of them is not known."""
    if one is None or other is None:
        return None
    return one if one > other else other


def _decoded(mapping: EntityMapping[T], item: Item) -> tuple[T, Loaded]:
    codec = mapping.codec
    current = mapping.current(item)
    entity = codec.decode(current)
    if codec.watch is not None:
        memento = codec.watch.remember(entity, item)
        if memento is not None:
            return entity, Loaded(item, None, memento=memento)
    snapshot = _sharing(current, codec.snapshot(entity))
    return entity, Loaded(item, snapshot) if current is item else LoadedOld(item, snapshot, upcast=current)


def _sharing(item: Item, snapshot: Item) -> Item:
    """Give a snapshot that holds what is the same in the item only once: mostly it is the item itself."""
    if snapshot == item:
        return item
    return {
        name: item[name] if name in item and item[name] == value else value
        for name, value in snapshot.items()
    }


def _held_otherwise(mapping: EntityMapping[Any], key: Item, held: EntityMapping[Any]) -> UnitOfWorkStateError:
    return UnitOfWorkStateError(
        f"{described(mapping.name, mapping.key_values(key))} is the item that this unit holds as "
        f"{held.name} (mapping {held.schema.__name__}); use one mapping per item within a unit"
    )
