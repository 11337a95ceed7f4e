"""Measures contenders against each other, so that a noisy machine hurts all of them alike.

All contenders of a comparison run in every round, one after the other, in an order that chance makes anew.
A ratio is taken within each round, and the median of these is what is told: a burst of other work during one
round shifts both sides of its ratio, and the median forgets it.
"""

from __future__ import annotations

import gc
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from statistics import median, quantiles
from types import MappingProxyType
from typing import Literal

Seconds = float

Verdict = Literal["met", "met at this machine's floor", "missed"]
"""Met as it was set, or met once what no client can do without here is reckoned with, or neither."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work of a comparison.

    Attributes:
        name: how it is shown.
        seconds: does the work so many times and tells how long all of it took.
        fixed: do the work so many times per round instead of finding out how often it fits.
        least: do it at least so many times per round.
        waits: it waits for others, so time on the wall is told too.
    """

    name: str
    seconds: Callable[[int], Seconds]
    fixed: int | None = None
    least: int = 1
    waits: bool = False


def calling(name: str, function: Callable[..., object], *arguments: object) -> Contender:
    """Make a contender whose work is one call of a function.

    The time is that of the processor in this thread, without garbage collection: what others do on the
    machine at the same time does not count.
    """
    return Contender(name, _timer(function, arguments, time.thread_time, "pass").timeit)


def calling_out(name: str, function: Callable[..., object], *arguments: object) -> Contender:
    """Make a contender whose work is one call of a function that talks to another process.

    The time is that of the processor in all threads of this process, garbage collection included.
    """
    timer = _timer(function, arguments, time.process_time, "gc.enable()")
    return Contender(name, timer.timeit, waits=True)


def waiting(name: str, function: Callable[..., object], *arguments: object) -> Contender:
    """Make a contender whose work is one call of a function, by the clock on the wall."""
    return Contender(name, _timer(function, arguments, time.perf_counter, "gc.enable()").timeit)


def _timer(
    function: Callable[..., object], arguments: tuple[object, ...], clock: Callable[[], Seconds], setup: str
) -> timeit.Timer:
    call = f"function({', '.join(f'argument_{place}' for place in range(len(arguments)))})"
    names = {f"argument_{place}": argument for place, argument in enumerate(arguments)}
    return timeit.Timer(call, setup, clock, globals={"gc": gc, "function": function, **names})


@dataclass(frozen=True, slots=True)
class Target:
    """What is demanded of a ratio of two contenders' times.

    Attributes:
        slower: the contender above the line of the ratio.
        faster: the one below it.
        demand: whether the ratio shall be `at most` or `at least` the bound.
        bound: the ratio.
        floor: the floor's share of the time of the one below, on the machine that the bound was set on; None
            where no floor was reckoned with.
    """

    slower: str
    faster: str
    demand: Literal["at most", "at least"]
    bound: float
    floor: float | None = None

    def bound_at(self, floor: float) -> float:
        """Give the bound where the floor has another share: what is above the floor is demanded as before."""
        if self.floor is None:
            return self.bound
        return floor + (self.bound - self.floor) * (1 - floor) / (1 - self.floor)

    def met_by(self, ratio: float) -> bool:
        """Tell whether a measured ratio is good enough, as the bound was set."""
        return self._met(ratio, self.bound)

    def verdict(self, ratio: float, floor: float | None) -> Verdict:
        """Judge a measured ratio.

        Args:
            ratio: what was measured.
            floor: the floor's share here; None if it was not measured.
        """
        if self.met_by(ratio):
            return "met"
        if floor is not None and self._met(ratio, self.bound_at(floor)):
            return "met at this machine's floor"
        return "missed"

    def _met(self, ratio: float, bound: float) -> bool:
        return ratio <= bound if self.demand == "at most" else ratio >= bound


@dataclass(frozen=True, slots=True)
class Limit:
    """What is demanded of a contender's own time, on a machine like the one it was set for.

    Attributes:
        name: the contender.
        most: seconds for its work done once.
        over: count only what it takes more than this contender.
    """

    name: str
    most: Seconds
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders that do the same work.

    Attributes:
        title: what the work is.
        contenders: the first one is the baseline.
        targets: what is demanded of their times.
        most_rounds: end after so many rounds, where each is costly.
        limits: what is demanded of single times.
        floor: the contender that only does what no other can do without.
        marks: in what contenders differ from the baseline though they do the same work.
    """

    title: str
    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...] = ()
    most_rounds: int | None = None
    limits: tuple[Limit, ...] = ()
    floor: str | None = None
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: how often each contender has its turn.
        turn: how long a turn takes at the least.
    """

    rounds: int
    turn: Seconds


