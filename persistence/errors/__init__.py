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
│   └── DecryptionFailed                  an encrypted attribute whose key is unknown, or that is not its own
├── TransactionTooLarge                   more actions or bytes than one transaction takes
├── CommitOutcomeUnknown                  the answer was lost: committed or not, nobody can tell yet
├── HandlersFailed                        it is committed, but handlers of its events failed
├── BulkFailed                            of a bulk something was not written; `failures` lists exactly what
├── SchemaMismatch                        a live table is not as it is declared
├── PlanOutdated                          the live table changed since the plan was made
├── DropNotAllowed (ValueError)           a plan would drop what was not named in `allow_drop`
├── ChangeBlocked                         a plan has changes that the service can't make in place
├── CopyIncomplete                        a copy, backfill or import left items out; `failures` lists them
├── CheckpointMismatch (ValueError)       a checkpoint of another job
├── BackupDamaged                         files of a backup are not as they were written
├── FolderInUse (ValueError)              a folder for a backup holds something else
├── LedgerNeeded (ValueError)             `migrate()` without a ledger of migrations
├── MigrationError
│   ├── MigrationLocked                   somebody else is running migrations (retryable)
│   ├── MigrationLockLost                 the lock's lease ended while migrations ran
│   ├── MigrationChanged                  an applied migration is not as it was, or is missing
│   ├── MigrationFailed                   a migration raised
│   └── ForeignLedger                     the history table is another application's
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
    │   ├── KeysUnread                    of many keys some were never answered
    │   └── HeldBack                      the store's retry policy did not let it through
    │       └── CircuitOpen               the table is left alone for a moment
    ├── StoreUnavailable                  no answer, or a server error (retryable)
    │   └── KeyUnavailable                no data key just now
    ├── KeyRefused                        a data key is refused: disabled, unknown or not permitted
    ├── LimitExceeded                     an account or table limit
    ├── NotSupported                      the server does not have what was asked for
    ├── BackupNotFound
    ├── AccessDenied                      credentials, permissions or clock
    └── ForeignTenant                     an item that is not the tenant's was met; it is not given
