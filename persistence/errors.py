"""The errors of the library, as one tree.

```
PersistenceError
├── MappingError (TypeError)              a mapping or an entity class can't be used as declared
│   └── UnusableMapping (AttributeError)  it was asked for its codec, and has none
├── QueryError (ValueError)               a query, condition or update that can't be asked
│   ├── ScanForbidden                     it would read a whole table, and the policy forbids that
│   └── NotRead (KeyError)                a row was asked for what was not selected; an AttributeError too
├── UnitOfWorkStateError (ValueError)     a unit of work used outside its rules
│   ├── UnitClosed                        its block has ended
│   ├── UnitBroken                        it failed before; `first_failure` says how
│   └── ConcurrentUse                     another thread or event loop used it
├── ConfigurationError (ValueError)       a setting of the container that can't be
├── KeyChanged (ValueError)               a key attribute of a tracked entity was changed
├── EntityNotFound (LookupError)          no item with that key, or none that a query's `one()` could give
├── MultipleResultsFound (LookupError)    several entities where a query's `one()` wants exactly one
├── ValidationFailed                      values that the mapping refuses to store
├── DecodeError                           a stored item that the mapping can't read
├── TransactionTooLarge                   more actions or bytes than one transaction takes
├── CommitOutcomeUnknown                  the answer was lost: committed or not, nobody can tell yet
├── HandlersFailed                        it is committed, but handlers of its events failed
├── BulkFailed                            of a bulk something was not written; `failures` lists exactly what
├── SchemaMismatch                        a live table is not as it is declared
├── InvalidCursor                         a page cursor that is forged, foreign, expired or damaged
├── DeadlineExceeded                      the time for an operation is over
├── ConflictError                         something else was there first
│   ├── CommitConflict                    a commit was refused; `reasons` has one entry per failed action
│   ├── StaleEntity                       the stored entity changed since it was loaded
│   ├── EntityExists                      the key of a new entity is taken
│   ├── AlreadyCommitted                  a unit with this commit id was committed before
│   ├── EntityGone                        the entity was deleted by somebody else
│   ├── WrongEntityType                   the stored item belongs to another mapping
│   ├── TransactionBusy                   another transaction holds the item (retryable)
│   ├── ItemTooLarge                      an item over the service's limit of 400 KB
│   ├── ConditionFailed                   a condition that the caller gave is not met
│   ├── ActionRefused                     the service's validation refused one action of a transaction
│   └── ActionThrottled                   (also Throttled) one action of a transaction was throttled
└── StoreError                            the store could not do what was asked
    ├── TableNotFound
    ├── TableInUse                        the table exists already, or is being changed
    ├── InvalidRequest                    the service's validation refused the request
    ├── TransactionCancelled              the store's answer to a transaction, with its raw reasons
    ├── TransactionInProgress             the same client token is still being worked on (retryable)
    ├── TokenMismatch                     a client token was used before with another request
    ├── Throttled                         (retryable)
    │   └── KeysUnread                    of many keys some were never answered
    ├── StoreUnavailable                  no answer, or a server error (retryable)
    ├── LimitExceeded                     an account or table limit
    └── AccessDenied                      credentials, permissions or clock
```

Messages name entity types, keys, attributes and type tags; they never contain stored values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


class PersistenceError(Exception):
    """The base of all errors of this library.

    Attributes:
        retryable: True if the same call may succeed later without any change by the caller.
        entity_type: the class of the entity concerned, where it is one.
        key: its key values in the order of `get(*key)`, where known.
        operation: what was asked of the store, such as "GetItem", where something was.
        committed: whether the commit that raised it took effect: False, True, or None if nobody knows.
    """

    retryable: bool = False
    committed: bool | None = False
    entity_type: type | None = None
    key: tuple[object, ...] | None = None
    operation: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    kind: type[PersistenceError], args: tuple[object, ...], state: dict[str, object]
) -> PersistenceError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class MappingError(PersistenceError, TypeError):
    """A mapping or an entity class can't be used as it is declared."""


class UnusableMapping(MappingError, AttributeError):
    """A mapping that can't be used as it is declared was asked for its codec.

    It is an AttributeError as well, so that what looks at all members of a class, as the wiring of
    containers, `inspect` and documentation tools do, takes the codec for absent and goes on.
    """


class QueryError(PersistenceError, ValueError):
    """A query, condition or update can't be asked in this way."""


