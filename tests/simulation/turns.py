"""Threads that take turns by seed, so that a run can be repeated: one of them runs, at any time.

Whoever performs an operation or sleeps hands over; chance decides who goes on. Time is counted in turns, and
leaps to the next sleeper when nobody is awake.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from random import Random
from typing import TypeVar

from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, Store

R = TypeVar("R")

SECONDS_PER_TURN = 0.001


class _Runner:
    """A thread that takes turns: it goes on when somebody releases its lock."""

    def __init__(self) -> None:
        self.wakes_at = 0.0
        self.turn = threading.Lock()
        self.turn.acquire()


class Turns:
    """The one turn that there is, and whose it is.

    Args:
        chance: decides who goes on.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._now = 0.0
        self._runners: list[_Runner] = []
        self._current = threading.local()
        self._failures: list[BaseException] = []

    def now(self) -> float:
        """Give the time that has passed, in seconds."""
        return self._now

    def step(self) -> None:
        """Hand over, perhaps to oneself; nothing in a thread that takes no turns."""
        self.sleep(0.0)

    def sleep(self, seconds: float) -> None:
        """Hand over, and go on not before so much time has passed."""
        runner: _Runner | None = getattr(self._current, "runner", None)
        if runner is None:
            return
        runner.wakes_at = self._now + seconds
        self._hand_over()
        runner.turn.acquire()

    def run(self, jobs: Iterable[Callable[[], None]]) -> None:
        """Do jobs in threads that take turns, until all are done.

        Raises:
            BaseException: the first that a job raised.
        """
        threads = []
        for job in jobs:
            runner = _Runner()
            self._runners.append(runner)
            threads.append(threading.Thread(target=self._run, args=(runner, job)))
        for thread in threads:
            thread.start()
        self._hand_over()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _run(self, runner: _Runner, job: Callable[[], None]) -> None:
        runner.turn.acquire()
        self._current.runner = runner
        try:
            job()
        except BaseException as failure:  # noqa: BLE001  # raised in the thread that waits for the jobs
            self._failures.append(failure)
        self._runners.remove(runner)
        self._hand_over()

    def _hand_over(self) -> None:
        if not self._runners:
            return
        self._now = max(self._now + SECONDS_PER_TURN, min(runner.wakes_at for runner in self._runners))
        awake = [runner for runner in self._runners if runner.wakes_at <= self._now]
        self._chance.choice(awake).turn.release()


class TakingTurns:
    """A layer that hands over before and after each operation.

    Args:
        store: the store that does the work.
        turns: who goes on.
    """

    def __init__(self, store: Store, turns: Turns) -> None:
        self._store = store
        self._turns = turns

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        self._turns.step()
        try:
            return self._store.perform(operation)
        finally:
            self._turns.step()


class LoopTurns:
    """The same for tasks of one event loop, which take turns anyway: chance decides for how many they wait.

    Args:
        chance: decides.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._now = 0.0

    def now(self) -> float:
        """Give the time that has passed, in seconds."""
        return self._now

    async def step(self) -> None:
        """Let other tasks go first, perhaps."""
        for _turn in range(self._chance.randrange(3)):
            await self._turn()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks go on until so much time has passed."""
        wakes_at = self._now + seconds
        while self._now < wakes_at:
            await self._turn()

    async def _turn(self) -> None:
        self._now += SECONDS_PER_TURN
        await asyncio.sleep(0)


class TasksTakingTurns:
    """A layer that lets other tasks go first before and after each operation.

    Args:
        store: the store that does the work.
        turns: how many.
    """

    def __init__(self, store: AsyncStore, turns: LoopTurns) -> None:
        self._store = store
        self._turns = turns

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        await self._turns.step()
        try:
            return await self._store.perform(operation)
        finally:
            await self._turns.step()
