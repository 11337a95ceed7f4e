"""What a migration works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from persistence.flows import Flow, run
from persistence.schema.progress import ProgressCallback
from persistence.schema.service import SchemaService
from persistence.store import Store
from persistence.timing import Timing

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class MigrationContext:
    """What a migration works with; whatever it does goes through it.

    Attributes:
        store: the store. It refuses to perform anything once the lock is lost.
        schema: a schema service on that store, with the mappings that the ledger was given.
        application: the name of the application.
        migration: the id of the migration.
        progress: is told how far it is; pass it on to long calls such as `schema.auto_migrate`.
        timing: time and waiting.
    """

    store: Store
    schema: SchemaService
    application: str
    migration: str
    progress: ProgressCallback
    timing: Timing

    def drive(self, flow: Flow[R]) -> R:
        """Drive a flow over the store.

        Args:
            flow: a fresh flow.

        Returns:
            What the flow returns.
        """
        return run(flow, self.store, sleep=self.timing.sleep)
