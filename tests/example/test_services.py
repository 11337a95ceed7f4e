"""What happens in the shop, on the memory store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import pytest

from domain_example.container import ShopContainer, shop_on
from domain_example.domain import (
    Basket,
    Customer,
    Line,
    Order,
    OrderLines,
    Product,
    Refusal,
    Refused,
    ShopError,
    Status,
)
from domain_example.services import BESIDE_ARTICLES
from persistence import CommitConflict, MemoryStore, Store
from persistence.operations import Operation, TransactWrite
from persistence.store import Limits
from persistence.stores.layers import Metered

MONDAY = datetime(2010, 12, 6, 9, 30, tzinfo=UTC)
LINES = tuple(Line(f"7105{digit}", 2, Decimal("1.50"), f"LANTERN {digit}") for digit in range(5))
POSTAGE = Line("POST", 1, Decimal("18.00"), "POSTAGE")
ROOM_FOR_TWO = Limits(transaction_actions=BESIDE_ARTICLES + 2)


R = TypeVar("R")


class PowerCut(Exception):
    """The process ends here."""


class Failing:
    """A layer that lets so many transactions through, and none after them."""

    def __init__(self, store: Store, transactions: int) -> None:
        self._store = store
        self._left = transactions

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, TransactWrite):
            if not self._left:
                raise PowerCut
            self._left -= 1
        return self._store.perform(operation)


@pytest.fixture
def store() -> MemoryStore:
    """A store in which a unit holds two articles."""
    return MemoryStore(limits=ROOM_FOR_TWO)


@pytest.fixture
def shop(store: MemoryStore) -> ShopContainer:
    return shop_on(store)


def basket(
    *lines: Line, number: str = "536365", customer_id: str | None = "17850", at: datetime = MONDAY
) -> Basket:
    return Basket(number, at, "United Kingdom", customer_id, lines)


def stock_of(shop: ShopContainer) -> dict[str, int]:
    found = shop.products().find_many(line.code for line in LINES)
    return {product.code: product.in_stock for product in found if product is not None}


def parts_of(shop: ShopContainer, order_id: str) -> list[OrderLines]:
    return shop.order_lines().query(lambda part: part.order_id == order_id).all()


class TestRegisterCustomer:
    def test_notes_a_new_customer(self, shop: ShopContainer) -> None:
        shop.register_customer()("17850", "United Kingdom")

        assert shop.customers().get("17850") == Customer("17850", "United Kingdom")

    def test_leaves_a_known_customer_as_they_are(self, shop: ShopContainer) -> None:
        shop.register_customer()("17850", "United Kingdom")

        known = shop.register_customer()("17850", "France")

        assert known == Customer("17850", "United Kingdom")


class TestReceiveStock:
    def test_puts_new_and_known_articles_into_stock(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES[:1])

        shop.receive_stock()("d2", LINES[:2])

        assert shop.products().get("71050") == Product("71050", "LANTERN 0", 4)
        assert shop.products().get("71051") == Product("71051", "LANTERN 1", 2)

    def test_books_a_long_delivery_in_several_units(self, shop: ShopContainer) -> None:
        delivery = shop.receive_stock()("d1", LINES)

        assert (delivery.booked, delivery.status) == (5, Status.CONFIRMED)
        assert stock_of(shop) == {line.code: 2 for line in LINES}

    def test_receives_a_delivery_once(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES)

        shop.receive_stock()("d1", LINES)

        assert stock_of(shop) == {line.code: 2 for line in LINES}

    @pytest.mark.parametrize("units", [0, 1, 2])
    def test_goes_on_where_it_was_interrupted(
        self, store: MemoryStore, shop: ShopContainer, units: int
    ) -> None:
        with pytest.raises(PowerCut):
            shop_on(Failing(store, units)).receive_stock()("d1", LINES)

        shop.receive_stock()("d1", LINES)

        assert stock_of(shop) == {line.code: 2 for line in LINES}


class TestPlaceOrder:
    @pytest.fixture(autouse=True)
    def stocked(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES)

    def test_writes_the_order_its_lines_and_customer_and_takes_the_articles(
        self, shop: ShopContainer
    ) -> None:
        shop.place_order()(basket(LINES[0], POSTAGE))

        assert shop.orders().get("536365") == Order(
            id="536365",
            customer_id="17850",
            country="United Kingdom",
            placed_at=MONDAY,
            line_count=2,
            total=Decimal("21.00"),
            booked=2,
            status=Status.CONFIRMED,
        )
        assert parts_of(shop, "536365") == [OrderLines("536365", 1, [LINES[0], POSTAGE])]
        assert shop.customers().get("17850") == Customer("17850", "United Kingdom")
        assert shop.products().get("71050") == Product("71050", "LANTERN 0", 0)

    def test_is_one_unit_of_work_if_its_articles_have_room_in_one(self, store: MemoryStore) -> None:
        metered = Metered(store)

        shop_on(metered).place_order()(basket(LINES[0], LINES[1], POSTAGE))

        commits = metered.totals["TransactWrite"]
        assert (commits.calls, commits.actions) == (1, 5)

    def test_takes_an_article_on_several_lines_once(self, store: MemoryStore) -> None:
        one_piece = Line("71050", 1, Decimal("1.50"))
        metered = Metered(store)

        shop_on(metered).place_order()(basket(one_piece, one_piece))

        assert metered.totals["TransactWrite"].actions == 4
        assert stock_of(shop_on(store))["71050"] == 0

    def test_places_a_long_order_in_several_units(self, shop: ShopContainer) -> None:
        order = shop.place_order()(basket(*LINES))

        assert (order.booked, order.status) == (5, Status.CONFIRMED)
        assert [part.first for part in parts_of(shop, "536365")] == [1, 3, 5]
        assert [line for part in parts_of(shop, "536365") for line in part.lines] == list(LINES)
        assert stock_of(shop) == {line.code: 0 for line in LINES}

    def test_keeps_a_long_order_pending_until_its_last_unit(
        self, store: MemoryStore, shop: ShopContainer
    ) -> None:
        with pytest.raises(PowerCut):
            shop_on(Failing(store, 2)).place_order()(basket(*LINES))

        order = shop.orders().get("536365")
        assert (order.booked, order.status) == (4, Status.PENDING)

    @pytest.mark.parametrize("units", [0, 1, 2])
    def test_goes_on_where_it_was_interrupted(
        self, store: MemoryStore, shop: ShopContainer, units: int
    ) -> None:
        with pytest.raises(PowerCut):
            shop_on(Failing(store, units)).place_order()(basket(*LINES))

        order = shop.place_order()(basket(*LINES))

        assert (order.booked, order.status) == (5, Status.CONFIRMED)
        assert [line for part in parts_of(shop, "536365") for line in part.lines] == list(LINES)
        assert stock_of(shop) == {line.code: 0 for line in LINES}

    def test_places_an_order_once(self, shop: ShopContainer) -> None:
        first = shop.place_order()(basket(LINES[0]))

        second = shop.place_order()(basket(LINES[0]))

        assert second == first
        assert stock_of(shop)["71050"] == 0

    def test_serves_guests(self, shop: ShopContainer) -> None:
        shop.place_order()(basket(LINES[0], customer_id=None))

        assert shop.orders().get("536365").customer_id is None
        assert shop.customers().scan().all() == []

    def test_writes_nothing_of_a_refused_basket(self, shop: ShopContainer) -> None:
        with pytest.raises(Refused) as refused:
            shop.place_order()(basket(LINES[0], Line("71051", -1, Decimal(1))))

        assert refused.value.reason is Refusal.NEGATIVE_QUANTITY
        assert shop.orders().find("536365") is None

    @pytest.mark.parametrize("wanted", [Line("71050", 3, Decimal(1)), Line("99999", 1, Decimal(1))])
    def test_writes_nothing_if_the_first_unit_lacks_an_article(
        self, shop: ShopContainer, wanted: Line
    ) -> None:
        with pytest.raises(Refused) as refused:
            shop.place_order()(basket(LINES[1], wanted))

        assert refused.value.reason is Refusal.OUT_OF_STOCK
        assert shop.orders().find("536365") is None
        assert shop.customers().find("17850") is None
        assert stock_of(shop) == {line.code: 2 for line in LINES}


class TestWithdrawnOrder:
    """A long order of which a later unit lacks an article: what the earlier ones took goes back."""

    TOO_MUCH = (*LINES[:4], Line("71054", 3, Decimal("1.50")))

    @pytest.fixture(autouse=True)
    def stocked(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES)

    def test_gives_everything_back(self, shop: ShopContainer) -> None:
        with pytest.raises(Refused) as refused:
            shop.place_order()(basket(*self.TOO_MUCH))

        assert refused.value.reason is Refusal.OUT_OF_STOCK
        assert shop.orders().get("536365").is_undone
        assert parts_of(shop, "536365") == []
        assert stock_of(shop) == {line.code: 2 for line in LINES}

    @pytest.mark.parametrize("units", [2, 3])
    def test_goes_on_giving_back_where_it_was_interrupted(
        self, store: MemoryStore, shop: ShopContainer, units: int
    ) -> None:
        with pytest.raises(PowerCut):
            shop_on(Failing(store, units)).place_order()(basket(*self.TOO_MUCH))

        with pytest.raises(Refused):
            shop.place_order()(basket(*self.TOO_MUCH))

        assert shop.orders().get("536365").is_undone
        assert stock_of(shop) == {line.code: 2 for line in LINES}

    def test_stays_refused(self, shop: ShopContainer) -> None:
        with pytest.raises(Refused):
            shop.place_order()(basket(*self.TOO_MUCH))
        shop.receive_stock()("d2", LINES)

        with pytest.raises(Refused) as refused:
            shop.place_order()(basket(*self.TOO_MUCH))

        assert refused.value.reason is Refusal.OUT_OF_STOCK
        assert stock_of(shop) == {line.code: 4 for line in LINES}


class TestCancelOrder:
    def test_pays_back_and_returns_articles_to_stock(self, shop: ShopContainer) -> None:
        refund = shop.cancel_order()(basket(LINES[0], POSTAGE, number="C536379"))

        assert shop.refunds().get("C536379") == refund
        assert (refund.total, refund.status) == (Decimal("21.00"), Status.CONFIRMED)
        assert stock_of(shop) == {"71050": 2}

    def test_registers_customers_of_the_time_before_the_books(self, shop: ShopContainer) -> None:
        shop.cancel_order()(basket(LINES[0], number="C536379"))

        assert shop.customers().get("17850") == Customer("17850", "United Kingdom")

    @pytest.mark.parametrize("units", [0, 1, 2])
    def test_refunds_once_however_often_it_is_interrupted(
        self, store: MemoryStore, shop: ShopContainer, units: int
    ) -> None:
        returned = basket(*LINES, number="C536379")
        with pytest.raises(PowerCut):
            shop_on(Failing(store, units)).cancel_order()(returned)

        shop.cancel_order()(returned)
        refund = shop.cancel_order()(returned)

        assert (refund.booked, refund.status) == (5, Status.CONFIRMED)
        assert stock_of(shop) == {line.code: 2 for line in LINES}

    def test_is_refused_without_a_customer(self, shop: ShopContainer) -> None:
        with pytest.raises(Refused) as refused:
            shop.cancel_order()(basket(LINES[0], number="C536379", customer_id=None))

        assert refused.value.reason is Refusal.NO_CUSTOMER
        assert shop.refunds().find("C536379") is None


class TestStockCounter:
    def test_adds_what_is_found_to_what_the_books_say(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES[:1])

        shop.stock_counter().found("71050", 3)

        assert shop.products().get("71050") == Product("71050", "LANTERN 0", 5)

    def test_begins_an_article_that_the_books_lack(self, shop: ShopContainer) -> None:
        shop.stock_counter().found("71050", 3)

        assert shop.products().get("71050") == Product("71050", in_stock=3)

    def test_takes_what_is_lost_down_to_the_last_piece(self, shop: ShopContainer) -> None:
        shop.receive_stock()("d1", LINES[:1])

        shop.stock_counter().lost("71050", 2)

        assert shop.products().get("71050").in_stock == 0

    @pytest.mark.parametrize("code", ["71050", "99999"])
    def test_refuses_to_lose_more_than_there_is(self, shop: ShopContainer, code: str) -> None:
        shop.receive_stock()("d1", LINES[:1])

        with pytest.raises(Refused, match=f"the loss of 3 of article {code} is refused: out of stock"):
            shop.stock_counter().lost(code, 3)

        assert stock_of(shop) == {"71050": 2}

    @pytest.mark.parametrize("pieces", [0, -1])
    def test_refuses_to_count_less_than_a_piece(self, shop: ShopContainer, pieces: int) -> None:
        counter = shop.stock_counter()

        with pytest.raises(ShopError, match="at least one piece"):
            counter.found("71050", pieces)
        with pytest.raises(ShopError, match="at least one piece"):
            counter.lost("71050", pieces)

    def test_reads_nothing(self, store: MemoryStore) -> None:
        """A count is one write each: whoever counts the same article meanwhile disturbs nobody."""
        metered = Metered(store)
        counter = shop_on(metered).stock_counter()

        counter.found("71050", 3)
        counter.lost("71050", 1)

        assert {name: totals.calls for name, totals in metered.totals.items()} == {"TransactWrite": 2}

    def test_makes_orders_that_read_before_begin_anew(self, store: MemoryStore, shop: ShopContainer) -> None:
        """A count moves the version of the article along."""
        shop.receive_stock()("d1", LINES[:1])
        counter, products = shop_on(store).stock_counter(), shop.products()

        with pytest.raises(CommitConflict), shop.persistence.uow():
            products.get("71050").take(2)
            counter.lost("71050", 1)

        assert stock_of(shop) == {"71050": 1}
