"""The errors that stores raise for faults, as the port's contract has them."""

from __future__ import annotations

from typing import Any, TypedDict

from persistence.errors import (
    AccessDenied,
    CancellationReason,
    PersistenceError,
    StoreUnavailable,
    Throttled,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.operation_facts import table_of
from persistence.operations import Operation, TransactGet
from persistence.testing.faults.rules import PASSING_CODES, Cancellation, Throttling
from persistence.testing.faults.subjects import subject_of


def no_answer(operation: Operation[Any]) -> StoreUnavailable:
    """Give the error of a lost request or answer: only for a write it leaves a doubt."""
    return _unavailable(operation, "no answer (injected)", ambiguous=subject_of(operation).writes)


def server_error(operation: Operation[Any]) -> StoreUnavailable:
    """Give the error of an answer with status 500."""
    writes = subject_of(operation).writes
    return _unavailable(operation, "server error (injected)", ambiguous=writes, code="InternalServerError")


def unreachable(operation: Operation[Any]) -> StoreUnavailable:
    """Give the error of a request that surely was not sent."""
    return _unavailable(operation, "no connection (injected)", ambiguous=False)


def throttled(operation: Operation[Any], fault: Throttling) -> Throttled:
    """Give the error of a request that was refused because of traffic."""
    return Throttled("too much traffic (injected)", **_where(operation), code=fault.code)


def in_progress(operation: Operation[Any]) -> TransactionInProgress:
    """Give the error of a transaction that is still being worked on."""
    return TransactionInProgress(
        "still at work (injected)", **_where(operation), code="TransactionInProgressException"
    )


def denied(operation: Operation[Any]) -> AccessDenied:
    """Give the error of credentials that expired."""
    return AccessDenied(
        "the credentials have expired (injected)", **_where(operation), code="ExpiredTokenException"
    )


def cancelled(operation: Operation[Any], fault: Cancellation) -> PersistenceError:
    """Give the error of a cancelled transaction; reads that met others have errors of their own."""
    codes = fault.codes_for(subject_of(operation).size)
    failing = set(codes) - {"None"}
    if isinstance(operation, TransactGet) and failing == {"TransactionConflict"}:
        return TransactionBusy("TransactGet: a transaction is working on an item (injected)")
    if isinstance(operation, TransactGet) and failing <= PASSING_CODES:
        return Throttled(
            "too much traffic (injected)", **_where(operation), code="TransactionCanceledException"
        )
    reasons = (CancellationReason(code, None if code == "None" else "injected") for code in codes)
    return TransactionCancelled(reasons, operation=type(operation).__name__)


def _unavailable(
    operation: Operation[Any], text: str, *, ambiguous: bool, code: str | None = None
) -> StoreUnavailable:
    return StoreUnavailable(text, ambiguous=ambiguous, **_where(operation), code=code)


class _Where(TypedDict):
    operation: str
    table: str | None


def _where(operation: Operation[Any]) -> _Where:
    return {"operation": type(operation).__name__, "table": table_of(operation)}
