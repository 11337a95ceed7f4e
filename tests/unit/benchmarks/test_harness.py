"""How contenders are measured against each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.harness import Comparison, Contender, Effort, Result, Target, calling, measured


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
    def test_let_every_contender_take_its_turn_and_start_with_another_one_each_time(self) -> None:
        """Whoever runs after a slow one, or first, does so as often as the others."""
        log: list[tuple[str, int]] = []
        comparison = Comparison(
            "work",
            tuple(contender(name, log=log, takes=lambda number: float(number)) for name in ("a", "b", "c")),
        )

        measured(comparison, Effort(rounds=3, turn=1.0))

        warm_up, rounds = log[:3], log[3:]
        assert [name for name, _ in warm_up] == ["a", "b", "c"]
        assert [name for name, _ in rounds] == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]

    def test_repeat_quick_work_until_it_fills_a_turn(self) -> None:
        """The clock's own cost must not count."""
        log: list[tuple[str, int]] = []
        quick = contender("quick", log=log, takes=lambda number: number * 0.25)

        result = measured(Comparison("work", (quick,)), Effort(rounds=2, turn=1.0))

        assert [number for _, number in log] == [1, 2, 4, 4, 4]
        assert result.times == {"quick": (0.25, 0.25)}

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


class TestRatio:
    def test_is_the_median_of_the_ratios_of_each_round(self) -> None:
        """A round in which the machine was busy, so that both took ten times as long, changes nothing."""
        result = result_of(baseline=(1.0, 10.0, 1.0), other=(2.0, 20.0, 3.0))

        assert result.ratio("other", "baseline") == 2.0
        assert result.ratios("other", "baseline") == [2.0, 2.0, 3.0]

    def test_is_told_with_its_quartiles(self) -> None:
        result = result_of(baseline=(1.0, 1.0, 1.0, 1.0, 1.0), other=(1.0, 2.0, 3.0, 4.0, 5.0))

        assert result.spread("other", "baseline") == (2.0, 4.0)


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
