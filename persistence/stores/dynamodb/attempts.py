"""Watch the attempts of botocore's own retries, and end those that could do harm.

botocore repeats a request whose answer was lost or was a server error. Reads repeat harmlessly; an `ADD 1`
that took effect would be added again, and a conditional put would find its own item in the way. So a write
ends with its first doubtful attempt. A refusal because of traffic leaves no doubt: there botocore may go on.

A transaction with a client token could be repeated without harm, but whoever chose the token repeats it, and
knows until when. It ends with its first failed attempt, so that no deadline is outlasted by more than that:
botocore's repetitions take up to half a minute in one of its modes, and for minutes where no answer comes.

A client tells of its attempts by the event `needs-retry`; the watch is set once per client and minds only
what a store of ours is performing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, assert_never
from zlib import crc32

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from persistence.deadlines import present_deadline
from persistence.errors import (
    ConflictError,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    TransactionCancelled,
)
from persistence.stores.dynamodb.failures import FOREIGN_ERRORS, THROTTLING, Asked, translated

R = TypeVar("R")

Repeats = Literal["always", "unless in doubt", "never"]
"""Which failed attempts of a call botocore may repeat; "in doubt" is one that may have taken effect."""

_EVENT = "needs-retry"
_WATCH = "persistence-attempts"
_LONGEST_PAUSE = 20.0
_PASSING = THROTTLING | {"None", "TransactionConflict"}


@dataclass(slots=True)
class Attempts:
    """The attempts of one call so far.

    Attributes:
        asked: what the call does.
        repeats: which failed attempts botocore may repeat.
        doubtful: True once an attempt may have taken effect though its answer does not say so.
        damaged: True if the last answer came incomplete.
        api: the data action whose request is to be written the short way, until it is; None for none.
        accelerated: whether msgspec may write and read where it is installed.
        fast: whether the fast lane may serve the call, where the client has one.
        seconds: how long one attempt takes at most, where a deadline holds.
        number: how many attempts there were.
        succeeded_at_once: whether the first attempt has got the answer, whole.
        text: the body, where it was written without the parameters; None where they are to be written.
        written: the data action whose request was written the short way; None before, and where it was not.
        certain: whether the parameters arrive certainly as they were made, and need not be looked at again.
        kept: the outcome of a first attempt by the fast lane, until botocore takes it for its own.
    """

    asked: Asked
    repeats: Repeats
    doubtful: bool = False
    damaged: bool = False
    api: str | None = None
    accelerated: bool = True
    fast: bool = False
    seconds: float = 0.0
    number: int = 0
    succeeded_at_once: bool = False
    text: str | None = None
    written: str | None = None
    certain: bool = False
    kept: object = None


_current: ContextVar[Attempts | None] = ContextVar("persistence_dynamodb_attempts", default=None)


def watch(client: BaseClient) -> None:
    """Have a client tell of its attempts; doing it again changes nothing.

    Args:
        client: a low-level client, ours or the user's.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"{_EVENT}.{service}", _note_attempt, unique_id=_WATCH)


def watched(attempts: Attempts, call: Callable[[], R]) -> R:
    """Make a call, and note its attempts.

    The call has a context of its own: wherever it is interrupted, the calls of others are not taken for it.
    What handlers of others set there holds afterwards all the same.

    Args:
        attempts: where they are noted.
        call: makes it.
    """
    context = copy_context()
    context.run(_current.set, attempts)
    try:
        return context.run(call)
    finally:
        _take_over(context)


def _take_over(context: Context) -> None:
    for variable, value in context.items():
        if variable is not _current and variable.get(_UNSET) is not value:
            variable.set(value)


_UNSET = object()


def current_attempts() -> Attempts | None:
    """Give the attempts of the call that a store is performing; None if it is somebody else's call."""
    return _current.get()


