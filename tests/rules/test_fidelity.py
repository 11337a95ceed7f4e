"""`docs/fidelity.md` says what the contract says."""

from __future__ import annotations

from itertools import chain

from persistence.testing.contract import StoreContract
from tests.rules.fidelity import AREAS, PAGE, counted, groups, head_of, written


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
