"""Hot paths are guarded by counting what they execute."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks import guard
from benchmarks.guard import Cost, instructions, main
from benchmarks.guarded import canned_client, paths

PATH = "a path"


def looping(times: int) -> Callable[[], int]:
    def loop() -> int:
        return sum([number * number for number in range(times)])

    return loop


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One path that executes about three times as much as its plain way."""
    monkeypatch.setattr(guard, "paths", lambda: nullcontext({PATH: (looping(3000), looping(1000))}))
    return tmp_path / "budgets.json"


class TestInstructions:
    def test_are_the_same_each_time(self) -> None:
        assert instructions(looping(100)) == instructions(looping(100)) > 100

    def test_are_those_of_all_functions_that_are_called(self) -> None:
        inner = looping(1000)

        assert instructions(lambda: inner()) > instructions(inner)

    def test_are_not_those_of_the_first_calls(self) -> None:
        """What is made once, such as a codec, is no matter of the path."""
        made: list[int] = []

        def work() -> None:
            if not made:
                made.extend([number for number in range(10_000)])  # noqa: C416  # instructions are the point

        assert instructions(work) < 100

    def test_leave_a_tracer_in_its_place(self) -> None:
        before = sys.gettrace()

        instructions(looping(1))

        assert sys.gettrace() is before


class TestCost:
    @pytest.mark.parametrize(
        ("quotient", "recorded", "is_over"),
        [(1.15, 1.0, False), (1.16, 1.0, True), (0.5, 1.0, False), (0.5, None, True)],
    )
    def test_is_too_much_beyond_the_slack(
        self, quotient: float, recorded: float | None, is_over: bool
    ) -> None:
        assert Cost("get", quotient, recorded).is_over is is_over

    def test_says_where_a_gain_is_worth_recording(self) -> None:
        assert "record it" in str(Cost("get", 0.8, 1.0))
        assert "record it" not in str(Cost("get", 0.9, 1.0))


class TestCommand:
    def test_fails_where_a_path_executes_more_than_it_did(
        self, recorded: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        recorded.write_text(json.dumps({PATH: 2.0}))

        code = main([], recorded)

        said = capsys.readouterr().out
        assert code == 1
        assert f"{PATH}: 3.00x" in said
        assert "recorded 2.00x, so at most 2.30x: TOO MUCH" in said
        assert "python -m benchmarks.guard --renew" in said

    def test_passes_where_it_does_not(self, recorded: Path) -> None:
        recorded.write_text(json.dumps({PATH: 3.0}))

        assert main([], recorded) == 0

    def test_records_what_is_measured_where_it_is_told_to(self, recorded: Path) -> None:
        recorded.write_text("{}")

        assert main(["--renew"], recorded) == 0

        assert list(json.loads(recorded.read_text())) == [PATH]
        assert main([], recorded) == 0


class TestPaths:
    def test_are_those_that_are_recorded(self) -> None:
        with paths() as known:
            assert set(known) == set(json.loads(guard.FILE.read_text()))

    def test_do_their_work(self) -> None:
        with paths() as known:
            for work, plain in known.values():
                work()
                plain()

    def test_are_answered_within_the_process(self) -> None:
        found = canned_client().get_item(TableName="simple", Key={"id": {"S": "1"}})

        assert found["Item"]["id"] == {"S": "c-000000"}
