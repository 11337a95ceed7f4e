"""The asynchronous driver."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import partial
from typing import Any, TypeVar

from persistence.deadlines import check_pause, present_deadline
from persistence.errors import StoreUnavailable, Throttled
from persistence.flows.driving import too_late
from persistence.flows.steps import Call, Flow, Sleep, Together
from persistence.operation_facts import can_write
from persistence.operations import Operation
from persistence.store import AsyncStore

R = TypeVar("R")


async def run_async(
    flow: Flow[R], store: AsyncStore, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> R:
    """Drive a flow over an asynchronous store; see `run`.

    Where something fails of what is wanted together, what is under way is cancelled.
    """
    try:
        step = next(flow)
        while True:
            try:
                if isinstance(step, Operation):
                    answer = await perform_in_time_async(step, store)
                else:
                    answer = await _await(step, store, sleep)
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


async def _await(
    step: Sleep | Together | Call, store: AsyncStore, sleep: Callable[[float], Awaitable[None]]
) -> Any:
    match step:
        case Sleep(seconds):
            check_pause(seconds)
            return await sleep(seconds)
        case Together(parts):
            return await _await_all(parts, store, sleep)
        case Call(work, blocking=True):
            return await asyncio.to_thread(work)
        case Call(work):
            given = work()
            return await given if inspect.isawaitable(given) else given
        case _:  # what is no operation is the store's to refuse
            return await perform_in_time_async(step, store)


async def perform_in_time_async(operation: Operation[R], store: AsyncStore) -> R:
    """Do the same as `perform_in_time`, and don't wait longer for the answer.

    Raises:
        DeadlineExceeded: the deadline passed, and nothing took effect.
        StoreUnavailable: it passed while a write was under way; ambiguous.
    """
    deadline = present_deadline()
    if deadline is None:
        return await store.perform(operation)
    deadline.check(type(operation).__name__)
    waiting = asyncio.timeout(deadline.left)
    try:
        async with waiting:
            return await store.perform(operation)
    except TimeoutError as failure:
        if not waiting.expired():
            raise
        raise deadline.cut_off(type(operation).__name__, writes=can_write(type(operation))) from failure
    except (StoreUnavailable, Throttled) as failure:
        late = too_late(deadline, operation, failure)
        if late is None:
            raise
        raise late from failure


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
                    serve = partial(perform_in_time_async, part, store)
                tasks.append(group.create_task(in_turn(serve)))
    except BaseExceptionGroup:
        failures = (task.exception() for task in tasks if not task.cancelled())
        failure = next(error for error in failures if error is not None)
    else:
        return [task.result() for task in tasks]
    raise failure
