"""How results are shown."""

from __future__ import annotations

import json

import pytest

from benchmarks import report
from benchmarks.harness import Comparison, Contender, Result, Target

FLOOR = "floor"
TARGETS = (Target("ours", "limit", "at most", 1.3), Target("peer", "ours", "at least", 5))


def result() -> Result:
    contenders = tuple(Contender(name, float) for name in ("limit", "ours", "peer"))
    times = {"limit": (1e-6, 1e-6), "ours": (1.25e-6, 1.25e-6), "peer": (5e-6, 5e-6)}
    return Result(Comparison("encode", contenders, TARGETS), times)


def beside_a_floor() -> Result:
    """The floor has 40 % of the baseline's time, where the bound was set with 10 %."""
    contenders = tuple(Contender(name, float, waits=True) for name in ("client", "ours", FLOOR))
    times = {"client": (1e-3, 1e-3), "ours": (0.55e-3, 0.55e-3), FLOOR: (0.4e-3, 0.4e-3)}
    targets = (Target("ours", "client", "at most", 0.4, 0.1), Target("ours", "client", "at most", 0.2, 0.1))
    marks = {"ours": ("no condition", "UpdateItem")}
    return Result(
        Comparison("put", contenders, targets, floor=FLOOR, marks=marks),
        times,
        dict.fromkeys(times, (1.0, 1.0)),
    )


class TestTable:
    def test_shows_times_ratios_and_targets(self) -> None:
        shown = report.table(result())

        assert shown.splitlines() == [
            "encode     median  ratio    quartiles",
            "  limit  1,000 ns  1.00x",
            "  ours   1,250 ns  1.25x  1.25 - 1.25",
            "  peer   5,000 ns  5.00x  5.00 - 5.00",
            "  target met: ours / limit 1.25x, at most 1.3x",
            "  target MISSED: peer / ours 4.00x, at least 5x",
        ]

    def test_shows_what_is_above_the_floor_and_who_does_a_little_else(self) -> None:
        shown, ratio = report.table(beside_a_floor()), "ours / client 0.55x (net 0.25x)"

        assert shown.splitlines() == [
            "put         median  ratio    net    quartiles   wall                   differs",
            "  client  1,000 us  1.00x  1.00x               1.00x",
            "  ours      550 us  0.55x  0.25x  0.55 - 0.55  1.00x  no condition, UpdateItem",
            "  floor     400 us  0.40x         0.40 - 0.40",
            f"  target {report.AT_FLOOR}: {ratio}, at most 0.4x (0.60x at this floor)",
            f"  target MISSED: {ratio}, at most 0.2x (0.47x at this floor)",
        ]

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [
            (5.4e-8, "54 ns"),
            (9.4e-6, "9,400 ns"),
            (1.5e-5, "15 us"),
            (9.5e-3, "9,500 us"),
            (0.25, "250 ms"),
            (3.0, "3,000 ms"),
        ],
    )
    def test_writes_times_in_a_unit_that_suits_them(self, seconds: float, shown: str) -> None:
        assert report.duration(seconds) == shown


class TestSummary:
    def test_counts_targets_and_names_those_that_are_missed(self) -> None:
        assert report.summary([result(), result()]).splitlines() == [
            "2 of 4 targets met as set, 0 more at this machine's floor, 2 missed",
            "  encode: target MISSED: peer / ours 4.00x, at least 5x",
            "  encode: target MISSED: peer / ours 4.00x, at least 5x",
        ]

    def test_tells_of_those_that_are_met_at_the_floor_only(self) -> None:
        summary = report.summary([beside_a_floor()]).splitlines()

        assert summary[0] == "0 of 2 targets met as set, 1 more at this machine's floor, 1 missed"
        assert summary[1].startswith("  put: target met at this machine's floor")


class TestJson:
    def test_holds_versions_times_and_targets_by_suite(self) -> None:
        data = json.loads(json.dumps(report.as_json({"codec": [result()]})))

        (shown,) = data["suites"]["codec"]
        assert data["versions"] == report.versions()
        assert shown["title"] == "encode"
        assert shown["contenders"]["ours"] == {
            "median": 1.25e-6,
            "ratio": pytest.approx(1.25),
            "net": None,
            "wall": None,
            "marks": [],
            "quartiles": pytest.approx([1.25, 1.25]),
            "times": [1.25e-6, 1.25e-6],
        }
        assert shown["floor"] is None
        assert [each["verdict"] for each in shown["targets"]] == ["met", "missed"]
        assert [each["ratio"] for each in shown["targets"]] == pytest.approx([1.25, 4.0])

    def test_holds_what_is_above_the_floor(self) -> None:
        (shown,) = report.as_json({"single": [beside_a_floor()]})["suites"]["single"]

        assert shown["floor"] == FLOOR
        assert shown["contenders"]["ours"]["net"] == pytest.approx(0.25)
        assert shown["contenders"]["ours"]["marks"] == ["no condition", "UpdateItem"]
        assert shown["contenders"][FLOOR]["wall"] is None
        assert [each["here"] for each in shown["targets"]] == pytest.approx([0.6, 0.4 + 0.1 * 0.6 / 0.9])
        assert [each["verdict"] for each in shown["targets"]] == ["met at this machine's floor", "missed"]
