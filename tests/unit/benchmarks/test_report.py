"""How results are shown."""

from __future__ import annotations

import json

import pytest

from benchmarks import report
from benchmarks.harness import Comparison, Contender, Result, Target

TARGETS = (Target("ours", "limit", "at most", 1.3), Target("peer", "ours", "at least", 5))


def result() -> Result:
    contenders = tuple(Contender(name, float) for name in ("limit", "ours", "peer"))
    times = {"limit": (1e-6, 1e-6), "ours": (1.25e-6, 1.25e-6), "peer": (5e-6, 5e-6)}
    return Result(Comparison("encode", contenders, TARGETS), times)


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
            "2 of 4 targets met",
            "  encode: target MISSED: peer / ours 4.00x, at least 5x",
            "  encode: target MISSED: peer / ours 4.00x, at least 5x",
        ]


class TestJson:
    def test_holds_versions_times_and_targets_by_suite(self) -> None:
        data = json.loads(json.dumps(report.as_json({"codec": [result()]})))

        (shown,) = data["suites"]["codec"]
        assert data["versions"] == report.versions()
        assert shown["title"] == "encode"
        assert shown["contenders"]["ours"] == {
            "median": 1.25e-6,
            "ratio": pytest.approx(1.25),
            "wall": None,
            "quartiles": pytest.approx([1.25, 1.25]),
            "times": [1.25e-6, 1.25e-6],
        }
        assert [each["met"] for each in shown["targets"]] == [True, False]
        assert [each["ratio"] for each in shown["targets"]] == pytest.approx([1.25, 4.0])
