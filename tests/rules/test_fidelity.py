"""`docs/fidelity.md` says what the contract says."""

from __future__ import annotations

from itertools import chain

from persistence.testing.contract import StoreContract
from tests.rules.fidelity import AREAS, PAGE, areas, counted, groups, head_of, written
from tests.rules.test_rules import exists


class TestPage:
    def test_is_as_it_is_written(self) -> None:
        """`python -m tests.rules.fidelity` writes it; by hand only what is above the tables."""
        text = PAGE.read_text(encoding="utf-8")

        assert written(head_of(text)) == text

    def test_counts_every_case(self) -> None:
        """Each group of the contract is in one area, so that none is forgotten."""
        whole = {
            group for group in StoreContract.__mro__ if any(name.startswith("test_") for name in vars(group))
        }

        assert set(groups()) == whole
        assert len(groups()) == len(whole)
        assert len(set(chain.from_iterable(AREAS.values()))) == len(groups())

    def test_counts_rows_as_cases(self) -> None:
        class Group:
            test_rows = StoreContract.test_a_number_takes_so_many_bytes
            test_one = StoreContract.test_get_gives_the_whole_item

        rows = len(Group.test_rows.pytestmark[0].args[1])  # type: ignore[attr-defined]

        assert counted(Group, {}) == (rows + 1, 0)


class TestAreas:
    def test_name_tests_that_exist(self) -> None:
        assert [
            (area["name"], test) for area in areas() for test in area.get("tests", ()) if not exists(test)
        ] == []

    def test_do_something_or_say_why_not(self) -> None:
        """What is done is shown by tests; what is not done has a reason."""
        for area in areas():
            assert bool(area.get("does")) == bool(area.get("tests")), area["name"]
            assert area.get("does") or area.get("leaves_out"), area["name"]
