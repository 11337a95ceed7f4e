"""How contenders are measured against each other."""

from __future__ import annotations

import gc
from collections.abc import Callable
from random import Random

import pytest

from benchmarks.harness import (
    Comparison,
    Contender,
    Effort,
    Limit,
    Result,
    Target,
    calling,
    calling_out,
    measured,
)


def contender(name: str, *, log: list[tuple[str, int]], takes: Callable[[int], float]) -> Contender:
    """Make a contender that notes each of its turns, and says that it took what the test wants."""

    def seconds(number: int) -> float:
        log.append((name, number))
        return takes(number)

    return Contender(name, seconds)


def result_of(**times: tuple[float, ...]) -> Result:
    contenders = tuple(Contender(name, float) for name in times)
    return Result(Comparison("work", contenders), times)


class TestRounds:
    def test_let_every_contender_take_its_turn_in_an_order_of_chance(self) -> None:
        """Whoever runs after a slow one, or first, does so as often as the others."""
        log: list[tuple[str, int]] = []
        comparison = Comparison(
            "work",
            tuple(contender(name, log=log, takes=lambda number: float(number)) for name in ("a", "b", "c")),
        )

        measured(comparison, Effort(rounds=20, turn=1.0), Random(6))

        names = [name for name, _ in log]
        rounds = [tuple(names[start : start + 3]) for start in range(6, len(names), 3)]
        assert names[:6] == ["a", "a", "b", "b", "c", "c"]
        assert len(rounds) == 20
        assert {frozenset(each) for each in rounds} == {frozenset("abc")}
        assert {each[0] for each in rounds} == {"a", "b", "c"}

    def test_do_work_at_least_as_often_as_it_says(self) -> None:
        log: list[int] = []

        def seconds(number: int) -> float:
            log.append(number)
            return 1.0

        measured(Comparison("work", (Contender("wide", seconds, least=32),)), Effort(rounds=1, turn=1.0))

        assert log == [32, 32, 32]

    def test_take_the_time_on_the_wall_too_where_all_wait_for_others(self) -> None:
        waiting = Contender("a", float, waits=True)

        both = measured(Comparison("work", (waiting, Contender("b", float))), Effort(2, 1.0))
        alone = measured(Comparison("work", (waiting,)), Effort(2, 1.0))

        assert both.walls == {}
        assert len(alone.walls["a"]) == 2
        assert alone.wall_ratio("a") == 1.0

    def test_repeat_quick_work_until_it_fills_a_turn(self) -> None:
        """The clock's own cost must not count."""
        log: list[tuple[str, int]] = []
        quick = contender("quick", log=log, takes=lambda number: number * 0.25)

        result = measured(Comparison("work", (quick,)), Effort(rounds=2, turn=1.0))

        assert [number for _, number in log] == [1, 1, 2, 4, 4, 4]
        assert result.times == {"quick": (0.25, 0.25)}

    def test_do_not_take_what_the_first_time_costs_for_the_work(self) -> None:
        log: list[int] = []

        def seconds(number: int) -> float:
            log.append(number)
            return 9.0 if len(log) == 1 else number * 0.5

        measured(Comparison("work", (Contender("lazy", seconds),)), Effort(rounds=1, turn=1.0))

        assert log == [1, 1, 2, 2]

    def test_do_fixed_work_as_often_as_it_says(self) -> None:
        log: list[int] = []

        def seconds(number: int) -> float:
            log.append(number)
            return 0.0

        measured(Comparison("work", (Contender("fixed", seconds, fixed=3),)), Effort(rounds=2, turn=1.0))

        assert log == [3, 3, 3]

    def test_end_early_where_the_comparison_is_costly(self) -> None:
        costly = Comparison("work", (Contender("costly", float, fixed=1),), most_rounds=2)

        result = measured(costly, Effort(rounds=5, turn=1.0))

        assert result.times == {"costly": (1.0, 1.0)}


class TestCalling:
    def test_calls_the_function_with_its_arguments_as_often_as_asked(self) -> None:
        calls: list[tuple[object, ...]] = []

        seconds = calling("call", lambda *arguments: calls.append(arguments), 1, "two").seconds(3)

        assert calls == [(1, "two")] * 3
        assert seconds >= 0