class ScanForbidden(QueryError):
    """The query could only be answered by a scan, and the scan policy is "forbid"."""


class NotRead(QueryError, AttributeError, KeyError):
    """A row was asked for a name that was not read.

    It is an AttributeError and a KeyError as well, so that `hasattr(row, name)` and `except KeyError` work.

    Attributes:
        kind: what it is a row of.
        attribute: the name that was asked for.
        known: the names that were read.
    """

    __str__ = Exception.__str__

    def __init__(self, kind: str, attribute: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.attribute = attribute
        self.known = tuple(known)
        parts = [each for each in self.known if each.startswith((f"{attribute}.", f"{attribute}["))]
        remedy = f"write row[{parts[0]!r}]" if parts else f"add it to what is selected: {attribute!r}"
        super().__init__(
            f"{attribute!r} was not read into this row of {kind}, which has {', '.join(self.known)}; {remedy}"
        )


class UnitOfWorkStateError(PersistenceError, ValueError):
    """A unit of work, or something that belongs to one, is used outside its rules."""


class UnitClosed(UnitOfWorkStateError):
    """The unit has ended; open a new one with `with uow:`."""


class UnitBroken(UnitOfWorkStateError):
    """The unit failed before and can't be used any more.

    Attributes:
        first_failure: the error that broke the unit.
    """

    def __init__(self, first_failure: BaseException) -> None:
        self.first_failure = first_failure
        self.committed = getattr(first_failure, "committed", False)
        super().__init__(
            "this unit of work is broken and can only be left; open a new one. "
            f"Its first failure was {type(first_failure).__name__}: {first_failure}"
        )


class ConcurrentUse(UnitOfWorkStateError):
    """A unit was used from another thread or event loop than the one that opened it."""


class ConfigurationError(PersistenceError, ValueError):
    """A setting that can't be as it is; the message names it and what it may be."""


class KeyChanged(PersistenceError, ValueError):
    """A key attribute of a tracked entity was changed.

    Attributes:
        entity, entity_type, key: which entity, with the key that it was loaded or added with.
        attributes: names of the key attributes that differ.
    """

    def __init__(
        self, entity: object, entity_type: type, key: tuple[object, ...], attributes: Sequence[str]
    ) -> None:
        self.entity = entity
        self.entity_type = entity_type
        self.key = key
        self.attributes = tuple(attributes)
        super().__init__(
            f"the key of {_named(entity_type, key)} was changed ({', '.join(attributes)}); keys are "
            "immutable. "
            "To move an entity, remove it and add a copy with the new key"
        )


class EntityNotFound(PersistenceError, LookupError):
    """No entity is stored under a key, or none matches a query that must have a result.

    Attributes:
        entity_type: the type that was asked for.
        key: the first missing key, as its values; None where a query was asked.
        keys: all missing keys.
    """

    def __init__(self, entity_type: type, keys: Iterable[tuple[object, ...]]) -> None:
        self.entity_type = entity_type
        self.keys = tuple(keys)
        self.key = self.keys[0] if self.keys else None
        names = ", ".join(_key_text(key) for key in self.keys) or "none matches the query"
        super().__init__(f"{entity_type.__name__} not found: {names}")


class MultipleResultsFound(PersistenceError, LookupError):
    """A query of which exactly one result was wanted has several.

    Attributes:
        entity_type: the type that was asked for.
    """

    def __init__(self, entity_type: type) -> None:
        self.entity_type = entity_type
        super().__init__(
            f"several {entity_type.__name__} match the query, and exactly one is wanted; demand more of it, "
            "or ask for first() or all()"
        )


class ValidationFailed(PersistenceError, ValueError):
    """Values of an entity that its mapping refuses to store; nothing was sent.

    Attributes:
        entity_type: class of the entity.
        key: its key values, or None where the key itself is invalid.
        messages: field name -> list of messages or nested dict, as marshmallow reports them.
    """

    def __init__(
        self,
        entity_type: type,
        messages: Mapping[str, Any],
        key: tuple[object, ...] | None = None,
    ) -> None:
        self.entity_type = entity_type
        self.key = key
        self.messages = dict(messages)
        named = entity_type.__name__ if key is None else _named(entity_type, key)
        super().__init__(f"{named} can't be stored: {_flat_messages(self.messages)}")


class DecodeError(PersistenceError):
    """A stored item does not fit the mapping that should read it.

    Attributes:
        entity_type: class of the entity.
        key: its key values in the order of `get(*key)`; where the stored key can't be read, its raw contents.
        attribute: path of the attribute, such as `lines[0].sku`; empty where the item as a whole is meant.
        expected: what the mapping expects, in words.
        found: the type tag that was found, or "nothing".
    """

    def __init__(
        self,
        entity_type: type,
        attribute: str,
        expected: str,
        found: str,
        key: tuple[object, ...] | None = None,
    ) -> None:
        self.entity_type = entity_type
        self.attribute = attribute
        self.expected = expected
        self.found = found
        self.key = key
        named = _named(entity_type, key) if key else entity_type.__name__
        where = f" in attribute {attribute!r}" if attribute else ""
        super().__init__(f"{named} can't be read: expected {expected}{where}, found {found}")


class TransactionTooLarge(PersistenceError):
    """A unit holds more than one transaction takes; nothing was sent.

    Attributes:
        actions: number of planned actions.
        size: bytes of the planned items, keys and values.
        limit: what is exceeded, such as "100 actions".
        by_type: entity type name -> number of its actions.
    """

    def __init__(self, actions: int, size: int, limit: str, by_type: Mapping[str, int]) -> None:
        self.actions = actions
        self.size = size
        self.limit = limit
        self.by_type = dict(by_type)
        counts = ", ".join(f"{name}: {count}" for name, count in self.by_type.items())
        super().__init__(
            f"a unit of {actions} actions and {size} bytes exceeds the limit of {limit} of one transaction "
            f"({counts}); nothing was sent. Split the work into several units"
        )


class CommitOutcomeUnknown(PersistenceError):
    """The answer to a commit was lost, and it could not be found out whether it took effect.

    `UnitOfWork.resume` repeats the very same request and so finds out, for 9 minutes from the first attempt.

    Attributes:
        token: the client token of the request; the same request may be repeated for about 10 minutes.
        keys: (entity type name, key values) of each planned action.
        request: the request as it was sent, frozen.
        begun: when its first attempt began, aware.
        commit_id: what its commit record is found by: the id that the unit was given, else the token; None
            if it writes none.
        committed: always None: nobody knows.
    """

    committed = None

    def __init__(
        self,
        token: str,
        keys: Iterable[tuple[str, tuple[object, ...]]],
        request: object,
        begun: datetime | None = None,
        commit_id: str | None = None,
    ) -> None:
        self.token = token
        self.commit_id = commit_id
        self.keys = tuple(keys)
        self.request = request
        self.begun = begun
        named = ", ".join(f"{name} {_key_text(key)}" for name, key in self.keys)
        super().__init__(
            f"the outcome of the commit with token {token} is unknown: either all of it took effect or "
            f"nothing did. It writes {named}. UnitOfWork.resume(error) goes on with it within 9 minutes; "
            "later read the entities again"
        )


@dataclass(frozen=True, slots=True)
class HandlerFailure:
    """A handler of a domain event that raised.

    Attributes:
        event: what it was called with.
        handler: the handler.
        error: what it raised.
    """

    event: object
    handler: Callable[..., object]
    error: Exception


class HandlersFailed(PersistenceError):
    """Handlers of domain events failed after their unit was committed; they are not called again.

    Attributes:
        failures: one `HandlerFailure` for each handler that raised, in the order of the calls.
        committed: always True: everything is stored.
    """

    committed = True

    def __init__(self, failures: Iterable[HandlerFailure]) -> None:
        self.failures = tuple(failures)
        named = "; ".join(
            f"{getattr(failure.handler, '__qualname__', type(failure.handler).__name__)} for "
            f"{type(failure.event).__name__} raised {type(failure.error).__name__}"
            for failure in self.failures
        )
        super().__init__(f"the unit is committed, but handlers of its events failed: {named}")


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """What a bulk was given and did not write, as far as is known.

    Attributes:
        entity: the entity; None where only its key was given.
        key: its key values in the order of `get(*key)`.
        error: why: the same error as of a single call.
    """

    entity: object | None
    key: tuple[object, ...]
    error: PersistenceError

    @property
    def committed(self) -> bool | None:
        """False if it certainly took no effect, None if nobody knows, since an answer was lost."""
        return None if getattr(self.error, "ambiguous", False) else self.error.committed


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What became of all that a bulk was given.

    Attributes:
        given: how many writes it was given.
        written: how many entities were stored.
        removed: how many were deleted, or marked as deleted.
        superseded: how many were not sent, since a later write of the same key took their place.
        failed: those that were refused, or given up.
        requests: how many requests were sent.
        retries: how often it waited to send something again.
        write_units: the capacity units that were consumed, as far as the store told it.
    """

    given: int = 0
    written: int = 0
    removed: int = 0
    superseded: int = 0
    failed: tuple[BulkFailure, ...] = ()
    requests: int = 0
    retries: int = 0
    write_units: float = 0.0

    @property
    def unsettled(self) -> int:
        """How many are still to be sent, or never were, or were under way when the block was interrupted."""
        return self.given - self.written - self.removed - self.superseded - len(self.failed)


class BulkFailed(PersistenceError):
    """Of what a bulk was given, something was not written. What was written stays written.

    Attributes:
        entity_type: the class of its entities.
        failures: one `BulkFailure` for each that was not written, in no particular order.
        report: what became of everything.
        committed: always None: a part took effect.
    """

    committed = None

    def __init__(self, entity_type: type, report: BulkReport) -> None:
        self.entity_type = entity_type
        self.report = report
        self.failures = report.failed
        self.retryable = all(failure.error.retryable for failure in report.failed)
        counts = Counter(type(failure.error).__name__ for failure in report.failed)
        reasons = ", ".join(f"{name}: {count}" for name, count in counts.items())
        super().__init__(
            f"{len(report.failed)} of {report.given} writes of {entity_type.__name__} failed ({reasons}); "
            f"{report.written} were written and {report.removed} removed, {report.unsettled} not sent. "
            "`failures` lists those that failed, each with its error"
        )


class SchemaMismatch(PersistenceError):
    """A live table is not as it is declared.

    Attributes:
        table: its name.
        differences: each difference in words.
    """

    def __init__(self, table: str, differences: Iterable[str]) -> None:
        self.table = table
        self.differences = tuple(differences)
        super().__init__(f"table {table!r} is not as it is declared: {'; '.join(self.differences)}")


CursorFault = Literal["malformed", "foreign", "unknown_key", "expired", "too_long", "encrypted"]
"""Why a cursor is refused; see `InvalidCursor`."""

_CURSOR_FAULTS: Mapping[CursorFault, str] = {
    "malformed": "it is no text that this library writes",
    "foreign": "it was altered, or made for another table, index, condition, order or tenant",
    "unknown_key": "it was made with a key that is not among the cursor keys here",
    "expired": "its lifetime is over",
    "too_long": "it is longer than the max_length of the cursor keys",
    "encrypted": (
        "it is encrypted, and cryptography is not installed here: install persistence-dynamodb[encryption]"
    ),
}


class InvalidCursor(PersistenceError, ValueError):
    """A page cursor is forged, foreign, expired or damaged; nothing was sent.

    Attributes:
        reason: "malformed", "foreign" (of another query, or altered), "unknown_key", "expired", "too_long",
            or "encrypted" where it can't be decrypted.
    """

    def __init__(self, reason: CursorFault) -> None:
        self.reason = reason
        super().__init__(
            f"the cursor is refused: {_CURSOR_FAULTS[reason]}. Use a cursor as a page gave it, with the same "
            "query; without one, reading begins at the first page"
        )


class DeadlineExceeded(PersistenceError):
    """The time that was given for an operation is over."""


class ConflictError(PersistenceError):
    """Something else was there first.

    Attributes:
        entity: the entity of the refused action, if there is one.
        entity_type: its class, or None where only the table is known.
        key: its key values.
        found: what is stored now, where the service told it: the decoded entity, or the item as tagged
            attribute values where no mapping is known. Never part of the message.
        committed: always False: nothing of the refused write took effect.
    """

    def __init__(
        self,
        message: str,
        *,
        entity: object | None = None,
        entity_type: type | None = None,
        key: tuple[object, ...] = (),
        found: object | None = None,
    ) -> None:
        self.entity = entity
        self.entity_type = entity_type
        # A conflict always has a key.
        self.key: tuple[object, ...] = key  # pyright: ignore[reportIncompatibleVariableOverride]
        self.found = found
        super().__init__(message)


class CommitConflict(ConflictError):
    """A commit was refused as a whole; nothing of it took effect.

    Attributes:
        reasons: one `ConflictError` per action that failed, in the order of the plan.
    """

    def __init__(self, reasons: Iterable[ConflictError]) -> None:
        self.reasons = tuple(reasons)
        self.retryable = bool(self.reasons) and all(reason.retryable for reason in self.reasons)
        first = self.reasons[0] if self.reasons else None
        text = "; ".join(str(reason) for reason in self.reasons)
        super().__init__(
            f"the commit was refused, nothing was written: {text}",
            entity=first.entity if first else None,
            entity_type=first.entity_type if first else None,
            key=first.key if first else (),
        )


class StaleEntity(ConflictError):
    """The stored entity changed since it was loaded.

    A new unit that reads it afresh may succeed.

    Attributes:
        expected_version: the version that the write demanded, or None without a version field.
        found_version: the stored version, where the service told it.
        changed_by_other: attribute -> (value when loaded, value now), for what others changed.
        changed_by_me: attribute -> (value when loaded, value in memory), for what this unit changed.
        deleted: whether somebody else has marked it as deleted since.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        expected_version: object = None,
        found_version: object = None,
        found: object | None = None,
        changed_by_other: Mapping[str, tuple[object, object]] | None = None,
        changed_by_me: Mapping[str, tuple[object, object]] | None = None,
        entity: object | None = None,
        entity_type: type | None = None,
        key: tuple[object, ...] = (),
        deleted: bool = False,
    ) -> None:
        super().__init__(message, entity=entity, entity_type=entity_type, key=key, found=found)
        self.expected_version = expected_version
        self.found_version = found_version
        self.changed_by_other = dict(changed_by_other or {})
        self.changed_by_me = dict(changed_by_me or {})
        self.deleted = deleted


