"""Operations on items, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from persistence.attributes import Item
from persistence.expressions import Path
from persistence.quick_init import made_quickly
from persistence.table import Table

R = TypeVar("R")

Returning = Literal["none", "old", "new", "updated_old", "updated_new"]


class Operation(Generic[R]):
    """Something a store can perform; `R` is the type of the answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ConsumedCapacity:
    """What an operation consumed of one table, indexes included.

    Attributes:
        table: the table's name.
        read_units, write_units: capacity units as the service bills them.
    """

    table: str
    read_units: float = 0.0
    write_units: float = 0.0


Capacity = tuple[ConsumedCapacity, ...]


@made_quickly
@dataclass(frozen=True, slots=True)
class ItemResult:
    """The answer to `GetItem`.

    Attributes:
        item: the item, or None.
        weight: bytes that it has at most, as it is stored; None where the store does not tell.
    """

    item: Item | None
    capacity: Capacity = ()
    weight: int | None = field(default=None, compare=False, repr=False)


@made_quickly
@dataclass(frozen=True, slots=True)
class GetItem(Operation[ItemResult]):
    """Read one item by its key.

    Attributes:
        key: the key attributes, no others.
        consistent: strongly consistent (twice the price of an eventual read).
        projection: the paths wanted; None for the whole item.
    """

    table: Table
    key: Item
    consistent: bool = False
    projection: tuple[Path, ...] | None = None
