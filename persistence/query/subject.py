"""What a query is about: the entities of one type, or of several that share a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from persistence.attributes import Item, item_size
from persistence.entity_flows import EntityFlows
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.query.access import AccessPath
from persistence.query.costs import ItemSizes
from persistence.query.planner import choose
from persistence.query.plans import chosen_before
from persistence.query.sorting import sorted_items
from persistence.query.wish import Wish
from persistence.table import Table
from persistence.tracking import identity_of
from persistence.unit_of_work.unit import Unit
from persistence.visibility import Visibility, hidden_filter
from persistence.wire_items import Grammar

T = TypeVar("T")


class Subject(ABC, Generic[T]):
    """What a query is about.

    Args:
        name: the names of the entities, for messages.
        table: their table.
        sizes: samples that are known already.

    Attributes:
        sizes: the mean size of their items, as far as items were read.
        drops: whether an item, outside of any unit, may be none of the entities.
    """

    drops = True

    def __init__(self, name: str, table: Table, sizes: ItemSizes | None = None) -> None:
        self.name = name
        self.table = table
        self.sizes = ItemSizes() if sizes is None else sizes

    def note_size(self, items: Sequence[Item]) -> None:
        """Take a sample of the size of whole items, now and then."""
        if items and self.sizes.count_page():
            self.sizes.note(item_size(items[0]))

    @property
    @abstractmethod
    def mapping(self) -> EntityMapping[Any]:
        """The one mapping of the entities.

        Raises:
            QueryError: there are several.
        """

    @property
    @abstractmethod
    def marks(self) -> list[str]:
        """What tells the entities from others in the table; nothing where nothing does."""

    @property
    def grammar(self) -> Grammar | None:
        """What takes pages of their items apart; None where they are read as dicts."""
        return None

    @property
    @abstractmethod
    def entity_type(self) -> type[T]:
        """The class of the entities."""

    @property
    @abstractmethod
    def shown(self) -> list[Visibility]:
        """What is seen of what is deleted or expired, for each type."""

    @abstractmethod
    def showing(self, change: Callable[[Visibility], Visibility]) -> Self:
        """Give the same with more or less that is seen."""

    @abstractmethod
    def plan(self, wish: Wish, now: datetime, *, explained: bool = False) -> AccessPath:
        """Choose the access path.

        Args:
            wish: what is asked for.
            now: the present time.
            explained: whether somebody reads what it says of other indexes, and its advice.
        """

    @abstractmethod
    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """Make an entity of an item; None where it is none, or the unit has removed it."""

    def took_in_all(self, items: Sequence[Item]) -> Sequence[T | None]:
        """Make entities of items outside of any unit; None for each that is none."""
        return [self.took_in(None, item) for item in items]

    @abstractmethod
    def read_items(
        self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool
    ) -> Flow[list[Item | None]]:
        """Read items by their keys, in the order of the keys."""

    def sort(self, items: Sequence[Item], name: str, *, descending: bool) -> list[Item]:
        """Sort items by a field."""
        return sorted_items(self.mapping, items, name, descending=descending)

    def place(self, keys: Sequence[Item], key: Item) -> int:
        """Find a key among others, however its numbers are spelled."""
        identities = [identity_of(self.mapping, each) for each in keys]
        return identities.index(identity_of(self.mapping, key))


class EntitySubject(Subject[T]):
    """The entities of one type.

    Args:
        flows: their flows.
        sizes: samples that are known already.
    """

    drops = False

    def __init__(self, flows: EntityFlows[T], sizes: ItemSizes | None = None) -> None:
        super().__init__(flows.mapping.name, flows.mapping.table, sizes)
        self._flows = flows

    @property
    def mapping(self) -> EntityMapping[T]:
        """See `Subject.mapping`."""
        return self._flows.mapping

    @property
    def marks(self) -> list[str]:
        """See `Subject.marks`."""
        mark = self.mapping.discriminator
        return [] if mark is None else [mark[1]["S"]]

    @property
    def grammar(self) -> Grammar | None:
        """See `Subject.grammar`."""
        return self.mapping.codec.grammar

    @property
    def entity_type(self) -> type[T]:
        """See `Subject.entity_type`."""
        return self.mapping.entity_type

    @property
    def shown(self) -> list[Visibility]:
        """See `Subject.shown`."""
        return [self._flows.shown]

    def showing(self, change: Callable[[Visibility], Visibility]) -> Self:
        """See `Subject.showing`."""
        return type(self)(self._flows.showing(change(self._flows.shown)), self.sizes)

    def plan(self, wish: Wish, now: datetime, *, explained: bool = False) -> AccessPath:
        """See `Subject.plan`."""
        hidden = hidden_filter(self.mapping, now, self._flows.shown)
        return (choose if explained else chosen_before)(self.mapping, wish, hidden)

    def took_in(self, unit: Unit[Any] | None, item: Item) -> T | None:
        """See `Subject.took_in`."""
        return self._flows.took_in(unit, item)

    def took_in_all(self, items: Sequence[Item]) -> Sequence[T | None]:
        """See `Subject.took_in_all`."""
        return self.mapping.codec.decode_page(items)

    def read_items(
        self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool
    ) -> Flow[list[Item | None]]:
        """See `Subject.read_items`."""
        return self._flows.read_items(keys, unit, consistent=consistent)
