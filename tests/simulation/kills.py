"""Killing workers while the store is at work for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TypeVar

from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, Store

R = TypeVar("R")


class Killed(KeyboardInterrupt):
    """The end of a thread, wherever it was."""


class Killing:
    """A layer that kills threads, before or after an operation is performed.

    Args:
        store: the store that does the work.
        chance: decides when.
        probability: of a kill, for each operation.
    """

    def __init__(self, store: Store, chance: Random, probability: float) -> None:
        self._store = store
        self._chance = chance
        self._probability = probability

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        fate = self._chance.random()
        if fate < self._probability / 2:
            raise Killed
        answer = self._store.perform(operation)
        if fate < self._probability:
            raise Killed
        return answer


Cancel = Callable[[], object]
Schedule = Callable[[Cancel], object]
"""Has a task cancelled soon."""


class Cancelling:
    """A layer that has tasks cancelled soon after they asked for an operation, whatever they wait for then.

    Args:
        store: the store that does the work.
        chance: decides when.
        schedule: has something called soon.
        probability: of a kill, for each operation.
    """

    def __init__(self, store: AsyncStore, chance: Random, schedule: Schedule, probability: float) -> None:
        self._store = store
        self._chance = chance
        self._probability = probability
        self._schedule = schedule

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        task = asyncio.current_task()
        if task is not None and self._chance.random() < self._probability:
            self._schedule(task.cancel)
        return await self._store.perform(operation)


def after_turns(chance: Random, most: int) -> Schedule:
    """Have something called after a number of turns of the event loop, which can be repeated."""

    def wait(turns: int, cancel: Cancel) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(wait, turns - 1, cancel)
        else:
            cancel()

    return lambda cancel: wait(chance.randint(1, most), cancel)


def after_seconds(chance: Random, most: float) -> Schedule:
    """Have something called after some time."""
    return lambda cancel: asyncio.get_running_loop().call_later(chance.uniform(0, most), cancel)
