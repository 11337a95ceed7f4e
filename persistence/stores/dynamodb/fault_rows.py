"""What the table of faults is made of: what is told of an error, a row, and what can become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from persistence.errors import (
    CancellationReason,
    ConflictError,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    ThrottlingReason,
    TransactionBusy,
    TransactionCancelled,
)
from persistence.stores.dynamodb.echoes import without_values
from persistence.stores.dynamodb.failures import THROTTLING, Asked

BUSY = "a transaction is working on the item; try again"


@dataclass(frozen=True, slots=True)
class Told:
    """What an error says, of whatever kind it is.

    Attributes:
        kind: the exception's class.
        code: the service's error code, or the name of the exception's class.
        text: its message without stored values.
        status: the HTTP status, or 0 without an answer.
        body: the rest of the service's answer.
    """

    kind: type[Exception]
    code: str
    text: str
    status: int
    body: dict[str, Any]


Make = Callable[[Told, Asked], PersistenceError]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table: which errors it is about, and what becomes of them.

    Attributes:
        make: gives our error.
        codes: the service's codes; empty for any.
        kinds: exception classes, subclasses included.
        saying: what the message must contain.
        of: names of the operations that it is about; empty for all.
        status: the least HTTP status.
    """

    make: Make
    codes: frozenset[str] = frozenset()
    kinds: tuple[type[Exception], ...] = (ClientError,)
    saying: str = ""
    of: frozenset[str] = frozenset()
    status: int = 0

    def covers(self, told: Told, asked: Asked) -> bool:
        """Tell whether the row is about this error."""
        return (
            issubclass(told.kind, self.kinds)
            and (not self.codes or told.code in self.codes)
            and self.saying in told.text
            and (not self.of or asked.operation in self.of)
            and told.status >= self.status
        )


def plainly(kind: type[StoreError], hint: str = "") -> Make:
    """Say what the foreign error says, and what to do."""

    def make(told: Told, asked: Asked) -> PersistenceError:
        text = _with_hint(told, hint)
        return kind(text, **asked.where, code=told.code)

    return make


def _with_hint(told: Told, hint: str) -> str:
    said = told.text.rstrip(". ") if hint else told.text
    return "; ".join(part for part in (said, hint) if part) or told.code


def in_words(kind: type[StoreError], text: str) -> Make:
    """Say it in other words, where the foreign text could hold parts of signed requests, or says nothing."""

    def make(told: Told, asked: Asked) -> PersistenceError:
        return kind(text, **asked.where, code=told.code)

    return make


def conflict(kind: type[ConflictError], text: str) -> Make:
    """Say that something was in the way, with what was found there."""

    def make(told: Told, asked: Asked) -> PersistenceError:
        where = f"{asked.operation} of table {asked.table!r}" if asked.table else asked.operation
        return kind(f"{where}: {text}", found=told.body.get("Item"))

    return make


def unavailable(hint: str = "", *, sent: bool = True) -> Make:
    """Say that no answer came; what was sent, and writes, may have taken effect."""

    def make(told: Told, asked: Asked) -> PersistenceError:
        text = _with_hint(told, hint)
        return StoreUnavailable(text, ambiguous=sent and asked.writes, **asked.where, code=told.code)

    return make


def throttled(told: Told, asked: Asked) -> PersistenceError:
    """Say that there is too much traffic, with the reasons that are told."""
    # The service's model spells the member in two ways.
    given = told.body.get("ThrottlingReasons") or told.body.get("throttlingReasons") or ()
    reasons = [ThrottlingReason(reason.get("reason", ""), reason.get("resource")) for reason in given]
    return Throttled(told.text or told.code, **asked.where, code=told.code, throttling=reasons)


def cancelled(told: Told, asked: Asked) -> PersistenceError:
    """Say that a transaction was cancelled, with the reason of each action."""
    reasons = [
        CancellationReason(reason.get("Code", "None"), _reason_text(reason), reason.get("Item"))
        for reason in told.body.get("CancellationReasons", ())
    ]
    return TransactionCancelled(reasons, operation=asked.operation)


def _reason_text(reason: dict[str, Any]) -> str | None:
    message = reason.get("Message")
    return None if message is None else without_values(message)


def reads_cancelled(told: Told, asked: Asked) -> PersistenceError:
    """Say why a transaction of reads was cancelled: for traffic, for a writer, or for good."""
    reasons = {reason.get("Code", "None") for reason in told.body.get("CancellationReasons", ())} - {"None"}
    if reasons and reasons <= {"TransactionConflict"}:
        return conflict(TransactionBusy, BUSY)(told, asked)
    if reasons and reasons <= THROTTLING | {"TransactionConflict"}:
        return plainly(Throttled)(told, asked)
    return cancelled(told, asked)
