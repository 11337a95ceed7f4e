"""Collections: several types of entities that share a table, read together by one query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar, overload

from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.errors import MappingError, QueryError
from persistence.flows import Flow
from persistence.mapping import EntityMapping, MappingSchema, mapping_of, refuse_mixed
from persistence.query.access import AccessPath
from persistence.query.asynchronous import AsyncQuery
from persistence.query.collection_plan import plan_collection
from persistence.query.query import Query
from persistence.query.recorder import record
from persistence.query.subject import Subject
from persistence.query.wish import Wish
from persistence.table import Table
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit
from persistence.visibility import Visibility, hidden_filter

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
    def of(self, uow: UnitOfWork) -> CollectionView[T]: ...
    @overload
    def of(self, uow: AsyncUnitOfWork) -> AsyncCollectionView[T]: ...
    def of(self, uow: UnitOfWork | AsyncUnitOfWork) -> CollectionView[T] | AsyncCollectionView[T]:
        """Give its entities in a unit of work, to be read.

        Raises:
            MappingError: its types can't be read together, or a mapping can't be used as it is declared.
        """
        if isinstance(uow, AsyncUnitOfWork):
            return AsyncCollectionView(self.members(), uow)
        return CollectionView(self.members(), uow)


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
    refuse_mixed(mappings)
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


class CollectionSubject(Subject[T]):
    """The entities of a collection, each type under its own mapping.

    Args:
        members: the compiled mappings.
        flows: the flows of each type.
        partition: values of the partition key's fields, or None where conditions fix them.
    """

    def __init__(
        self,
        members: Members[T],
        flows: Mapping[EntityMapping[Any], EntityFlows[Any]],
        partition: tuple[object, ...] | None = None,
    ) -> None:
        super().__init__(members.name, members.table)
        self._members = members
        self._partition = partition
        self._flows = flows

    @classmethod
    def of(
        cls, members: Members[T], uow: UnitOfWorkBase[Any], partition: tuple[object, ...] | None
    ) -> CollectionSubject[T]:
        """Give the entities that belong to a unit of work."""
        flows = {mapping: EntityFlows(mapping, uow) for mapping in members.mappings}
        return CollectionSubject(members, flows, partition)

    @property
    def mapping(self) -> EntityMapping[Any]:
        """See `Subject.mapping`."""
        raise QueryError(
            f"the collection of {self.name} gives entities of several types, so that it has no rows and no "
            "aggregates; ask the repository of the type that is meant"
        )

    @property
    def marks(self) -> list[str]:
        """See `Subject.marks`."""
        return sorted(_mark(mapping, self.name) for mapping in self._members.mappings)

    @property
    def entity_type(self) -> type[T]:
        """See `Subject.entity_type`; the first of several."""
        first: type[T] = self._members.mappings[0].entity_type
        return first

    @property
    def shown(self) -> list[Visibility]:
        """See `Subject.shown`."""
        return [flows.shown for flows in self._flows.values()]

    def showing(self, change: Callable[[Visibility], Visibility]) -> Self:
        """See `Subject.showing`."""
        flows = {mapping: each.showing(change(each.shown)) for mapping, each in self._flows.items()}
        return type(self)(self._members, flows, self._partition)

    def plan(self, wish: Wish, now: datetime, *, explained: bool = False) -> AccessPath:
        """See `Subject.plan`."""
        hidden = [hidden_filter(mapping, now, each.shown) for mapping, each in self._flows.items()]
        return plan_collection(self._members.mappings, wish, self._partition, hidden)

    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """See `Subject.took_in`; types that are not in the collection are left out."""
        mapping = self._members.mapping_of(item)
        return None if mapping is None else self._flows[mapping].took_in(unit, item)

    def read_items(
        self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool
    ) -> Flow[list[Item | None]]:
        """See `Subject.read_items`; collections never read twice."""
        raise QueryError(f"the collection of {self.name} is read as it is stored")


class CollectionView(Generic[T]):
    """The entities of a collection in a unit of work, to be read; made by `Collection.of`.

    shop_view = collection(OrderMapping, OrderLineMapping).of(uow)
    for entity in shop_view.partition("o-1"): ...
    """

    def __init__(self, members: Members[T], uow: UnitOfWork) -> None:
        self._members = members
        self._uow = uow

    def query(self, predicate: Callable[[T], bool] | None = None) -> Query[T]:
        """Ask for entities of all types by conditions on fields that all of them have.

        Raises:
            QueryError: the types are not read in one place; see `partition`.
        """
        return self._query(_wish(predicate))

    def partition(self, *values: object) -> Query[T]:
        """Ask for all entities of one partition, whatever each type calls the fields of its key.

        Args:
            values: those of the partition key's fields, in the order of the key.
        """
        return self._query(Wish(), values)

    def scan(self, predicate: Callable[[T], bool] | None = None) -> Query[T]:
        """Read the whole table, or a whole index."""
        return self._query(_wish(predicate, scan=True))

    def _query(self, wish: Wish, partition: tuple[object, ...] | None = None) -> Query[T]:
        subject = CollectionSubject.of(self._members, self._uow, partition)
        return Query(subject, self._uow, self._uow.current_unit(), wish)


class AsyncCollectionView(Generic[T]):
    """The entities of a collection in an asynchronous unit of work; see `CollectionView`."""

    def __init__(self, members: Members[T], uow: AsyncUnitOfWork) -> None:
        self._members = members
        self._uow = uow

    def query(self, predicate: Callable[[T], bool] | None = None) -> AsyncQuery[T]:
        """Ask for entities of all types; see `CollectionView.query`."""
        return self._query(_wish(predicate))

    def partition(self, *values: object) -> AsyncQuery[T]:
        """Ask for all entities of one partition; see `CollectionView.partition`."""
        return self._query(Wish(), values)

    def scan(self, predicate: Callable[[T], bool] | None = None) -> AsyncQuery[T]:
        """Read the whole table, or a whole index."""
        return self._query(_wish(predicate, scan=True))

    def _query(self, wish: Wish, partition: tuple[object, ...] | None = None) -> AsyncQuery[T]:
        subject = CollectionSubject.of(self._members, self._uow, partition)
        return AsyncQuery(subject, self._uow, self._uow.current_unit(), wish)


def _wish(predicate: Callable[[Any], bool] | None, *, scan: bool = False) -> Wish:
    return Wish(None if predicate is None else record(predicate), scan=scan)
