"""What a fault can happen to: the operations, and what a rule needs to know of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Subject:
    """One operation on its way to the store, as far as rules mind it.

    Attributes:
        operation: its type.
        token: the client token of a transaction, if it has one.
        size: number of its actions, gets or writes, where one operation has several.
    """

    operation: OperationType
    token: str | None = None
    size: int = 1

    @property
    def name(self) -> str:
        """The name of the operation's type, such as "TransactWrite"."""
        return self.operation.__name__

    @property
    def writes(self) -> bool:
        """Whether it can change something."""
        return self.operation in WRITES


def subject_of(operation: Operation[Any]) -> Subject:
    """Describe an operation for the rules."""
    match operation:
        case TransactWrite(actions, token):
            return Subject(TransactWrite, token, len(actions))
        case TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            return Subject(type(operation), size=len(parts))
        case _:
            return Subject(type(operation))


def table_of(operation: Operation[Any]) -> str | None:
    """Name the table that an operation concerns; None if there are several, or none."""
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
