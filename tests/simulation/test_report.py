"""The report of a campaign: sums, what failed, and how to repeat it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.simulation.report import PartReport, Report

KEPT = PartReport(
    "bank", "run --seed 1", {"commits": 4_000, "kills": 100}, {"LostAnswer": 1_999, "Stall": 1}, {}, minutes=1
)
BROKEN = PartReport("broken bank", "run --seed 2", {"commits": 10}, {"Stall": 2}, {"lost": 1}, ["1 lost"])


def test_adds_up_what_all_parts_did() -> None:
    report = Report(7, 61.0, (KEPT, BROKEN))

    assert report.figures == {"commits": 4_010, "kills": 100}
    assert report.faults == {"LostAnswer": 1_999, "Stall": 3}
    assert report.broken == {"lost": 1, "doubled": 0, "invariants": 0, "serialisability": 0, "other": 0}


def test_fails_where_one_promise_was_broken() -> None:
    assert Report(7, 61.0, (KEPT, BROKEN)).failed
    assert not Report(7, 61.0, (KEPT,)).failed


def test_says_for_people_what_failed_and_how_to_repeat_it() -> None:
    text = Report(7, 61.0, (KEPT, BROKEN)).as_markdown()

    assert "PROMISES WERE BROKEN" in text
    assert "## broken bank: FAILED" in text
    assert "    run --seed 2" in text
    assert "1 lost" in text


def test_writes_the_same_for_machines(tmp_path: Path) -> None:
    report = Report(7, 61.0, (KEPT, BROKEN))

    path = report.write(tmp_path / "torture")

    whole = json.loads(path.with_name("report.json").read_text(encoding="utf-8"))
    assert path.read_text(encoding="utf-8") == f"{report.as_markdown()}\n"
    assert (whole["failed"], whole["broken"]["lost"], whole["parts"][0]["faults"]) == (True, 1, KEPT.faults)


def test_a_pace_holds_for_the_time_that_there_was() -> None:
    """What is too slow is said; it breaks no promise."""
    slow = PartReport("slow", "run", {"commits": 3_999, "kills": 100}, {"Stall": 2_000}, minutes=1)

    assert KEPT.too_slow == ()
    assert slow.too_slow == ("commits",)
    assert not slow.failed


def test_counts_the_pace_by_the_minute() -> None:
    quick = PartReport("quick", "run", {"commits": 600, "kills": 20}, {"Stall": 300}, minutes=0.1)

    assert quick.pace == {"commits": 6_000, "faults": 3_000, "kills": 200}
    assert quick.too_slow == ()
    assert BROKEN.pace == {}


def test_says_of_each_part_whether_its_pace_is_met() -> None:
    slow = PartReport(
        "slow", "run", {"commits": 9, "kills": 100}, {"Stall": 2_000}, minutes=1, processor_seconds=12.3
    )

    text = Report(7, 61.0, (KEPT, slow, BROKEN)).as_markdown()

    assert "Pace met: by 1 of 2 parts in memory." in text
    assert "## bank: kept, pace met" in text
    assert "## slow: kept, pace not met" in text
    assert "9 commits (4000), 2000 faults (2000), 100 kills (100)." in text
    assert "A processor worked for its workers in 12 of 60 s." in text
