"""A commit as one transaction: one request with one client token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from persistence.attributes import Item
from persistence.conflicts import CONDITION_FAILED, INNOCENT, conflict, is_transient, is_unfit
from persistence.errors import (
    AlreadyCommitted,
    CancellationReason,
    InvalidRequest,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    TokenMismatch,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.expressions import AttributeExists, AttributeNotExists, Path
from persistence.flows import Flow, perform
from persistence.operations import ConditionCheck, GetItem, PutItem, TransactWrite, TransactWriteResult
from persistence.unit_of_work.attempts import Attempts, NoAnswer


@dataclass(slots=True)
class TransactionAttempts(Attempts[TransactWriteResult]):
    """The attempts of a transaction.

    Attributes:
        record: the action of the request that writes the commit record, if one is written.
        refusal: a refusal that is not final yet, since an earlier request may still arrive.
    """

    record: PutItem | None = None
    refusal: TransactionCancelled | None = field(default=None, kw_only=True)

    def _attempt(self) -> Flow[TransactWriteResult]:
        if self.refusal is not None:
            return (yield from self._fence(self.refusal))
        return (yield from self._ask())

    def _ask(self) -> Flow[TransactWriteResult]:
        try:
            return (yield from self._asked())
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
            self._tell_of_the_item(refused)
            raise

    def _tell_of_the_item(self, refused: Exception) -> None:
        """Take a refused request for its action, where it has but one, which its item did not let through.

        The service tells such a thing as the reason of an action, local servers refuse the whole request.
        """
        if isinstance(refused, InvalidRequest) and len(self.commit.actions) == 1 and is_unfit(refused.text):
            reason = CancellationReason("ValidationError", refused.text)
            raise conflict(self.commit, (reason,)) from refused

    def _refused(self, cancelled: TransactionCancelled) -> Flow[TransactWriteResult]:
        """Name the entities of a cancellation, if its reasons are those of this request."""
        failed = {reason.code for reason in cancelled.reasons} - {INNOCENT}
        if failed and len(cancelled.reasons) == len(self.commit.actions):
            if self._is_recorded(cancelled):
                return TransactWriteResult()
            if not self.ambiguous or self._is_final(cancelled):
                raise self._conflict(cancelled) from cancelled
            self.refusal = cancelled
            return (yield from self._fence(cancelled))
        if self.ambiguous:
            return (yield from self._doubt(cancelled))
        raise StoreError(
            f"the store gave no usable reasons for it: {cancelled}", code=cancelled.code
        ) from cancelled

    def _is_final(self, cancelled: TransactionCancelled) -> bool:
        """Tell whether a condition failed that can never hold again, so that no late request can succeed."""
        pairs = zip(self.commit.actions, cancelled.reasons, strict=True)
        return any(planned.pinned and reason.code == CONDITION_FAILED for planned, reason in pairs)

    def _fence(self, refusal: TransactionCancelled) -> Flow[TransactWriteResult]:
        """Use the token up, so that an earlier request that is still on its way can't take effect any more.

        A refusal says that the conditions did not hold just now. Where a key is free again, or an attribute
        holds its old value, an earlier request may yet arrive and succeed. The service takes a token for one
        request only (API reference, TransactWriteItems, ClientRequestToken).
        """
        try:
            yield from perform(self._harmless())
        except TokenMismatch:
            return (yield from self._landed(refusal))
        except TransactionCancelled as cancelled:
            self._refuse_unless_transient(cancelled, refusal)
        except (Throttled, TransactionInProgress, StoreUnavailable) as unanswered:
            raise NoAnswer(unanswered) from unanswered
        except StoreError as denied:
            # No fence is to be had, for want of a permission for example: the refusal is all that is known.
            raise self._conflict(refusal) from denied
        raise self._conflict(refusal) from refusal

    def _refuse_unless_transient(
        self, cancelled: TransactionCancelled, refusal: TransactionCancelled
    ) -> NoReturn:
        """Tell the refusal where the store sets no fence: it is as final as can be had there."""
        if is_transient(cancelled.reasons):
            raise NoAnswer(cancelled) from cancelled
        raise self._conflict(refusal) from refusal

    def _harmless(self) -> TransactWrite:
        """Make a request that changes nothing and never fails."""
        assert isinstance(self.request, TransactWrite)
        first = self.request.actions[0]
        table = first.table
        stored = first.item if isinstance(first, PutItem) else first.key
        path = Path.of(table.partition)
        always = AttributeExists(path) | AttributeNotExists(path)
        check = ConditionCheck(table, {name: stored[name] for name in table.key_names()}, always)
        return TransactWrite((check,), self.token)

    def _landed(self, refusal: TransactionCancelled) -> Flow[TransactWriteResult]:
        """Ask again, since the token stands for the request itself: it did take effect, it seems."""
        try:
            return (yield from perform(self.request))
        except TransactionCancelled as cancelled:
            self._refuse_unless_transient(cancelled, refusal)
        except (Throttled, TransactionInProgress, StoreUnavailable) as unanswered:
            raise NoAnswer(unanswered) from unanswered
        except StoreError as unexplained:
            return (yield from self._doubt(unexplained))

    def _conflict(self, cancelled: TransactionCancelled) -> PersistenceError:
        return conflict(self.commit, cancelled.reasons)

    def _is_recorded(self, cancelled: TransactionCancelled) -> bool:
        """Tell whether the record of this very commit was in its way: an earlier attempt took effect.

        Raises:
            AlreadyCommitted: it was the record of another commit with the same id.
        """
        if self.record is None:
            return False
        assert isinstance(self.request, TransactWrite)
        reason = cancelled.reasons[self.request.actions.index(self.record)]
        if reason.code != CONDITION_FAILED:
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
            raise self._conflict(failure) from failure
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
