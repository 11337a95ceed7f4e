"""`docs/conformance.md` says what the contract says, of cases that exist."""

from __future__ import annotations

import builtins
from collections import Counter

import persistence.errors
from persistence.testing.contract import StoreContract, case_names
from tests.rules.conformance import PAGE, areas, refusals, written
from tests.rules.test_rules import exists

CASES = [(area.name, case) for area in areas() for case in area.cases]


class TestPage:
    def test_is_as_it_is_written(self) -> None:
        """`python -m tests.rules.conformance` writes it, and nobody else."""
        assert written() == PAGE.read_text(encoding="utf-8")


class TestCases:
    def test_name_tests_that_exist(self) -> None:
        known = case_names(StoreContract)

        assert [
            (area, test)
            for area, case in CASES
            for test in case.tests
            if not (exists(test) if "::" in test else test in known)
        ] == []

    def test_are_done_or_refused_or_left_out(self) -> None:
        """What is done or refused is shown by tests; what is left out has a reason, and nothing else."""
        for area, case in CASES:
            assert bool(case.tests) is not bool(case.leaves_out), (area, case.says)
            assert not (case.leaves_out and case.refuses), (area, case.says)

    def test_are_named_once(self) -> None:
        counts = Counter((area, case.says) for area, case in CASES)

        assert [name for name, count in counts.items() if count > 1] == []

    def test_break_no_table(self) -> None:
        assert [case.says for _, case in CASES if "|" in case.says + case.leaves_out] == []

    def test_are_refused_with_errors_that_exist(self) -> None:
        """test_memory.py looks whether these are the errors that the contract's cases meet."""
        names = {name for errors in refusals().values() for name in errors}

        assert [name for name in names if not hasattr(persistence.errors, name)] == []
        assert not names & vars(builtins).keys()

    def test_are_refused_in_one_way(self) -> None:
        """A test of the contract that shows a refusal of one case shows none with another error."""
        found = [
            (test, frozenset(case.refuses)) for _, case in CASES for test in case.contract if case.refuses
        ]

        assert {test: errors for test, errors in found if refusals()[test] != errors} == {}
