"""What operations and their answers say about themselves, whatever layer asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.attributes import Item
from persistence.operation_facts import table_of
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    Capacity,
    ConditionCheck,
    DeleteItem,
    DeleteScaling,
    DescribeInsights,
    GetItem,
    ItemResult,
    ItemsResult,
    Operation,
    Page,
    PutItem,
    PutScaling,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateInsights,
    UpdateItem,
    UpdateTable,
)
from persistence.table import GlobalIndex

ItemAction = GetItem | PutItem | UpdateItem | DeleteItem | ConditionCheck


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much an operation read, gave back and cost.

    Attributes:
        scanned: items that were read, filtered ones included.
        items: items that came back, or were counted.
        read_units, write_units: capacity consumed, as far as the store tells it.
    """

    scanned: int = 0
    items: int = 0
    read_units: float = 0.0
    write_units: float = 0.0


def index_of(operation: Operation[Any]) -> str | None:
    """Name the index that an operation reads or is about; None for the table itself."""
    match operation:
        case (
            QueryPage(index=index)
            | ScanPage(index=index)
            | DescribeInsights(index=index)
            | UpdateInsights(index=index)
            | PutScaling(index=index)
            | DeleteScaling(index=index)
        ):
            return index
        case UpdateTable(create_index=GlobalIndex(name)) | UpdateTable(delete_index=str(name)):
            return name
        case _:
            return None


def actions_in(operation: Operation[Any]) -> tuple[ItemAction, ...]:
    """Give the reads and writes of single items that an operation consists of; of queries and scans none."""
    match operation:
        case TransactWrite(actions):
            return actions
        case TransactGet(gets) | BatchGetItems(gets):
            return gets
        case BatchWriteItems(writes):
            return writes
        case GetItem() | PutItem() | UpdateItem() | DeleteItem():
            return (operation,)
        case _:
            return ()


def tables_of(operation: Operation[Any]) -> tuple[str, ...]:
    """Name the tables that an operation concerns, each once, sorted."""
    only = table_of(operation)
    if only is not None:
        return (only,)
    return tuple(sorted({action.table.name for action in actions_in(operation)}))


def amounts_of(answer: object) -> Amounts:
    """Tell how much an operation read, gave back and cost.

    Args:
        answer: what the store gave, or None if it raised.
    """
    capacity: Capacity = getattr(answer, "capacity", ())
    if isinstance(answer, Page):
        scanned, found = answer.scanned_count, answer.count
    else:
        scanned = found = sum(1 for _ in items_in(answer))
    return Amounts(
        scanned,
        found,
        sum(consumed.read_units for consumed in capacity),
        sum(consumed.write_units for consumed in capacity),
    )


def items_in(answer: object) -> Iterator[Item]:
    """Give the items that an answer to a read holds."""
    return (item for item in answers_in(answer) if item is not None)


def answers_in(answer: object) -> Sequence[Item | None]:
    """Give the item or None for each thing that was read, in order; nothing for an answer to a write."""
    match answer:
        case ItemResult(item):
            return (item,)
        case ItemsResult(items) | BatchGetResult(items) | Page(items):
            return items
        case _:
            return ()