class TestCallingOut:
    def test_collects_garbage_as_a_program_does(self) -> None:
        """A page of a thousand dicts has its price in the collector too."""
        seen: list[bool] = []

        calling_out("call", lambda: seen.append(gc.isenabled())).seconds(1)

        assert seen == [True]


class TestLimits:
    def test_that_are_missed_are_told(self) -> None:
        limits = (Limit("a", 1.0), Limit("b", 1.0))
        contenders = (Contender("a", float), Contender("b", float))

        result = Result(Comparison("work", contenders, limits=limits), {"a": (1.0,), "b": (1.1,)})

        assert result.misses() == (limits[1],)


class TestRatio:
    def test_is_the_median_of_the_ratios_of_each_round(self) -> None:
        """A round in which the machine was busy, so that both took ten times as long, changes nothing."""
        result = result_of(baseline=(1.0, 10.0, 1.0), other=(2.0, 20.0, 3.0))

        assert result.ratio("other", "baseline") == 2.0
        assert result.ratios("other", "baseline") == [2.0, 2.0, 3.0]

    def test_is_told_with_its_quartiles(self) -> None:
        result = result_of(baseline=(1.0, 1.0, 1.0, 1.0, 1.0), other=(1.0, 2.0, 3.0, 4.0, 5.0))

        assert result.spread("other", "baseline") == (2.0, 4.0)


class TestFloor:
    def test_is_taken_off_both_sides_of_a_ratio(self) -> None:
        contenders = tuple(Contender(name, float) for name in ("client", "ours", "floor"))
        times = {"client": (5.0, 9.0), "ours": (3.0, 6.0), "floor": (1.0, 3.0)}

        result = Result(Comparison("work", contenders, floor="floor"), times)

        assert result.net("ours", "client") == 0.5
        assert result.net("client", "floor") is None
        assert result.floor_share == pytest.approx((1 / 5 + 3 / 9) / 2)

    def test_is_not_there_where_nobody_measured_it(self) -> None:
        result = result_of(client=(1.0, 1.0), ours=(1.0, 1.0))

        assert result.net("ours", "client") is None
        assert result.floor_share is None

    def test_has_no_time_on_the_wall(self) -> None:
        contenders = tuple(Contender(name, float, waits=True) for name in ("client", "floor"))

        result = measured(Comparison("work", contenders, floor="floor"), Effort(2, 1.0))

        assert result.wall_ratio("client") == 1.0
        assert result.wall_ratio("floor") is None

    def test_raises_a_bound_as_far_as_nobody_can_be_quicker(self) -> None:
        target = Target("ours", "client", "at most", 0.3, 0.1)

        assert target.bound_at(0.1) == pytest.approx(0.3)
        assert target.bound_at(0.55) == pytest.approx(0.55 + 0.2 * 0.45 / 0.9)
        assert target.bound_at(1.0) == 1.0
        assert Target("ours", "client", "at most", 0.3).bound_at(0.9) == 0.3

    @pytest.mark.parametrize(
        ("ratio", "floor", "verdict"),
        [
            (0.3, 0.5, "met"),
            (0.3, None, "met"),
            (0.6, 0.55, "met at this machine's floor"),
            (0.66, 0.55, "missed"),
            (0.6, None, "missed"),
            (0.3, 0.0, "met"),
        ],
    )
    def test_is_reckoned_with_where_a_bound_is_missed(
        self, ratio: float, floor: float | None, verdict: str
    ) -> None:
        assert Target("ours", "client", "at most", 0.3, 0.1).verdict(ratio, floor) == verdict


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "ratio", "met"),
        [
            (Target("ours", "limit", "at most", 1.3), 1.3, True),
            (Target("ours", "limit", "at most", 1.3), 1.31, False),
            (Target("peer", "ours", "at least", 5), 5.0, True),
            (Target("peer", "ours", "at least", 5), 4.99, False),
        ],
    )
    def test_include_their_bound(self, target: Target, ratio: float, met: bool) -> None:
        assert target.met_by(ratio) is met

    def test_that_are_missed_are_told(self) -> None:
        slow = Target("ours", "limit", "at most", 1.3)
        fine = Target("peer", "ours", "at least", 2)
        contenders = tuple(Contender(name, float) for name in ("limit", "ours", "peer"))
        times = {"limit": (1.0, 1.0), "ours": (2.0, 2.0), "peer": (9.0, 9.0)}

        result = Result(Comparison("work", contenders, (slow, fine)), times)

        assert result.misses() == (slow,)
