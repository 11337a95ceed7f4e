from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    CommitConflict,
    Key,
    MappingError,
    MappingSchema,
    MemoryStore,
    QueryError,
    Repository,
    UnitOfWork,
)
from persistence.stores.layers import Metered
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing import (
    Check,
    Delete,
    ExpectationFailed,
    Put,
    Update,
    assert_committed,
    assert_not_stored,
    assert_nothing_committed,
    assert_operations,
    assert_stored,
    async_assert_not_stored,
    async_assert_stored,
    nothing_committed,
)
from tests.unit.testing.expecting.shop import Item, ItemMapping, Order, OrderMapping, Status


class Shop:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.uow = UnitOfWork(self.store)
        self.orders = Repository(OrderMapping, self.uow)
        self.items = Repository(ItemMapping, self.uow)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def report(failing: Callable[[], object]) -> str:
    with pytest.raises(ExpectationFailed) as failure:
        failing()
    return str(failure.value)


class TestCommitted:
    def test_the_writes_of_the_latest_commit_in_any_order(self, shop: Shop) -> None:
        shop.orders.add(Order("o-1"))
        shop.items.add(Item("old"))

        with shop.uow:
            shop.orders.get("o-1").status = Status.PAID
            shop.items.remove(shop.items.get("old"))
            shop.items.add(Item("new", 3))

        assert_committed(
            shop.uow,
            [
                Put(Item("new", 3)),
                Delete(ItemMapping, "old"),
                Update(OrderMapping, "o-1", set={"status": Status.PAID}, exact=True),
            ],
        )

    def test_what_is_missing_and_what_came_instead(self, shop: Shop) -> None:
        with shop.uow:
            shop.items.add(Item("a", 1))
            shop.items.add(Item("b", 2))

        told = report(lambda: assert_committed(shop.uow, [Put(Item("a", 5))]))

        assert "- not committed: Put Item('a')" in told
        assert "! in_stock: expected 5, came 1" in told
        assert "+ not expected: Put Item('b')" in told
        assert "+ not expected: Put Item('a')" not in told

    def test_nothing_was_ever_committed(self, shop: Shop) -> None:
        assert "never sent a commit" in report(lambda: assert_committed(shop.uow, [Put(Item("a"))]))

    def test_the_latest_commit_failed(self, shop: Shop) -> None:
        shop.items.add(Item("a"))
        with pytest.raises(CommitConflict), shop.uow:
            shop.items.add(Item("a"))
            shop.items.add(Item("b"))

        assert "failed with" in report(lambda: assert_committed(shop.uow, [Put(Item("a"))]))
        assert_nothing_committed(shop.uow)

    def test_checks_count_only_where_one_is_named(self, shop: Shop) -> None:
        shop.orders.add(Order("o-1"))
        with shop.uow(isolation="serializable"):
            shop.orders.get("o-1")
            shop.items.add(Item("a"))

        assert_committed(shop.uow, [Put(Item("a"))])
        assert_committed(shop.uow, [Put(Item("a")), Check(OrderMapping, "o-1")])
        assert "Check Order('o-2')" in report(
            lambda: assert_committed(shop.uow, [Put(Item("a")), Check(OrderMapping, "o-2")])
        )

    def test_commit_records_do_not_count(self) -> None:
        uow = UnitOfWork(MemoryStore(), commit_record="commits")
        Repository(ItemMapping, uow).add(Item("a"))

        assert_committed(uow, [Put(Item("a"))])

    def test_an_entity_of_several_mappings_needs_the_mapping_that_is_meant(self) -> None:
        @dataclass
        class Thing:
            id: str

        class FirstMapping(MappingSchema[Thing]):
            class Meta:
                table = "first"
                key = Key("id")

        class SecondMapping(MappingSchema[Thing]):
            class Meta:
                table = "second"
                key = Key("id")

        with pytest.raises(MappingError, match="FirstMapping, SecondMapping"):
            Put(Thing("1")).wanted()

        uow = UnitOfWork(MemoryStore())
        Repository(SecondMapping, uow).add(Thing("1"))

        assert_committed(uow, [Put(Thing("1"))])

    @pytest.mark.parametrize("changes", [Put(Item("a")), [Item("a")], 5])
    def test_other_lists_are_refused(self, shop: Shop, changes: Any) -> None:
        with pytest.raises(QueryError, match=r"Put"):
            assert_committed(shop.uow, changes)

    def test_an_entity_without_a_mapping_is_refused(self) -> None:
        with pytest.raises(MappingError, match="no declared mapping maps str"):
            Put("o-1").wanted()


class TestNothingCommitted:
    def test_of_a_unit_that_never_committed(self, shop: Shop) -> None:
        assert_nothing_committed(shop.uow)

    def test_it_shows_what_was(self, shop: Shop) -> None:
        shop.items.add(Item("a"))

        assert "Put Item('a')" in report(lambda: assert_nothing_committed(shop.uow))

    def test_in_a_block_only_the_block_counts(self, shop: Shop) -> None:
        shop.items.add(Item("a"))

        with nothing_committed(shop.uow), shop.uow:
            shop.items.get("a")

        with pytest.raises(ExpectationFailed, match=r"Put Item\('b'\)"), nothing_committed(shop.uow):
            shop.items.add(Item("b"))


class TestStored:
    def test_the_entity_as_it_is(self, shop: Shop) -> None:
        shop.orders.add(Order("o-1", total=3))

        assert_stored(shop.store, OrderMapping, Order("o-1", total=3, version=9))

    def test_what_differs(self, shop: Shop) -> None:
        shop.orders.add(Order("o-1", total=3))

        told = report(lambda: assert_stored(shop.store, OrderMapping, Order("o-1", total=4, tags={"x"})))

        assert told.splitlines()[2:] == [
            "    total: expected 4, stored is 3",
            "    tags: expected SS('x'), stored is nothing",
        ]
        assert_stored(shop.store, OrderMapping, Order("o-1", total=4), ignoring=["total"])

    def test_nothing_is_stored(self, shop: Shop) -> None:
        shop.items.add(Item("b"))

        assert "Item('a') is not stored" in report(lambda: assert_stored(shop.store, ItemMapping, Item("a")))
        assert_not_stored(shop.store, ItemMapping, "a")
        assert "code: 'b'" in report(lambda: assert_not_stored(shop.store, ItemMapping, "b"))

    def test_asynchronously(self) -> None:
        async def check() -> str:
            store = AsyncMemoryStore()
            uow = AsyncUnitOfWork(store)
            await AsyncRepository(ItemMapping, uow).add(Item("a", 1))
            assert_committed(uow, [Put(Item("a", 1))])
            await async_assert_stored(store, ItemMapping, Item("a", 1))
            await async_assert_not_stored(store, ItemMapping, "b")
            with pytest.raises(ExpectationFailed, match="in_stock: expected 2, stored is 1"):
                await async_assert_stored(store, ItemMapping, Item("a", 2))
            with pytest.raises(ExpectationFailed) as failure:
                await async_assert_not_stored(store, ItemMapping, "a")
            return str(failure.value)

        assert "in_stock: 1" in asyncio.run(check())


class TestOperations:
    def test_exactly_these(self) -> None:
        store = Metered(MemoryStore())
        items = Repository(ItemMapping, UnitOfWork(store))
        items.add(Item("a"))
        items.get("a")

        assert_operations(store, {"TransactWrite": 1, "GetItem": 1})
        told = report(lambda: assert_operations(store, {"TransactWrite": 2}))

        assert "TransactWrite: expected 2, came 1" in told
        assert "GetItem: expected 0, came 1" in told
