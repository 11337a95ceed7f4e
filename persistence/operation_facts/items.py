"""Facts of operations on items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.operation_facts.kinds import OperationType
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)

ITEM_API_NAMES: Mapping[OperationType, str] = {
    GetItem: "GetItem",
    BatchGetItems: "BatchGetItem",
    TransactGet: "TransactGetItems",
    PutItem: "PutItem",
    UpdateItem: "UpdateItem",
    DeleteItem: "DeleteItem",
    TransactWrite: "TransactWriteItems",
    BatchWriteItems: "BatchWriteItem",
    QueryPage: "Query",
    ScanPage: "Scan",
}

ITEM_WRITES = frozenset[OperationType]({PutItem, UpdateItem, DeleteItem, TransactWrite, BatchWriteItems})

ON_ITEMS = frozenset(ITEM_API_NAMES)
"""Operations on items; the others are about tables."""


def table_named(operation: Operation[Any]) -> str | None:
    """Name the table that an operation on items concerns; None if it concerns several, or is not one."""
    if isinstance(operation, (PutItem, UpdateItem, GetItem, DeleteItem, QueryPage, ScanPage)):
        return operation.table.name
    parts: Sequence[Any]
    match operation:
        case TransactWrite(parts) | TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            if len(parts) == 1:
                return str(parts[0].table.name)
            names = {part.table.name for part in parts}
            return names.pop() if len(names) == 1 else None
        case _:
            return None
