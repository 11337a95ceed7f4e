"""`docs/server-differences.md` says what is listed, and what is listed is there."""

from __future__ import annotations

import re

from tests.rules.differences import PAGE, ROOT, SERVERS, elsewhere, listed, written
from tests.rules.test_rules import exists

LOOSE = re.compile(r"pytest\.xfail\(|mark\.xfail|beyond_moto")


class TestPage:
    def test_is_as_it_is_written(self) -> None:
        """`python -m tests.rules.differences` writes it, and nobody else."""
        assert written() == PAGE.read_text(encoding="utf-8")


class TestElsewhere:
    def test_names_tests_that_exist(self) -> None:
        assert [test for test in elsewhere() if not exists(test.partition("[")[0])] == []

    def test_is_of_servers_that_are_known(self) -> None:
        assert {entry["server"] for entry in listed()["elsewhere"]} <= set(SERVERS.values())

    def test_is_the_only_list(self) -> None:
        """No test expects its own failure: what is not listed is not checked once it has changed."""
        here = ROOT / "tests" / "rules" / "test_differences.py"
        files = [file for file in (ROOT / "tests").rglob("*.py") if file != here]

        loose = [file.name for file in files if LOOSE.search(file.read_text(encoding="utf-8"))]

        assert loose == ["conftest.py"]
