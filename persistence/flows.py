"""Procedures of several steps, written once and driven synchronously or asynchronously.

A flow is a generator that yields what it wants done, an `Operation`, a `Sleep`, `Together` or a `Call`, and
is sent the answer (or has the error raised in it). It does no I/O of its own.

What is wanted together is done at once where the store waits for others to answer: by as many threads, or as
many tasks, as the `concurrent_requests` of its limits.

    def read_twice(get: GetItem) -> Flow[Item | None]:
        first = yield from perform(get)
        yield from pause(0.1)
        second = yield from perform(get)
        return second.item or first.item

    run(read_twice(get), store)
    await run_async(read_twice(get), async_store)
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from persistence.operations import Operation
from persistence.store import AsyncStore, Store

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sleep:
    """A wish to wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Together:
    """Operations and flows that don't depend on each other; the answers come in the same order.

    If some fail, the error is that of the first of them, and what has not been begun is not begun any more.

    Attributes:
        parts: the operations, and fresh flows. Flows may run in other threads than the one that waits.
    """

    parts: tuple[Operation[Any] | Generator[Any, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A wish to have the application's own code called; an asynchronous driver awaits what is awaitable."""

    work: Callable[[], object]


Step = Operation[Any] | Sleep | Together | Call
Flow = Generator[Step, Any, R]


def perform(operation: Operation[R]) -> Flow[R]:
    """Ask for one operation; `yield from` gives its typed answer."""
    answer: R = yield operation
    return answer


def perform_together(operations: Sequence[Operation[R]]) -> Flow[list[R]]:
    """Ask for several operations that don't depend on each other."""
    answers: list[R] = yield Together(tuple(operations))
    return answers


def run_together(flows: Sequence[Flow[R]]) -> Flow[list[R]]:
    """Ask for several flows that don't depend on each other to be run."""
    if len(flows) == 1:
        return [(yield from flows[0])]
    results: list[R] = yield Together(tuple(flows))
    return results


def pause(seconds: float) -> Flow[None]:
    """Ask to wait.

    Args:
        seconds: how long.
    """
    yield Sleep(seconds)


def call(work: Callable[[], object]) -> Flow[object]:
    """Ask to have the application's own code called.

    Args:
        work: what to call; the flow gets what it returns, awaited where an asynchronous driver can.
    """
    answer: object = yield Call(work)
    return answer


def run(flow: Flow[R], store: Store, *, sleep: Callable[[float], None] = time.sleep) -> R:
    """Drive a flow over a synchronous store.

    Where something fails of what is wanted together, or the caller is interrupted, operations that are under
    way are waited for, and nothing else is begun; no thread outlives the call.

    Args:
        flow: a fresh flow.
        store: performs its operations.
        sleep: waits for a number of seconds.

    Returns:
        What the flow returns.
    """

    def serve(step: Step) -> Any:
        match step:
            case Sleep(seconds):
                return sleep(seconds)
            case Together(parts):
                return _serve_all(parts, store, sleep)
            case Call(work):
                return work()
            case _:
                return store.perform(step)

    try:
        step = next(flow)
        while True:
            try:
                answer = serve(step)
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


async def run_async(
    flow: Flow[R], store: AsyncStore, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> R:
    """Drive a flow over an asynchronous store; see `run`.

    Where something fails of what is wanted together, what is under way is cancelled.
    """

    async def serve(step: Step) -> Any:
        match step:
            case Sleep(seconds):
                return await sleep(seconds)
            case Together(parts):
                return await _await_all(parts, store, sleep)
            case Call(work):
                given = work()
                return await given if inspect.isawaitable(given) else given
            case _:
                return await store.perform(step)

    try:
        step = next(flow)
        while True:
            try:
                answer = await serve(step)
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


class _Halted(BaseException):
    """What is wanted together ends here, since something else of it failed or nobody waits any more."""


class _Halting:
    """A store, and a way to wait, that threads have in common until one of them fails."""

    def __init__(self, store: Store, sleep: Callable[[float], None]) -> None:
        self.limits = store.limits
        self.halted = threading.Event()
        self._store = store
        self._sleep = sleep

    def perform(self, operation: Operation[R]) -> R:
        self._check()
        return self._store.perform(operation)

    def sleep(self, seconds: float) -> None:
        self._check()
        self._sleep(seconds)

    def serve(self, part: Operation[Any] | Flow[Any]) -> Any:
        try:
            return _serve_part(part, self, self.sleep)
        except BaseException:
            self.halted.set()
            raise

    def _check(self) -> None:
        if self.halted.is_set():
            raise _Halted


def _serve_all(
    parts: Sequence[Operation[Any] | Flow[Any]], store: Store, sleep: Callable[[float], None]
) -> list[Any]:
    most = min(store.limits.concurrent_requests, len(parts))
    if most <= 1:
        return [_serve_part(part, store, sleep) for part in parts]
    halting = _Halting(store, sleep)
    working: list[Future[Any]] = []
    with ThreadPoolExecutor(most, "persistence") as threads:
        try:
            working.extend(threads.submit(copy_context().run, halting.serve, part) for part in parts)
            wait(working, return_when=FIRST_EXCEPTION)
        except BaseException:
            halting.halted.set()
            raise
    failures = (future.exception() for future in working)
    failure = next((error for error in failures if error and not isinstance(error, _Halted)), None)
    if failure is not None:
        raise failure
    return [future.result() for future in working]


def _serve_part(part: Operation[Any] | Flow[Any], store: Store, sleep: Callable[[float], None]) -> Any:
    return run(part, store, sleep=sleep) if isinstance(part, Generator) else store.perform(part)


async def _await_all(
    parts: Sequence[Operation[Any] | Flow[Any]], store: AsyncStore, sleep: Callable[[float], Awaitable[None]]
) -> list[Any]:
    """Serve all in tasks, and raise as the synchronous driver does: an error, never a group."""
    turns = asyncio.Semaphore(max(1, store.limits.concurrent_requests))

    async def in_turn(serve: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        await turns.acquire()
        answer = await serve()
        turns.release()  # who fails keeps the turn, so that nothing else is begun
        return answer

    tasks: list[asyncio.Task[Any]] = []
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                if isinstance(part, Generator):
                    serve = partial(run_async, part, store, sleep=sleep)
                else:
                    serve = partial(store.perform, part)
                tasks.append(group.create_task(in_turn(serve)))
    except BaseExceptionGroup:
        failures = (task.exception() for task in tasks if not task.cancelled())
        failure = next(error for error in failures if error is not None)
    else:
        return [task.result() for task in tasks]
    raise failure
