"""Queries as values: how synchronous and asynchronous ones give their results, page by page."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Repository,
    UnitOfWork,
)
from persistence.errors import (
    EntityNotFound,
    MultipleResultsFound,
    QueryError,
    ScanForbidden,
    ScanWarning,
    UnitClosed,
)
from persistence.events import LOGGER_NAME
from persistence.operations import Operation, QueryPage, ScanPage
from persistence.query import AsyncQuery, Query
from persistence.store import Limits
from tests.semantics.model import Order, OrderMapping

R = TypeVar("R")


class Paging:
    """A layer that reads two items a page, and keeps what it was asked."""

    def __init__(self) -> None:
        self.below = AsyncMemoryStore(MemoryStore())
        self.pages: list[QueryPage | ScanPage] = []

    @property
    def limits(self) -> Limits:
        return self.below.limits

    async def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, QueryPage | ScanPage):
            self.pages.append(operation)
        small: Operation[R] = _small(operation)
        return await self.below.perform(small)


def _small(operation: Any) -> Any:
    """Read at most two items."""
    if isinstance(operation, QueryPage | ScanPage):
        return replace(operation, limit=min(operation.limit or 2, 2))
    return operation


@dataclass
class Shop:
    """Five orders in an asynchronous store."""

    store: Paging
    uow: AsyncUnitOfWork
    orders: AsyncRepository[Order]

    def of_ann(self) -> AsyncQuery[Order]:
        return self.orders.query(lambda o: o.customer_id == "ann")


def in_shop(test: Callable[[Shop], Awaitable[None]]) -> None:
    """Run a test of a shop in an event loop of its own."""

    async def main() -> None:
        store = Paging()
        uow = AsyncUnitOfWork(store)
        shop = Shop(store, uow, AsyncRepository(OrderMapping, uow))
        async with uow:
            for number in range(1, 6):
                await shop.orders.add(Order("ann", number, total=number))  # type: ignore[arg-type]  # ints will do
        store.pages.clear()
        await test(shop)

    asyncio.run(main())


class TestAsyncQuery:
    def test_streams_page_by_page(self) -> None:
        """A page is read when its results are asked for, not before."""

        async def test(shop: Shop) -> None:
            numbers, pages = [], []
            async for order in shop.of_ann():
                numbers.append(order.number)
                pages.append(len(shop.store.pages))

            assert numbers == [1, 2, 3, 4, 5]
            assert pages == [1, 1, 2, 2, 3]

        in_shop(test)

    def test_gives_lists_firsts_and_counts(self) -> None:
        """`all`, `first`, `count` and `exists` are awaited."""

        async def test(shop: Shop) -> None:
            query = shop.of_ann()
            first = await query.order_by("number", descending=True).first()

            assert [order.number for order in await query.limit(3).all()] == [1, 2, 3]
            assert first is not None
            assert first.number == 5
            assert (await query.count(), await query.limit(3).count()) == (5, 3)
            assert await query.exists()
            assert not await query.where("number", ">", 7).exists()
            assert await query.where("number", ">", 7).first() is None

        in_shop(test)

    def test_reads_no_more_than_is_wanted(self) -> None:
        """The first result, or two where there must be one, take one page."""

        async def test(shop: Shop) -> None:
            await shop.of_ann().first()
            with pytest.raises(MultipleResultsFound):
                await shop.of_ann().one()
            await shop.of_ann().limit(1).one()
            await shop.of_ann().exists()

            assert [page.limit for page in shop.store.pages] == [1, 2, 1, 1]

        in_shop(test)

    def test_explains_itself_without_being_awaited(self) -> None:
        """Nothing is read."""

        async def test(shop: Shop) -> None:
            assert shop.of_ann().explain().kind == "query"
            assert shop.store.pages == []

        in_shop(test)

    def test_tracks_in_a_unit(self) -> None:
        """Results are those of the unit; a stream that outlives it raises."""

        async def test(shop: Shop) -> None:
            async with shop.uow:
                order = await shop.orders.get("ann", 2)
                order.courier = "bob"
                found = await shop.of_ann().all()
                apart = await shop.of_ann().untracked().all()
                left_open = aiter(shop.of_ann())

            assert found[1] is order
            assert apart[1].courier is None
            with pytest.raises(UnitClosed):
                await anext(left_open)
            assert (await shop.orders.get("ann", 2)).courier == "bob"

        in_shop(test)

    def test_warns_where_it_is_asked(self) -> None:
        """The scan policy is that of the unit of work; the warning points at the application's line."""

        async def test(shop: Shop) -> None:
            query = shop.orders.query(lambda o: o.courier != "bob")
            with pytest.warns(ScanWarning) as warned:
                await query.all()
            with pytest.warns(ScanWarning) as streamed:
                async for _ in query:
                    pass
            with pytest.raises(ScanForbidden):
                await (
                    AsyncRepository(OrderMapping, AsyncUnitOfWork(shop.store, scan_policy="forbid"))
                    .query()
                    .count()
                )

            assert {warning.filename for warning in [*warned, *streamed]} == {__file__}

        in_shop(test)

    def test_is_not_iterable_synchronously(self) -> None:
        """`for` needs `async`."""

        async def test(shop: Shop) -> None:
            with pytest.raises(TypeError, match="not iterable"):
                list(shop.of_ann())  # type: ignore[call-overload]  # that is the subject

        in_shop(test)


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


