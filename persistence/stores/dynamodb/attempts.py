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

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, assert_never
from zlib import crc32

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from persistence.errors import PersistenceError, StoreUnavailable
from persistence.stores.dynamodb.fault_rows import Asked
from persistence.stores.dynamodb.faults import FOREIGN_ERRORS, translated

Repeats = Literal["always", "unless in doubt", "never"]
"""Which failed attempts of a call botocore may repeat; "in doubt" is one that may have taken effect."""

_EVENT = "needs-retry"
_WATCH = "persistence-attempts"


@dataclass(slots=True)
class Attempts:
    """The attempts of one call so far.

    Attributes:
        asked: what the call does.
        repeats: which failed attempts botocore may repeat.
        doubtful: True once an attempt may have taken effect though its answer does not say so.
        damaged: True if the last answer came incomplete.
    """

    asked: Asked
    repeats: Repeats
    doubtful: bool = False
    damaged: bool = False


_current: ContextVar[Attempts | None] = ContextVar("persistence_dynamodb_attempts", default=None)


def watch(client: BaseClient) -> None:
    """Have a client tell of its attempts; doing it again changes nothing.

    Args:
        client: a low-level client, ours or the user's.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"{_EVENT}.{service}", _note_attempt, unique_id=_WATCH)


@contextmanager
def watched(attempts: Attempts) -> Iterator[None]:
    """Note the attempts of the one call within the block.

    Args:
        attempts: where they are noted.
    """
    token = _current.set(attempts)
    try:
        yield
    finally:
        _current.reset(token)


def _note_attempt(
    response: tuple[Any, dict[str, Any]] | None,
    caught_exception: Exception | None,
    operation: Any,
    **_more_about_it: object,
) -> None:
    attempts = _current.get()
    if attempts is None:
        return
    attempts.damaged = response is not None and _is_damaged(response[0])
    error = caught_exception or _error_answer(response, operation.name)
    if attempts.damaged:
        _note(attempts, damaged_answer(attempts.asked), error)
    elif isinstance(error, FOREIGN_ERRORS):
        _note(attempts, translated(error, attempts.asked), error)


def _note(attempts: Attempts, fault: PersistenceError, cause: Exception | None) -> None:
    in_doubt: bool = getattr(fault, "ambiguous", False)
    attempts.doubtful |= in_doubt
    if _ends(attempts.repeats, fault, in_doubt=in_doubt):
        raise fault from cause


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


def _error_answer(response: tuple[Any, dict[str, Any]] | None, api: str) -> ClientError | None:
    if response is None or response[0].status_code < 300:
        return None
    return ClientError(response[1], api)  # type: ignore[arg-type]  # botocore's own parsed answer


def _is_damaged(answer: Any) -> bool:
    # botocore takes an answer that was cut off for one without content: a stored item would count as absent.
    length, checksum = answer.headers.get("content-length"), answer.headers.get("x-amz-crc32")
    if length is not None and int(length) != len(answer.content):
        return True
    return checksum is not None and int(checksum) != crc32(answer.content)
