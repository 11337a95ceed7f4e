"""The history table: made, read and written, as flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from uuid import uuid4

from persistence.attributes import Item
from persistence.errors import (
    ConditionFailed,
    ForeignLedger,
    InvalidRequest,
    MigrationLockLost,
    SchemaMismatch,
    StoreUnavailable,
    TableNotFound,
    TransactionCancelled,
)
from persistence.expressions import AttributeNotExists, Path
from persistence.flows import Flow, pause, perform
from persistence.operations import ConditionCheck, GetItem, PutItem, ScanPage, TransactWrite
from persistence.schema.migrations.lock import Lock
from persistence.schema.migrations.records import (
    FORMAT,
    HEADER_KEY,
    LOCK_KEY,
    MIGRATION_PREFIX,
    MigrationStatus,
    item_of,
    status_of,
    text,
)
from persistence.schema.service import SchemaService
from persistence.table import Table
from persistence.timing import Timing

ATTEMPTS = 6


class History:
    """The history of an application's migrations.

    Args:
        table: the history table.
        application: whose history it is.
        timing: time and waiting.
    """

    def __init__(self, table: Table, application: str, timing: Timing) -> None:
        self._table = table
        self._application = application
        self._timing = timing

    def make(self, schema: SchemaService) -> None:
        """Make the table unless it is there.

        Raises:
            ForeignLedger: it is there with another key.
        """
        try:
            schema.ensure_table(self._table)
        except SchemaMismatch as mismatch:
            raise ForeignLedger(self._table.name, "; ".join(mismatch.differences)) from mismatch

    def claim(self) -> Flow[None]:
        """Make the table this application's, unless it is somebody's already.

        Raises:
            ForeignLedger: it is another application's, or holds other items.
        """
        items = yield from self._items()
        if self._owned(items):
            return
        header: Item = {
            "id": {"S": HEADER_KEY},
            "application": {"S": self._application},
            "format": {"S": FORMAT},
        }
        try:
            yield from perform(PutItem(self._table, header, condition=AttributeNotExists(Path.of("id"))))
        except ConditionFailed:  # somebody was faster; it must be the same application
            found = yield from perform(GetItem(self._table, {"id": {"S": HEADER_KEY}}, consistent=True))
            self._owned([found.item] if found.item else [])

    def read(self) -> Flow[dict[int, MigrationStatus]]:
        """Give what is recorded, by number; nothing where there is no table yet.

        Raises:
            ForeignLedger: the table is another application's, or no history table.
        """
        try:
            items = yield from self._items()
        except TableNotFound:
            return {}
        except InvalidRequest as refused:
            raise ForeignLedger(
                self._table.name, "it has another key; give table=... another name"
            ) from refused
        self._owned(items)
        return {status.number: status for status in _statuses(items)}

    def record(self, status: MigrationStatus, lock: Lock) -> Flow[None]:
        """Record where a migration stands, on the condition that the lock is still held.

        Raises:
            MigrationLockLost: it is not; nothing was recorded.
        """
        check = ConditionCheck(self._table, {"id": {"S": LOCK_KEY}}, lock.mine)
        write = TransactWrite((PutItem(self._table, item_of(status)), check), token=uuid4().hex)
        for attempt in count(1):
            try:
                yield from perform(write)
            except TransactionCancelled as cancelled:
                if any(reason.code == "ConditionalCheckFailed" for reason in cancelled.reasons):
                    raise MigrationLockLost(
                        f"the lock was lost before it could be recorded that migration {status} is "
                        f"{status.state}; whoever has it now runs the migration again"
                    ) from cancelled
                if attempt == ATTEMPTS:
                    raise
            except StoreUnavailable:  # the same request with the same token has its effect once
                if attempt == ATTEMPTS:
                    raise
            else:
                return
            yield from pause(self._timing.backoff(attempt))

    def _items(self) -> Flow[Sequence[Item]]:
        items: list[Item] = []
        start: Item | None = None
        while True:
            page = yield from perform(ScanPage(self._table, consistent=True, start=start))
            items.extend(page.items)
            start = page.last_key
            if start is None:
                return items

    def _owned(self, items: Sequence[Item]) -> bool:
        """Tell whether the table is this application's; False if it is nobody's."""
        header = next((item for item in items if text(item, "id") == HEADER_KEY), None)
        if header is None:
            if items:
                raise ForeignLedger(self._table.name, "it holds other items; give table=... another name")
            return False
        if text(header, "format") != FORMAT:
            raise ForeignLedger(self._table.name, "it was written by another version of this library")
        owner = text(header, "application")
        if owner != self._application:
            raise ForeignLedger(
                self._table.name,
                f"it has the history of the application {owner!r}, and this is {self._application!r}; give "
                "each application a table=... of its own",
            )
        return True


def _statuses(items: Sequence[Item]) -> Iterator[MigrationStatus]:
    for item in items:
        if (text(item, "id") or "").startswith(MIGRATION_PREFIX):
            yield status_of(item)
