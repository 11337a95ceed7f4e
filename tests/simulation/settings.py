"""What a run of the simulation is to be."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Literal

from persistence.events import LOGGER_NAME
from tests.simulation.bank.tellers import Manner

Workers = Literal["threads", "tasks", "processes"]
Place = Literal["memory", "dynamodb-local"]


@dataclass(frozen=True, slots=True)
class Settings:
    """A run, repeatable as far as its workers and its store are.

    Attributes:
        kind: what the workers are.
        store: where the bank is.
        seed: of all chance.
        workers: how many work at a time.
        units: how many units each of them does, the ones after it included if it is killed; None for no end.
        seconds: after which no further unit is begun; None for no end.
        serializable: the isolation of units.
        records: whether each unit leaves a commit record.
        kill_probability: of a kill, for each operation: a worker lives for some 25 units.
        clock_skew: seconds by which the clock on the wall is wrong at most, each time differently.
        mail: whether workers post letters in bulk, and read them page by page.
        mutant: what is broken on purpose.
    """

    kind: Workers
    store: Place
    seed: int
    workers: int = 6
    units: int | None = None
    seconds: float | None = None
    serializable: bool = True
    records: bool = False
    kill_probability: float = 0.008
    clock_skew: float = 100.0
    mail: bool = True
    mutant: str | None = None

    @property
    def manner(self) -> Manner:
        """How units are done."""
        return Manner("serializable" if self.serializable else "default", self.records)

    def chance(self, purpose: str) -> Random:
        """Make dice for one purpose."""
        return Random(f"{self.seed}/{purpose}")

    def __str__(self) -> str:
        extent = f"{self.units} units each" if self.units is not None else f"{self.seconds} s"
        extras = [
            *(["commit records"] if self.records else []),
            *([] if self.mail else ["no mail"]),
            *([self.mutant] if self.mutant else []),
        ]
        return ", ".join(
            [
                f"{self.workers} {self.kind} on {self.store}",
                extent,
                f"isolation {self.manner.isolation}",
                *extras,
                f"seed {self.seed}",
            ]
        )


class Allowance:
    """How much a worker may still do.

    Args:
        units: how many units; None for no end.
        until: in the time of `time.time()`, which processes share; None for no end.
    """

    def __init__(self, units: int | None, until: float | None) -> None:
        self.units = units
        self.until = until

    @property
    def left(self) -> bool:
        """Whether there is any."""
        return (self.units is None or self.units > 0) and (self.until is None or time.time() < self.until)

    def spend(self) -> None:
        """Take one unit off."""
        if self.units is not None:
            self.units -= 1


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's events to itself: thousands of conflicts are the purpose here, and no news."""
    log = logging.getLogger(LOGGER_NAME)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def allowances(settings: Settings) -> list[Allowance]:
    """Give the allowance of each of a run's workers, and of those that take its place."""
    until = None if settings.seconds is None else time.time() + settings.seconds
    return [Allowance(settings.units, until) for _worker in range(settings.workers)]
