"""From an item of the source to the item that the target shall have; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from persistence.attributes import Item
from persistence.errors import DecodeError, QueryError, ValidationFailed, WrongEntityType
from persistence.mapping import EntityMapping, RoleField
from persistence.mapping.upcasting import copied
from persistence.schema.evolution.items import UnfitItem, check_storable, same_items
from persistence.schema.evolution.places import Place
from persistence.schema.evolution.wishes import Convert, Transform

_CARRIED = ("created_at", "updated_at", "time_to_live", "deleted_at", "former_time_to_live")


@dataclass(frozen=True, slots=True)
class Transformation:
    """What is done with each item.

    Attributes:
        source: where items come from.
        target: where they go; the same place for a change in place.
        transform: changes items.
        convert: makes entities of entities.
    """

    source: Place
    target: Place
    transform: Transform | None = None
    convert: Convert | None = None

    def check(self) -> None:
        """Refuse what can't be done.

        Raises:
            QueryError: both functions are given, or entities are wanted where no mapping says what they are.
        """
        if self.transform is not None and self.convert is not None:
            raise QueryError(
                "evolve takes transform (over items) or convert (over entities), not both; call one from the "
                "other"
            )
        if self.convert is not None and None in (self.source.mapping, self.target.mapping):
            raise QueryError(
                "convert works on entities, so that source and target are mappings; transform works on items"
            )
        for name, function in (("transform", self.transform), ("convert", self.convert)):
            if function is not None and not callable(function):
                raise QueryError(f"{name} is a function of one argument, not {type(function).__name__}")

    def apply(self, item: Item) -> Item | None:
        """Give the item that the target shall have; None to leave it out.

        Raises:
            UnfitItem: it can't be made, or not be stored.
        """
        given = self._current(item)
        made = self._made(given)
        if made is None:
            return None
        made = self._managed(given, check_storable(self.target.table, made))
        if self.target.mapping is not None:
            _check_readable(self.target.mapping, made)
        return made

    def _current(self, item: Item) -> Item:
        mapping = self.source.mapping
        try:
            return item if mapping is None else mapping.current(item)
        except DecodeError as unread:
            raise UnfitItem(why_unread(unread)) from unread

    def _made(self, item: Item) -> Item | None:
        source, target = self.source.mapping, self.target.mapping
        if self.transform is not None:
            given: Item | None = _called("transform", self.transform, copied(item))
            return given
        if source is None or target is None:
            return item
        if self.convert is None and (source is target or source.entity_type is not target.entity_type):
            return item
        entity = _decoded(source, item)
        if self.convert is not None:
            entity = _called("convert", self.convert, entity)
        if entity is None:
            return None
        made = _encoded(source, target, item, entity)
        if source.entity_type is not target.entity_type:
            return made
        unknown = {name: value for name, value in item.items() if name not in source.attributes}
        return {**unknown, **made}

    def _managed(self, given: Item, made: Item) -> Item:
        """Put what only this library keeps into a result; a transform may have lost it or carried it over."""
        source, target = self.source.mapping, self.target.mapping
        if source is None or target is None:
            return made
        if self.source.table.name == self.target.table.name:
            return _kept(source, given, made)
        return _restamped(source, target, given, made)

    def refuse_repeating(self, made: Item) -> None:
        """Refuse a transform that changes an item again which it has changed: in place it would do so.

        Raises:
            UnfitItem: it does.
        """
        again = self.apply(made)
        if again is not None and not same_items(again, made):
            raise UnfitItem(
                "the transform changes its own result again, so that an item which is met twice, as after an "
                "interruption, would be changed twice; let it leave changed items alone, or copy to another "
                "table, or write an upcast and call backfill()"
            )


def _kept(mapping: EntityMapping[Any], given: Item, made: Item) -> Item:
    """Keep version, incarnation and schema version in an item that stays where it is."""
    roles = (mapping.roles.version, mapping.roles.incarnation)
    names = [role.attribute for role in roles if role is not None and "N" in given.get(role.attribute, {})]
    if mapping.versions is not None and mapping.versions.attribute not in made:
        names += mapping.versions.attributes
    return made | {name: given[name] for name in names if name in given}


def _restamped(source: EntityMapping[Any], target: EntityMapping[Any], given: Item, made: Item) -> Item:
    """Say the schema version of the target's mapping, where the result says the source's or none."""
    before, after = source.versions, target.versions
    if before is None or made.get(before.attribute, given.get(before.attribute)) != given.get(
        before.attribute
    ):
        return made
    made = {name: value for name, value in made.items() if name not in before.attributes}
    return made if after is None or after.attribute in made else made | after.marks


def _called(name: str, function: Callable[[Any], Any], argument: object) -> Any:
    try:
        return function(argument)
    except Exception as error:  # it is the user's code; its message may show values
        raise UnfitItem(f"{name} raised {type(error).__name__}") from error


def _decoded(mapping: EntityMapping[Any], item: Item) -> Any:
    try:
        return mapping.codec.decode(item)
    except (DecodeError, WrongEntityType) as unread:
        raise UnfitItem(why_unread(unread)) from unread


def _check_readable(mapping: EntityMapping[Any], item: Item) -> None:
    try:
        mapping.codec.decode(item)
    except (DecodeError, WrongEntityType) as unread:
        why = why_unread(unread)
        raise UnfitItem(f"{mapping.schema.__name__} can't read the result: {why}") from unread


def why_unread(unread: DecodeError | WrongEntityType) -> str:
    """Say why an item can't be read; its key is told beside it."""
    if isinstance(unread, WrongEntityType):
        return "it is not marked as an entity of this type"
    where = f" in attribute {unread.attribute!r}" if unread.attribute else ""
    return f"expected {unread.expected}{where}, found {unread.found}"


def _encoded(source: EntityMapping[Any], target: EntityMapping[Any], item: Item, entity: Any) -> Item:
    """Encode an entity, with what the unit of work keeps beside it."""
    if type(entity) is not target.entity_type:
        raise UnfitItem(f"convert gave a {type(entity).__name__} instead of a {target.name}")
    try:
        made = target.codec.encode(entity)
    except ValidationFailed as refused:
        fields = ", ".join(map(str, refused.messages))
        raise UnfitItem(f"the {target.name} is not valid: {fields}") from refused
    for name in ("version", "incarnation"):
        _carry(made, item, getattr(source.roles, name), getattr(target.roles, name), always=True)
    for name in _CARRIED:
        _carry(made, item, getattr(source.roles, name), getattr(target.roles, name), always=False)
    return made


def _carry(
    made: Item, item: Item, before: RoleField | None, after: RoleField | None, *, always: bool
) -> None:
    if before is None or after is None or before.attribute not in item:
        return
    if always or after.attribute not in made:
        made[after.attribute] = item[before.attribute]
