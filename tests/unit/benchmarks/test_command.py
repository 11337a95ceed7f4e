"""The command line of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.suites import QUICK_SUITES, SUITES


class TestCommandLine:
    def test_runs_what_it_is_asked_for_and_writes_the_times(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is fast enough on one machine is no matter of a test; that everything runs is one."""
        file = tmp_path / "times.json"

        code = main(["--quick", "--only", "work", "--json", str(file)])

        suites = json.loads(file.read_text())["suites"]
        assert code == 0
        assert list(suites) == ["work"]
        assert [each["title"] for each in suites["work"]] == [
            "one complex entity, outside a unit",
            "a unit of work on ten complex entities",
        ]
        assert "== work ==" in capsys.readouterr().out

    def test_refuses_suites_that_it_does_not_know(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--only", "nothing"])

        assert "invalid choice: 'nothing'" in capsys.readouterr().err

    def test_makes_as_many_rounds_as_it_is_told_to(self, tmp_path: Path) -> None:
        file = tmp_path / "times.json"

        main(["--only", "work", "--rounds", "2", "--json", str(file)])

        (first, _) = json.loads(file.read_text())["suites"]["work"]
        assert [len(each["times"]) for each in first["contenders"].values()] == [2, 2]

    def test_refuses_to_make_one_round(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--rounds", "1"])

        assert "two rounds at least" in capsys.readouterr().err

    def test_leaves_out_what_is_no_part_of_a_first_impression(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--quick", "--only", "scaling"]) == 0

        assert "== scaling ==" not in capsys.readouterr().out
        assert set(QUICK_SUITES) < set(SUITES)
