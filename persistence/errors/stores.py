"""Errors of stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.errors.base import PersistenceError
from persistence.errors.conflicts import ConflictError


class StoreError(PersistenceError):
    """The store could not do what was asked.

    Attributes:
        operation: name of the operation, such as "GetItem".
        table: name of the table, where one is concerned.
        code: the service's error code.
        text: what went wrong, without where.
        ambiguous: True if a write may have taken effect all the same.
    """

    ambiguous = False

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        table: str | None = None,
        code: str | None = None,
    ) -> None:
        self.operation = operation
        self.table = table
        self.code = code
        self.text = message
        where = " of table ".join(part for part in (operation, table and repr(table)) if part)
        super().__init__(f"{where}: {message}" if where else message)


class TableNotFound(StoreError):
    """The table, or the index of it, does not exist."""


class TableInUse(StoreError):
    """The table exists already, or is being created, changed or deleted."""


class InvalidRequest(StoreError, ValueError):
    """The service's validation refused the request."""


@dataclass(frozen=True, slots=True)
class CancellationReason:
    """Why one action of a transaction was cancelled, as the service says it.

    Attributes:
        code: the service's code; "None" for an action that did not fail.
        message: the service's text, if any.
        item: the stored item, if the action asked for it and its condition failed.
    """

    code: str
    message: str | None = None
    item: Mapping[str, Any] | None = None


THROTTLING_CODES = frozenset(
    {"ThrottlingError", "ThrottlingException", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)
"""Codes of cancellation reasons that mean too much traffic (API reference, TransactWriteItems)."""


class TransactionCancelled(StoreError):
    """A transaction was cancelled; nothing of it took effect.

    Attributes:
        reasons: one `CancellationReason` per action, in the order of the request.
    """

    def __init__(self, reasons: Iterable[CancellationReason], *, operation: str = "TransactWrite") -> None:
        self.reasons = tuple(reasons)
        codes = ", ".join(reason.code for reason in self.reasons)
        super().__init__(
            f"transaction cancelled [{codes}]", operation=operation, code="TransactionCanceledException"
        )


class TransactionInProgress(StoreError):
    """A transaction with the same client token is still being worked on."""

    retryable = True


class TokenMismatch(StoreError):
    """A client token was used before with another request."""


@dataclass(frozen=True, slots=True)
class ThrottlingReason:
    """Why a request was throttled, as the service says it.

    Attributes:
        reason: the service's word, such as "TableReadKeyRangeThroughputExceeded".
        resource: the resource name (ARN) of the table or index, where the service tells it.
    """

    reason: str
    resource: str | None = None


class Throttled(StoreError):
    """The service refused the request because of too much traffic; it had no effect.

    Attributes:
        throttling: the reasons, where the service tells them.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        table: str | None = None,
        code: str | None = None,
        throttling: Iterable[ThrottlingReason] = (),
    ) -> None:
        super().__init__(message, operation=operation, table=table, code=code)
        self.throttling = tuple(throttling)


class HeldBack(Throttled):
    """The retry policy of the store did not let the request through; it was not sent, and had no effect.

    Attributes:
        retry_after: seconds after which it may be let through.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float,
        operation: str | None = None,
        table: str | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, operation=operation, table=table)


class CircuitOpen(HeldBack):
    """The table is left alone for a moment, since most requests of a while failed.

    Its `__cause__` is the last of those failures.
    """


class KeysUnread(Throttled):
    """Of many keys that were to be read, the service did not answer some, however often they were asked for.

    Attributes:
        entity_type: the type that was asked for.
        unread: the key values of all entities that were not read, in the order asked.
        key: the first of them.
    """

    def __init__(
        self, entity_type: type, unread: Iterable[tuple[object, ...]], asked: int, *, table: str | None = None
    ) -> None:
        self.entity_type = entity_type
        self.unread = tuple(unread)
        self.key = self.unread[0] if self.unread else None
        super().__init__(
            f"{len(self.unread)} of {asked} keys of {entity_type.__name__} were left unprocessed again and "
            "again; `unread` has them. Ask for them later, or raise the capacity of the table",
            operation="BatchGetItems",
            table=table,
        )


class StoreUnavailable(StoreError):
    """No answer, or a server error.

    Attributes:
        ambiguous: True if the request may have reached the service, so that a write may have taken effect.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        ambiguous: bool = True,
        operation: str | None = None,
        table: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, operation=operation, table=table, code=code)
        self.ambiguous = ambiguous


class LimitExceeded(StoreError):
    """A limit of the account or the table is reached."""


class AccessDenied(StoreError):
    """Credentials are missing, expired or not permitted, or the clock is wrong."""


class ForeignTenant(StoreError):
    """An item that was read belongs to another tenant than the store's, or to none; it is not given.

    Attributes:
        attribute: the key attribute that does not begin with the tenant's name.
    """

    def __init__(self, table: str, attribute: str) -> None:
        self.attribute = attribute
        super().__init__(
            f"attribute {attribute!r} of an item that was read does not begin with the tenant's name: it was "
            "stored for another tenant, or past store.for_tenant(...)",
            table=table,
        )


class ActionThrottled(Throttled, ConflictError):
    """One action of a transaction was throttled, so that the whole was cancelled."""

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        entity: object | None = None,
        entity_type: type | None = None,
        key: tuple[object, ...] = (),
    ) -> None:
        Throttled.__init__(self, message)
        self.entity = entity
        self.entity_type = entity_type
        self.key = key
        self.found = None


class NotSupported(StoreError):
    """The store, or the server behind it, does not have what was asked for."""


class BackupNotFound(StoreError):
    """There is no such backup."""
