"""The same for operations on tables: the tables of facts of all operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operation_facts.items import ITEM_API_NAMES, ITEM_WRITES
from persistence.operation_facts.kinds import OperationType
from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteBackup,
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
    ListBackups,
    ListTables,
    ListTags,
    Operation,
    PutScaling,
    RestoreBackup,
    RestoreToPoint,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
    UpdateTable,
)

API_NAMES: Mapping[OperationType, str] = {
    **ITEM_API_NAMES,
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

WRITES = frozenset[OperationType](
    {
        *ITEM_WRITES,
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


def table_named(operation: Operation[Any]) -> str | None:
    """Name the table that an operation on tables concerns; None if it concerns several, or is not known."""
    match operation:
        case TagTable(arn) | UntagTable(arn) | ListTags(arn):
            return arn.rpartition("/")[2]
        case RestoreBackup(_, target):
            return target
        case ListBackups(name):
            return name
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
            return name
        case CreateTable(table):
            return table.name
        case _:
            return None
