"""What is true of each type of operation, whatever store performs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DeleteScaling,
    DeleteTable,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    ListBackups,
    ListTables,
    ListTags,
    Operation,
    PutItem,
    PutScaling,
    QueryPage,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    TagTable,
    TransactGet,
    TransactWrite,
    UntagTable,
    UpdateInsights,
    UpdateItem,
    UpdateRecovery,
    UpdateTable,
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
    ListTables: "ListTables",
    UpdateTable: "UpdateTable",
    DisableTimeToLive: "UpdateTimeToLive",
    DescribeRecovery: "DescribeContinuousBackups",
    UpdateRecovery: "UpdateContinuousBackups",
    ListTags: "ListTagsOfResource",
    TagTable: "TagResource",
    UntagTable: "UntagResource",
    DescribeInsights: "DescribeContributorInsights",
    UpdateInsights: "UpdateContributorInsights",
    DescribeScaling: "DescribeScalableTargets",
    PutScaling: "PutScalingPolicy",
    DeleteScaling: "DeregisterScalableTarget",
    CreateBackup: "CreateBackup",
    DescribeBackup: "DescribeBackup",
    ListBackups: "ListBackups",
    DeleteBackup: "DeleteBackup",
    RestoreBackup: "RestoreTableFromBackup",
    RestoreToPoint: "RestoreTableToPointInTime",
}
"""The service's name of each operation, as it stands in a request's `X-Amz-Target`.

Scaling is of another service, Application Auto Scaling.
"""

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
        UpdateTable,
        DisableTimeToLive,
        UpdateRecovery,
        TagTable,
        UntagTable,
        UpdateInsights,
        PutScaling,
        DeleteScaling,
        CreateBackup,
        DeleteBackup,
        RestoreBackup,
        RestoreToPoint,
    }
)
"""Operations that can change something."""


def table_of(operation: Operation[Any]) -> str | None:
    """Name the table that an operation concerns; None if it concerns several, or is not known."""
    match operation:
        case TransactWrite(parts) | TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            names = {part.table.name for part in parts}
        case TagTable(arn) | UntagTable(arn) | ListTags(arn):
            names = {arn.rpartition("/")[2]}
        case RestoreBackup(_, target):
            names = {target}
        case ListBackups(name):
            names = set() if name is None else {name}
        case (
            DescribeTable(name)
            | DeleteTable(name)
            | UpdateTable(name)
            | DescribeTimeToLive(name)
            | EnableTimeToLive(name)
            | DisableTimeToLive(name)
            | DescribeRecovery(name)
            | UpdateRecovery(name)
            | DescribeInsights(name)
            | UpdateInsights(name)
            | DescribeScaling(name)
            | PutScaling(name)
            | DeleteScaling(name)
            | CreateBackup(name)
            | RestoreToPoint(name)
        ):
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
