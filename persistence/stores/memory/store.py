"""The store itself: one lock, one handler per operation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from threading import RLock
from types import TracebackType
from typing import Any, Self, TypeVar

from persistence.errors import (
    BackupNotFound,
    ConditionFailed,
    InvalidRequest,
    ItemTooLarge,
    LimitExceeded,
    NotSupported,
    StoreError,
    TableInUse,
    TableNotFound,
)
from persistence.operation_facts import table_of
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DeleteScaling,
    DeleteTable,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    ItemResult,
    ListBackups,
    ListTables,
    ListTags,
    Operation,
    Page,
    PutItem,
    PutScaling,
    QueryPage,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    TagTable,
    TransactGet,
    TransactWrite,
    UntagTable,
    UpdateInsights,
    UpdateItem,
    UpdateRecovery,
    UpdateTable,
    WriteResult,
)
from persistence.store import AWS_LIMITS, Limits
from persistence.stores.memory import batches, paging
from persistence.stores.memory.capacity import read_from, read_units, written, written_to
from persistence.stores.memory.clocks import Clock, epoch_seconds
from persistence.stores.memory.control import changes
from persistence.stores.memory.control.backups import Backups
from persistence.stores.memory.control.features import Features
from persistence.stores.memory.control.tables import Tables
from persistence.stores.memory.expiry import Expiry
from persistence.stores.memory.reads import check_get, shown
from persistence.stores.memory.tokens import Tokens
from persistence.stores.memory.transactions import Transactions
from persistence.stores.memory.writes import check_expressions, check_returning, decide, prepare, returned
from persistence.stores.tenancy.face import ForTenants
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import (
    InUse,
    ItemTooBig,
    LimitReached,
    NoBackup,
    NoSuchIndex,
    NotHere,
    NotThere,
    Refused,
)

R = TypeVar("R")

_SingleWrite = PutItem | UpdateItem | DeleteItem

_KINDS: Mapping[type[Refused], type[StoreError]] = {
    NoSuchIndex: TableNotFound,
    NotThere: TableNotFound,
    InUse: TableInUse,
    LimitReached: LimitExceeded,
    NoBackup: BackupNotFound,
    NotHere: NotSupported,
}
"""What becomes of a refusal; of all others an `InvalidRequest`."""


class MemoryStore(ForTenants):
    """A store that lives as long as the object, with the service's semantics, limits and errors.

    It follows the contract of `persistence.store.Store`, and the service where local servers differ from it.
    All operations are serialised, so neither transactions nor single writes ever meet a conflict.

    Args:
        auto_create: make a table when an operation first declares it, and add the indexes that later
            declarations of it have; with False a table must be made by `CreateTable`.
        clock: gives the time in epoch seconds, as a function or by its method `timestamp`, such as a
            `FrozenClock`; client tokens age by it.
        table_delay: seconds that making, changing, restoring and deleting a table takes by the clock, for
            tests of what waits for it. With 0 all of it is done at once. Tables that are made by their use
            are there at once.
        index_delay: seconds that a write takes by the clock to reach the global indexes. With 0 they are
            never behind. An index that is made for items that are there already begins with all of them.
        expiry_delay: seconds by the clock after which an item whose time to live has passed is deleted; the
            service takes up to a few days. With None items are deleted by `expire()` only.
        limits: what one request may hold. Its `concurrent_requests` are 1 whatever is given: it answers in
            this process.
    """

    def __init__(
        self,
        *,
        auto_create: bool = True,
        clock: Clock = time.time,
        table_delay: float = 0.0,
        index_delay: float = 0.0,
        expiry_delay: float | None = None,
        limits: Limits = AWS_LIMITS,
    ) -> None:
        self._limits = replace(limits, concurrent_requests=1)
        self._lock = RLock()
        now = epoch_seconds(clock)
        self._tables = Tables(auto_create=auto_create, clock=now, delay=table_delay, index_delay=index_delay)
        self._expiry = Expiry(self._tables.present, now, expiry_delay)
        self._sweep = None if expiry_delay is None else self._expiry.sweep
        transactions = Transactions(self._tables, Tokens(now), limits)
        self._handlers: Mapping[type[Any], Callable[[Any], Any]] = {
            GetItem: self._get,
            PutItem: self._write,
            UpdateItem: self._write,
            DeleteItem: self._write,
            QueryPage: self._query,
            ScanPage: self._scan,
            TransactWrite: transactions.write,
            TransactGet: transactions.read,
            BatchGetItems: partial(batches.read, tables=self._tables, limits=limits),
            BatchWriteItems: partial(batches.write, tables=self._tables, limits=limits),
            **_on_tables(self._tables),
            **_on_features(Features(self._tables)),
            **_on_backups(Backups(self._tables)),
        }

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._limits

    def perform(self, operation: Operation[R]) -> R:
        """Perform one operation; see `persistence.store.Store.perform`.

        Raises:
            InvalidRequest: the service's validation would refuse the operation, or it is of an unknown kind.
            StoreError: or a `ConflictError`, as the port's contract says.
        """
        handler = self._handlers.get(type(operation))
        if handler is None:
            raise InvalidRequest(f"the memory store does not know the operation {type(operation).__name__}")
        try:
            with self._lock:
                if self._sweep is not None:
                    self._sweep()
                answer: R = handler(operation)
        except Refused as refused:
            raise _invalid(operation, refused) from refused
        except TableNotFound as missing:
            raise _no_table(operation, missing) from None
        return answer

    def close(self) -> None:
        """Do nothing: it is here for code that closes whatever store it was given. The items stay."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expire(self) -> int:
        """Delete the items whose time to live has passed by the clock, at once, as the service does some day.

        Only tables whose time to live is switched on are looked at. Point-in-time recovery notes it.

        Returns:
            How many items were deleted.
        """
        with self._lock:
            return self._expiry.delete()

    def _get(self, get: GetItem) -> ItemResult:
        table = self._tables.use(get.table)
        record = table.records.get(check_get(get, table))
        if record is None:
            return ItemResult(None, read_from(table.name, read_units(0, consistent=get.consistent)))
        units = read_units(record.size, consistent=get.consistent)
        return ItemResult(shown(record, get.projection), read_from(table.name, units))

    def _write(self, action: _SingleWrite) -> WriteResult:
        table = self._tables.use(action.table)
        check_returning(action)
        check_expressions(action, table)
        try:
            prepared = prepare(action, table, self._limits)
            old = prepared.current()
            if not prepared.admits(old):
                raise _condition_failed(action, old)
            new = decide(prepared, old, self._limits)
        except ItemTooBig as refused:
            raise _too_large(action, refused) from refused
        units = table.replace(prepared.key, new)
        if action.returning == "none":
            return written(table.name, units)
        return WriteResult(returned(action, old, new), written_to(table.name, units))

    def _query(self, operation: QueryPage) -> Page:
        return paging.query(operation, self._tables.use(operation.table))

    def _scan(self, operation: ScanPage) -> Page:
        return paging.scan(operation, self._tables.use(operation.table))


