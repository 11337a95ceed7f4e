"""The service's own backups, as flows over operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TypeVar

from persistence.errors import (
    BackupNotFound,
    DeadlineExceeded,
    NotSupported,
    QueryError,
    TableInUse,
)
from persistence.flows import Flow, pause
from persistence.operations import (
    BackupDescription,
    CreateBackup,
    DeleteBackup,
    DescribeBackup,
    ListBackups,
    Operation,
    RestoreBackup,
    RestoreToPoint,
    TableDescription,
)
from persistence.schema.planning.waiting import Patience, poll_seconds
from persistence.schema.progress import Progress, ProgressCallback, ignored
from persistence.timing import Timing

T = TypeVar("T")

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class BackupFlows:
    """What is done with backups, with waiting.

    Attributes:
        patience: asks and waits.
        progress: is told of each look.
        now: gives the aware time for default names.
    """

    patience: Patience
    progress: ProgressCallback
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, timing: Timing, timeout: float, progress: ProgressCallback | None) -> BackupFlows:
        """Make them, with a patience of so many seconds."""
        return cls(Patience(timing, timeout), progress or ignored)

    def create(self, table: str, name: str | None) -> Flow[BackupDescription]:
        """Make a backup and wait until it can be restored."""
        with _portable_named():
            made = yield from self.patience.ask(CreateBackup(table, name or self._name_for(table)))
        return (yield from self._until_available(made))

    def all(self, table: str | None) -> Flow[tuple[BackupDescription, ...]]:
        """List all backups, of one table or of all."""
        found: list[BackupDescription] = []
        start: str | None = None
        while True:
            with _portable_named():
                page = yield from self.patience.ask(ListBackups(table, start))
            found += page.backups
            start = page.next
            if start is None:
                return tuple(found)

    def delete(self, arn: str) -> Flow[None]:
        """Delete a backup."""
        with _portable_named():
            yield from self.patience.ask(DeleteBackup(arn))

    def restore(self, arn: str, target: str) -> Flow[TableDescription]:
        """Restore a backup into a new table and wait until it can be used."""
        return (yield from self._restored(RestoreBackup(arn, target), target))

    def restore_to_point(self, table: str, target: str, at: datetime | None) -> Flow[TableDescription]:
        """Restore a table as it was into a new one and wait until that can be used."""
        if at is not None and at.tzinfo is None:
            raise QueryError("restore_to_point takes an aware time, such as datetime(..., tzinfo=UTC)")
        return (yield from self._restored(RestoreToPoint(table, target, at), target))

    def _restored(self, request: Operation[TableDescription], target: str) -> Flow[TableDescription]:
        if (yield from self.patience.find(target)) is not None:
            raise TableInUse(
                "a backup is restored into a new table, and there is one of that name already; name another, "
                "and copy from there what is needed",
                operation=type(request).__name__,
                table=target,
            )
        with _portable_named():
            yield from self.patience.ask(request)
        activity, look = f"restore table {target!r}", partial(self.patience.find, target)
        restored = yield from self._poll(activity, look, _table_status, _is_restored)
        assert restored is not None
        return restored

    def _until_available(self, made: BackupDescription) -> Flow[BackupDescription]:
        activity, look = f"back up table {made.table!r}", partial(self._seen, made)
        return (yield from self._poll(activity, look, _backup_status, _is_available))

    def _seen(self, made: BackupDescription) -> Flow[BackupDescription]:
        try:
            return (yield from self.patience.ask(DescribeBackup(made.arn)))
        except BackupNotFound:
            return made  # descriptions lag behind

    def _poll(
        self,
        activity: str,
        look: Callable[[], Flow[T]],
        status: Callable[[T], str],
        reached: Callable[[T], bool],
    ) -> Flow[T]:
        monotonic, timeout = self.patience.timing.monotonic, self.patience.timeout
        begun = monotonic()
        for attempt in count():
            found = yield from look()
            seconds = monotonic() - begun
            self.progress(Progress(activity, int(seconds), unit="seconds", detail=status(found)))
            if reached(found):
                return found
            wait = poll_seconds(attempt)
            if seconds + wait > timeout:
                raise DeadlineExceeded(
                    f"{activity}: it is not done within {timeout:g} seconds, its status is {status(found)}. "
                    "The service goes on with it; wait longer with a greater timeout"
                )
            yield from pause(wait)
        raise AssertionError("unreachable: polling is endless")

    def _name_for(self, table: str) -> str:
        suffix = f"-{self.now():%Y%m%dT%H%M%SZ}"
        return table[: LONGEST_NAME - len(suffix)] + suffix


def _table_status(table: TableDescription | None) -> str:
    return "absent" if table is None else table.status


def _is_restored(table: TableDescription | None) -> bool:
    return table is not None and table.active and not table.restoring


def _backup_status(backup: BackupDescription) -> str:
    return backup.status


def _is_available(backup: BackupDescription) -> bool:
    return backup.status == "AVAILABLE"


@contextmanager
def _portable_named() -> Iterator[None]:
    """Name the way that every store has, where the store has no backups of its own."""
    try:
        yield
    except NotSupported as error:
        raise NotSupported(
            f"{error.text}. `export_items` and `import_items` work with every store",
            operation=error.operation,
            table=error.table,
            code=error.code,
        ) from error
