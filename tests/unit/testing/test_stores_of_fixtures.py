"""What stands under the fixtures: tables by their use, asynchronous sides, makers of repositories."""

from __future__ import annotations

import asyncio

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    GlobalIndex,
    Key,
    MappingError,
    MemoryStore,
    Table,
    UnitOfWork,
)
from persistence.operations import BatchGetItems, DescribeTable, GetItem, ListTables, ScanPage
from persistence.stores.layers import Meter, layered
from persistence.testing import AsyncRepositoryMaker, RepositoryMaker, asynchronous_side
from persistence.testing.tables_by_use import TablesByUse
from tests.unit.testing.shop import Order, OrderMapping, Orders

THINGS, OTHERS = Table("things", "id"), Table("others", "id")
KEY = {"id": {"S": "1"}}


class AsyncOrders(AsyncRepository[Order]):
    mapping = OrderMapping


class TestTablesByUse:
    def test_makes_what_is_declared_and_missing(self) -> None:
        """Every table of an operation, once; and an index that a later declaration adds."""
        meter = Meter()
        store = layered(MemoryStore(auto_create=False), TablesByUse(), meter)
        indexed = Table("things", "id", indexes=(GlobalIndex("by-x", Key("x")),))

        for _ in range(2):
            store.perform(BatchGetItems((GetItem(THINGS, KEY), GetItem(OTHERS, KEY))))
            store.perform(ScanPage(indexed, index="by-x"))

        assert store.perform(ListTables()).names == ("others", "things")
        assert store.perform(DescribeTable("things")).table.indexes == indexed.indexes
        assert (meter.totals["CreateTable"].calls, meter.totals["UpdateTable"].calls) == (2, 1)

    def test_waits_for_them(self) -> None:
        """As a server takes a while."""
        store = layered(MemoryStore(auto_create=False, table_delay=0.01), TablesByUse())

        assert store.perform(ScanPage(THINGS)).count == 0


class TestAsynchronousSide:
    def test_shares_what_a_store_in_memory_holds(self) -> None:
        store = MemoryStore()

        with asynchronous_side(store) as side:
            asyncio.run(side.perform(ScanPage(THINGS)))

        assert store.perform(ListTables()).names == ("things",)

    def test_is_unknown_of_other_stores(self) -> None:
        with (
            pytest.raises(
                TypeError, match=r"write the fixture `async_persistence_store` in your conftest\.py"
            ),
            asynchronous_side(layered(MemoryStore(), Meter())),
        ):
            raise AssertionError("not entered")


class TestRepositoryMakers:
    def test_make_repositories_of_mappings_and_classes(self) -> None:
        make = RepositoryMaker(UnitOfWork(MemoryStore()))
        make_async = AsyncRepositoryMaker(AsyncUnitOfWork(AsyncMemoryStore()))

        make(OrderMapping).add(Order("o-1", "c-1"))

        assert make(Orders).get("o-1").customer_id == "c-1"
        assert isinstance(make_async(AsyncOrders), AsyncOrders)
        assert asyncio.run(make_async(OrderMapping).find("o-1")) is None

    def test_refuse_everything_else(self) -> None:
        with pytest.raises(MappingError):
            RepositoryMaker(UnitOfWork(MemoryStore()))(Order)  # type: ignore[arg-type]
