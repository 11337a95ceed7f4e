"""What repositories read, as flows: entities by their keys, and those that queries have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Generic, Self, TypeVar

from persistence.attributes import Item
from persistence.entity_flows.batches import Batches, Found
from persistence.errors import (
    EntityNotFound,
)
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.operations import GetItem, ItemResult
from persistence.tracking import (
    Identity,
    heavier,
    identity_of,
    refuse_expired_changes,
)
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit, read_item, reading
from persistence.visibility import Visibility, hides, sees

T = TypeVar("T")

EVERYTHING = Visibility(deleted=True)
"""What a reader sees who sees all that is stored."""


class EntityReading(Generic[T]):
    """The flows of one repository that read.

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
        self._batches = Batches(mapping, uow)

    def showing(self, shown: Visibility) -> Self:
        """Give the same flows for readers who see more or less."""
        return type(self)(self.mapping, self.uow, shown)

    def key(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Item:
        """Give the stored key for the arguments of `get`."""
        return self.mapping.key_from(args, kwargs)

    def find(self, key: Item) -> Flow[T | None]:
        """Read an entity, or give the one that the unit holds."""
        unit = self.uow.current_unit()
        get = GetItem(self.mapping.table, key, True)
        if unit is None:
            alone: ItemResult = yield get
            item = alone.item
            return None if item is None or not self._sees(item) else self.mapping.codec.decode(item)
        place = self._identity(key)
        if self._knows(unit, key, place):
            return self._known(unit, key)
        answer = yield from read_item(unit, get)
        return self._took_in(unit, key, place, answer.item, answer.weight)

    def get(self, key: Item) -> Flow[T]:
        """Read an entity that must be there."""
        entity = yield from self.find(key)
        if entity is None:
            raise EntityNotFound(self.mapping.entity_type, [self.mapping.key_values(key)])
        return entity

    def find_many(self, keys: Sequence[Item]) -> Flow[list[T | None]]:
        """Read any number of entities, in the order of the keys."""
        unit = self.uow.current_unit()
        places = [self._identity(key) for key in keys]
        wanted = dict(zip(places, keys, strict=True))
        items = Found()
        epoch = None if unit is None else unit.epoch
        while missing := self._unread(unit, wanted, items):
            read = yield from reading(unit, partial(self._batches.read, missing, unit))
            items.update(read)
            items.weight = heavier(items.weight, read.weight)
            if unit is not None and unit.epoch != epoch:
                items, epoch = Found(), unit.epoch
        found = {
            identity: self._took_in(unit, key, identity, items[identity], items.weight)
            if identity in items
            else self._known(unit, key)
            for identity, key in wanted.items()
        }
        return [found[place] for place in places]

    def _unread(
        self, unit: Unit[Any] | None, wanted: Mapping[Identity, Item], items: Mapping[Identity, Item | None]
    ) -> list[Item]:
        """Give the keys that are neither read nor known; a unit may forget keys while others are read."""
        if unit is not None:
            unit.check()
        return [
            key
            for identity, key in wanted.items()
            if identity not in items and (unit is None or not self._knows(unit, key, identity))
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
        found = yield from self._batches.read(keys, unit, consistent=consistent)
        return [found[identity_of(self.mapping, key)] for key in keys]

    def get_many(self, keys: Sequence[Item]) -> Flow[list[T]]:
        """Read any number of entities that must all be there."""
        found = yield from self.find_many(keys)
        absent = [key for key, entity in zip(keys, found, strict=True) if entity is None]
        if absent:
            values = dict.fromkeys(self.mapping.key_values(key) for key in absent)
            raise EntityNotFound(self.mapping.entity_type, values)
        return [entity for entity in found if entity is not None]

    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """Make an entity of an item that a query found; None if the unit has removed it or its mark."""
        if unit is None:
            return self.mapping.codec.decode(item)
        return unit.entities.load(self.mapping, item, latest=False, shown=self.shown)

    def _sees(self, item: Item) -> bool:
        return not self._hides or sees(self.mapping, self.shown, item, self.uow.clock)

    def _knows(self, unit: Unit[Any], key: Item, place: Identity) -> bool:
        return unit.entities.knows(self.mapping, key, place, self.shown)

    def _known(self, unit: Unit[Any] | None, key: Item) -> T | None:
        tracked = None if unit is None else unit.entities.find(self.mapping, key)
        return tracked.entity if tracked is not None and tracked.seen_by(self.shown) else None

    def _took_in(
        self,
        unit: Unit[Any] | None,
        key: Item,
        place: Identity | None,
        stored: Item | None,
        weight: int | None,
    ) -> T | None:
        """Make an entity of what was read; the unit was checked when the answer came."""
        item = stored if stored is not None and self._sees(stored) else None
        if unit is None or place is None:
            return None if item is None else self.mapping.codec.decode(item)
        if self._knows(unit, key, place):
            return self._known(unit, key)
        if item is None:
            self._note_absence(unit, key, EVERYTHING if stored is None else self.shown)
            return None
        return unit.entities.load(self.mapping, item, shown=self.shown, identity=place, weight=weight)

    def _note_absence(self, unit: Unit[Any], key: Item, shown: Visibility) -> None:
        tracked = unit.entities.find(self.mapping, key)
        if tracked is not None:
            refuse_expired_changes(tracked)
            unit.entities.forget(tracked)
        unit.entities.remember_absent(self.mapping, key, shown)

    def _identity(self, key: Item) -> Identity:
        return identity_of(self.mapping, key)
