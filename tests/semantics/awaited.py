"""Asynchronous units of work behind the synchronous names, so that one suite states the rules of both.

Every call runs in one event loop and in one context, as if the test were one task: what `async with` leaves
in the context is there in the next call.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextvars import copy_context
from types import TracebackType
from typing import Any, TypeVar

from persistence import AsyncRepository, AsyncUnitOfWork
from persistence.bulk import AsyncBulk
from persistence.operations import Operation
from persistence.query import AsyncQuery
from persistence.store import AsyncStore, Limits
from persistence.unit_of_work import AsyncAttempt, AsyncScope

R = TypeVar("R")


class OneTask:
    """An event loop and a context, in which awaitables are run one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._context = copy_context()

    def run(self, work: Callable[[], Any]) -> Any:
        """Call something within the loop, and await what it gives."""

        async def call() -> Any:
            given = work()
            return await given if inspect.isawaitable(given) else given

        task = self._loop.create_task(call(), context=self._context)
        return self._loop.run_until_complete(task)

    def iterate(self, make: Callable[[], Any]) -> Iterator[Any]:
        """Give what an asynchronous iterable gives."""
        iterator = self.run(lambda: aiter(make()))
        try:
            while True:
                try:
                    found = self.run(lambda: anext(iterator))
                except StopAsyncIteration:
                    return
                yield found
        finally:
            if hasattr(iterator, "aclose"):
                self.run(iterator.aclose)

    def close(self) -> None:
        """End the loop."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class RecordingAsync:
    """A layer that keeps every operation that passes, in the list of its synchronous side.

    Args:
        store: the store that does the work.
        side: the layer whose limits and list it shares.
    """

    def __init__(self, store: AsyncStore, side: Any) -> None:
        self.below = store
        self._side = side

    @property
    def limits(self) -> Limits:
        limits: Limits = self._side.limits
        return limits

    async def perform(self, operation: Operation[R]) -> R:
        self._side.operations.append(operation)
        return await self.below.perform(operation)


class AwaitedBlock:
    """An asynchronous context manager as a synchronous one."""

    def __init__(self, block: AsyncScope | AsyncAttempt, task: OneTask, entered: Any = None) -> None:
        self._block = block
        self._task = task
        self._entered = entered

    def __enter__(self) -> Any:
        self._task.run(self._block.__aenter__)
        return self._entered or self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        swallowed: bool | None = self._task.run(lambda: self._block.__aexit__(kind, error, trace))
        return swallowed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)


class AwaitedUnitOfWork:
    """An `AsyncUnitOfWork` by the names of a synchronous one."""

    def __init__(self, uow: AsyncUnitOfWork, task: OneTask) -> None:
        self.asynchronous = uow
        self._task = task

    def __enter__(self) -> AwaitedUnitOfWork:
        self._task.run(self.asynchronous.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.run(lambda: self.asynchronous.__aexit__(kind, error, trace))

    def __call__(self, **arguments: Any) -> AwaitedBlock:
        return AwaitedBlock(self.asynchronous(**arguments), self._task, self)

    @property
    def pending(self) -> Any:
        return self._task.run(lambda: self.asynchronous.pending)

    def record(self, event: object, entity: object | None = None) -> None:
        self._task.run(lambda: self.asynchronous.record(event, entity))

    def run(self, work: Callable[[], R], attempts: int = 5, **policies: Any) -> R:
        results: list[R] = []
        for attempt in self.attempts(attempts, **policies):
            with attempt:
                results.append(work())
        return results[-1]

    def attempts(self, attempts: int = 5, **policies: Any) -> Iterator[AwaitedBlock]:
        # Refused at once, as by the synchronous one.
        made = self._task.run(lambda: self.asynchronous.attempts(attempts, **policies))
        return (AwaitedBlock(attempt, self._task) for attempt in self._task.iterate(lambda: made))

    def __getattr__(self, name: str) -> Any:
        return _awaited(getattr(self.asynchronous, name), self._task)


class AwaitedRepository:
    """An `AsyncRepository` by the names of a synchronous one."""

    def __init__(self, repository: AsyncRepository[Any], task: OneTask) -> None:
        self._repository = repository
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return _awaited(getattr(self._repository, name), self._task)


class AwaitedQuery:
    """An `AsyncQuery` by the names of a synchronous one."""

    def __init__(self, query: AsyncQuery[Any], task: OneTask) -> None:
        self._query = query
        self._task = task

    def __iter__(self) -> Iterator[Any]:
        # The query's unit is found now, not at the first result.
        iterator = self._task.run(lambda: aiter(self._query))
        return self._task.iterate(lambda: iterator)

    def __getattr__(self, name: str) -> Any:
        return _awaited(getattr(self._query, name), self._task)


class AwaitedBulk:
    """An `AsyncBulk` by the names of a synchronous one."""

    def __init__(self, bulk: AsyncBulk[Any], task: OneTask) -> None:
        self._bulk = bulk
        self._task = task

    def __enter__(self) -> AwaitedBulk:
        self._task.run(self._bulk.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.run(lambda: self._bulk.__aexit__(kind, error, trace))

    def __getattr__(self, name: str) -> Any:
        return _awaited(getattr(self._bulk, name), self._task)


def _awaited(member: Any, task: OneTask) -> Any:
    if not callable(member) or isinstance(member, type):
        return member

    def call(*args: Any, **kwargs: Any) -> Any:
        given = task.run(lambda: member(*args, **kwargs))
        if isinstance(given, AsyncBulk):
            return AwaitedBulk(given, task)
        if isinstance(given, AsyncRepository):
            return AwaitedRepository(given, task)
        if isinstance(given, AsyncQuery):
            return AwaitedQuery(given, task)
        return _Awaited(given, task) if type(given).__name__ == "AsyncPatchBuilder" else given

    return call


class _Awaited:
    """A builder whose calls give builders, until one of them is awaited."""

    def __init__(self, builder: Any, task: OneTask) -> None:
        self._builder = builder
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return _awaited(getattr(self._builder, name), self._task)
