"""Sending the writes of a bulk: batches and single writes side by side, each until its outcome is certain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Generic, TypeVar

from persistence.bulk.batching import batches
from persistence.bulk.tally import Tally
from persistence.bulk.writes import BulkWrite
from persistence.commit_plan import CommitPlan
from persistence.conflicts import conflict
from persistence.errors import (
    CancellationReason,
    CommitOutcomeUnknown,
    EntityGone,
    InvalidRequest,
    ItemTooLarge,
    PersistenceError,
    StaleEntity,
    StoreError,
    StoreUnavailable,
    Throttled,
    TransactionBusy,
)
from persistence.flows import Flow, pause, perform, run_together
from persistence.mapping import EntityMapping
from persistence.operations import BatchWriteItems, DeleteItem, PutItem
from persistence.tracking import Identity, identity_of
from persistence.unit_of_work.base import UnitOfWorkBase

T = TypeVar("T")

SILENCE = 8
"""How many single writes in a row may stay without a known outcome before the store is taken for gone."""

_Left = tuple[Sequence[BulkWrite[T]], PersistenceError | None]
"""What is left of a batch, and why."""


class Sender(Generic[T]):
    """Sends writes and notes what becomes of each.

    Args:
        mapping: the mapping of their entities.
        uow: the unit of work, whose policies count.
        store: where the writes are sent.
        tally: where their outcomes are noted.

    Attributes:
        ended: the failure of the store after which nothing more is sent; None as long as it answers.
    """

    def __init__(self, mapping: EntityMapping[T], uow: UnitOfWorkBase[Any], store: Any, tally: Tally) -> None:
        self.ended: PersistenceError | None = None
        self._mapping = mapping
        self._uow = uow
        self._store = store
        self._tally = tally
        self._silent = 0

    def send(self, writes: Sequence[BulkWrite[T]]) -> Flow[None]:
        """Send writes, of which no two are on one item, and wait for all of them."""
        batched = [write for write in writes if write.batched]
        flows = [self._batch(batch) for batch in batches(batched, self._store.limits)]
        flows += [self._alone(write) for write in writes if not write.batched]
        if flows:
            yield from run_together(flows)

    def _alone(self, write: BulkWrite[T]) -> Flow[None]:
        if self._gives_up((write,)):
            return
        try:
            yield from self._tally.metered(self._uow.writing_alone(write.planned, self._store))
        except EntityGone as gone:
            self._silent = 0
            if write.lenient:
                self._tally.settle((write,))
            else:
                self._fail((write,), gone)
        except StaleEntity as stale:
            self._silent = 0
            if write.lenient and stale.deleted:
                self._tally.settle((write,))
                return
            if write.lenient:
                stale.changed_by_other = {}  # only a part of it was read, so that nobody knows
            self._fail((write,), stale)
        except PersistenceError as error:
            self._fail((write,), error)
        else:
            self._silent = 0
            self._tally.settle((write,))

    def _batch(self, writes: Sequence[BulkWrite[T]]) -> Flow[None]:
        if self._gives_up(writes):
            return
        now, deadline = self._uow.timing.monotonic, self._uow.policies.deadline
        end, doubtful = now() + deadline, False
        for attempt in count(1):
            left, failure = yield from self._ask(writes)
            if failure is None:
                return
            doubtful |= getattr(failure, "ambiguous", False)
            if len(left) < len(writes):
                end = now() + deadline
            writes = left
            wait = self._uow.timing.backoff(attempt)
            if now() + wait >= end:
                self._fail(writes, _in_doubt(failure) if doubtful else failure)
                return
            yield from self._tally.metered(pause(wait))

    def _ask(self, writes: Sequence[BulkWrite[T]]) -> Flow[_Left[T]]:
        """Send a batch once; give what is to be sent again, and why."""
        request = BatchWriteItems(tuple([write.part_of_a_batch() for write in writes]), distinct=True)
        try:
            answer = yield from self._tally.metered(perform(request))
        except (Throttled, StoreUnavailable, TransactionBusy) as unanswered:
            return writes, unanswered
        except (InvalidRequest, ItemTooLarge) as refused:
            yield from self._part(writes, refused)
            return (), None
        except PersistenceError as refused:
            self._fail(writes, refused)
            return (), None
        left = set(self._identities(answer.unprocessed))
        done = [write for write in writes if write.identity not in left] if left else writes
        for write in done:
            write.absorb()
        self._tally.settle(done)
        if not left:
            return (), None
        text = f"{len(left)} of {len(writes)} writes of a batch were left unprocessed again and again"
        return [write for write in writes if write.identity in left], Throttled(
            text, operation="BatchWriteItems", table=request.writes[0].table.name
        )

    def _identities(self, operations: Iterable[PutItem | DeleteItem]) -> Iterator[Identity]:
        for each in operations:
            yield identity_of(self._mapping, each.item if isinstance(each, PutItem) else each.key)

    def _part(self, writes: Sequence[BulkWrite[T]], refused: PersistenceError) -> Flow[None]:
        """Find out which write of a batch the service refuses, since that one keeps the others from it."""
        if len(writes) == 1:
            self._fail(writes, _refusal(writes[0], refused))
            return
        middle = len(writes) // 2
        yield from self._batch(writes[:middle])
        yield from self._batch(writes[middle:])

    def _gives_up(self, writes: Sequence[BulkWrite[T]]) -> bool:
        """Tell whether the store has failed before, so that nothing is sent any more."""
        if self.ended is None:
            return False
        unsent = StoreUnavailable(
            f"it was not sent, since the store failed before: {type(self.ended).__name__}", ambiguous=False
        )
        unsent.__cause__ = self.ended
        self._tally.fail(writes, unsent)
        return True

    def _fail(self, writes: Sequence[BulkWrite[T]], error: PersistenceError) -> None:
        self._tally.fail(writes, error)
        self._silent = self._silent + 1 if isinstance(error, CommitOutcomeUnknown) else 0
        concerns_all = isinstance(error, StoreError) and not isinstance(error, InvalidRequest)
        if concerns_all or self._silent >= SILENCE:
            self.ended = error


def _in_doubt(failure: PersistenceError) -> PersistenceError:
    if getattr(failure, "ambiguous", False):
        return failure
    doubt = StoreUnavailable(
        f"an earlier attempt may have taken effect; the last one said: {failure}", operation="BatchWriteItems"
    )
    doubt.__cause__ = failure
    return doubt


def _refusal(write: BulkWrite[Any], refused: PersistenceError) -> PersistenceError:
    """Name the entity of a refusal, as the commit of a unit does."""
    if not isinstance(refused, ItemTooLarge) and getattr(refused, "code", None) is None:
        return refused
    size = "item size" if isinstance(refused, ItemTooLarge) else str(refused)
    reasons = (CancellationReason("ValidationError", size),)
    (named,) = conflict(CommitPlan((write.planned,)), reasons).reasons
    named.__cause__ = refused
    return named