class WrongEntityType(ConflictError):
    """The stored item carries the discriminator of another entity type.

    Attributes:
        entity_type: the type that was asked for.
        key: its key.
        found: what the item is marked with, or None.
    """

    def __init__(
        self,
        entity_type: type,
        key: tuple[object, ...],
        found: str | None,
        *,
        entity: object | None = None,
    ) -> None:
        super().__init__(
            f"the item of {_named(entity_type, key)} is marked as {found!r}; use the repository of that type",
            entity=entity,
            entity_type=entity_type,
            key=key,
            found=found,
        )


class EntityExists(ConflictError):
    """The key of a new entity is taken."""


class AlreadyCommitted(ConflictError):
    """A unit with the same commit id was committed before; of this one nothing was written.

    Attributes:
        commit_id: the id.
    """

    def __init__(self, commit_id: str) -> None:
        self.commit_id = commit_id
        super().__init__(
            f"a unit with the commit id {commit_id} was committed before; nothing was written now"
        )


class EntityGone(ConflictError):
    """The entity was deleted by somebody else since it was loaded."""

    retryable = True


class TransactionBusy(ConflictError):
    """Another transaction is working on the item."""

    retryable = True


class ItemTooLarge(ConflictError):
    """An item is, or would become, larger than the service's limit of 400 KB."""


class ConditionFailed(ConflictError):
    """A condition that the caller gave is not met."""


class ActionRefused(ConflictError):
    """The service's validation refused one action of a transaction."""


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


class ScanWarning(UserWarning):
    """A query reads a whole table or index, because no index serves its condition."""


def described(name: str, key: tuple[object, ...]) -> str:
    """Name an entity in a message: its type and its key."""
    return f"{name} {_key_text(key)}"


def _named(entity_type: type, key: tuple[object, ...]) -> str:
    return described(entity_type.__name__, key)


def _key_text(key: tuple[object, ...]) -> str:
    return repr(key[0]) if len(key) == 1 else repr(key)


def _flat_messages(messages: Mapping[str, Any], path: str = "") -> str:
    parts = []
    for name, found in messages.items():
        # Names of map entries may be what can't be stored, and then can't be printed either.
        shown = str(name).encode(errors="backslashreplace").decode()
        where = f"{path}.{shown}" if path else shown
        if isinstance(found, Mapping):
            parts.append(_flat_messages(found, where))
        else:
            texts = found if isinstance(found, list | tuple) else [found]
            parts.append(f"{where}: {' '.join(str(text) for text in texts)}")
    return "; ".join(parts)