_Handlers = Mapping[type[Any], Callable[[Any], Any]]


def _on_tables(tables: Tables) -> _Handlers:
    return {
        CreateTable: tables.create,
        DescribeTable: tables.describe,
        ListTables: tables.list,
        UpdateTable: partial(changes.update, tables=tables),
        DeleteTable: tables.delete,
    }


def _on_features(features: Features) -> _Handlers:
    return {
        DescribeTimeToLive: features.describe_time_to_live,
        EnableTimeToLive: features.enable_time_to_live,
        DisableTimeToLive: features.disable_time_to_live,
        DescribeRecovery: features.describe_recovery,
        UpdateRecovery: features.update_recovery,
        ListTags: features.tags,
        TagTable: features.tag,
        UntagTable: features.untag,
        DescribeInsights: features.describe_insights,
        UpdateInsights: features.update_insights,
        DescribeScaling: features.describe_scaling,
        PutScaling: features.put_scaling,
        DeleteScaling: features.delete_scaling,
    }


def _on_backups(backups: Backups) -> _Handlers:
    return {
        CreateBackup: backups.create,
        DescribeBackup: backups.describe,
        ListBackups: backups.list,
        DeleteBackup: backups.delete,
        RestoreBackup: backups.restore,
        RestoreToPoint: backups.restore_to_point,
    }


def _no_table(operation: Operation[Any], missing: TableNotFound) -> TableNotFound:
    name = type(operation).__name__
    return TableNotFound(missing.text, operation=name, table=missing.table, code=missing.code)


def _invalid(operation: Operation[Any], refused: Refused) -> StoreError:
    kind = next((kind for type_, kind in _KINDS.items() if isinstance(refused, type_)), InvalidRequest)
    return kind(
        str(refused),
        operation=type(operation).__name__,
        table=table_of(operation),
        code=refused.code,
    )


def _condition_failed(action: _SingleWrite, old: Record | None) -> ConditionFailed:
    return ConditionFailed(
        f"{_where(action)}: the condition of the write does not hold",
        found=old.copy() if action.item_on_failure and old is not None else None,
    )


def _too_large(action: _SingleWrite, refused: ItemTooBig) -> ItemTooLarge:
    return ItemTooLarge(f"{_where(action)}: {refused}")


def _where(action: _SingleWrite) -> str:
    return f"{type(action).__name__} of table {action.table.name!r}"
