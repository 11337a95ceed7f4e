"""Operations that write single items, or several in one transaction, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import persistence.expressions as expressions
from persistence.attributes import Item
from persistence.operations.items import Capacity, Operation, Returning
from persistence.quick_init import made_quickly
from persistence.table import Table
from persistence.written_items import WrittenItem, read_when_asked


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to a single write: the attributes that `returning` asked for, or None."""

    attributes: Item | None = None
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class TransactWriteResult:
    """The answer to `TransactWrite`: it took effect as a whole."""

    capacity: Capacity = ()


@made_quickly
@dataclass(frozen=True, slots=True)
class PutItem(Operation[WriteResult]):
    """Write a whole item, replacing what has its key.

    Attributes:
        condition: must hold for the item that is there now, if any.
        returning: "none" or "old".
        item_on_failure: pass the stored item on when the condition fails.
    """

    # Its maker may give a `WrittenItem`; whoever asks for it gets an item.
    table: Table
    item: Item
    condition: expressions.Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


held_item: Callable[[PutItem], Item | WrittenItem] = read_when_asked(PutItem, "item")
"""Give the item of a `PutItem` as it is held: nothing but a text, where nobody has asked for it."""


@made_quickly
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


@made_quickly
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
