"""Measures contenders against each other, so that a noisy machine hurts all of them alike.

All contenders of a comparison run in every round, one after the other, each round starting with another one.
A ratio is taken within each round, and the median of these is what is told: a burst of other work during one
round shifts both sides of its ratio, and the median forgets it.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from types import MappingProxyType
from typing import Literal

Seconds = float


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work of a comparison.

    Attributes:
        name: how it is shown.
        seconds: does the work so many times and tells how long all of it took.
        fixed: do the work so many times per round instead of finding out how often it fits.
    """

    name: str
    seconds: Callable[[int], Seconds]
    fixed: int | None = None


def calling(name: str, function: Callable[..., object], *arguments: object) -> Contender:
    """Make a contender whose work is one call of a function.

    The time is that of the processor in this thread, without garbage collection: what others do on the
    machine at the same time does not count.
    """
    call = f"function({', '.join(f'argument_{place}' for place in range(len(arguments)))})"
    names = {f"argument_{place}": argument for place, argument in enumerate(arguments)}
    timer = timeit.Timer(call, timer=time.thread_time, globals={"function": function, **names})
    return Contender(name, timer.timeit)


@dataclass(frozen=True, slots=True)
class Target:
    """What is demanded of a ratio of two contenders' times.

    Attributes:
        slower: the contender above the line of the ratio.
        faster: the one below it.
        demand: whether the ratio shall be `at most` or `at least` the bound.
        bound: the ratio.
    """

    slower: str
    faster: str
    demand: Literal["at most", "at least"]
    bound: float

    def met_by(self, ratio: float) -> bool:
        """Tell whether a measured ratio is good enough."""
        return ratio <= self.bound if self.demand == "at most" else ratio >= self.bound


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders that do the same work.

    Attributes:
        title: what the work is.
        contenders: the first one is the baseline.
        targets: what is demanded of their times.
        most_rounds: end after so many rounds, where each is costly.
    """

    title: str
    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...] = ()
    most_rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: how often each contender has its turn.
        turn: how long a turn takes at the least.
    """

    rounds: int
    turn: Seconds


FULL = Effort(rounds=31, turn=0.01)
QUICK = Effort(rounds=7, turn=0.002)


@dataclass(frozen=True, slots=True)
class Result:
    """The times of a comparison.

    Attributes:
        comparison: what was measured.
        times: contender -> seconds for its work done once, by round.
    """

    comparison: Comparison
    times: Mapping[str, tuple[Seconds, ...]]

    @property
    def baseline(self) -> str:
        """The contender that the others are shown against."""
        return self.comparison.contenders[0].name

    def typical(self, name: str) -> Seconds:
        """Give the median time of a contender."""
        return median(self.times[name])

    def ratio(self, above: str, below: str) -> float:
        """Give how many times as long as another contender one takes: the median of all rounds."""
        return median(self.ratios(above, below))

    def spread(self, above: str, below: str) -> tuple[float, float]:
        """Give the quartiles of the ratio: half of all rounds were between them."""
        low, _, high = quantiles(self.ratios(above, below), n=4, method="inclusive")
        return low, high

    def ratios(self, above: str, below: str) -> list[float]:
        """Give the ratio of each round."""
        return [one / other for one, other in zip(self.times[above], self.times[below], strict=True)]

    def misses(self) -> tuple[Target, ...]:
        """Give the targets that are not met."""
        targets = self.comparison.targets
        return tuple(each for each in targets if not each.met_by(self.ratio(each.slower, each.faster)))


def measured(comparison: Comparison, effort: Effort) -> Result:
    """Run all contenders of a comparison, round after round."""
    contenders = comparison.contenders
    numbers = {each.name: _warmed_up(each, effort.turn) for each in contenders}
    times: dict[str, list[Seconds]] = {each.name: [] for each in contenders}
    for number in range(min(effort.rounds, comparison.most_rounds or effort.rounds)):
        first = number % len(contenders)
        for each in (*contenders[first:], *contenders[:first]):
            times[each.name].append(each.seconds(numbers[each.name]) / numbers[each.name])
    return Result(comparison, MappingProxyType({name: tuple(taken) for name, taken in times.items()}))


def _warmed_up(contender: Contender, turn: Seconds) -> int:
    """Run a contender until it is warm, and find out how often its work fits into a turn."""
    if contender.fixed is not None:
        contender.seconds(contender.fixed)
        return contender.fixed
    number = 1
    while contender.seconds(number) < turn:
        number *= 2
    return number
