"""The suite itself: no case is lost, and differences are neither invented nor forgotten."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

import pytest

from persistence.errors import TableInUse, TableNotFound
from persistence.operations import CreateTable, DeleteTable, DescribeTable, Operation
from persistence.store import AWS_LIMITS
from persistence.stores.memory import MemoryStore
from persistence.table import Table
from persistence.table_options import TableOptions
from persistence.testing.contract import (
    Contract,
    KnownDifference,
    ScanContract,
    StoreContract,
    TransactionlessStoreContract,
    case_names,
    known_differences,
)
from persistence.testing.contract.base import delete_table

R = TypeVar("R")

DIFFERENCES = Path(__file__).with_name("known_differences.toml")
FEW = """
[[mine]]
reason = "it counts from 1"
cases = ["test_scan_counts", "test_scan_projects"]

[[mine]]
reason = "it hangs"
skip = true
cases = ["test_segments_make_the_whole[2]"]
"""


class Going:
    """A store whose table is being deleted, and is gone at the next look."""

    limits = AWS_LIMITS

    def __init__(self) -> None:
        self.asked: list[object] = []

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        if isinstance(operation, DeleteTable):
            raise TableInUse("it is being deleted", table=operation.name)
        raise TableNotFound("going")


class TestStoreContract:
    def test_loses_no_case_to_a_namesake(self) -> None:
        """Cases of different groups have different names, or one would hide the other."""
        homes: dict[str, list[str]] = {}
        for group in StoreContract.__mro__:
            for name in vars(group):
                if name.startswith("test_"):
                    homes.setdefault(name, []).append(group.__name__)

        assert {name: groups for name, groups in homes.items() if len(groups) > 1} == {}

    def test_has_a_stated_rule_for_every_case(self) -> None:
        """The docstring of a case is the rule, with the tag of its source."""
        cases = [getattr(StoreContract, name) for name in dir(StoreContract) if name.startswith("test_")]

        assert [case.__name__ for case in cases if "[" not in (case.__doc__ or "")] == []

    def test_contains_the_smaller_contract(self) -> None:
        """What is left out for stores without transactions is only left out."""
        assert case_names(TransactionlessStoreContract) < case_names(StoreContract)

    def test_names_rows_of_cases(self) -> None:
        """A row of a table of cases can be named like a case of its own."""
        names = case_names(StoreContract)

        assert {"test_condition", "test_condition[and]", "test_get_gives_the_whole_item"} <= names


class TestKnownDifferences:
    def test_are_read_by_store(self, tmp_path: Path) -> None:
        """Each case gets the reason of its entry."""
        file = tmp_path / "differences.toml"
        file.write_text(FEW)

        assert known_differences(file, "mine") == {
            "test_scan_counts": KnownDifference("it counts from 1"),
            "test_scan_projects": KnownDifference("it counts from 1"),
            "test_segments_make_the_whole[2]": KnownDifference("it hangs", skip=True),
        }

    def test_are_none_for_an_unlisted_store(self, tmp_path: Path) -> None:
        """A store without entries has no differences."""
        file = tmp_path / "differences.toml"
        file.write_text(FEW)

        assert known_differences(file, "theirs") == {}

    def test_are_listed_once(self, tmp_path: Path) -> None:
        """Two reasons for one case would be one too many."""
        file = tmp_path / "differences.toml"
        file.write_text(FEW + FEW)

        with pytest.raises(ValueError, match="lists the case 'test_scan_counts' twice"):
            known_differences(file, "mine")

    @pytest.mark.parametrize("name", ["test_scan_count", "test_segments_make_the_whole[3]"])
    def test_name_cases_that_exist(self, name: str) -> None:
        """An entry for no case is a mistake, found when the class is made."""
        with pytest.raises(TypeError, match=f"no case {name!r}".replace("[", r"\[")):
            type("TestMine", (ScanContract,), {"known_differences": {name: KnownDifference("a typo")}})

    def test_of_a_subclass_are_its_own(self) -> None:
        """A store's differences don't become those of all stores."""
        mine = {"test_scan_counts": KnownDifference("it counts from 1")}

        made = type("TestMine", (ScanContract,), {"known_differences": mine})

        assert vars(made)["known_differences"] == mine
        assert Contract.known_differences == {}

    def test_are_none_on_memory(self) -> None:
        """The memory store follows the service, without exception."""
        servers = {"dynamodb-local", "moto", "dynalite"}

        assert tomllib.loads(DIFFERENCES.read_text()).keys() == {*servers, "elsewhere"}


class TestTablesOfCases:
    def test_that_are_going_already_need_no_deletion(self) -> None:
        """Between two looks a table may be gone."""
        store = Going()

        delete_table(store, "going")

        assert store.asked == [DeleteTable("going"), DescribeTable("going")]

    def test_that_are_protected_are_deleted_all_the_same(self) -> None:
        store = MemoryStore(auto_create=False)
        store.perform(CreateTable(Table("kept", "id", options=TableOptions(deletion_protection=True))))

        delete_table(store, "kept")

        with pytest.raises(TableNotFound):
            store.perform(DescribeTable("kept"))
