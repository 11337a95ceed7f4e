"""The synchronous unit of work."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar, overload

from persistence.deadlines import check_pause
from persistence.entity_keys import EntityKey
from persistence.errors import CommitOutcomeUnknown, UnitOfWorkStateError
from persistence.flows import Flow, run
from persistence.store import Store
from persistence.unit_of_work import committing
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.one_shot import ScopeBase
from persistence.unit_of_work.policies import Isolation
from persistence.unit_of_work.retrying import (
    DEFAULT_ATTEMPTS,
    AttemptBase,
    RetryOn,
    check_attempts,
    refuse_generator,
)
from persistence.unit_of_work.scopes import ScopeEntry, innermost

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
R = TypeVar("R")


class UnitOfWork(UnitOfWorkBase[Store]):
    """Collects what repositories do within `with uow:` and commits it as one transaction.

    One object serves a whole application: it is safe to share between threads, each `with` block opens a unit
    of its own for the thread (or for the tasks of the event loop) that entered it. A clean exit commits, an
    exception discards. A block inside a block joins the outer unit. Outside any block, every repository call
    is a unit of its own.

    Args:
        store: where the entities live, or a callable that gives the store; a unit keeps the store that it
            opened with.
        clock: gives the present time, aware, for created_at, updated_at and the lifetime of cursors.
        ids: gives unique texts of at most 36 characters, for client tokens.
        deadline: seconds, over 0 and at most 540, for which a commit is repeated after lost answers,
            throttling or busy items.
        single_write: how a unit of one write is sent: as a "transaction", whose client token makes
            repetitions harmless, or as one "conditional" write at half the price, which leaves a commit id in
            the item. By it a lost answer is made up for; a lost request only where the mapping has a
            `CreatedAt` or `Version(incarnation=True)`, else it stays unknown.
        events: handlers of domain events, called after the commit: one, several, or by event type; or a
            `DomainEvents`.
        outbox: the mapping of an outbox; domain events are stored there in the same transaction.
        commit_record: name or declaration of a table in which each commit leaves a record, one more action,
            that answers whether it took place: see `was_committed`.
        autocommit: whether a write outside a unit acts at once; False makes it an error.
        scan_policy: what happens to a query that only a scan can answer: "warn" (a `ScanWarning` and an
            event), "forbid" (`ScanForbidden` before anything is sent) or "allow". `scan()` is always allowed.
        timing: time, waiting and chance, for tests.
        cursor_keys: the secret keys of the cursors of pages: one text or bytes, several of them of which the
            first one seals, or `CursorKeys` with further settings. Without any, this object makes a random
            key of its own at first use, and its cursors work nowhere else.

    Raises:
        UnitOfWorkStateError: a deadline out of range, or another policy that can't be.
        ConfigurationError: keys that can't be.
    """

    _asynchronous = False

    def __enter__(self) -> UnitOfWork:
        self._enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave_now(self._left_here(), error)

    def __call__(self, *, isolation: Isolation = "default", commit_id: str | None = None) -> Scope:
        """Make a scope for one `with` statement that may be left in another context, as in generators.

        Args:
            isolation: "serializable" demands at the commit that everything the unit read, absences included,
                is still as it was; each check counts as an action of the transaction. Of an entity that was
                refreshed the latest read counts.
            commit_id: names the unit's first commit in its commit record, with 1 to 200 characters, so that
                it can be asked for after a crash; a second commit of the same id is refused as
                `AlreadyCommitted`. It needs `UnitOfWork(commit_record=...)`.

        Raises:
            UnitOfWorkStateError: another isolation, or an id of another length.
        """
        self._check_scope(isolation, commit_id)
        return Scope(self, isolation, commit_id)

    def commit(self) -> None:
        """Commit what the unit holds so far; the unit goes on.

        Raises:
            CommitConflict: it was refused; nothing took effect, and the unit is broken.
            CommitOutcomeUnknown: its answer was lost; the unit is broken.
            ValidationFailed, KeyChanged, TransactionTooLarge, ItemTooLarge: nothing was sent; the unit is
                broken.
            UnitOfWorkStateError: no unit is open here, or this scope only joined it.
        """
        flow, store = self._commit_early()
        self._drive(flow, store)

    def rollback(self) -> None:
        """Drop all entities, changes and events of the unit; objects stay as they are, later reads load anew.

        Raises:
            UnitOfWorkStateError: no unit is open here, or this scope only joined it.
        """
        self._rollback()

    def resume(self, outcome: CommitOutcomeUnknown | str) -> committing.Committed:
        """Repeat a commit whose outcome is unknown: the same request, which takes effect once.

        Its entities get their versions, and the handlers of its events are called, as if it had just been
        made. An error of another process, or of another UnitOfWork, is taken up too, without entities.

        Args:
            outcome: the error, or its token where this UnitOfWork raised it.

        Returns:
            What is known then: it took effect.

        Raises:
            CommitConflict: it certainly did not, and does not.
            CommitOutcomeUnknown: again no answer came.
            DeadlineExceeded: it was begun over 9 minutes ago (7, if elsewhere); after 10 the service forgets
                its token.
            UnitOfWorkStateError: nothing is known of the token.
        """
        resumption = self._resumption(outcome)
        return self._drive(self._resume(resumption), resumption.store)

    def was_committed(self, commit_id: str) -> bool:
        """Tell by its commit record whether a commit took effect, even one of a process that has died.

        False says that it has not so far: a request that is still under way may arrive later.

        Args:
            commit_id: the id that the unit was given, or `commit_id` of a `CommitOutcomeUnknown`.

        Raises:
            UnitOfWorkStateError: this UnitOfWork writes no commit records.
        """
        return self._drive(self._pipeline.was_committed(commit_id), self.store)

    @overload
    def snapshot(self, first: EntityKey[A], /) -> tuple[A | None]: ...
    @overload
    def snapshot(self, first: EntityKey[A], second: EntityKey[B], /) -> tuple[A | None, B | None]: ...
    @overload
    def snapshot(
        self, first: EntityKey[A], second: EntityKey[B], third: EntityKey[C], /
    ) -> tuple[A | None, B | None, C | None]: ...
    @overload
    def snapshot(self, *keys: EntityKey[Any]) -> tuple[Any, ...]: ...
    def snapshot(self, *keys: EntityKey[Any]) -> tuple[Any, ...]:
        """Read entities as they are at one moment, by one transactional read.

        Args:
            keys: up to 100 keys of any repositories, such as `orders.key("o-1")`.

        Returns:
            The entities in the order of the keys, None for those that are not stored.

        Raises:
            TransactionTooLarge: more keys than one transaction takes; it is never split.
            TransactionBusy, Throttled, StoreUnavailable: until the deadline.
            StaleEntity: the unit has read one of them before, and it is another one by now.
        """
        return self.perform(self._snapshot(keys))

    def run(
        self,
        work: Callable[[], R],
        attempts: int = DEFAULT_ATTEMPTS,
        *,
        retry_on: RetryOn = (),
        isolation: Isolation = "default",
        commit_id: str | None = None,
    ) -> R:
        """Do work in a unit of its own, and again in a new one with fresh reads when it met a conflict.

        Args:
            work: does the reading and changing; it may be called several times, so its other effects repeat.
            attempts: how often at most.
            retry_on: further types of errors, or of a conflict's reasons, to be repeated.
            isolation: that of each unit; see `__call__`.
            commit_id: that of the unit that is committed in the end; see `__call__`.

        Returns:
            What `work` returned in the attempt that was committed.

        Raises:
            CommitConflict: the last attempt's.
            UnitOfWorkStateError: a unit is open here.
        """
        self._refuse_open_unit("run")
        self._check_scope(isolation, commit_id)
        results: list[R] = []
        for attempt in self._attempts(check_attempts(attempts, retry_on), retry_on, isolation, commit_id):
            with attempt:
                # No `return` in here: it would go on even where leaving the block swallows a conflict.
                results.append(_finished(work()))
        return results[-1]

    def attempts(
        self,
        attempts: int = DEFAULT_ATTEMPTS,
        *,
        retry_on: RetryOn = (),
        isolation: Isolation = "default",
        commit_id: str | None = None,
    ) -> Iterator[Attempt]:
        """Give the same as `run` for a loop: `for attempt in uow.attempts(): with attempt: ...`.

        Don't leave the block by `return` or `break`: its commit comes after that, and may be refused.

        Args:
            attempts: how often at most.
            retry_on: further types of errors, or of a conflict's reasons, to be repeated.
            isolation: that of each unit; see `__call__`.
            commit_id: that of the unit that is committed in the end; see `__call__`.

        Raises:
            UnitOfWorkStateError: a unit is open here.
        """
        self._refuse_open_unit("attempts")
        self._check_scope(isolation, commit_id)
        return self._attempts(check_attempts(attempts, retry_on), retry_on, isolation, commit_id)

    def perform(self, flow: Flow[R]) -> R:
        """Drive a repository's flow over the store of the unit that is open here, or the present one."""
        entry = innermost(self)
        return self._drive(flow, self.store if entry is None else entry.unit.store)

    def _leave_now(self, entry: ScopeEntry, failure: BaseException | None) -> None:
        self._drive(self._leave(entry, failure), entry.unit.store)

    def _drive(self, flow: Flow[R], store: Store) -> R:
        return run(flow, store, sleep=self.timing.sleep)

    def _attempts(
        self, attempts: int, retry_on: RetryOn, isolation: Isolation, commit_id: str | None
    ) -> Iterator[Attempt]:
        for number in range(1, attempts + 1):
            attempt = Attempt(self, number, retry_on if number < attempts else None, isolation, commit_id)
            try:
                yield attempt
            except GeneratorExit:
                attempt.refuse_to_be_abandoned()
                raise
            if attempt.finished:
                return
            wait = self.timing.backoff(number)
            attempt.note_pause(wait)
            check_pause(wait)
            self.timing.sleep(wait)


