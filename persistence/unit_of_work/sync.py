"""The synchronous unit of work."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TypeVar

from persistence.errors import UnitOfWorkStateError
from persistence.events import event_log
from persistence.flows import Flow, run
from persistence.store import Store
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.retrying import DEFAULT_ATTEMPTS, RetryOn, check_attempts, is_retried
from persistence.unit_of_work.scopes import ScopeEntry, innermost

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
        clock: gives the present time, aware, for created_at and updated_at.
        ids: gives unique texts of at most 36 characters, for client tokens.
        deadline: seconds, over 0 and at most 540, for which a commit is repeated after lost answers,
            throttling or busy items.
        autocommit: whether a write outside a unit acts at once; False makes it an error.
        scan_policy: what happens to a query that only a scan can answer: "warn" (a `ScanWarning` and an
            event), "forbid" (`ScanForbidden` before anything is sent) or "allow". `scan()` is always allowed.
        timing: time, waiting and chance, for tests.

    Raises:
        UnitOfWorkStateError: a deadline out of range.
    """

    def __enter__(self) -> UnitOfWork:
        self._enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave_now(self._left_here(), error)

    def __call__(self) -> Scope:
        """Make a scope for one `with` statement that may be left in another context, as in generators."""
        return Scope(self)

    def commit(self) -> None:
        """Commit what the unit holds so far; the unit goes on.

        Raises:
            CommitConflict: it was refused; nothing took effect, and the unit is broken.
            CommitOutcomeUnknown: its answer was lost; the unit is broken.
            ValidationFailed, KeyChanged, TransactionTooLarge, ItemTooLarge: nothing was sent; the unit is
                broken.
            UnitOfWorkStateError: no unit is open here, or this scope only joined it.
        """
        unit = self._opened("commit").unit
        self._drive(self._commit(unit), unit.store)

    def run(self, work: Callable[[], R], attempts: int = DEFAULT_ATTEMPTS, *, retry_on: RetryOn = ()) -> R:
        """Do work in a unit of its own, and again in a new one with fresh reads when it met a conflict.

        Args:
            work: does the reading and changing; it may be called several times, so its other effects repeat.
            attempts: how often at most.
            retry_on: further types of errors, or of a conflict's reasons, to be repeated.

        Returns:
            What `work` returned in the attempt that was committed.

        Raises:
            CommitConflict: the last attempt's.
            UnitOfWorkStateError: a unit is open here.
        """
        self._refuse_open_unit("run")
        results: list[R] = []
        for attempt in self._attempts(check_attempts(attempts), retry_on):
            with attempt:
                # No `return` in here: it would go on even where leaving the block swallows a conflict.
                results.append(_finished(work()))
        return results[-1]

    def attempts(self, attempts: int = DEFAULT_ATTEMPTS, *, retry_on: RetryOn = ()) -> Iterator[Attempt]:
        """Give the same as `run` for a loop: `for attempt in uow.attempts(): with attempt: ...`.

        Don't leave the block by `return` or `break`: its commit comes after that, and may be refused.

        Args:
            attempts: how often at most.
            retry_on: further types of errors, or of a conflict's reasons, to be repeated.

        Raises:
            UnitOfWorkStateError: a unit is open here.
        """
        self._refuse_open_unit("attempts")
        return self._attempts(check_attempts(attempts), retry_on)

    def perform(self, flow: Flow[R]) -> R:
        """Drive a repository's flow over the store of the unit that is open here, or the present one."""
        entry = innermost(self)
        return self._drive(flow, self.store if entry is None else entry.unit.store)

    def _leave_now(self, entry: ScopeEntry, failure: BaseException | None) -> None:
        self._drive(self._leave(entry, failure), entry.unit.store)

    def _drive(self, flow: Flow[R], store: Store) -> R:
        return run(flow, store, sleep=self.timing.sleep)

    def _attempts(self, attempts: int, retry_on: RetryOn) -> Iterator[Attempt]:
        for number in range(1, attempts + 1):
            attempt = Attempt(self, number, retry_on if number < attempts else None)
            try:
                yield attempt
            except GeneratorExit:
                attempt.refuse_to_be_abandoned()
                raise
            if attempt.finished:
                return
            if not attempt.entered:
                raise UnitOfWorkStateError("the attempt was not entered; write `with attempt:` in the loop")
            wait = self.timing.backoff(number)
            event_log().info("uow.repeated", attempt=number, seconds=round(wait, 3))
            self.timing.sleep(wait)


def _finished(result: R) -> R:
    """Refuse work that has only begun."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise UnitOfWorkStateError(
            "run: the work is asynchronous, and this unit of work is not; nothing was done"
        )
    return result


class Scope:
    """One `with` block of a unit of work; it may be left in another context of the same thread and loop."""

    __slots__ = ("_entry", "_uow")

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._entry: ScopeEntry | None = None

    @property
    def written(self) -> bool:
        """Whether an early commit of its unit has written something."""
        return self._entry is not None and self._entry.unit.written

    def __enter__(self) -> UnitOfWork:
        if self._entry is not None:
            raise UnitOfWorkStateError("a scope serves one `with` statement; call uow() again for another")
        self._entry = self._uow._enter(one_shot=True)
        return self._uow

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._entry is not None
        self._uow._leave_now(self._entry, error)


class Attempt:
    """One attempt at a unit: a block that swallows a conflict if another attempt follows.

    Attributes:
        number: 1 for the first.
        entered: whether its block was entered.
        finished: whether no further attempt follows.
    """

    def __init__(self, uow: UnitOfWork, number: int, retry_on: RetryOn | None) -> None:
        self.number = number
        self.entered = False
        self.finished = False
        self._uow = uow
        self._scope = Scope(uow)
        self._retry_on = retry_on
        self._swallowed: BaseException | None = None

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
            if self._follows(failure):
                return True
            raise
        return self._follows(error)

    def refuse_to_be_abandoned(self) -> None:
        """Report that the loop was left although this attempt was refused and another one is due.

        That is what `return` and `break` inside the block do when its commit meets a conflict. The language
        offers no way to raise this where the loop was left: it is logged, and shown as an unraisable error.
        """
        if self._swallowed is not None:
            event_log().warning("uow.abandoned", attempt=self.number)
            raise UnitOfWorkStateError(
                "the loop over attempts was left by `return` or `break` inside the block, but its commit was "
                "refused: nothing was written. Leave after the loop, or use uow.run(...)"
            ) from self._swallowed

    def _follows(self, error: BaseException | None) -> bool:
        """Tell whether another attempt follows this outcome; what an early commit wrote is not repeated."""
        self.finished = (
            error is None
            or self._retry_on is None
            or self._scope.written
            or not is_retried(error, self._retry_on)
        )
        self._swallowed = None if self.finished else error
        return not self.finished
