"""What is true of each type of operation, whatever store performs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
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

API_NAMES: Mapping[OperationType, str] = {
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
    CreateTable: "CreateTable",
    DescribeTable: "DescribeTable",
    DeleteTable: "DeleteTable",
    DescribeTimeToLive: "DescribeTimeToLive",
    EnableTimeToLive: "UpdateTimeToLive",
}
"""The service's name of each operation, as it stands in a request's `X-Amz-Target`."""

ON_ITEMS = frozenset[OperationType](
    {
        GetItem,
        BatchGetItems,
        TransactGet,
        PutItem,
        UpdateItem,
        DeleteItem,
        TransactWrite,
        BatchWriteItems,
        QueryPage,
        ScanPage,
    }
)
"""Operations on items; the others are about tables."""

WRITES = frozenset[OperationType](
    {
        PutItem,
        UpdateItem,
        DeleteItem,
        TransactWrite,
        BatchWriteItems,
        CreateTable,
        DeleteTable,
        EnableTimeToLive,
    }
)
"""Operations that can change something."""


def table_of(operation: Operation[Any]) -> str | None:
    """Name the table that an operation concerns; None if it concerns several, or is not known."""
    match operation:
        case TransactWrite(parts) | TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            names = {part.table.name for part in parts}
        case DescribeTable(name) | DeleteTable(name) | DescribeTimeToLive(name) | EnableTimeToLive(name):
            names = {name}
        case (
            GetItem(table)
            | PutItem(table)
            | UpdateItem(table)
            | DeleteItem(table)
            | QueryPage(table)
            | ScanPage(table)
            | CreateTable(table)
        ):
            names = {table.name}
        case _:
            names = set()
    return names.pop() if len(names) == 1 else None
