from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    CommitConflict,
    ConditionFailed,
    EntityGone,
    MemoryStore,
    QueryError,
    Repository,
    StaleEntity,
    StoreUnavailable,
    Throttled,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.errors import KeysUnread
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing import (
    ANY,
    AsyncExpectingStore,
    Delete,
    ExpectationFailed,
    ExpectingStore,
    Put,
    Update,
)
from tests.unit.testing.expecting.shop import Address, Item, ItemMapping, Order, OrderMapping, Status


class Shop:
    def __init__(self, store: ExpectingStore) -> None:
        self.uow = UnitOfWork(store)
        self.orders = Repository(OrderMapping, self.uow)
        self.items = Repository(ItemMapping, self.uow)

    def pay(self, order_id: str) -> None:
        with self.uow:
            self.orders.get(order_id).status = Status.PAID


@pytest.fixture
def mock() -> ExpectingStore:
    return ExpectingStore()


@pytest.fixture
def shop(mock: ExpectingStore) -> Shop:
    return Shop(mock)


class TestCommits:
    def test_a_changed_entity_is_an_update(self, mock: ExpectingStore, shop: Shop) -> None:
        order = Order("o-1", version=3)
        mock.expect_get(OrderMapping, "o-1").will_return(order)
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.PAID}, exact=True)

        with shop.uow:
            loaded = shop.orders.get("o-1")
            loaded.status = Status.PAID

        assert loaded.version == 4
        mock.verify()

    def test_versions_and_times_are_not_compared(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_commit().with_put(Order("o-1", version=7))

        shop.orders.add(Order("o-1"))

        mock.verify()

    def test_another_value_is_refused_with_both(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(Order("o-1"))
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.OPEN, "note": "x"})

        with pytest.raises(ExpectationFailed) as failure:
            shop.pay("o-1")

        assert "status: expected SET status = 'open', came SET status = 'paid'" in str(failure.value)
        assert "note: expected SET note = 'x', came no change of it" in str(failure.value)

    def test_parts_of_nested_entities_are_compared_wherever_they_are_set(
        self, mock: ExpectingStore, shop: Shop
    ) -> None:
        mock.expect_get(OrderMapping).any_times().will_return(Order("o-1", address=Address("a", "b")))
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"address": Address("a", "c")})
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"address.city": "d"})

        for address in (Address("a", "c"), Address("x", "d")):
            with shop.uow:
                shop.orders.get("o-1").address = address

        mock.verify()

    def test_any_value_may_be_set(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping).will_return(Order("o-1"))
        mock.expect_commit().with_update(OrderMapping, ANY, set={"status": ANY})

        shop.pay("o-1")

        mock.verify()

    def test_removed_attributes_are_named(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping).will_return(Order("o-1", note="x", tags={"a"}))
        mock.expect_commit().with_update(OrderMapping, "o-1", removed=["note", "tags"], exact=True)

        with shop.uow:
            order = shop.orders.get("o-1")
            order.note, order.tags = None, set()

        mock.verify()

    def test_an_exact_update_changes_nothing_else(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping).will_return(Order("o-1"))
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.PAID}, exact=True)

        with pytest.raises(ExpectationFailed, match="expected no other change, came SET total = 5"), shop.uow:
            order = shop.orders.get("o-1")
            order.status, order.total = Status.PAID, 5

    def test_patches_are_compared_by_what_they_do(self, mock: ExpectingStore, shop: Shop) -> None:
        expected = mock.expect_commit()
        expected.with_update(
            OrderMapping, "o-1", incremented={"total": 2}, added={"tags": {"a"}}, appended={"lines": ["x"]}
        )

        shop.orders.patch("o-1").increment("total", 2).add_to_set("tags", "a").append("lines", "x").execute()

        mock.verify()

    def test_a_patch_that_returns_gets_the_entity(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_commit().with_update(OrderMapping, "o-1").will_return(Order("o-1", total=9))

        found = shop.orders.patch("o-1").increment("total", 2).execute(returning="new")

        assert found == Order("o-1", total=9)

    def test_other_writes_may_come_beside_those_that_are_named(
        self, mock: ExpectingStore, shop: Shop
    ) -> None:
        mock.expect_commit().with_put(Item("pen"))

        with shop.uow:
            shop.items.add(Item("pen"))
            shop.orders.add(Order("o-1"))

        mock.verify()

    def test_unless_there_shall_be_nothing_else(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_commit().with_put(Item("pen")).and_nothing_else()

        with (
            pytest.raises(ExpectationFailed, match=r"expected nothing else, came Put Order\('o-1'\)"),
            shop.uow,
        ):
            shop.items.add(Item("pen"))
            shop.orders.add(Order("o-1"))

    def test_writes_come_in_any_order(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_commit().with_change(Delete(ItemMapping, "b"), Put(Item("a"))).and_nothing_else()
        mock.expect_get(ItemMapping, "b").will_return(Item("b"))

        with shop.uow:
            shop.items.add(Item("a"))
            shop.items.remove(shop.items.get("b"))

        mock.verify()

    def test_each_wanted_write_has_one_of_its_own(self, mock: ExpectingStore, shop: Shop) -> None:
        any_item = Put(Item("a"), ignoring=["code"])
        mock.expect_commit().with_change(any_item, Put(Item("a"))).and_nothing_else()

        with shop.uow:
            shop.items.add(Item("a"))
            shop.items.add(Item("b"))

        mock.verify()

    def test_serializable_units_check_what_they_read(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(Order("o-1"))
        mock.expect_commit().with_check(OrderMapping, "o-1").with_put(Item("a")).and_nothing_else()

        with shop.uow(isolation="serializable"):
            shop.orders.get("o-1")
            shop.items.add(Item("a"))

        mock.verify()

    def test_a_single_conditional_write_is_a_commit_too(self, mock: ExpectingStore) -> None:
        mock.expect_commit().with_put(Item("a"))

        Repository(ItemMapping, UnitOfWork(mock, single_write="conditional")).add(Item("a"))

        mock.verify()

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda mock: mock.expect_commit().with_update(OrderMapping, "o-1", set={"colour": 1}),
            lambda mock: mock.expect_commit().with_update(OrderMapping, "o-1", set={"total": "x"}),
            lambda mock: mock.expect_commit().with_update(OrderMapping, "o-1", set={"version": 1}),
            lambda mock: mock.expect_commit().with_update(OrderMapping, ("a", "b")),
            lambda mock: mock.expect_commit().with_change(Order("o-1")),
            lambda mock: mock.expect_commit().with_update(OrderMapping, "o-1", set=["total"]),
            lambda mock: mock.expect_query(OrderMapping).will_return_pages(Order("o-1")),
            lambda mock: mock.expect_get(OrderMapping, "o-1").will_raise("Throttled"),
            lambda mock: mock.expect_get(OrderMapping, "o-1").will_raise(KeysUnread),
        ],
    )
    def test_what_can_not_be_is_refused_where_it_is_expected(
        self, mock: ExpectingStore, wrong: Callable[[ExpectingStore], object]
    ) -> None:
        with pytest.raises(QueryError):
            wrong(mock)


class TestRefusals:
    def test_a_refused_commit_is_a_conflict(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(Order("o-1", version=1))
        stored = {"id": {"S": "o-1"}, "customerId": {"S": "c1"}, "version": {"N": "2"}}
        mock.expect_commit().with_update(OrderMapping, "o-1").will_refuse(found=stored)

        with pytest.raises(CommitConflict) as conflict:
            shop.pay("o-1")

        (reason,) = conflict.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (1, 2)

    def test_only_what_is_named_is_refused(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(Order("o-1"))
        mock.expect_commit().with_update(OrderMapping, "o-1").will_refuse()

        with pytest.raises(CommitConflict) as conflict, shop.uow:
            shop.orders.get("o-1").status = Status.PAID
            shop.items.add(Item("a"))

        assert [type(reason) for reason in conflict.value.reasons] == [EntityGone]

    def test_a_refused_single_write_is_its_reason(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_commit().with_update(OrderMapping, "o-1").will_refuse(found=Order("o-1", total=1))

        with pytest.raises(ConditionFailed):
            shop.orders.patch("o-1").increment("total", 2).if_(lambda o: o.total > 5).execute(returning="new")

    def test_a_lost_answer_is_repeated_with_the_same_token(self, mock: ExpectingStore, shop: Shop) -> None:
        expected = mock.expect_commit().with_put(Item("a"))
        expected.will_raise(StoreUnavailable("no answer", ambiguous=True)).will_return()

        shop.items.add(Item("a"))

        mock.verify()


class TestBatches:
    def test_a_bulk_sends_batches(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_batch_write().with_put(Item("a")).with_put(Item("b")).and_nothing_else()

        with shop.items.bulk() as bulk:
            bulk.add(Item("b"))
            bulk.add(Item("a"))

        mock.verify()

    def test_what_is_left_is_sent_again(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_batch_write().will_leave(1).will_return()

        with shop.items.bulk() as bulk:
            bulk.add(Item("a"))
            bulk.add(Item("b"))

        mock.verify()


class TestOrder:
    def test_strict_expectations_come_in_order(self) -> None:
        mock = ExpectingStore(order="strict")
        mock.expect_get(ItemMapping, "a").will_return(Item("a"))
        mock.expect_get(ItemMapping, "b").any_times()
        mock.expect_get(ItemMapping, "c").will_return(Item("c"))
        items = Shop(mock).items

        assert [items.find(code) for code in "ac"] == [Item("a"), Item("c")]
        mock.verify()

    def test_another_order_is_refused(self) -> None:
        mock = ExpectingStore(order="strict")
        mock.expect_get(ItemMapping, "a")
        mock.expect_get(ItemMapping, "b")

        with pytest.raises(ExpectationFailed) as failure:
            Shop(mock).items.find("b")

        assert "it is the turn of the expectation made at test_writes.py:" in str(failure.value)
        assert "it would have met the expectation made at" in str(failure.value)

    def test_other_orders_there_are_none(self) -> None:
        with pytest.raises(UnitOfWorkStateError, match="strict"):
            ExpectingStore(order="loose")  # type: ignore[arg-type]


class TestVerifying:
    def test_what_did_not_come_fails_at_the_end_of_the_block(self) -> None:
        def run() -> None:
            with ExpectingStore() as mock:
                mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.PAID})
                mock.expect_get(ItemMapping, "a").any_times()
                Shop(mock).items.find("a")

        with pytest.raises(ExpectationFailed) as failure:
            run()

        report = str(failure.value)
        assert "1 expectation not met" in report
        assert "Update Order('o-1')\n            SET status = 'paid'" in report
        assert "1. get of Item('a')" in report

    def test_a_store_that_was_never_asked_says_so(self, mock: ExpectingStore) -> None:
        mock.expect_get(ItemMapping, "a")

        with pytest.raises(ExpectationFailed, match="no operation came at all"):
            mock.verify()

    def test_a_refusal_that_was_swallowed_fails_at_the_end(self, mock: ExpectingStore, shop: Shop) -> None:
        with pytest.raises(ExpectationFailed):
            shop.items.find("a")

        with pytest.raises(ExpectationFailed, match="refused before, and gone on after it"):
            mock.verify()

    def test_another_failure_of_the_block_goes_first_and_tells_of_refusals(self) -> None:
        def run() -> None:
            with ExpectingStore() as mock:
                mock.expect_get(ItemMapping, "b")
                with pytest.raises(ExpectationFailed):
                    Shop(mock).items.find("a")
                raise RuntimeError("something else")

        with pytest.raises(RuntimeError, match="something else") as failure:
            run()

        assert "an operation had been refused before" in "".join(failure.value.__notes__)


class TestHowItIsRaised:
    def test_a_refused_commit_shows_nothing_but_the_report(self, shop: Shop) -> None:
        with pytest.raises(ExpectationFailed) as failure:
            shop.items.add(Item("a"))

        assert failure.value.__suppress_context__

    def test_an_error_may_be_given_by_its_class(self, mock: ExpectingStore, shop: Shop) -> None:
        mock.expect_get(ItemMapping, "a").will_raise(Throttled)

        with pytest.raises(Throttled, match="raised by an expectation"):
            shop.items.find("a")


class TestAsynchronously:
    async def pay(self, store: AsyncExpectingStore) -> None:
        uow = AsyncUnitOfWork(store)
        orders = AsyncRepository(OrderMapping, uow)
        async with uow:
            (await orders.get("o-1")).status = Status.PAID

    def test_the_same_is_expected_of_asynchronous_code(self) -> None:
        with AsyncExpectingStore() as mock:
            mock.expect_get(OrderMapping, "o-1").will_return(Order("o-1"))
            mock.expect_commit().with_change(Update(OrderMapping, "o-1", set={"status": Status.PAID}))

            asyncio.run(self.pay(mock))

    def test_and_refused(self) -> None:
        mock = AsyncExpectingStore()

        with pytest.raises(ExpectationFailed, match="nothing at all is expected"):
            asyncio.run(self.pay(mock))

    def test_and_performed_elsewhere(self) -> None:
        mock = AsyncExpectingStore(otherwise=AsyncMemoryStore())

        asyncio.run(AsyncRepository(ItemMapping, AsyncUnitOfWork(mock)).add(Item("a")))

        mock.verify()

    def test_the_other_store_is_of_the_same_colour(self) -> None:
        with pytest.raises(UnitOfWorkStateError):
            AsyncExpectingStore(otherwise=MemoryStore())  # type: ignore[arg-type]
        with pytest.raises(UnitOfWorkStateError):
            ExpectingStore(otherwise=AsyncMemoryStore())  # type: ignore[arg-type]
