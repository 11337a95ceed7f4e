"""How a run ends: exit codes, and what is said of each error."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from enum import IntEnum

from persistence.errors import (
    BackupDamaged,
    BackupNotFound,
    ChangeBlocked,
    CheckpointMismatch,
    ConfigurationError,
    CopyIncomplete,
    DeadlineExceeded,
    DecodeError,
    DropNotAllowed,
    EntityNotFound,
    FolderInUse,
    InvalidCursor,
    InvalidRequest,
    LedgerNeeded,
    LimitExceeded,
    MappingError,
    MigrationError,
    MultipleResultsFound,
    NotSupported,
    PersistenceError,
    PlanOutdated,
    QueryError,
    SchemaMismatch,
    StoreError,
    TableInUse,
    TableNotFound,
    UnitOfWorkStateError,
    ValidationFailed,
)


class Exit(IntEnum):
    """The exit codes of the command line.

    They stay as they are: scripts go by them.
    """

    OK = 0
    DIFFERENCES = 1
    """A check found something: differences, a failed check, nothing with that key, items left out."""
    USAGE = 2
    """Arguments, settings or an application that can't be used."""
    STORE = 3
    """The store, the network or the credentials."""
    REFUSED = 4
    """Nothing was done, since it needs a consent that was not given, or can't be done as things are."""
    UNEXPECTED = 70
    """An error in the library, or in the application's own code."""
    INTERRUPTED = 130
    """Ctrl-C."""
    BROKEN_PIPE = 141
    """Who read the output has gone, as in `| head`."""


EXIT_CODES: tuple[tuple[type[PersistenceError], Exit], ...] = (
    (SchemaMismatch, Exit.DIFFERENCES),
    (EntityNotFound, Exit.DIFFERENCES),
    (MultipleResultsFound, Exit.DIFFERENCES),
    (DecodeError, Exit.DIFFERENCES),
    (ValidationFailed, Exit.DIFFERENCES),
    (CopyIncomplete, Exit.DIFFERENCES),
    (BackupDamaged, Exit.DIFFERENCES),
    (DropNotAllowed, Exit.REFUSED),
    (PlanOutdated, Exit.REFUSED),
    (ChangeBlocked, Exit.REFUSED),
    (MigrationError, Exit.REFUSED),
    (NotSupported, Exit.STORE),
    (FolderInUse, Exit.USAGE),
    (CheckpointMismatch, Exit.USAGE),
    (InvalidCursor, Exit.USAGE),
    (MappingError, Exit.USAGE),
    (QueryError, Exit.USAGE),
    (ConfigurationError, Exit.USAGE),
    (LedgerNeeded, Exit.USAGE),
    (StoreError, Exit.STORE),
    (DeadlineExceeded, Exit.STORE),
    (UnitOfWorkStateError, Exit.USAGE),
)
"""What each error ends the run with, the most specific first; any other of the library's is of the store."""


class Failure(Exception):
    """The run ends here, with a message for whoever typed the command.

    Attributes:
        message: what is wrong, and what to do.
        code: the exit code.
    """

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        self.message = message
        self.code = code
        super().__init__(message)


def code_of(error: BaseException) -> Exit:
    """Give the exit code that an error ends the run with."""
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, PersistenceError):
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), Exit.STORE)
    return Exit.UNEXPECTED


def told(error: BaseException) -> str:
    """Say of an error what somebody in front of a terminal needs to know."""
    return "\n".join((*_said(error), *_hints(error)))


def said(error: BaseException) -> tuple[str, ...]:
    """Say of an error what it is, line by line, without what to do next."""
    return tuple(_said(error))


def _said(error: BaseException) -> Iterator[str]:
    match error:
        case Failure(message=message):
            yield message
        case ChangeBlocked(blocked=blocked):
            yield "nothing was done; these changes can't be made in place:"
            yield from (f"  - {change}" for change in blocked)
        case CopyIncomplete(failures=failures):
            yield str(error)
            yield from (f"  - {failure.key}: {failure.reason}" for failure in failures[:_SHOWN])
        case PersistenceError():
            yield str(error) or type(error).__name__
        case _:
            yield f"unexpected {type(error).__name__}: {error}"
            yield (
                "This should not happen. Run the command again with --debug, and report what it shows (look "
                "through it first: a traceback may hold values)."
            )


_SHOWN = 20


def _hints(error: BaseException) -> Iterator[str]:
    match error:
        case NotSupported() | InvalidRequest() | TableInUse() | LimitExceeded():
            pass
        case TableNotFound():
            yield "`persistence plan` shows which tables and indexes are missing; `apply` makes them."
        case BackupNotFound():
            yield "`persistence backup list` shows those that there are."
        case StoreError(retryable=True):
            yield "It may pass: try again."
        case StoreError():
            yield "`persistence doctor` looks into credentials, region, endpoint, clock and tables."
        case DecodeError():
            yield "Add --raw to see items as they are stored."
        case _:
            pass


def report(error: BaseException, *, debug: bool) -> Exit:
    """Tell of an error on stderr.

    Args:
        error: what ended the run.
        debug: show the traceback too.

    Returns:
        The exit code.
    """
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    print(f"Error: {told(error)}", file=sys.stderr)
    return code_of(error)
