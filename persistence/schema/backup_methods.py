"""The side of the schema service that backs tables up and restores them."""

from __future__ import annotations

import os
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from persistence.operations import BackupDescription, TableDescription
from persistence.schema import portable
from persistence.schema.base import Schema, SchemaBase

if TYPE_CHECKING:
    from persistence.schema.backups import BackupFlows
    from persistence.schema.progress import ProgressCallback

PART_BYTES = 32 * 1024 * 1024
"""Bytes of lines after which an export begins another file."""


class BackupMethods(SchemaBase):
    """Backups: the service's own, and portable ones in a folder."""

    def backup(
        self, schema: Schema, name: str | None = None, *, progress: ProgressCallback | None = None
    ) -> BackupDescription:
        """Make an on-demand backup of a table, and wait until it can be restored.

        Args:
            schema: a mapping, or a `Table` declaration.
            name: 3 to 255 characters of `a-zA-Z0-9_.-`; None makes one of the table's name and the time.
            progress: is told of each look at its status.

        Raises:
            TableNotFound: there is no such table.
            NotSupported: the store has no such backups; `export_items` works with every store.
            DeadlineExceeded: it takes longer than the timeout; the service goes on with it.
        """
        return self._drive(self._backups(progress).create(self._table(schema).name, name))

    def backups(self, schema: Schema | None = None) -> tuple[BackupDescription, ...]:
        """List the on-demand backups of a table, or of all tables, the oldest first.

        Args:
            schema: a mapping, or a `Table` declaration; None for all tables, mapped or not.

        Raises:
            NotSupported: the store has no such backups.
        """
        table = None if schema is None else self._table(schema).name
        return self._drive(self._backups().all(table))

    def delete_backup(self, backup: str | BackupDescription) -> None:
        """Delete an on-demand backup.

        Args:
            backup: the backup, or its resource name (ARN).

        Raises:
            BackupNotFound: there is none.
            NotSupported: the store has no such backups.
        """
        self._drive(self._backups().delete(_arn(backup)))

    def restore(
        self, backup: str | BackupDescription, target: str, *, progress: ProgressCallback | None = None
    ) -> TableDescription:
        """Restore an on-demand backup into a new table, and wait until it can be used.

        The service restores items, keys, indexes, billing and encryption; not the stream, time to live, tags,
        point-in-time recovery, scaling and alarms (developer guide, "Restoring a table from a backup").

        Args:
            backup: the backup, or its resource name (ARN).
            target: the name of the new table, which must be free.
            progress: is told of each look at its status.

        Raises:
            TableInUse: there is a table of that name.
            BackupNotFound: there is no such backup.
            NotSupported: the store has no such backups.
            DeadlineExceeded: it takes longer than the timeout; the service goes on with it.
        """
        return self._drive(self._backups(progress).restore(_arn(backup), target))

    def restore_to_point(
        self,
        schema: Schema,
        target: str,
        at: datetime | None = None,
        *,
        progress: ProgressCallback | None = None,
    ) -> TableDescription:
        """Restore a table as it was at a time into a new one, and wait until that can be used.

        The table must have point-in-time recovery on; what is not restored is as for `restore`.

        Args:
            schema: a mapping, or a `Table` declaration.
            target: the name of the new table, which must be free.
            at: an aware time; None for the latest that the service has, some minutes ago.
            progress: is told of each look at its status.

        Raises:
            TableInUse: there is a table of that name.
            InvalidRequest: recovery is off, or does not go back to that time.
            NotSupported: the store has no such recovery.
            DeadlineExceeded: it takes longer than the timeout; the service goes on with it.
        """
        return self._drive(self._backups(progress).restore_to_point(self._table(schema).name, target, at))

    def export_items(
        self,
        schema: Schema,
        folder: str | os.PathLike[str],
        *,
        segments: int = 4,
        consistent: bool = False,
        read_units: float | None = None,
        part_bytes: int = PART_BYTES,
        progress: ProgressCallback | None = None,
    ) -> portable.Manifest:
        """Export all items of a table into a folder, as compressed JSON Lines with a manifest.

        It is a scan, not a snapshot: each item is as it was at some moment between `started_at` and
        `ended_at` of the manifest, and what is written in the meantime may be in it or not. It is resumable:
        the same call with the same folder goes on where an earlier one was interrupted.

        Args:
            schema: a mapping, or a `Table` declaration.
            folder: where it goes; a new or empty folder, or that of an interrupted export of this table.
            segments: in how many parts the table is read; some of them side by side.
            consistent: read consistently, at twice the price.
            read_units: read units per second that it spends at most on average; None for no limit.
            part_bytes: bytes of lines, before they are compressed, after which another file is begun. An
                interrupted export reads at most about as much of each segment again.
            progress: is told of each page.

        Returns:
            What the folder holds.

        Raises:
            TableNotFound: there is no such table.
            FolderInUse: the folder holds something else, or another process is writing to it.
            CheckpointMismatch: it holds an unfinished export of another table or with other segments.
            QueryError: a number that can't be.
            OSError: the folder can't be written to; what is complete in it stays.
        """
        wanted = portable.Export(
            Path(folder),
            part_bytes,
            segments=segments,
            consistent=consistent,
            read_units=read_units,
            progress=progress,
        )
        return self._drive(portable.export_flow(self._table(schema).name, wanted, self._timing))

    def import_items(
        self,
        folder: str | os.PathLike[str],
        target: Schema | str | None = None,
        *,
        overwrite: bool = False,
        write_units: float | None = None,
        read_units: float | None = None,
        verify: bool = True,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: ProgressCallback | None = None,
    ) -> portable.ImportReport:
        """Import a folder that `export_items` made into a table, and hold the table against it.

        An item that is in the table is not overwritten, whatever it is now; `ImportReport.kept` counts those
        with another content. It is resumable: the same call goes on where an earlier one was interrupted.

        A table that is missing is created, with the keys and indexes of the manifest (or as `target` declares
        them), billed on demand, and with its time to live once all is in it. What else it had is in the
        manifest: to have all of it, call `create_table(verify_items(folder).table)` before.

        Args:
            folder: the folder.
            target: the table: a mapping, a `Table` declaration or a name; None for the name that it had.
            overwrite: replace items that are there. They go in batches then, which is faster.
            write_units: write units per second that it spends at most on average; None for no limit.
            read_units: the same for the verification.
            verify: read the table in the end and compare.
            checkpoint: the file that keeps where it stands; None for one in the folder, which must be
                writable then.
            progress: is told of each step.

        Returns:
            What became of the items; `equal` says whether the table holds what the backup has, no more and no
            less.

        Raises:
            BackupDamaged: the folder is not as it was exported; nothing was done.
            SchemaMismatch: the table has another key.
            CheckpointMismatch: the checkpoint is of another import, or the table was made anew since.
            CopyIncomplete: all is done, but some items were left out; its `report` has the counts.
            QueryError: a number that can't be.
        """
        wanted = portable.Import(
            Path(folder),
            overwrite=overwrite,
            write_units=write_units,
            read_units=read_units,
            verify=verify,
            checkpoint=None if checkpoint is None else Path(checkpoint),
            limits=self._store.limits,
            progress=progress,
        )
        table = target if target is None or isinstance(target, str) else self._table(target)
        return self._drive(portable.import_flow(table, wanted, self._flows(), self._timing))

    def verify_items(self, folder: str | os.PathLike[str]) -> portable.Manifest:
        """Check a folder that `export_items` made: checksums, counts, and each line. No store is asked.

        Args:
            folder: the folder.

        Returns:
            Its manifest.

        Raises:
            BackupDamaged: it is not as it was exported; `path` is the file.
        """
        return portable.verify_folder(Path(folder))

    def _backups(self, progress: ProgressCallback | None = None) -> BackupFlows:
        """Give the procedures on backups; their module is loaded with the first of them."""
        backups = import_module("persistence.schema.backups")
        made: BackupFlows = backups.BackupFlows.of(self._timing, self._timeout, progress)
        return made


def _arn(backup: str | BackupDescription) -> str:
    return backup if isinstance(backup, str) else backup.arn
