"""Operations on backups, those that restore tables, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from persistence.operations.items import Operation
from persistence.operations.tables import TableDescription


@dataclass(frozen=True, slots=True)
class BackupDescription:
    """An on-demand backup.

    Attributes:
        arn: its resource name.
        name: the name that it was given.
        table: the name of the table that it is of.
        status: the service's word.
        created_at: aware time of creation.
        size_bytes: its size, where known.
    """

    arn: str
    name: str
    table: str
    status: Literal["CREATING", "AVAILABLE", "DELETED"]
    created_at: datetime
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class BackupPage:
    """The answer to `ListBackups`: backups, the oldest first, and where the next page starts, if any."""

    backups: tuple[BackupDescription, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class CreateBackup(Operation[BackupDescription]):
    """Begin an on-demand backup of a table.

    Attributes:
        name: the table.
        backup: the name of the backup, 3 to 255 characters of `a-zA-Z0-9_.-`; several may have the same.
    """

    name: str
    backup: str


@dataclass(frozen=True, slots=True)
class DescribeBackup(Operation[BackupDescription]):
    """Describe a backup by its resource name."""

    arn: str


@dataclass(frozen=True, slots=True)
class ListBackups(Operation[BackupPage]):
    """List backups, of one table or of all, a page at a time.

    Attributes:
        name: the table; None for all.
        start: the `next` of the page before.
        limit: how many to give at most, up to 100.
    """

    name: str | None = None
    start: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteBackup(Operation[None]):
    """Delete a backup by its resource name."""

    arn: str


@dataclass(frozen=True, slots=True)
class RestoreBackup(Operation[TableDescription]):
    """Begin to restore a backup into a new table, whose name must be free.

    Stream, time to live, tags, point-in-time recovery, scaling and insights are not restored (developer
    guide, "Restoring a table from a backup").
    """

    arn: str
    target: str


@dataclass(frozen=True, slots=True)
class RestoreToPoint(Operation[TableDescription]):
    """Begin to restore a table as it was at a time into a new table, whose name must be free.

    Attributes:
        name: the table whose point-in-time recovery is on.
        target: the new table.
        at: an aware time; None for the latest that can be restored.
    """

    name: str
    target: str
    at: datetime | None = None
