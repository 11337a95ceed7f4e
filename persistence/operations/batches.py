"""Operations on many items at once, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from persistence.attributes import Item
from persistence.operations.items import Capacity, GetItem, Operation
from persistence.operations.writes import DeleteItem, PutItem


@dataclass(frozen=True, slots=True)
class ItemsResult:
    """The answer to `TransactGet`: for each get its item or None, in the order asked."""

    items: tuple[Item | None, ...]
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class TransactGet(Operation[ItemsResult]):
    """Read up to 100 items as one serialisable snapshot."""

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class BatchGetResult:
    """The answer to `BatchGetItems`.

    Attributes:
        items: for each get its item or None, in the order asked; None too for what is unprocessed.
        unprocessed: the gets that the service did not answer; ask again.
        weight: bytes that any of the items has at most, as it is stored; None where the store does not tell.
    """

    items: tuple[Item | None, ...]
    unprocessed: tuple[GetItem, ...] = ()
    capacity: Capacity = ()
    weight: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BatchGetItems(Operation[BatchGetResult]):
    """Read up to 100 items by their keys, from one or more tables; all keys differ.

    The gets of one table agree on `consistent` and `projection`.
    """

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class BatchWriteResult:
    """The answer to `BatchWriteItems`: the writes that the service did not do; ask again."""

    unprocessed: tuple[PutItem | DeleteItem, ...] = ()
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class BatchWriteItems(Operation[BatchWriteResult]):
    """Do up to 25 puts and deletes without conditions, not atomically; all keys differ.

    Attributes:
        writes: without a condition, and without an answer of their own.
        distinct: whether its maker has seen to it that all keys differ, so that a store need not.
    """

    writes: tuple[PutItem | DeleteItem, ...]
    distinct: bool = field(default=False, compare=False, repr=False)
