"""Backups, and tables that are restored from them or from a journal.

What a restored table has, and what not, is as in the developer guide, "Restoring a table from a backup":
keys, indexes, billing, encryption and table class, but no stream, time to live, tags, protection, recovery,
insights or scaling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from persistence.operations import (
    BackupDescription,
    BackupPage,
    CreateBackup,
    DeleteBackup,
    DescribeBackup,
    ListBackups,
    RestoreBackup,
    RestoreToPoint,
    TableDescription,
)
from persistence.stores.memory.control.managed import ManagedTable
from persistence.stores.memory.control.settings import Settings
from persistence.stores.memory.control.tables import Tables
from persistence.stores.validation.backups import check_name, check_time
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import BackupInUse, NameTaken, NoBackup, NoRecovery, Refused
from persistence.stores.validation.tables import check_list
from persistence.table import Table


@dataclass(frozen=True, slots=True)
class _Backup:
    """What a table was.

    Attributes:
        description: the backup, as it is when it is done.
        available_from: when that is, in epoch seconds.
        structure: keys, indexes and key types.
        settings: those that are restored.
        records: the items; records never change.
    """

    description: BackupDescription
    available_from: float
    structure: Table
    settings: Settings
    records: tuple[Record, ...]


class Backups:
    """The backups of a store; they outlive their tables. Whoever uses it holds the store's lock.

    Args:
        tables: the live tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._backups: dict[str, _Backup] = {}
        self._made = 0

    def create(self, operation: CreateBackup) -> BackupDescription:
        """Back a table up as it is at this moment."""
        check_name("backupName", operation.backup)
        table = self._tables.ready(operation.name)
        records = tuple(table.items.records.values())
        self._made += 1
        now = self._tables.clock()
        description = BackupDescription(
            arn=f"{table.arn}/backup/{int(now * 1000):014d}-{self._made:08x}",
            name=operation.backup,
            table=table.name,
            status="AVAILABLE",
            created_at=datetime.fromtimestamp(now, UTC),
            size_bytes=sum(record.size for record in records),
        )
        backup = _Backup(
            description, now + self._tables.delay, table.items.declaration, _restorable(table), records
        )
        self._backups[description.arn] = backup
        return self._described(backup)

    def describe(self, operation: DescribeBackup) -> BackupDescription:
        """Describe a backup."""
        return self._described(self._named(operation.arn))

    def list(self, operation: ListBackups) -> BackupPage:
        """List backups, the oldest first, a page at a time."""
        limit = check_list(operation.limit)
        behind = 0 if operation.start is None else _number(operation.start)
        wanted = [
            self._described(backup)
            for arn, backup in self._backups.items()
            if operation.name in (None, backup.description.table) and _number(arn) > behind
        ]
        page = tuple(wanted[:limit])
        return BackupPage(page, page[-1].arn if len(wanted) > limit else None)

    def delete(self, operation: DeleteBackup) -> None:
        """Delete a backup."""
        self._available(operation.arn)
        del self._backups[operation.arn]

    def restore(self, operation: RestoreBackup) -> TableDescription:
        """Restore a backup into a new table."""
        check_name("targetTableName", operation.target)
        backup = self._available(operation.arn)
        self._tables.check_free(operation.target, NameTaken)
        structure = replace(backup.structure, name=operation.target)
        return self._tables.restore(structure, _copied(backup.settings), backup.records)

    def restore_to_point(self, operation: RestoreToPoint) -> TableDescription:
        """Restore a table as it was at a time into a new table, with the settings that it has now."""
        check_name("targetTableName", operation.target)
        table = self._tables.ready(operation.name)
        journal = table.items.journal
        if journal is None:
            raise NoRecovery(f"Point in time recovery is not enabled for table '{operation.name}'")
        earliest, latest = (datetime.fromtimestamp(at, UTC) for at in (journal.earliest, journal.latest))
        check_time(operation.at, earliest, latest)
        moment = journal.latest if operation.at is None else operation.at.timestamp()
        self._tables.check_free(operation.target, NameTaken)
        records = journal.records_at(moment, table.items.records)
        structure = replace(table.items.declaration, name=operation.target)
        return self._tables.restore(structure, _restorable(table), records.values())

    def _named(self, arn: str) -> _Backup:
        backup = self._backups.get(arn)
        if backup is None:
            _number(arn)
            raise NoBackup(f"Backup not found: {arn}")
        return backup

    def _available(self, arn: str) -> _Backup:
        backup = self._named(arn)
        if self._described(backup).status == "CREATING":
            raise BackupInUse(f"Backup is being created: {arn}")
        return backup

    def _described(self, backup: _Backup) -> BackupDescription:
        if self._tables.clock() < backup.available_from:
            return replace(backup.description, status="CREATING", size_bytes=None)
        return backup.description


def _restorable(table: ManagedTable) -> Settings:
    present = table.settings
    return Settings(
        billing=present.billing,
        index_billing=dict(present.index_billing),
        encryption=present.encryption,
        table_class=present.table_class,
    )


def _copied(settings: Settings) -> Settings:
    return replace(settings, index_billing=dict(settings.index_billing), tags={}, insights=set(), scaling={})


def _number(arn: str) -> int:
    """Give the number of a backup, which is the last part of its resource name.

    Raises:
        Refused: it is the resource name of something else.
    """
    place, _, number = arn.rpartition("-")
    try:
        if "/backup/" not in place:
            raise ValueError("no backup")
        return int(number, 16)
    except ValueError:
        raise Refused("Invalid Backup ARN") from None
