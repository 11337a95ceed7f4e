"""The tool: migrations, their history, and the lock under which they run."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from persistence.errors import QueryError, StoreError
from persistence.flows import Flow, run
from persistence.mapping import MappingSchema
from persistence.schema.migrations.checking import check_history, to_apply, to_undo
from persistence.schema.migrations.context import MigrationContext
from persistence.schema.migrations.files import load_migrations
from persistence.schema.migrations.history import History
from persistence.schema.migrations.lease import Lease, LeasedStore
from persistence.schema.migrations.lock import Lock, LockHolder
from persistence.schema.migrations.migration import Migration, ordered
from persistence.schema.migrations.records import (
    MigrationStatus,
    history_table,
    pending,
)
from persistence.schema.migrations.step import Direction, Recorder, take
from persistence.schema.progress import Progress, ProgressCallback, ignored
from persistence.schema.service import SchemaService
from persistence.store import Store, check_colour
from persistence.timing import Timing

R = TypeVar("R")

LEASE = 60.0
DEFAULT_TABLE = "persistence-migrations"


class Migrations:
    """The migrations of an application: planned, run, rolled back; their history is in a table.

    Args:
        store: where the application's tables are, and the history.
        migrations: the migrations, or the folder with their files; see `load_migrations`.
        application: whose migrations they are; another application's history is never touched.
        table: the name of the history table. It is made when something is first run.
        owner: who runs them, for people; by default host and process.
        lease: seconds that the lock is held for without a sign of life. It is prolonged for as long as the
            process lives; when it was killed, the next waits until the lease is over, and once more as long.
        mappings: the mappings that `context.schema` shall know.
        timing: time and waiting, for tests.
        clock: epoch seconds, for tests.

    Raises:
        MigrationError: the migrations can't be loaded, or two have the same number.
    """

    def __init__(
        self,
        store: Store,
        migrations: Iterable[Migration] | str | os.PathLike[str],
        *,
        application: str,
        table: str = DEFAULT_TABLE,
        owner: str | None = None,
        lease: float = LEASE,
        mappings: Iterable[type[MappingSchema[Any]]] = (),
        timing: Timing | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_colour(store, asynchronous=False)
        if not 0 < lease < math.inf:
            raise QueryError(f"a lease is a positive number of seconds, not {lease!r}")
        given = load_migrations(migrations) if isinstance(migrations, str | os.PathLike) else migrations
        self._migrations = ordered(given)
        self._store = store
        self._application = application
        self._table = history_table(table)
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        self._lease = lease
        self._mappings = tuple(mappings)
        self._timing = timing or Timing()
        self._clock = clock
        self._history = History(self._table, application, self._timing)

    def plan(self, to: str | None = None) -> tuple[Migration, ...]:
        """Give the migrations that `run` would run now, in their order. Nothing is changed.

        Args:
            to: the id of the last one to run; None for all.

        Raises:
            MigrationChanged: the migrations don't continue the history.
            MigrationError: there is no migration `to`, or later ones are applied.
            ForeignLedger: the table is another application's, or no history table.
        """
        recorded = self._drive(self._history.read())
        check_history(self._migrations, recorded)
        return to_apply(self._migrations, recorded, to)

    def status(self) -> tuple[MigrationStatus, ...]:
        """Tell where each migration stands, also those that the history knows and that are missing now.

        Raises:
            ForeignLedger: the table is another application's, or no history table.
        """
        known = {migration.number: pending(migration) for migration in self._migrations}
        recorded = self._drive(self._history.read())
        return tuple(status for _, status in sorted({**known, **recorded}.items()))

    def holder(self) -> LockHolder | None:
        """Tell who is running migrations, or was when it was killed; None if nobody is.

        Raises:
            ForeignLedger: the table is another application's, or no history table.
        """
        self._drive(self._history.read())
        return self._drive(self._lock().holder()) if self._schema(self._store).exists(self._table) else None

    def run(
        self, to: str | None = None, *, dry_run: bool = False, progress: ProgressCallback | None = None
    ) -> tuple[Migration, ...]:
        """Run what is not applied yet, one after the other; what is done stays when a later one fails.

        Args:
            to: the id of the last one to run; None for all.
            dry_run: only tell what would be run; no lock is taken and no table made.
            progress: is told of each migration, and given to them.

        Returns:
            The migrations that were run, or would be.

        Raises:
            MigrationFailed: one raised; its cause is what it raised. It is run again the next time.
            MigrationLocked: somebody else is running migrations.
            MigrationLockLost: somebody else took the lock over, since the lease could not be prolonged.
            MigrationChanged: the migrations don't continue the history; nothing was run.
            MigrationError: there is no migration `to`, or later ones are applied.
            ForeignLedger: the table is another application's, or no history table.
        """
        if dry_run:
            return self.plan(to)
        return self._through("up", lambda: self.plan(to), progress or ignored)

    def rollback(
        self,
        to: str | None = None,
        *,
        steps: int | None = None,
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
    ) -> tuple[Migration, ...]:
        """Undo migrations, the last first.

        Args:
            to: the id of the migration that shall be the last one applied.
            steps: how many to undo; exactly one of the two is given.
            dry_run: only tell what would be undone.
            progress: is told of each migration, and given to them.

        Returns:
            The migrations that were undone, or would be.

        Raises:
            MigrationError: one of them has no `down`, or there is none to go back to; nothing was undone.
            MigrationFailed: one raised; it stays applied, and those after it are undone.
            MigrationLocked: and the others of `run`.
        """

        def undone() -> tuple[Migration, ...]:
            recorded = self._drive(self._history.read())
            check_history(self._migrations, recorded)
            return to_undo(self._migrations, recorded, to=to, steps=steps)

        return undone() if dry_run else self._through("down", undone, progress or ignored)

    def _through(
        self,
        direction: Direction,
        chosen: Callable[[], tuple[Migration, ...]],
        progress: ProgressCallback,
    ) -> tuple[Migration, ...]:
        self._history.make(self._schema(self._store))
        self._drive(self._history.claim())
        lock = self._lock()
        with self._locked(lock) as lease:
            migrations = chosen()  # told under the lock: somebody may just have run some
            recorder = Recorder(
                self._history, lock, lease, self._store, self._owner, self._timing, self._clock
            )
            for done, migration in enumerate(migrations):
                progress(Progress(f"{direction} {migration}", done, len(migrations), "migrations"))
                take(migration, direction, self._context(migration, lease, progress), recorder)
            progress(Progress(direction, len(migrations), len(migrations), "migrations"))
        return migrations

    @contextmanager
    def _locked(self, lock: Lock) -> Iterator[Lease]:
        self._drive(lock.acquire())
        lease = Lease(lock, self._store)
        try:
            with lease.kept():
                yield lease
        finally:
            # What is done is done: a lock that can't be given back is over by itself.
            with suppress(StoreError):
                self._drive(lock.release())

    def _context(self, migration: Migration, lease: Lease, progress: ProgressCallback) -> MigrationContext:
        store = LeasedStore(self._store, lease)
        schema = self._schema(store)
        return MigrationContext(store, schema, self._application, str(migration), progress, self._timing)

    def _lock(self) -> Lock:
        return Lock(self._table, self._owner, self._lease, self._timing, self._clock)

    def _schema(self, store: Store) -> SchemaService:
        return SchemaService(store, self._mappings, timing=self._timing)

    def _drive(self, flow: Flow[R]) -> R:
        return run(flow, self._store, sleep=self._timing.sleep)
