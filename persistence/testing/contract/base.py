"""What all groups of cases stand on: the store under test, tables of their own, known differences."""

from __future__ import annotations

import difflib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Protocol, TypeVar

import pytest

from persistence.operations import CreateTable, DeleteTable, DescribeTable
from persistence.store import Store
from persistence.table import Index, ScalarType, Table
from persistence.testing.contract.differences import NONE_KNOWN, KnownDifference, case_names

T = TypeVar("T")

TABLE_DEADLINE = 120.0
"""Seconds that a table may take to become active."""


class TableMaker(Protocol):
    """Make a table for one case, with a name of its own; it is deleted after the case."""

    def __call__(
        self,
        partition: str = "pk",
        sort: str | None = None,
        *,
        indexes: tuple[Index, ...] = (),
        types: Mapping[str, ScalarType] = {},
    ) -> Table:
        """Make it and wait until it is active."""
        ...


class Contract:
    """The base of all groups of cases.

    A subclass gives the fixture `store`, of any scope: each case makes tables with names of their own.

    Attributes:
        known_differences: case name -> what the store does instead.
        index_delay: seconds in which a global index catches up with its table; 0 where it is never behind.
    """

    known_differences: ClassVar[Mapping[str, KnownDifference]] = NONE_KNOWN
    index_delay: ClassVar[float] = 0.0

    def __init_subclass__(cls) -> None:
        """Refuse known differences that name no case.

        Raises:
            TypeError: a name is unknown.
        """
        super().__init_subclass__()
        names = case_names(cls)
        for name in cls.known_differences:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"{cls.__name__}.known_differences: there is no case {name!r}{hint}")

    @pytest.fixture(autouse=True)
    def _expect_known_difference(self, request: pytest.FixtureRequest) -> None:
        function = request.function.__name__
        known = self.known_differences.get(request.node.name) or self.known_differences.get(function)
        if known is None:
            return
        if known.skip:
            pytest.skip(known.reason)
        request.applymarker(pytest.mark.xfail(reason=known.reason, strict=True))

    @pytest.fixture
    def store(self) -> Store:
        """Give the store under test; every subclass has one of its own."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture `store` that gives the store under test"
        )

    @pytest.fixture
    def make_table(self, store: Store) -> Iterator[TableMaker]:
        """Make tables, and delete them afterwards."""
        made: list[str] = []

        def make(
            partition: str = "pk",
            sort: str | None = None,
            *,
            indexes: tuple[Index, ...] = (),
            types: Mapping[str, ScalarType] = {},
        ) -> Table:
            table = Table(unique_table_name(), partition, sort, indexes, types)
            store.perform(CreateTable(table))
            made.append(table.name)
            wait_until_active(store, table.name)
            return table

        yield make
        for name in made:
            store.perform(DeleteTable(name))

    @pytest.fixture
    def table(self, make_table: TableMaker) -> Table:
        """Make a table with the partition key `pk`, a string."""
        return make_table()

    @pytest.fixture
    def series(self, make_table: TableMaker) -> Table:
        """Make a table with the partition key `pk`, a string, and the sort key `sk`, a number."""
        return make_table(sort="sk", types={"sk": "N"})

    def catching_up(self, look: Callable[[], T], wanted: T) -> T:
        """Look at something that follows a table with a delay, until it is as wanted or the delay is over.

        Args:
            look: reads it.
            wanted: what it should become.

        Returns:
            What was seen last.
        """
        deadline = time.monotonic() + self.index_delay
        seen = look()
        while seen != wanted and time.monotonic() < deadline:
            time.sleep(self.index_delay / 50)
            seen = look()
        return seen


def unique_table_name() -> str:
    """Make a name that no other table has."""
    return f"contract-{uuid.uuid4().hex}"


def wait_until_active(store: Store, name: str) -> None:
    """Wait until a table and its indexes can be used.

    Raises:
        TimeoutError: it takes too long.
    """
    deadline = time.monotonic() + TABLE_DEADLINE
    while not store.perform(DescribeTable(name)).active:
        if time.monotonic() > deadline:
            raise TimeoutError(f"table {name!r} is not active after {TABLE_DEADLINE:.0f} seconds")
        time.sleep(0.05)
