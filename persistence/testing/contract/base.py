"""What all groups of cases stand on: the store under test, tables of their own, known differences."""

from __future__ import annotations

import difflib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest, TableInUse, TableNotFound
from persistence.operations import (
    BatchWriteItems,
    CreateTable,
    DeleteTable,
    DescribeTable,
    PutItem,
    ScanPage,
    UpdateTable,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Index, ScalarType, Table
from persistence.table_options import NO_OPTIONS, TableOptions
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
        options: TableOptions = NO_OPTIONS,
    ) -> Table:
        """Make it and wait until it is active."""
        ...


class Library(Protocol):
    """Give a table that cases only read."""

    def __call__(self, name: str, stock: Callable[[TableMaker], Table]) -> Table:
        """Give the table of that name; `stock` makes and fills it where it isn't there yet."""
        ...


@dataclass(slots=True)
class _Kept:
    """What outlasts a case: tables by name, and the store that they are in."""

    store: Store | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)


class Contract:
    """The base of all groups of cases.

    A subclass gives the fixture `store`, of any scope: each case makes tables with names of their own.

    Attributes:
        known_differences: case name -> what the store does instead.
        index_delay: seconds in which a global index catches up with its table; 0 where it is never behind.
        shares_store: True where the fixture gives one store for all cases of the class: tables that cases
            only read are then made once, which saves most of the time on a slow store.
    """

    known_differences: ClassVar[Mapping[str, KnownDifference]] = NONE_KNOWN
    index_delay: ClassVar[float] = 0.0
    shares_store: ClassVar[bool] = False

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
        yield _maker(store, made)
        for name in made:
            delete_table(store, name)

    @pytest.fixture(scope="class")
    @classmethod
    def _kept(cls) -> Iterator[_Kept]:
        kept = _Kept()
        yield kept
        for name in kept.made:
            assert kept.store is not None, "tables are made in a store"
            delete_table(kept.store, name)

    @pytest.fixture
    def library(self, store: Store, make_table: TableMaker, _kept: _Kept) -> Library:
        """Give tables that cases only read: new ones per case, or one per class if the store is shared."""

        def give(name: str, stock: Callable[[TableMaker], Table]) -> Table:
            if not self.shares_store:
                return stock(make_table)
            if name not in _kept.tables:
                _kept.store = store
                _kept.tables[name] = stock(_maker(store, _kept.made))
            return _kept.tables[name]

        return give

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

    def fill(self, store: Store, table: Table, items: Sequence[Item]) -> Table:
        """Store items, and wait until the global indexes have them.

        Returns:
            The table.
        """
        room = store.limits.batch_writes
        for start in range(0, len(items), room):
            writes = tuple(PutItem(table, item) for item in items[start : start + room])
            store.perform(BatchWriteItems(writes))
        for index in table.indexes:
            if isinstance(index, GlobalIndex):
                wanted = sum(item.keys() >= set(table.key_names(index.name)) for item in items)
                scan = ScanPage(table, index=index.name, count_only=True)
                self.catching_up(lambda scan=scan: store.perform(scan).count, wanted)  # type: ignore[misc]
        return table


def _maker(store: Store, made: list[str]) -> TableMaker:
    def make(
        partition: str = "pk",
        sort: str | None = None,
        *,
        indexes: tuple[Index, ...] = (),
        types: Mapping[str, ScalarType] = {},
        options: TableOptions = NO_OPTIONS,
    ) -> Table:
        table = Table(unique_table_name(), partition, sort, indexes, types, options=options)
        created = store.perform(CreateTable(table))
        made.append(table.name)
        if not created.active:
            wait_until_active(store, table.name)
        return table

    return make


def delete_table(store: Store, name: str) -> None:
    """Delete a table after a case; it may be gone, or going, or protected, or a change may be under way."""
    with suppress(TableNotFound):
        try:
            store.perform(DeleteTable(name))
        except TableInUse:
            wait_until_active(store, name)
            store.perform(DeleteTable(name))
        except InvalidRequest:
            store.perform(UpdateTable(name, deletion_protection=False))
            store.perform(DeleteTable(name))


def unique_table_name() -> str:
    """Make a name that no other table has."""
    return f"contract-{uuid.uuid4().hex}"


def wait_until_active(store: Store, name: str) -> None:
    """Wait until a table and its indexes can be used.

    Raises:
        TimeoutError: it takes too long.
    """
    deadline = time.monotonic() + TABLE_DEADLINE
    pause = 0.001
    while not store.perform(DescribeTable(name)).active:
        if time.monotonic() > deadline:
            raise TimeoutError(f"table {name!r} is not active after {TABLE_DEADLINE:.0f} seconds")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
