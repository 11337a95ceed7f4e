"""Facts of operations on items; what is not among them is looked up in `tables`, which is loaded for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

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

OperationType = type[Operation[Any]]

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


def api_name(kind: OperationType) -> str:
    """Give the service's name of a type of operation, as it stands in a request's `X-Amz-Target`."""
    name = ITEM_API_NAMES.get(kind)
    return str(_of_tables().API_NAMES[kind]) if name is None else name


def can_write(kind: OperationType) -> bool:
    """Tell whether operations of a type can change something."""
    return kind in ITEM_WRITES or (kind not in ON_ITEMS and kind in _of_tables().WRITES)


def table_of(operation: Operation[Any]) -> str | None:
    """Name the table that an operation concerns; None if it concerns several, or is not known."""
    match operation:
        case (
            GetItem(table)
            | PutItem(table)
            | UpdateItem(table)
            | DeleteItem(table)
            | QueryPage(table)
            | ScanPage(table)
        ):
            return table.name
        case TransactWrite(parts) | TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            names = {part.table.name for part in parts}
            return names.pop() if len(names) == 1 else None
        case _:
            name: str | None = _of_tables().table_named(operation)
            return name


def _of_tables() -> Any:
    return import_module("persistence.operation_facts.tables")
