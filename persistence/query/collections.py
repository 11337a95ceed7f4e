"""Collections: several types of entities that share a table, read together by one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import Any, Generic, TypeVar, overload

from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.errors import MappingError
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.query.collection_plan import plan_collection
from persistence.query.planner import AccessPath, Wish
from persistence.table import Table
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Collection(Generic[T]):
    """Several types of entities that share a table, as they are declared; made by `collection`.

    Attributes:
        schemas: their mappings.
    """

    schemas: tuple[type[MappingSchema[Any]], ...]

    def members(self) -> Members[T]:
        """Compile it.

        Raises:
            MappingError: its types can't be read together, or a mapping can't be used as it is declared.
        """
        return members(tuple(map(mapping_of, self.schemas)))


@overload
def collection(first: type[MappingSchema[A]], second: type[MappingSchema[B]], /) -> Collection[A | B]: ...
@overload
def collection(
    first: type[MappingSchema[A]], second: type[MappingSchema[B]], third: type[MappingSchema[C]], /
) -> Collection[A | B | C]: ...
@overload
def collection(
    first: type[MappingSchema[A]],
    second: type[MappingSchema[B]],
    third: type[MappingSchema[C]],
    fourth: type[MappingSchema[D]],
    /,
) -> Collection[A | B | C | D]: ...
@overload
def collection(*schemas: type[MappingSchema[Any]]) -> Collection[Any]: ...
def collection(*schemas: type[MappingSchema[Any]]) -> Collection[Any]:
    """Read several types of entities of one table together.

        customer_view = collection(CustomerMapping, OrderMapping)

    Args:
        schemas: their mappings; each is looked at when the collection is first used.

    Raises:
        MappingError: fewer than two, or one twice.
    """
    twice = next((schema for place, schema in enumerate(schemas) if schema in schemas[:place]), None)
    if twice is not None:
        raise MappingError(f"collection(...) has {twice.__name__} twice; each type is named once")
    if len(schemas) < 2:
        raise MappingError("collection(...) takes two mappings or more; one type has a Repository")
    return Collection(schemas)


@dataclass(frozen=True, slots=True, eq=False)
class Members(Generic[T]):
    """The compiled mappings of a collection: how it is read, and what becomes of its items.

    Attributes:
        mappings: the mappings, in their order.
        table: their table, with the indexes of all their declarations.
        name: their names, for messages.
    """

    mappings: tuple[EntityMapping[Any], ...]
    table: Table
    name: str
    _by_mark: Mapping[str, EntityMapping[Any]] = field(repr=False)

    def plan(self, wish: Wish, partition: tuple[object, ...] | None = None) -> AccessPath:
        """Choose the access path of a query; see `plan_collection`."""
        return plan_collection(self.mappings, wish, partition)

    def mapping_of(self, item: Item) -> EntityMapping[T] | None:
        """Give the mapping of the type that an item is marked with; None for types that are not in here."""
        (attribute, _) = self.mappings[0].discriminator or ("", None)
        return self._by_mark.get(item.get(attribute, {}).get("S", ""))

    def decode(self, item: Item) -> T | None:
        """Build the entity that an item describes; None for types that are not in here.

        Raises:
            DecodeError: an attribute is missing or can't be read.
        """
        mapping = self.mapping_of(item)
        return None if mapping is None else mapping.codec.decode(item)


def members(mappings: tuple[EntityMapping[Any], ...]) -> Members[Any]:
    """Put compiled mappings together.

    Raises:
        MappingError: they are of several tables, or nothing tells their items apart.
    """
    name = ", ".join(mapping.name for mapping in mappings)
    table = _table(mappings, name)
    by_mark: dict[str, EntityMapping[Any]] = {}
    for mapping in mappings:
        mark = _mark(mapping, name)
        if mark in by_mark:
            raise MappingError(
                f"{by_mark[mark].schema.__name__} and {mapping.schema.__name__} mark their items alike, as "
                f"{mark!r}, so that nothing tells them apart; give one another Meta.discriminator"
            )
        by_mark[mark] = mapping
    return Members(mappings, table, name, MappingProxyType(by_mark))


def _table(mappings: tuple[EntityMapping[Any], ...], name: str) -> Table:
    tables = [mapping.table for mapping in mappings]
    names = dict.fromkeys((table.name, table.discriminator) for table in tables)
    if len(names) > 1:
        found = ", ".join(f"{table!r} (discriminator {attribute!r})" for table, attribute in names)
        raise MappingError(
            f"a collection is read from one table, and {name} are stored in several: {found}. Put the same "
            "Table(...) into the Meta of all"
        )
    return reduce(Table.merged_with, tables)


def _mark(mapping: EntityMapping[Any], name: str) -> str:
    if mapping.discriminator is None:
        raise MappingError(
            f"nothing tells the items of {mapping.name} from those of others in the collection of {name}: "
            "items are marked in a Table(..., discriminator=...) where templates make their keys, as in "
            'Key("CUSTOMER#{customer_id}", "ORDER#{id}")'
        )
    _, value = mapping.discriminator
    return str(value["S"])


class CollectionFlows(Generic[T]):
    """What the flows of one repository are for one type: makes entities of a collection's items.

    Args:
        members: the compiled mappings.
        uow: the unit of work that the entities belong to.
    """

    def __init__(self, members: Members[T], uow: UnitOfWorkBase[Any]) -> None:
        self.members = members
        self.uow = uow
        self._flows = {mapping: EntityFlows(mapping, uow) for mapping in members.mappings}

    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """Make an entity of an item that a query found, each type under its own mapping.

        Returns:
            The entity; None if the unit has removed it, or if its type is not in the collection.
        """
        mapping = self.members.mapping_of(item)
        return None if mapping is None else self._flows[mapping].took_in(unit, item)
