"""Errors that tell how a commit or a bulk ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from persistence.errors.base import PersistenceError, key_text


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
        tenant: the tenant in whose store it was begun; None for the store of nobody.
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
        self.tenant: str | None = None
        self.token = token
        self.commit_id = commit_id
        self.keys = tuple(keys)
        self.request = request
        self.begun = begun
        named = ", ".join(f"{name} {key_text(key)}" for name, key in self.keys)
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


class DeadlineExceeded(PersistenceError):
    """The time that was given for an operation is over.

    Attributes:
        seconds: how long that time was, where a deadline was set for a block; None otherwise.
        ambiguous: always False: what was under way had no effect, or was a read. What may have taken effect
            is `CommitOutcomeUnknown`, or a `StoreUnavailable` with `ambiguous=True`, whatever the time.
    """

    seconds: float | None = None
    ambiguous = False
