"""A commit as one transaction: one request with one client token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from persistence.attributes import Item
from persistence.conflicts import INNOCENT, conflict, is_transient
from persistence.errors import (
    AlreadyCommitted,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    TokenMismatch,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.flows import Flow, perform
from persistence.operations import GetItem, PutItem, TransactWrite, TransactWriteResult
from persistence.unit_of_work.attempts import Attempts, NoAnswer


@dataclass(slots=True)
class TransactionAttempts(Attempts[TransactWriteResult]):
    """The attempts of a transaction.

    Attributes:
        record: the action of the request that writes the commit record, if one is written.
    """

    record: PutItem | None = None

    def _attempt(self) -> Flow[TransactWriteResult]:
        try:
            return (yield from perform(self.request))
        except TransactionCancelled as cancelled:
            if is_transient(cancelled.reasons):
                raise NoAnswer(cancelled) from cancelled
            return (yield from self._refused(cancelled))
        except TokenMismatch as mismatch:
            if not self.sent_before:
                raise  # somebody else's token: of this request nothing took effect
            return (yield from self._doubt(mismatch))
        except (Throttled, TransactionInProgress, StoreUnavailable) as unanswered:
            self.ambiguous |= isinstance(unanswered, TransactionInProgress)
            raise NoAnswer(unanswered) from unanswered
        except Exception as refused:  # raised again, or as unknown: after a doubt no error is an answer
            if self.ambiguous or getattr(refused, "ambiguous", False):
                return (yield from self._doubt(refused))
            raise

    def _refused(self, cancelled: TransactionCancelled) -> Flow[TransactWriteResult]:
        """Name the entities of a cancellation, if its reasons are those of this request."""
        failed = {reason.code for reason in cancelled.reasons} - {INNOCENT}
        if failed and len(cancelled.reasons) == len(self.commit.actions):
            if self._is_recorded(cancelled):
                return TransactWriteResult()
            raise conflict(self.commit, cancelled.reasons) from cancelled
        if self.ambiguous:
            return (yield from self._doubt(cancelled))
        raise StoreError(
            f"the store gave no usable reasons for it: {cancelled}", code=cancelled.code
        ) from cancelled

    def _is_recorded(self, cancelled: TransactionCancelled) -> bool:
        """Tell whether the record of this very commit was in its way: an earlier attempt took effect.

        Raises:
            AlreadyCommitted: it was the record of another commit with the same id.
        """
        if self.record is None:
            return False
        assert isinstance(self.request, TransactWrite)
        reason = cancelled.reasons[self.request.actions.index(self.record)]
        if reason.code != "ConditionalCheckFailed":
            return False
        if reason.item is not None and self._is_own_record(dict(reason.item)):
            return True
        assert self.commit_id is not None
        raise AlreadyCommitted(self.commit_id) from cancelled

    def _is_own_record(self, item: Item | None) -> bool:
        assert self.record is not None
        return item is not None and item.get("nonce") == self.record.item["nonce"]

    def _give_up(self, failure: PersistenceError) -> Flow[TransactWriteResult]:
        if self.ambiguous:
            return (yield from self._doubt(failure))
        self._fail(failure)

    def _fail(self, failure: PersistenceError) -> NoReturn:
        if isinstance(failure, TransactionCancelled):
            raise conflict(self.commit, failure.reasons) from failure
        raise failure

    def _doubt(self, cause: Exception) -> Flow[TransactWriteResult]:
        """Settle a doubt by the commit record, if there is one."""
        if self.record is not None:
            table = self.record.table
            key = {name: self.record.item[name] for name in table.key_names()}
            get = GetItem(table, key, consistent=True)
            try:
                answer = yield from perform(get)
            except StoreError:
                raise self.unknown() from cause
            if self._is_own_record(answer.item):
                return TransactWriteResult()
        raise self.unknown() from cause