def _note_attempt(
    response: tuple[Any, dict[str, Any]] | None,
    caught_exception: Exception | None,
    operation: Any,
    **_more_about_it: object,
) -> None:
    attempts = _current.get()
    if attempts is None:
        return
    attempts.number += 1
    attempts.damaged = response is not None and is_damaged(response[0], operation)
    error = caught_exception or _error_answer(response, operation.name)
    attempts.succeeded_at_once = attempts.number == 1 and error is None and not attempts.damaged
    if attempts.damaged:
        _note(attempts, damaged_answer(attempts.asked), error)
    elif isinstance(error, FOREIGN_ERRORS):
        _note(attempts, translated(error, attempts.asked), error)


def _note(attempts: Attempts, fault: PersistenceError, cause: Exception | None) -> None:
    in_doubt: bool = getattr(fault, "ambiguous", False)
    attempts.doubtful |= in_doubt
    if _ends(attempts.repeats, fault, in_doubt=in_doubt):
        raise fault from cause
    deadline = present_deadline()
    if deadline is not None and fault.retryable and deadline.left <= _seconds_of_another(attempts):
        raise deadline.cut_off(attempts.asked.operation, writes=attempts.doubtful) from fault


def _seconds_of_another(attempts: Attempts) -> float:
    """Give the seconds of another attempt, with the pause that botocore makes before it."""
    return attempts.seconds + min(_LONGEST_PAUSE, 2.0 ** (attempts.number - 1))


def _ends(repeats: Repeats, fault: PersistenceError, *, in_doubt: bool) -> bool:
    match repeats:
        case "always":
            return False
        case "unless in doubt":
            return in_doubt
        case "never":
            return in_doubt or fault.retryable
        case _:
            assert_never(repeats)


def damaged_answer(asked: Asked) -> StoreUnavailable:
    """Give the error of an answer that can't be relied on."""
    return StoreUnavailable(
        "the answer came damaged or incomplete",
        ambiguous=asked.writes,
        operation=asked.operation,
        table=asked.table,
    )


def in_doubt(error: PersistenceError, attempts: Attempts) -> PersistenceError:
    """Say of the error of the last attempt whether an earlier one may have taken effect.

    Args:
        error: of the last attempt, translated.
        attempts: all of them.

    Returns:
        The error that the call ends in.
    """
    match error:
        case _ if not attempts.doubtful:
            return error
        case TransactionCancelled(reasons=reasons) if {reason.code for reason in reasons} - _PASSING:
            return error  # decided: under its token an earlier attempt would have been confirmed instead
        case ConflictError() | Throttled():
            return StoreUnavailable(
                f"an earlier attempt may have taken effect; the last one said: {error}",
                operation=attempts.asked.operation,
                table=attempts.asked.table,
                code=getattr(error, "code", None),
            )
        case StoreError():
            error.ambiguous = True
            return error
        case _:
            return error


def _error_answer(response: tuple[Any, dict[str, Any]] | None, api: str) -> ClientError | None:
    if response is None or response[0].status_code < 300:
        return None
    return ClientError(response[1], api)  # type: ignore[arg-type]  # botocore's own parsed answer


def is_damaged(answer: Any, operation: Any) -> bool:
    """Tell whether an answer came incomplete or altered.

    Args:
        answer: as botocore's events have it, with `status_code`, `headers` and `content`.
        operation: botocore's model of the action.
    """
    # botocore takes an answer that was cut off for one without content: a stored item would count as absent.
    return not is_whole(answer.headers, answer.content) or (
        answer.status_code == 200
        and operation.output_shape is not None
        and not _begins_an_object(answer.content)
    )


def is_whole(headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a body is as long as its headers say, and has their checksum.

    Args:
        headers: under names in small letters, or in any.
        body: as it came.
    """
    length, checksum = headers.get("content-length"), headers.get("x-amz-crc32")
    try:
        return (length is None or int(length) == len(body)) and (
            checksum is None or int(checksum) == crc32(body)
        )
    except ValueError:
        return False


def _begins_an_object(content: bytes) -> bool:
    return content.startswith(b"{") or content[:100].lstrip().startswith(b"{")
