"""What a contender that talks to the service offers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.harness import Contender, Seconds, calling_out
from benchmarks.service.models import SHAPES, Shape

Job = str
"""What is done, with its shape: "get simple", "query 100 complex", "commit of 25 wide"."""

AT_ONCE = 32
"""Calls that are under way at the same time where a contender is measured so."""


_CONCURRENT = ("get", "put", "update", "query 100 ")
"""Jobs that are also done many at the same time."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to talk to the service.

    Attributes:
        name: how it is shown.
        jobs: what it can do; a contender each.
        calls: the same, done once; gives what was found.
        close: gives back what it holds.
    """

    name: str
    jobs: Mapping[Job, Contender]
    calls: Mapping[Job, Callable[[], object]]
    close: Callable[[], object] = lambda: None


def ways_of(
    name: str,
    jobs: Callable[[Shape], Iterator[tuple[str, Callable[[], object]]]],
    close: Callable[[], object] = lambda: None,
) -> Way:
    """Make a way of functions that do a job once and give what it found.

    Args:
        name: how it is shown.
        jobs: the jobs on a shape, by what is done: "get", "query 100".
        close: gives back what it holds.
    """
    found = {f"{what} {shape.name}": job for shape in SHAPES.values() for what, job in jobs(shape)}
    return Way(name, {job: calling_out(name, function) for job, function in found.items()}, found, close)


def awaiting(
    name: str, loop: asyncio.AbstractEventLoop, job: Callable[[], Awaitable[object]], at_once: int = 1
) -> Contender:
    """Make a contender whose work is awaited, so many at the same time, in an event loop that goes on.

    The time is that of the processor in all threads of this process, garbage collection included.
    """

    async def worker(numbers: Iterator[int]) -> None:
        for _ in numbers:
            await job()

    async def work(number: int) -> None:
        numbers = iter(range(number))
        await asyncio.gather(*(worker(numbers) for _ in range(at_once)))

    def seconds(number: int) -> Seconds:
        begun = time.process_time()
        loop.run_until_complete(work(number))
        return time.process_time() - begun

    return Contender(name, seconds, least=1 if at_once == 1 else 2 * at_once, waits=True)


def ways_awaited(
    name: str,
    loop: asyncio.AbstractEventLoop,
    jobs: Callable[[Shape], Iterator[tuple[str, Callable[[], Awaitable[object]]]]],
    close: Callable[[], object],
) -> Iterator[Way]:
    """Make two ways of coroutine functions: one call after the other, and many at the same time."""
    found = {f"{what} {shape.name}": job for shape in SHAPES.values() for what, job in jobs(shape)}
    once = {job: partial(_once, loop, function) for job, function in found.items()}
    yield Way(name, {job: awaiting(name, loop, function) for job, function in found.items()}, once)
    many = f"{name} x{AT_ONCE}"
    few = {job: function for job, function in found.items() if job.startswith(_CONCURRENT)}
    yield Way(
        many,
        {job: awaiting(many, loop, function, AT_ONCE) for job, function in few.items()},
        {job: once[job] for job in few},
        close,
    )


def _once(loop: asyncio.AbstractEventLoop, job: Callable[[], Awaitable[object]]) -> object:
    async def awaited() -> object:
        return await job()

    return loop.run_until_complete(awaited())
