"""Keys of entities as values, to be read later: `uow.snapshot(orders.key("o-1"), stock.key("sku-7"))`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from persistence.attributes import Item
from persistence.errors import described
from persistence.mapping import EntityMapping
from persistence.visibility import USUAL, Visibility

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class EntityKey(Generic[T]):
    """Where an entity is stored; made by `repository.key(...)`.

    Attributes:
        mapping: the entity's mapping.
        key: its stored key.
        shown: what its reader sees.
    """

    mapping: EntityMapping[T]
    key: Item
    shown: Visibility = USUAL

    def __str__(self) -> str:
        return described(self.mapping.name, self.mapping.key_values(self.key))

    def __repr__(self) -> str:
        return f"<key of {self}>"