```

Messages name entity types, keys, attributes and type tags; they never contain stored values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.errors.base import (
        PersistenceError,
        described,
    )
    from persistence.errors.conflicts import (
        ActionRefused,
        AlreadyCommitted,
        CommitConflict,
        ConditionFailed,
        ConflictError,
        EntityExists,
        EntityGone,
        ItemTooLarge,
        StaleEntity,
        TransactionBusy,
        WrongEntityType,
    )
    from persistence.errors.cursors import (
        CursorFault,
        InvalidCursor,
    )
    from persistence.errors.encryption import (
        DecryptionFailed,
        KeyRefused,
        KeyUnavailable,
    )
    from persistence.errors.entities import (
        DecodeError,
        EntityNotFound,
        MultipleResultsFound,
        ValidationFailed,
    )
    from persistence.errors.outcomes import (
        BulkFailed,
        BulkFailure,
        BulkReport,
        CommitOutcomeUnknown,
        DeadlineExceeded,
        HandlerFailure,
        HandlersFailed,
        TransactionTooLarge,
    )
    from persistence.errors.schema import (
        BackupDamaged,
        BlockedChange,
        ChangeBlocked,
        CheckpointMismatch,
        CopyIncomplete,
        DropNotAllowed,
        FolderInUse,
        ForeignLedger,
        ItemFailure,
        LedgerNeeded,
        MigrationChanged,
        MigrationError,
        MigrationFailed,
        MigrationLocked,
        MigrationLockLost,
        PlanOutdated,
        SchemaMismatch,
    )
    from persistence.errors.stores import (
        THROTTLING_CODES,
        AccessDenied,
        ActionThrottled,
        BackupNotFound,
        CancellationReason,
        CircuitOpen,
        ForeignTenant,
        HeldBack,
        InvalidRequest,
        KeysUnread,
        LimitExceeded,
        NotSupported,
        StoreError,
        StoreUnavailable,
        TableInUse,
        TableNotFound,
        Throttled,
        ThrottlingReason,
        TokenMismatch,
        TransactionCancelled,
        TransactionInProgress,
    )
    from persistence.errors.usage import (
        ConcurrentUse,
        ConfigurationError,
        KeyChanged,
        MappingError,
        NotRead,
        QueryError,
        ScanForbidden,
        ScanWarning,
        UnitBroken,
        UnitClosed,
        UnitOfWorkStateError,
        UnusableMapping,
    )

__all__ = [
    "THROTTLING_CODES",
    "AccessDenied",
    "ActionRefused",
    "ActionThrottled",
    "AlreadyCommitted",
    "BackupDamaged",
    "BackupNotFound",
    "BlockedChange",
    "BulkFailed",
    "BulkFailure",
    "BulkReport",
    "CancellationReason",
    "ChangeBlocked",
    "CheckpointMismatch",
    "CircuitOpen",
    "CommitConflict",
    "CommitOutcomeUnknown",
    "ConcurrentUse",
    "ConditionFailed",
    "ConfigurationError",
    "ConflictError",
    "CopyIncomplete",
    "CursorFault",
    "DeadlineExceeded",
    "DecodeError",
    "DecryptionFailed",
    "DropNotAllowed",
    "EntityExists",
    "EntityGone",
    "EntityNotFound",
    "FolderInUse",
    "ForeignLedger",
    "ForeignTenant",
    "HandlerFailure",
    "HandlersFailed",
    "HeldBack",
    "InvalidCursor",
    "InvalidRequest",
    "ItemFailure",
    "ItemTooLarge",
    "KeyChanged",
    "KeyRefused",
    "KeyUnavailable",
    "KeysUnread",
    "LedgerNeeded",
    "LimitExceeded",
    "MappingError",
    "MigrationChanged",
    "MigrationError",
    "MigrationFailed",
    "MigrationLockLost",
    "MigrationLocked",
    "MultipleResultsFound",
    "NotRead",
    "NotSupported",
    "PersistenceError",
    "PlanOutdated",
    "QueryError",
    "ScanForbidden",
    "ScanWarning",
    "SchemaMismatch",
    "StaleEntity",
    "StoreError",
    "StoreUnavailable",
    "TableInUse",
    "TableNotFound",
    "Throttled",
    "ThrottlingReason",
    "TokenMismatch",
    "TransactionBusy",
    "TransactionCancelled",
    "TransactionInProgress",
    "TransactionTooLarge",
    "UnitBroken",
    "UnitClosed",
    "UnitOfWorkStateError",
    "UnusableMapping",
    "ValidationFailed",
    "WrongEntityType",
    "described",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.errors.base": ("PersistenceError", "described"),
        "persistence.errors.conflicts": (
            "ActionRefused",
            "AlreadyCommitted",
            "CommitConflict",
            "ConditionFailed",
            "ConflictError",
            "EntityExists",
            "EntityGone",
            "ItemTooLarge",
            "StaleEntity",
            "TransactionBusy",
            "WrongEntityType",
        ),
        "persistence.errors.cursors": ("CursorFault", "InvalidCursor"),
        "persistence.errors.encryption": ("DecryptionFailed", "KeyRefused", "KeyUnavailable"),
        "persistence.errors.entities": (
            "DecodeError",
            "EntityNotFound",
            "MultipleResultsFound",
            "ValidationFailed",
        ),
        "persistence.errors.outcomes": (
            "BulkFailed",
            "BulkFailure",
            "BulkReport",
            "CommitOutcomeUnknown",
            "DeadlineExceeded",
            "HandlerFailure",
            "HandlersFailed",
            "TransactionTooLarge",
        ),
        "persistence.errors.schema": (
            "BackupDamaged",
            "BlockedChange",
            "ChangeBlocked",
            "CheckpointMismatch",
            "CopyIncomplete",
            "DropNotAllowed",
            "FolderInUse",
            "ForeignLedger",
            "ItemFailure",
            "LedgerNeeded",
            "MigrationChanged",
            "MigrationError",
            "MigrationFailed",
            "MigrationLocked",
            "MigrationLockLost",
            "PlanOutdated",
            "SchemaMismatch",
        ),
        "persistence.errors.stores": (
            "THROTTLING_CODES",
            "AccessDenied",
            "ActionThrottled",
            "BackupNotFound",
            "CancellationReason",
            "CircuitOpen",
            "ForeignTenant",
            "HeldBack",
            "InvalidRequest",
            "KeysUnread",
            "LimitExceeded",
            "NotSupported",
            "StoreError",
            "StoreUnavailable",
            "TableInUse",
            "TableNotFound",
            "Throttled",
            "ThrottlingReason",
            "TokenMismatch",
            "TransactionCancelled",
            "TransactionInProgress",
        ),
        "persistence.errors.usage": (
            "ConcurrentUse",
            "ConfigurationError",
            "KeyChanged",
            "MappingError",
            "NotRead",
            "QueryError",
            "ScanForbidden",
            "ScanWarning",
            "UnitBroken",
            "UnitClosed",
            "UnitOfWorkStateError",
            "UnusableMapping",
        ),
    },
)
