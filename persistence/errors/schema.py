"""Errors of tables and their data as a whole: plans, copies, backups and migrations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from persistence.errors.base import PersistenceError


class SchemaMismatch(PersistenceError):
    """A live table is not as it is declared, or several are not.

    Attributes:
        table: its name; of several the first.
        differences: each difference of that table in words.
        remedies: for each difference what would mend it, as far as that is known.
        others: the further tables that are not as declared, each as an error of its own.
    """

    def __init__(
        self,
        table: str,
        differences: Iterable[str],
        remedies: Iterable[str] = (),
        others: Iterable[SchemaMismatch] = (),
    ) -> None:
        self.table = table
        self.differences = tuple(differences)
        self.remedies = tuple(remedies)
        self.others = tuple(others)
        super().__init__("\n".join([self._text(), *map(str, self.others)]))

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """The differences of each table that is not as declared, by its name."""
        return {error.table: error.differences for error in (self, *self.others)}

    def _text(self) -> str:
        heading = f"table {self.table!r} is not as it is declared: "
        if not self.remedies:
            return heading + "; ".join(self.differences)
        lines = [
            f"\n  - {difference}" + (f"\n    to mend it: {remedy}" if remedy else "")
            for difference, remedy in zip_longest(self.differences, self.remedies, fillvalue="")
        ]
        return heading.rstrip() + "".join(lines)


class PlanOutdated(PersistenceError):
    """A plan was made for a table that has changed since; nothing more of it was done.

    Attributes:
        table: its name.
        changes: in words, what is to be done now that the plan does not have.
    """

    def __init__(self, table: str, changes: Iterable[str]) -> None:
        self.table = table
        self.changes = tuple(changes)
        super().__init__(
            f"table {table!r} has changed since the plan was made; it lacks: {'; '.join(self.changes)}. "
            "Make a new plan, and look at it before it is applied"
        )


class DropNotAllowed(PersistenceError, ValueError):
    """A plan would drop something that was not named in `allow_drop`, or what was named is not in the plan.

    Attributes:
        names: what is concerned, such as the names of indexes.
    """

    def __init__(self, message: str, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class BlockedChange:
    """A difference between declaration and live table that can't be changed in place.

    Attributes:
        table: the table's name.
        what: the difference in words.
        remedy: what to do instead.
    """

    table: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"table {self.table!r}: {self.what}; {self.remedy}"


class ChangeBlocked(PersistenceError):
    """A plan has changes that the service can't make in place; nothing was done.

    Attributes:
        blocked: each of them, with its remedy.
    """

    def __init__(self, blocked: Iterable[BlockedChange]) -> None:
        self.blocked = tuple(blocked)
        super().__init__("; ".join(map(str, self.blocked)))


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """An item that a copy, a backfill or an import left out.

    Attributes:
        key: its key attributes as text, such as `{"id": {"S": "1"}}`; only for reports, never in messages.
        reason: what went wrong, without stored values.
    """

    key: str
    reason: str


class CopyIncomplete(PersistenceError):
    """A copy, backfill or import went through, but left items out; run it again when their cause is mended.

    Attributes:
        failures: the items, up to the number that is kept.
        failed: how many there are in all.
        report: the counts of the whole job.
    """

    def __init__(self, activity: str, failures: Sequence[ItemFailure], failed: int, report: Any) -> None:
        self.failures = tuple(failures)
        self.failed = failed
        self.report = report
        reasons = "; ".join(dict.fromkeys(failure.reason for failure in self.failures[:20]))
        super().__init__(
            f"{activity}: {failed} item(s) were left out: {reasons}. Mend the cause and run it again: what "
            "is done already is not done twice"
        )


class BackupDamaged(PersistenceError):
    """The files of a backup are not as they were written, or not complete.

    Attributes:
        path: the file or folder.
    """

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        super().__init__(f"the backup {path!r} can't be used: {what}")


class FolderInUse(PersistenceError, ValueError):
    """A folder can't take a backup, since it holds something else.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        super().__init__(f"the folder {path!r} can't take a backup: {what}")


class CheckpointMismatch(PersistenceError, ValueError):
    """A checkpoint is of another job than the one that shall go on from it.

    Attributes:
        path: its file.
    """

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        super().__init__(
            f"the checkpoint {path!r} can't be used: {what}. Name another file, or remove this one"
        )


class LedgerNeeded(PersistenceError, ValueError):
    """`SchemaService.migrate` was called without a ledger of migrations."""


class MigrationError(PersistenceError):
    """The base of what goes wrong with migrations."""


class MigrationLocked(MigrationError):
    """Somebody else is running migrations at this moment.

    Attributes:
        owner: who holds the lock.
        until: epoch seconds when the lease ends, unless it is prolonged.
    """

    retryable = True

    def __init__(self, owner: str, until: float, message: str) -> None:
        self.owner = owner
        self.until = until
        super().__init__(message)


class MigrationLockLost(MigrationError):
    """The lease of the lock ended while migrations ran, so that somebody else may run them too."""


class MigrationChanged(MigrationError):
    """A migration that was applied is not as it was then, is missing, or an older one has come in between.

    Attributes:
        migrations: the ids of the migrations concerned.
    """

    def __init__(self, message: str, migrations: Iterable[str]) -> None:
        self.migrations = tuple(migrations)
        super().__init__(message)


class MigrationFailed(MigrationError):
    """A migration raised; those before it stay applied.

    Attributes:
        migration: its id.
        direction: "up" or "down".
    """

    def __init__(self, migration: str, direction: str, reason: str) -> None:
        self.migration = migration
        self.direction = direction
        super().__init__(f"migration {migration!r} failed on its way {direction}: {reason}")


class ForeignLedger(MigrationError):
    """The history table belongs to another application, or is no history table.

    Attributes:
        table: its name.
    """

    def __init__(self, table: str, what: str) -> None:
        self.table = table
        super().__init__(f"table {table!r} can't hold the history of migrations: {what}")
