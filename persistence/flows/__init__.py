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

from typing import TYPE_CHECKING

from persistence.flows.driving import perform_in_time, run
from persistence.flows.steps import (
    Call,
    Flow,
    Sleep,
    Step,
    Together,
    call,
    pause,
    perform,
    perform_together,
    run_together,
    wait_for,
)
from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.flows.awaiting import perform_in_time_async, run_async

__all__ = [
    "Call",
    "Flow",
    "Sleep",
    "Step",
    "Together",
    "call",
    "pause",
    "perform",
    "perform_in_time",
    "perform_in_time_async",
    "perform_together",
    "run",
    "run_async",
    "run_together",
    "wait_for",
]

__getattr__, __dir__ = lazy_face(
    __name__, {"persistence.flows.awaiting": ("perform_in_time_async", "run_async")}
)
