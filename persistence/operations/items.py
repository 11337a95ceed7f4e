"""Operations on items, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import persistence.expressions as expressions
from persistence.attributes import Item
from persistence.expressions import Path
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


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The answer to `GetItem`: the item, or None."""

    item: Item | None
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class ItemsResult:
    """The answer to `TransactGet`: for each get its item or None, in the order asked."""

    items: tuple[Item | None, ...]
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class BatchGetResult:
    """The answer to `BatchGetItems`.

    Attributes:
        items: for each get its item or None, in the order asked; None too for what is unprocessed.
        unprocessed: the gets that the service did not answer; ask again.
    """

    items: tuple[Item | None, ...]
    unprocessed: tuple[GetItem, ...] = ()
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to a single write: the attributes that `returning` asked for, or None."""

    attributes: Item | None = None
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class BatchWriteResult:
    """The answer to `BatchWriteItems`: the writes that the service did not do; ask again."""

    unprocessed: tuple[PutItem | DeleteItem, ...] = ()
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class TransactWriteResult:
    """The answer to `TransactWrite`: it took effect as a whole."""

    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query or scan.

    Attributes:
        items: what matched; empty when only a count was asked for. It may be empty although more follows. The
            items of a large page may be read when one of them is looked at.
        last_key: where the next page starts; only None means that nothing follows.
        count: number of items that matched.
        scanned_count: number of items that were read before the filter.
    """

    items: Sequence[Item]
    last_key: Item | None
    count: int
    scanned_count: int
    capacity: Capacity = ()


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


@dataclass(frozen=True, slots=True)
class BatchGetItems(Operation[BatchGetResult]):
    """Read up to 100 items by their keys, from one or more tables; all keys differ.

    The gets of one table agree on `consistent` and `projection`.
    """

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class TransactGet(Operation[ItemsResult]):
    """Read up to 100 items as one serialisable snapshot."""

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class PutItem(Operation[WriteResult]):
    """Write a whole item, replacing what has its key.

    Attributes:
        condition: must hold for the item that is there now, if any.
        returning: "none" or "old".
        item_on_failure: pass the stored item on when the condition fails.
    """

    table: Table
    item: Item
    condition: expressions.Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class UpdateItem(Operation[WriteResult]):
    """Change attributes of one item; without a condition on its existence, one that is absent is created.

    Attributes:
        key: the key attributes, no others.
        actions: the changes; their paths don't overlap.
    """

    table: Table
    key: Item
    actions: tuple[expressions.UpdateAction, ...]
    condition: expressions.Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class DeleteItem(Operation[WriteResult]):
    """Delete one item; an absent one is no error unless the condition says so."""

    table: Table
    key: Item
    condition: expressions.Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """Demand something of an item that a transaction does not write; only part of a `TransactWrite`."""

    table: Table
    key: Item
    condition: expressions.Condition
    item_on_failure: bool = False


TransactAction = PutItem | UpdateItem | DeleteItem | ConditionCheck


@dataclass(frozen=True, slots=True)
class TransactWrite(Operation[TransactWriteResult]):
    """Do all actions or none, at most one per item.

    Attributes:
        actions: in the order in which cancellation reasons come back.
        token: the client token, 1 to 36 characters; repeating the same request with it within 10 minutes
            has no further effect. None: the store makes one per call.
        distinct: whether its maker has seen to it that no two actions have one key, so that a store need not.
    """

    actions: tuple[TransactAction, ...]
    token: str | None = None
    distinct: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BatchWriteItems(Operation[BatchWriteResult]):
    """Do up to 25 puts and deletes without conditions, not atomically; all keys differ."""

    writes: tuple[PutItem | DeleteItem, ...]


@dataclass(frozen=True, slots=True)
class QueryPage(Operation[Page]):
    """Read one page of the items of one partition of a table or index, in sort key order.

    Attributes:
        index: name of the index, or None for the table itself.
        filter: applied after reading; what it drops is paid for all the same.
        projection: the paths wanted; None for all that the table or index holds.
        limit: how many items to read at most, before the filter; None for as many as a page holds (1 MB).
        start: the `last_key` of the page before.
        count_only: give the counts but no items.
        whole: give all attributes: a local index fetches from the table what it does not hold, at the price
            of reading the items; a global one must hold them. A filter sees what the index holds all the
            same. Not together with `projection` or `count_only`.
    """

    table: Table
    key_condition: expressions.KeyCondition
    index: str | None = None
    filter: expressions.Condition | None = None
    projection: tuple[Path, ...] | None = None
    descending: bool = False
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ScanPage(Operation[Page]):
    """Read one page of a whole table or index, in no particular order.

    Attributes:
        segment, segments: which part of how many, for parallel scans; both or neither.
        (the others as in `QueryPage`)
    """

    table: Table
    index: str | None = None
    filter: expressions.Condition | None = None
    projection: tuple[Path, ...] | None = None
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    segment: int | None = None
    segments: int | None = None
    whole: bool = False
