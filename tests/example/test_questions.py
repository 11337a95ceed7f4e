"""What people ask the shop: what they are told, and what is read for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from domain_example.container import ShopContainer, shop_on
from domain_example.domain import (
    ArticleSales,
    Basket,
    CountrySales,
    Line,
    Month,
    OrderSummary,
    Refused,
    Statement,
    Status,
)
from domain_example.services import BESIDE_ARTICLES
from domain_example.stores import LOCAL_LIMITS
from persistence import DynamoStore, InvalidCursor, MemoryStore, Store, TransactionTooLarge
from persistence.operations import Operation, TransactGet, TransactWrite
from persistence.store import Limits
from persistence.stores.layers import Metered
from persistence.testing.servers import client_for

R = TypeVar("R")

MONDAY = datetime(2010, 12, 6, 9, 30, tzinfo=UTC)
DECEMBER = Month(2010, 12)
LINES = tuple(Line(f"7105{digit}", 2, Decimal("1.50"), f"LANTERN {digit}") for digit in range(5))
ONE_LINE, THREE_LINES = LINES[:1], LINES[:3]
ROOM_FOR_TWO = Limits(transaction_actions=BESIDE_ARTICLES + 2)


class PowerCut(Exception):
    """The process ends here."""


class Watched:
    """A layer that shows each operation to somebody before it is performed."""

    def __init__(self, store: Store, watch: Callable[[Operation[Any]], None]) -> None:
        self._store = store
        self._watch = watch

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        self._watch(operation)
        return self._store.perform(operation)


def basket(
    number: str,
    lines: tuple[Line, ...] = ONE_LINE,
    *,
    customer_id: str | None = "17850",
    at: datetime = MONDAY,
    country: str = "United Kingdom",
) -> Basket:
    return Basket(number, at, country, customer_id, lines)


def place(store: Store, *baskets: Basket) -> None:
    """Place orders, in a shop that has enough of each article."""
    shop = shop_on(store)
    shop.receive_stock()("d1", [Line(line.code, 60, description=line.description) for line in LINES])
    for each in baskets:
        shop.place_order()(each)


def begin(store: Store, half: Basket) -> None:
    """Commit the first unit of an order only, so that it stays pending."""
    place(store)
    units = count()

    def watch(operation: Operation[Any]) -> None:
        if isinstance(operation, TransactWrite) and next(units):
            raise PowerCut

    with pytest.raises(PowerCut):
        shop_on(Watched(store, watch)).place_order()(half)


def calls(metered: Metered) -> dict[str, int]:
    return {name: totals.calls for name, totals in metered.totals.items()}


@pytest.fixture
def store() -> MemoryStore:
    """A store in which a unit holds two articles."""
    return MemoryStore(limits=ROOM_FOR_TWO)


@pytest.fixture
def shop(store: MemoryStore) -> ShopContainer:
    return shop_on(store)


class TestOrderHistory:
    @pytest.fixture(autouse=True)
    def ordered(self, store: MemoryStore) -> None:
        """Five orders of one customer, one a day; and one of another customer."""
        days = (basket(f"{day}", at=MONDAY + timedelta(days=day)) for day in range(5))
        place(store, *days, basket("9", customer_id="12583"))

    def test_shows_the_latest_orders_first_on_pages(self, shop: ShopContainer) -> None:
        first = shop.order_history()("17850", size=2)
        second = shop.order_history()("17850", after=first.cursor, size=2)
        third = shop.order_history()("17850", after=second.cursor, size=2)

        assert [[order.id for order in page] for page in (first, second, third)] == [
            ["4", "3"],
            ["2", "1"],
            ["0"],
        ]
        assert third.cursor is None

    def test_refuses_the_cursor_of_another_customer(self, shop: ShopContainer) -> None:
        cursor = shop.order_history()("17850", size=2).cursor

        with pytest.raises(InvalidCursor) as refused:
            shop.order_history()("12583", after=cursor, size=2)

        assert refused.value.reason == "foreign"

    def test_reads_what_a_page_shows(self, store: MemoryStore) -> None:
        """One page of the index, wherever it begins, and little more than is shown."""
        metered = Metered(store)
        order_history = shop_on(metered).order_history()
        cursor = order_history("17850", size=2).cursor

        page = order_history("17850", after=cursor, size=2)

        assert calls(metered) == {"QueryPage": 2}
        assert page.scanned_count <= 3

    def test_is_empty_for_who_never_ordered(self, shop: ShopContainer) -> None:
        page = shop.order_history()("12748")

        assert (page.items, page.cursor) == ([], None)


class TestOrdersByStatus:
    def test_lists_orders_of_a_status_oldest_first_with_those_of_guests(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        later = MONDAY + timedelta(hours=1)
        place(store, basket("2", at=later), basket("1", customer_id=None))
        begin(store, basket("3", THREE_LINES))

        lists = {status: shop.orders_by_status()(status).all() for status in Status}

        assert lists == {
            Status.PENDING: [OrderSummary("3", "17850", MONDAY, Decimal("9.00"))],
            Status.CONFIRMED: [
                OrderSummary("1", None, MONDAY, Decimal("3.00")),
                OrderSummary("2", "17850", later, Decimal("3.00")),
            ],
            Status.WITHDRAWN: [],
        }

    def test_lists_what_was_withdrawn(self, store: MemoryStore, shop: ShopContainer) -> None:
        place(store)
        too_much = (*LINES[:2], Line("71052", 61, Decimal(1)))
        with pytest.raises(Refused):
            shop.place_order()(basket("1", too_much))

        assert [order.id for order in shop.orders_by_status()(Status.WITHDRAWN)] == ["1"]

    def test_reads_the_index_only(self, shop: ShopContainer) -> None:
        path = shop.orders_by_status()(Status.PENDING).explain()

        assert (path.kind, path.index, path.fetch) == ("query", "by-status", "nothing")


class TestSalesByCountry:
    def test_adds_up_confirmed_orders_of_each_country(self, store: MemoryStore, shop: ShopContainer) -> None:
        place(
            store,
            basket("1", ONE_LINE),
            basket("2", THREE_LINES),
            basket("3", LINES, customer_id=None, country="France"),
        )
        begin(store, basket("4", LINES, country="EIRE"))

        assert shop.sales_by_country()() == [
            CountrySales("France", 1, Decimal("15.00")),
            CountrySales("United Kingdom", 2, Decimal("12.00")),
        ]


class TestTopArticles:
    def test_adds_up_pieces_of_all_orders(self, store: MemoryStore, shop: ShopContainer) -> None:
        more = Line("71052", 5, Decimal("1.50"))
        place(store, basket("1", THREE_LINES), basket("2", (more, LINES[1])), basket("3", (more, LINES[4])))

        assert shop.top_articles()(3) == [
            ArticleSales("71052", 12),
            ArticleSales("71051", 4),
            ArticleSales("71050", 2),
        ]


class TestMonthlyStatement:
    def test_adds_up_the_customers_orders_and_refunds_of_the_month(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        postage = Line("POST", 1, Decimal("18.00"))
        place(
            store,
            basket("1"),
            basket("2", (LINES[1], postage), at=DECEMBER.last_moment),
            basket("3", at=datetime(2011, 1, 1, tzinfo=UTC)),
            basket("4", customer_id="12583"),
        )
        shop.cancel_order()(basket("C1"))

        statement = shop.monthly_statement()("17850", DECEMBER)

        assert statement == Statement("17850", DECEMBER, 2, Decimal("24.00"), 1, Decimal("3.00"))

    def test_reads_only_what_it_adds_up(self, store: MemoryStore) -> None:
        """One page of an index for the orders, one for the refunds; what is settled is not read again."""
        place(store, basket("1"))
        shop_on(store).cancel_order()(basket("C1"))
        metered = Metered(store)

        shop_on(metered).monthly_statement()("17850", DECEMBER)

        assert calls(metered) == {"QueryPage": 2}

    def test_leaves_out_what_is_pending(self, store: MemoryStore) -> None:
        place(store, basket("1"))
        begin(store, basket("2", THREE_LINES))
        metered = Metered(store)

        statement = shop_on(metered).monthly_statement()("17850", DECEMBER)

        assert (statement.orders, statement.charged) == (1, Decimal("3.00"))
        assert calls(metered) == {"QueryPage": 2, "TransactGet": 1}

    def test_is_of_the_moment_at_which_it_read_again_what_was_pending(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        """The queries saw a pending order; it is confirmed by the time of the snapshot."""
        begin(store, basket("1", THREE_LINES))

        def watch(operation: Operation[Any]) -> None:
            if isinstance(operation, TransactGet):
                shop.place_order()(basket("1", THREE_LINES))

        statement = shop_on(Watched(store, watch)).monthly_statement()("17850", DECEMBER)

        assert statement == Statement("17850", DECEMBER, 1, Decimal("9.00"), 0, Decimal(0))

    def test_can_be_asked_for_inside_a_unit_that_holds_the_orders(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        begin(store, basket("1", THREE_LINES))

        with shop.persistence.uow():
            order = shop.orders().get("1")
            statement = shop.monthly_statement()("17850", DECEMBER)

        assert (order.status, statement.orders) == (Status.PENDING, 0)

    def test_refuses_to_read_more_than_one_moment_gives(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        for number in range(ROOM_FOR_TWO.transaction_actions + 1):
            begin(store, basket(f"{number}", THREE_LINES))

        with pytest.raises(TransactionTooLarge):
            shop.monthly_statement()("17850", DECEMBER)


@pytest.mark.slow
class TestOnDynamoDBLocal:
    @pytest.fixture
    def local(self, dynamodb_local: str) -> Iterator[Store]:
        """Its transactions hold 10 actions; the tables are the test's own."""
        with closing(client_for(dynamodb_local, access_key_id=f"shop{uuid4().hex}")) as client:
            store = DynamoStore(client, limits=LOCAL_LIMITS)
            shop_on(store).persistence.schema().ensure_tables()
            yield store

    def test_answers_are_the_same(self, local: Store) -> None:
        """Pages, a list by status, sums, the best articles, a counter and a statement."""
        long = (*LINES, *(Line(f"7106{digit}", 1, Decimal(1), "LAMP") for digit in range(3)))
        place(local, basket("1"), basket("2", THREE_LINES, at=MONDAY + timedelta(days=1)))
        shop = shop_on(local)
        shop.receive_stock()("d2", long[5:])
        begin(local, basket("3", long, at=MONDAY + timedelta(days=2)))
        history, counter = shop.order_history(), shop.stock_counter()

        first = history("17850", size=2)
        second = history("17850", after=first.cursor, size=2)
        counter.found("00000", 3)
        counter.lost("00000", 2)
        with pytest.raises(Refused):
            counter.lost("00000", 2)

        assert [[order.id for order in page] for page in (first, second)] == [["3", "2"], ["1"]]
        assert [order.id for order in shop.orders_by_status()(Status.CONFIRMED)] == ["1", "2"]
        assert shop.sales_by_country()() == [CountrySales("United Kingdom", 2, Decimal("12.00"))]
        assert shop.top_articles()(1) == [ArticleSales("71050", 6)]
        assert shop.products().get("00000").in_stock == 1
        assert shop.monthly_statement()("17850", DECEMBER) == Statement(
            "17850", DECEMBER, 2, Decimal("12.00"), 0, Decimal(0)
        )
