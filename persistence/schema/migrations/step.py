"""One migration on its way up or down, recorded at each turn."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from persistence.errors import MigrationFailed, MigrationLockLost
from persistence.flows import run
from persistence.schema.migrations.context import MigrationContext
from persistence.schema.migrations.history import History
from persistence.schema.migrations.lease import Lease
from persistence.schema.migrations.lock import Lock
from persistence.schema.migrations.migration import Migration
from persistence.schema.migrations.records import MigrationState, MigrationStatus
from persistence.store import Store
from persistence.timing import Timing

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records where migrations stand, in the name of who holds the lock."""

    history: History
    lock: Lock
    lease: Lease
    store: Store
    owner: str
    timing: Timing
    clock: Callable[[], float]

    def record(
        self,
        migration: Migration,
        state: MigrationState,
        seconds: float | None = None,
        failure: BaseException | None = None,
    ) -> None:
        """Record a state.

        Raises:
            MigrationLockLost: the lock is lost; nothing was recorded.
        """
        status = MigrationStatus(
            migration.id,
            migration.name,
            state,
            migration.checksum,
            datetime.fromtimestamp(self.clock(), UTC),
            seconds,
            self.owner,
            None if failure is None else type(failure).__name__,
        )
        with self.lease.alone():
            run(self.history.record(status, self.lock), self.store, sleep=self.timing.sleep)


def _refuse_unfinished(given: object) -> None:
    """Refuse what a function gave instead of doing it: nothing of it has run."""
    if inspect.iscoroutine(given) or inspect.isgenerator(given):
        given.close()
    if inspect.isawaitable(given) or inspect.isgenerator(given) or inspect.isasyncgen(given):
        raise TypeError(f"it gave a {type(given).__name__}, which nobody runs; migrations run synchronously")


def take(migration: Migration, direction: Direction, context: MigrationContext, recorder: Recorder) -> None:
    """Run a migration up or down, and record what came of it.

    Raises:
        MigrationFailed: it raised.
        MigrationLockLost: somebody else has the lock; what came of it is not recorded.
    """
    work = migration.up if direction == "up" else migration.down
    assert work is not None
    if direction == "up":
        recorder.record(migration, "running")
    start = recorder.timing.monotonic()
    try:
        _refuse_unfinished(work(context))
    except MigrationLockLost:
        raise
    except BaseException as failure:
        # On its way down it stays applied, so that one can go down again.
        state: MigrationState = "failed" if direction == "up" else "applied"
        recorder.record(migration, state, recorder.timing.monotonic() - start, failure)
        if not isinstance(failure, Exception):
            raise
        reason = f"{type(failure).__name__}: {failure}"
        raise MigrationFailed(str(migration), direction, reason) from failure
    seconds = recorder.timing.monotonic() - start
    recorder.record(migration, "applied" if direction == "up" else "rolled back", seconds)