FULL = Effort(rounds=11, turn=0.03)
QUICK = Effort(rounds=3, turn=0.01)


@dataclass(frozen=True, slots=True)
class Result:
    """The times of a comparison.

    Attributes:
        comparison: what was measured.
        times: contender -> seconds for its work done once, by round.
        walls: the same by the clock on the wall; nothing where only processor time was taken.
    """

    comparison: Comparison
    times: Mapping[str, tuple[Seconds, ...]]
    walls: Mapping[str, tuple[Seconds, ...]] = field(default_factory=dict)

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

    @property
    def floor_share(self) -> float | None:
        """The floor's share of the baseline's time, where it was measured."""
        floor = self.comparison.floor
        return None if floor is None else self.ratio(floor, self.baseline)

    def net(self, above: str, below: str) -> float | None:
        """Give the ratio of what two contenders take above the floor: the median of all rounds."""
        floor = self.comparison.floor
        if floor is None or below == floor:
            return None
        triples = zip(self.times[above], self.times[below], self.times[floor], strict=True)
        return median((one - least) / (other - least) for one, other, least in triples)

    def wall_ratio(self, name: str) -> float | None:
        """Give how many times as long as the baseline a contender takes by the clock on the wall.

        None where that was not taken, and for the floor, whose turns hold the work of others.
        """
        if not self.walls or name == self.comparison.floor:
            return None
        pairs = zip(self.walls[name], self.walls[self.baseline], strict=True)
        return median(one / other for one, other in pairs)

    def limited(self, limit: Limit) -> Seconds:
        """Give the time that a limit is about."""
        return self.typical(limit.name) - (0 if limit.over is None else self.typical(limit.over))

    def verdict(self, target: Target) -> Verdict:
        """Judge one of the targets."""
        floor = None if self.comparison.floor is None else self.ratio(self.comparison.floor, target.faster)
        return target.verdict(self.ratio(target.slower, target.faster), floor)

    def misses(self) -> tuple[Target | Limit, ...]:
        """Give the targets and limits that are not met, not even at this machine's floor."""
        comparison = self.comparison
        slow = (each for each in comparison.targets if self.verdict(each) == "missed")
        return (*slow, *(each for each in comparison.limits if self.limited(each) > each.most))


def measured(comparison: Comparison, effort: Effort, order: Random | None = None) -> Result:
    """Run all contenders of a comparison, round after round.

    Args:
        comparison: what is measured.
        effort: how much.
        order: makes the order of each round; by default by chance.
    """
    contenders, chance = list(comparison.contenders), order or Random()
    numbers = {each.name: _warmed_up(each, effort.turn) for each in contenders}
    times: dict[str, list[Seconds]] = {each.name: [] for each in contenders}
    walls: dict[str, list[Seconds]] = {each.name: [] for each in contenders}
    for _ in range(min(effort.rounds, comparison.most_rounds or effort.rounds)):
        chance.shuffle(contenders)
        for each in contenders:
            number, begun = numbers[each.name], time.perf_counter()
            times[each.name].append(each.seconds(number) / number)
            walls[each.name].append((time.perf_counter() - begun) / number)
    return Result(
        comparison, _frozen(times), _frozen(walls if all(each.waits for each in contenders) else {})
    )


def _frozen(times: Mapping[str, list[Seconds]]) -> Mapping[str, tuple[Seconds, ...]]:
    return MappingProxyType({name: tuple(taken) for name, taken in times.items()})


def _warmed_up(contender: Contender, turn: Seconds) -> int:
    """Run a contender until it is warm, and find out how often its work fits into a turn."""
    if contender.fixed is not None:
        contender.seconds(contender.fixed)
        return contender.fixed
    number = contender.least
    contender.seconds(number)  # what is made at first use must not make the work look long
    while contender.seconds(number) < turn:
        number *= 2
    return number
