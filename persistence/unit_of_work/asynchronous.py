"""The asynchronous unit of work: the same as the synchronous one, awaited, from the same flows."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar, overload

from persistence.deadlines import check_pause
from persistence.entity_keys import EntityKey
from persistence.errors import CommitOutcomeUnknown
from persistence.flows import Flow, run_async
from persistence.store import AsyncStore
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


class AsyncUnitOfWork(UnitOfWorkBase[AsyncStore]):
    """Collects what asynchronous repositories do within `async with uow:` and commits it as one transaction.

    It does what `UnitOfWork` does, with the same arguments and from the same code. One object serves a whole
    application. A unit belongs to the event loop in which it was opened: its tasks may use it together, and
    must have ended, or left their own blocks, when the block that opened it ends.

    A task that is cancelled while its commit is sent leaves the outcome unknown or committed, never failed:
    the cancellation goes on with a `CommitOutcomeUnknown` as its context, which is in `last_outcome` as well,
    and `resume` finds out.

    Args:
        store: an asynchronous store, or a callable that gives one; a unit keeps the one that it opened with.
        policies: as for `UnitOfWork`, with `cursor_keys`. Handlers of events may be coroutine functions.

    Raises:
        UnitOfWorkStateError: a policy that can't be.
        ConfigurationError: cursor keys that can't be.
    """

    _asynchronous = True

    async def __aenter__(self) -> AsyncUnitOfWork:
        self._enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave_now(self._left_here(), error)

    def __call__(self, *, isolation: Isolation = "default", commit_id: str | None = None) -> AsyncScope:
        """Make a scope for one `async with` statement; see `UnitOfWork.__call__`."""
        self._check_scope(isolation, commit_id)
        return AsyncScope(self, isolation, commit_id)

    async def commit(self) -> None:
        """Commit what the unit holds so far; the unit goes on. See `UnitOfWork.commit`."""
        flow, store = self._commit_early()
        await self._drive(flow, store)

    async def rollback(self) -> None:
        """Drop all entities, changes and events of the unit; see `UnitOfWork.rollback`."""
        self._rollback()

    async def resume(self, outcome: CommitOutcomeUnknown | str) -> committing.Committed:
        """Repeat a commit whose outcome is unknown; see `UnitOfWork.resume`."""
        resumption = self._resumption(outcome)
        return await self._drive(self._resume(resumption), resumption.store)

    async def was_committed(self, commit_id: str) -> bool:
        """Tell by its commit record whether a commit took effect; see `UnitOfWork.was_committed`."""
        return await self._drive(self._pipeline.was_committed(commit_id), self.store)

    @overload
    async def snapshot(self, first: EntityKey[A], /) -> tuple[A | None]: ...
    @overload
    async def snapshot(self, first: EntityKey[A], second: EntityKey[B], /) -> tuple[A | None, B | None]: ...
    @overload
    async def snapshot(
        self, first: EntityKey[A], second: EntityKey[B], third: EntityKey[C], /
    ) -> tuple[A | None, B | None, C | None]: ...
    @overload
    async def snapshot(self, *keys: EntityKey[Any]) -> tuple[Any, ...]: ...
    async def snapshot(self, *keys: EntityKey[Any]) -> tuple[Any, ...]:
        """Read entities as they are at one moment; see `UnitOfWork.snapshot`."""
        return await self.perform(self._snapshot(keys))

    @overload
    async def run(
        self,
        work: Callable[[], Awaitable[R]],
        attempts: int = ...,
        *,
        retry_on: RetryOn = ...,
        isolation: Isolation = ...,
        commit_id: str | None = ...,
    ) -> R: ...
    @overload
    async def run(
        self,
        work: Callable[[], R],
        attempts: int = ...,
        *,
        retry_on: RetryOn = ...,
        isolation: Isolation = ...,
        commit_id: str | None = ...,
    ) -> R: ...
    async def run(
        self,
        work: Callable[[], Awaitable[R] | R],
        attempts: int = DEFAULT_ATTEMPTS,
        *,
        retry_on: RetryOn = (),
        isolation: Isolation = "default",
        commit_id: str | None = None,
    ) -> R:
        """Do work in a unit of its own, and again in a new one with fresh reads when it met a conflict.

        Args:
            work: a coroutine function, or a function; it may be called several times.
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
        async for attempt in self._attempts(
            check_attempts(attempts, retry_on), retry_on, isolation, commit_id
        ):
            async with attempt:
                # No `return` in here: it would go on even where leaving the block swallows a conflict.
                given = work()
                refuse_generator(given)
                results.append(await _awaited(given))
        return results[-1]

    def attempts(
        self,
        attempts: int = DEFAULT_ATTEMPTS,
        *,
        retry_on: RetryOn = (),
        isolation: Isolation = "default",
        commit_id: str | None = None,
    ) -> AsyncIterator[AsyncAttempt]:
        """Give the same as `run` for a loop: `async for attempt in uow.attempts(): async with attempt: ...`.

        Don't leave the block by `return` or `break`; see `UnitOfWork.attempts`.

        Raises:
            UnitOfWorkStateError: a unit is open here.
        """
        self._refuse_open_unit("attempts")
        self._check_scope(isolation, commit_id)
        return self._attempts(check_attempts(attempts, retry_on), retry_on, isolation, commit_id)

    async def perform(self, flow: Flow[R]) -> R:
        """Drive a repository's flow over the store of the unit that is open here, or the present one."""
        entry = innermost(self)
        return await self._drive(flow, self.store if entry is None else entry.unit.store)

    async def _leave_now(self, entry: ScopeEntry, failure: BaseException | None) -> None:
        await self._drive(self._leave(entry, failure), entry.unit.store)

    async def _drive(self, flow: Flow[R], store: AsyncStore) -> R:
        return await run_async(flow, store, sleep=self.timing.sleep_async)

    async def _attempts(
        self, attempts: int, retry_on: RetryOn, isolation: Isolation, commit_id: str | None
    ) -> AsyncIterator[AsyncAttempt]:
        for number in range(1, attempts + 1):
            attempt = AsyncAttempt(
                self, number, retry_on if number < attempts else None, isolation, commit_id
            )
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
            await self.timing.sleep_async(wait)


async def _awaited(given: Any) -> Any:
    return await given if inspect.isawaitable(given) else given


class AsyncScope(ScopeBase[AsyncStore]):
    """One `async with` block of a unit of work; it may be left in another context of the same loop."""

    def __init__(
        self, uow: AsyncUnitOfWork, isolation: Isolation = "default", commit_id: str | None = None
    ) -> None:
        super().__init__(uow, isolation, commit_id)
        self._uow = uow

    async def __aenter__(self) -> AsyncUnitOfWork:
        self._enter()
        return self._uow

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._uow._leave_now(self._entered, error)


class AsyncAttempt(AttemptBase):
    """One attempt at a unit; see `AsyncUnitOfWork.attempts`."""

    def __init__(
        self,
        uow: AsyncUnitOfWork,
        number: int,
        retry_on: RetryOn | None,
        isolation: Isolation,
        commit_id: str | None,
    ) -> None:
        super().__init__(number, retry_on)
        self._uow = uow
        self._scope = AsyncScope(uow, isolation, commit_id)

    async def __aenter__(self) -> AsyncAttempt:
        self._uow._refuse_open_unit("attempts")
        await self._scope.__aenter__()
        self.entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            await self._scope.__aexit__(kind, error, trace)
        except Exception as failure:  # raised again unless another attempt follows
            if self._follows(failure, written=self._scope.written):
                return True
            raise
        return self._follows(error, written=self._scope.written)
