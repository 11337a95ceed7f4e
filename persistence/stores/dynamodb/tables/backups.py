"""Backups, and tables restored from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from persistence.errors import InvalidRequest
from persistence.operations import (
    BackupDescription,
    BackupPage,
    CreateBackup,
    DeleteBackup,
    DescribeBackup,
    ListBackups,
    RestoreBackup,
    RestoreToPoint,
)
from persistence.stores.dynamodb.exchanges import Answer, Parameters


def create_backup(operation: CreateBackup) -> Parameters:
    """Write a `CreateBackup`."""
    return {"TableName": operation.name, "BackupName": operation.backup}


def arn_only(operation: DescribeBackup | DeleteBackup) -> Parameters:
    """Write a request that needs nothing but the backup's resource name."""
    return {"BackupArn": operation.arn}


def list_backups(operation: ListBackups) -> Parameters:
    """Write a `ListBackups`."""
    given = {
        "TableName": operation.name,
        "ExclusiveStartBackupArn": operation.start,
        "Limit": operation.limit,
    }
    return {name: value for name, value in given.items() if value is not None}


def restore_backup(operation: RestoreBackup) -> Parameters:
    """Write a `RestoreBackup`."""
    return {"TargetTableName": operation.target, "BackupArn": operation.arn}


def restore_to_point(operation: RestoreToPoint) -> Parameters:
    """Write a `RestoreToPoint`.

    Raises:
        InvalidRequest: the time has no time zone.
    """
    if operation.at is None:
        when: Parameters = {"UseLatestRestorableTime": True}
    elif operation.at.tzinfo is None:
        raise InvalidRequest(
            "the time to restore to has no time zone; give one, such as datetime(..., tzinfo=UTC)",
            operation="RestoreToPoint",
            table=operation.name,
        )
    else:
        when = {"RestoreDateTime": operation.at.astimezone(UTC)}
    return {"SourceTableName": operation.name, "TargetTableName": operation.target, **when}


def made_backup(operation: CreateBackup, answer: Answer) -> BackupDescription:
    """Read the description of a backup that was begun."""
    return _backup(answer["BackupDetails"], operation.name)


def backup(operation: DescribeBackup, answer: Answer) -> BackupDescription:
    """Read the description of a backup."""
    told = answer["BackupDescription"]
    return _backup(told["BackupDetails"], told["SourceTableDetails"]["TableName"])


def backups(operation: ListBackups, answer: Answer) -> BackupPage:
    """Read a page of backups, the oldest first."""
    found = [_backup(told, told["TableName"]) for told in answer.get("BackupSummaries") or ()]
    found.sort(key=lambda one: (one.created_at, one.arn))
    return BackupPage(tuple(found), answer.get("LastEvaluatedBackupArn"))


def _backup(told: Mapping[str, Any], table: str) -> BackupDescription:
    return BackupDescription(
        told["BackupArn"],
        told["BackupName"],
        table,
        told["BackupStatus"],
        told["BackupCreationDateTime"].astimezone(UTC),
        told.get("BackupSizeBytes"),
    )
