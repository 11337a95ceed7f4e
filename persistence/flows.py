"""Procedures of several steps, written once and driven synchronously or asynchronously.

A flow is a generator that yields what it wants done, an `Operation`, a `Sleep`, `Together` or a `Call`, and
is sent the answer (or has the error raised in it). It does no I/O of its own.

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
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
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
    """Operations that don't depend on each other; the answers come in the same order."""

    operations: tuple[Operation[Any], ...]


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
            case Together(operations):
                return [store.perform(operation) for operation in operations]
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

    Of operations together that fail, the error of the first is raised, and those under way are cancelled.
    """

    async def serve(step: Step) -> Any:
        match step:
            case Sleep(seconds):
                return await sleep(seconds)
            case Together(operations):
                return await _all_of(operations, store)
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


async def _all_of(operations: Sequence[Operation[Any]], store: AsyncStore) -> list[Any]:
    """Perform operations at once, and raise as the synchronous driver does: an error, never a group."""
    tasks: list[asyncio.Task[Any]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks.extend(group.create_task(store.perform(operation)) for operation in operations)
    except BaseExceptionGroup:
        failures = (task.exception() for task in tasks if not task.cancelled())
        failure = next(error for error in failures if error is not None)
    else:
        return [task.result() for task in tasks]
    raise failure