def _finished(result: R) -> R:
    """Refuse work that has only begun."""
    refuse_generator(result)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise UnitOfWorkStateError(
            "run: the work is asynchronous, and this unit of work is not; nothing was done"
        )
    return result


class Scope(ScopeBase[Store]):
    """One `with` block of a unit of work; it may be left in another context of the same thread and loop."""

    def __init__(
        self, uow: UnitOfWork, isolation: Isolation = "default", commit_id: str | None = None
    ) -> None:
        super().__init__(uow, isolation, commit_id)
        self._uow = uow

    def __enter__(self) -> UnitOfWork:
        self._enter()
        return self._uow

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uow._leave_now(self._entered, error)


class Attempt(AttemptBase):
    """One attempt at a unit; see `UnitOfWork.attempts`."""

    def __init__(
        self,
        uow: UnitOfWork,
        number: int,
        retry_on: RetryOn | None,
        isolation: Isolation,
        commit_id: str | None,
    ) -> None:
        super().__init__(number, retry_on)
        self._uow = uow
        self._scope = Scope(uow, isolation, commit_id)

    def __enter__(self) -> Attempt:
        self._uow._refuse_open_unit("attempts")
        self._scope.__enter__()
        self.entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            self._scope.__exit__(kind, error, trace)
        except Exception as failure:  # raised again unless another attempt follows
            if self._follows(failure, written=self._scope.written):
                return True
            raise
        return self._follows(error, written=self._scope.written)
