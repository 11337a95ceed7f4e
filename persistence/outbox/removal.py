"""What becomes of entries that were handed on, as operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from persistence.attributes import Item
from persistence.conflicts import is_transient
from persistence.errors import ConflictError, PersistenceError, TransactionCancelled
from persistence.events import event_log
from persistence.expressions import AttributeExists, Path
from persistence.flows import Flow, pause, perform
from persistence.mapping import EntityMapping
from persistence.operations import DeleteItem, Operation, PutItem, TransactWrite
from persistence.outbox.declaration import OutboxEntry
from persistence.outbox.positions import delivered
from persistence.timing import Timing

R = TypeVar("R")

After = Literal["delete", "mark"]
"""What becomes of an entry that was handed on."""

STORE_ATTEMPTS = 6
"""How often one operation is tried while the store is throttled, busy or unavailable."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Takes entries that were handed on out of those that are pending.

    Attributes:
        mapping: the outbox.
        after: whether they are deleted, or kept with the time of delivery.
        keep: how long they are kept then.
        clock: gives the present time, aware.
        timing: chance, for pauses.
    """

    mapping: EntityMapping[OutboxEntry]
    after: After
    keep: timedelta
    clock: Callable[[], datetime]
    timing: Timing

    def flow(self, item: Item, entry: OutboxEntry) -> Flow[Exception | None]:
        """Remove an entry; one that another relay has removed is no error.

        Args:
            item: the entry as it is stored, with attributes that this version may not know.
            entry: the same, decoded.

        Returns:
            What the store has against this entry, if anything.

        Raises:
            StoreError: the store can't do it for any entry, or for the time being.
        """
        key = {name: item[name] for name in self.mapping.table.key_names()}
        try:
            if self.after == "delete":
                yield from patiently(DeleteItem(self.mapping.table, key), self.timing)
            else:
                yield from patiently(self._move(key, item, entry), self.timing)
        except TransactionCancelled as cancelled:
            return None if _is_removed(cancelled) else cancelled
        except ConflictError as refused:
            return refused
        return None

    def _move(self, key: Item, item: Item, entry: OutboxEntry) -> TransactWrite:
        table, now = self.mapping.table, self.clock()
        marked = replace(
            entry, partition=delivered(entry.partition), delivered_at=now, expires_at=now + self.keep
        )
        kept = {**item, **self.mapping.codec.encode(marked)}
        there = AttributeExists(Path.of(table.partition))
        return TransactWrite((DeleteItem(table, key, there), PutItem(table, kept)))


def _is_removed(cancelled: TransactionCancelled) -> bool:
    """Tell by the only condition of the move whether the entry was gone, whatever else was the matter."""
    return "ConditionalCheckFailed" in {reason.code for reason in cancelled.reasons}


def patiently(operation: Operation[R], timing: Timing) -> Flow[R]:
    """Perform an operation, and again after a pause while the store asks for patience.

    Only for operations that may take effect twice.

    Raises:
        PersistenceError: the last attempt's, or one that no patience mends.
    """
    for attempt in range(1, STORE_ATTEMPTS):
        try:
            return (yield from perform(operation))
        except PersistenceError as failure:
            if not _may_pass(failure):
                raise
            code = getattr(failure, "code", None) or type(failure).__name__
        wait = timing.backoff(attempt)
        event_log().info("retry.scheduled", attempt=attempt, code=code, seconds=round(wait, 3))
        yield from pause(wait)
    return (yield from perform(operation))


def _may_pass(failure: PersistenceError) -> bool:
    return failure.retryable or (isinstance(failure, TransactionCancelled) and is_transient(failure.reasons))