@pytest.fixture
def orders(uow: UnitOfWork) -> Repository[Order]:
    """Orders of ann and of bob."""
    repository = Repository(OrderMapping, uow)
    with uow:
        repository.add(Order("ann", 1))
        repository.add(Order("bob", 1))
        repository.add(Order("bob", 2))
    return repository


def of(orders: Repository[Order], customer: str) -> Query[Order]:
    return orders.query(lambda o: o.customer_id == customer)


class TestOne:
    def test_gives_the_only_result(self, orders: Repository[Order]) -> None:
        """Exactly one is wanted."""
        assert of(orders, "ann").one() == Order("ann", 1)

    def test_is_not_found_where_there_is_none(self, orders: Repository[Order]) -> None:
        """With the type that was asked for; there is no key to name."""
        with pytest.raises(EntityNotFound, match="Order not found: none matches the query") as missing:
            of(orders, "eve").one()

        assert (missing.value.entity_type, missing.value.key, missing.value.keys) == (Order, None, ())

    def test_is_refused_where_there_are_several(self, orders: Repository[Order]) -> None:
        """Unless a limit says that the first will do."""
        with pytest.raises(MultipleResultsFound, match="several Order match") as several:
            of(orders, "bob").one()

        assert several.value.entity_type is Order
        assert of(orders, "bob").limit(1).one() == Order("bob", 1)


class TestIsAValue:
    def test_of_the_same_kind_after_each_call(self, orders: Repository[Order], uow: UnitOfWork) -> None:
        """Every call gives a new query."""
        query = orders.query()

        refined = query.where("customer_id", "=", "bob").limit(1).index("by-status").consistent().untracked()

        assert isinstance(refined, Query)
        assert refined is not query
        assert repr(refined) == "<query of Order>"

    @pytest.mark.parametrize("count", [0, -1, True, 1.5, "1"])
    def test_whose_limit_is_a_number(self, orders: Repository[Order], count: Any) -> None:
        """At least one."""
        with pytest.raises(QueryError, match="at least 1"):
            orders.query().limit(count)


@pytest.fixture
def advice(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """The advice that was given since the last question."""

    def given() -> list[str]:
        texts = [record.getMessage() for record in caplog.records if "advice.given" in record.getMessage()]
        caplog.clear()
        return texts

    with caplog.at_level(logging.WARNING, logger=LOGGER_NAME):
        yield given


UNPROTECTED = "advice.given code='predicate_unprotected' entity_type='Order' table='orders'"


class TestInASerializableUnit:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda query: query.all(),
            lambda query: query.first(),
            lambda query: query.untracked().all(),
            lambda query: query.count(),
            lambda query: query.exists(),
        ],
    )
    def test_advises_that_predicates_are_not_protected(
        self,
        uow: UnitOfWork,
        orders: Repository[Order],
        advice: Callable[[], list[str]],
        ask: Callable[[Query[Order]], object],
    ) -> None:
        """Checks are made for what was read; what would come to match later is not noticed."""
        with uow(isolation="serializable"):
            ask(of(orders, "bob"))
            ask(orders.scan())

        assert advice() == [UNPROTECTED, UNPROTECTED]

    def test_says_nothing_elsewhere(
        self, uow: UnitOfWork, orders: Repository[Order], advice: Callable[[], list[str]]
    ) -> None:
        """Other units promise no such thing, and a plan reads nothing."""
        of(orders, "bob").all()
        with uow:
            of(orders, "bob").count()
        with uow(isolation="serializable"):
            of(orders, "bob").explain()

        assert advice() == []


class TestScans:
    def test_are_told_beside_each_other(
        self, uow: UnitOfWork, orders: Repository[Order], advice: Callable[[], list[str]]
    ) -> None:
        """A scan that nobody asked for is told as a warning and as an event."""
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            orders.query(lambda o: o.total == 0).all()

        assert [warning.category for warning in warned] == [ScanWarning]
        assert advice() == ["advice.given code='scan' entity_type='Order' table='orders'"]
