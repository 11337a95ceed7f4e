"""A throttle storm: everything is throttled for a while, and then nothing; workers commit all the time.

Run for real from a shell: `python -m tests.simulation.throttle_storm --seconds 30`.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from persistence import CommitConflict, MemoryStore, Repository, Throttled, UnitOfWork
from persistence.operations import Operation
from persistence.store import Limits, Store
from persistence.stores.layers import LayeredStore, Retries, RetryPolicy
from persistence.timing import Timing
from tests.simulation.bank.domain import Counter as Tally
from tests.simulation.bank.mappings import CounterMapping
from tests.simulation.settings import quiet
from tests.simulation.turns import Turns

R = TypeVar("R")

CALM = 2.0
"""Seconds before a storm."""

AFTERWARDS = 6.0
"""Seconds after it."""


@dataclass(slots=True)
class Weather:
    """A store that throttles everything from one moment to another; safe to share between threads.

    Attributes:
        asked: second of the storm -> how many requests came in it.
        answered: when the first request was answered after the storm, in seconds after its end.
    """

    store: Store
    now: Callable[[], float]
    begins: float
    ends: float
    asked: Counter[int] = field(default_factory=Counter)
    answered: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def limits(self) -> Limits:
        return self.store.limits

    def perform(self, operation: Operation[R]) -> R:
        now = self.now()
        if self.begins <= now < self.ends:
            with self._lock:
                self.asked[int(now - self.begins)] += 1
            raise Throttled("the storm", code="ThrottlingException")
        answer = self.store.perform(operation)
        with self._lock:
            if self.answered is None and now >= self.ends:
                self.answered = now - self.ends
        return answer


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of a storm.

    Attributes:
        seconds: how long it was.
        requests: how many came in each of its seconds.
        recovered: seconds after its end in which the first commit succeeded; None if none did.
        all_recovered: seconds in which each worker had one.
        committed: how many units were.
        throttled: how many units gave up, with an error that says why.
        longest: seconds that the longest of those took, of the deadline.
        deadline: seconds.
        lost: acknowledged increments that are not stored, or stored ones that nobody was told of.
    """

    seconds: float
    requests: tuple[int, ...]
    recovered: float | None
    all_recovered: float | None
    committed: int
    throttled: int
    longest: float
    deadline: float
    lost: int

    @property
    def broken(self) -> tuple[str, ...]:
        """The promises that were not kept."""
        kept = {
            "at most 20 requests in each second": max(self.requests, default=0) <= 20,
            "success within 2 seconds": self.recovered is not None and self.recovered <= 2.0,
            "deadlines within 10 %": self.longest <= self.deadline * 1.1,
            "nothing lost or doubled": self.lost == 0,
        }
        return tuple(promise for promise, holds in kept.items() if not holds)

    def __str__(self) -> str:
        return (
            f"{self.seconds:.0f} s of throttling: {sum(self.requests)} requests, at most "
            f"{max(self.requests, default=0)} in a second; first commit {_shown(self.recovered)} s and all "
            f"workers {_shown(self.all_recovered)} s after it; {self.committed} committed, {self.throttled} "
            f"gave up after at most {self.longest:.2f} s of {self.deadline:.0f}; {self.lost} lost or doubled"
        )


def _shown(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f}"


@dataclass(slots=True)
class _Worker:
    """One who commits all the time, to an item of its own."""

    uow: UnitOfWork
    name: str
    now: Callable[[], float]
    rest: Callable[[float], None]
    until: float
    storm_ends: float
    committed: int = 0
    gave_up: list[float] = field(default_factory=list)
    recovered: float | None = None

    def work(self) -> None:
        tallies = Repository(CounterMapping, self.uow)
        while self.now() < self.until:
            begun = self.now()
            try:
                with self.uow:
                    tallies.patch(self.name).increment("value", 1).execute()
            except (Throttled, CommitConflict):
                self.gave_up.append(self.now() - begun)
            else:
                self.committed += 1
                if self.recovered is None and self.now() >= self.storm_ends:
                    self.recovered = self.now() - self.storm_ends
            self.rest(0.02)


def run_storm(
    now: Callable[[], float],
    sleep: Callable[[float], None],
    run: Callable[[Sequence[Callable[[], None]]], None],
    *,
    seconds: float,
    seed: int,
    workers: int = 8,
    deadline: float = 8.0,
    policy: RetryPolicy | None = None,
) -> Storm:
    """Let workers commit to one store before, during and after a storm.

    Args:
        now: the time.
        sleep: waits.
        run: runs jobs side by side, until all have ended.
        seconds: how long the storm is.
        seed: of all chance.
        workers: how many there are.
        deadline: of a commit.
        policy: of retries; None for the default.
    """
    chance = Random(f"{seed}/storm")
    memory = MemoryStore()
    begins = now() + CALM
    weather = Weather(memory, now, begins, begins + seconds)
    timing = Timing(now, sleep, chance=chance.random)
    store = LayeredStore(weather, Retries(policy, timing=timing), sleep=sleep)
    uow = UnitOfWork(store, deadline=deadline, timing=timing)
    names = [f"worker-{number}" for number in range(workers)]
    calm = Repository(CounterMapping, UnitOfWork(memory))
    for name in names:
        calm.add(Tally(name))
    crew = [_Worker(uow, name, now, sleep, weather.ends + AFTERWARDS, weather.ends) for name in names]
    with quiet():
        run([worker.work for worker in crew])
    stored = {name: calm.get(name).value for name in names}
    recoveries = [worker.recovered for worker in crew]
    known = [each for each in recoveries if each is not None]
    return Storm(
        seconds,
        tuple(weather.asked[second] for second in range(int(seconds))),
        min(known, default=None),
        max(known) if len(known) == workers else None,
        sum(worker.committed for worker in crew),
        sum(len(worker.gave_up) for worker in crew),
        max((each for worker in crew for each in worker.gave_up), default=0.0),
        deadline,
        sum(abs(stored[worker.name] - worker.committed) for worker in crew),
    )


def simulated_storm(
    seed: int, *, seconds: float = 30.0, workers: int = 8, policy: RetryPolicy | None = None
) -> Storm:
    """Have a storm in the time of threads that take turns; a seed repeats it."""
    turns = Turns(Random(f"{seed}/turns"))
    return run_storm(
        turns.now, turns.sleep, turns.run, seconds=seconds, seed=seed, workers=workers, policy=policy
    )


def real_storm(seed: int, *, seconds: float = 30.0, workers: int = 8) -> Storm:
    """Have a storm in real time."""
    return run_storm(time.monotonic, time.sleep, _side_by_side, seconds=seconds, seed=seed, workers=workers)


def _side_by_side(jobs: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as threads:
        for future in [threads.submit(job) for job in jobs]:
            future.result()


def main(arguments: Sequence[str]) -> int:
    """Have a storm in real time; 0 if all promises were kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.throttle_storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    storm = real_storm(given.seed, seconds=given.seconds)
    sys.stdout.write(f"{storm}\n" + "".join(f"NOT KEPT: {promise}\n" for promise in storm.broken))
    return int(bool(storm.broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
