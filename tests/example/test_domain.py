"""The rules of the shop, as its domain keeps them without any store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain_example.domain import (
    ArticleSales,
    Basket,
    Customer,
    Delivery,
    Line,
    Month,
    Order,
    OutOfStock,
    Product,
    Refund,
    Refusal,
    Refused,
    ShopError,
    Statement,
    Status,
    next_part,
    pieces_by_article,
)

MONDAY = datetime(2010, 12, 6, 9, 30, tzinfo=UTC)
LANTERN = Line("71053", 6, Decimal("3.39"), "WHITE METAL LANTERN")
HOLDER = Line("85123A", 2, Decimal("2.55"), "T-LIGHT HOLDER")
POSTAGE = Line("POST", 1, Decimal("18.00"), "POSTAGE")
GIFT = Line("22841", 1, Decimal(0), "CAKE TIN")


def basket(*lines: Line, customer_id: str | None = "17850") -> Basket:
    return Basket("536365", MONDAY, "United Kingdom", customer_id, lines)


def order(*lines: Line) -> Order:
    return Order.of(basket(*lines))


class TestLine:
    def test_costs_its_pieces_at_their_price(self) -> None:
        assert LANTERN.amount == Decimal("20.34")

    def test_writes_codes_in_capitals(self) -> None:
        assert Line("85123a", 1) == Line("85123A", 1)

    @pytest.mark.parametrize("code", ["71053", "85123A", "15056BL", "85123a"])
    def test_holds_an_article_if_its_code_has_five_digits(self, code: str) -> None:
        assert Line(code, 1).is_article

    @pytest.mark.parametrize("code", ["POST", "D", "C2", "BANK CHARGES", "7105", "710531"])
    def test_holds_a_charge_otherwise(self, code: str) -> None:
        assert not Line(code, 1).is_article


class TestPiecesByArticle:
    def test_adds_up_the_lines_of_an_article_and_leaves_charges_out(self) -> None:
        lines = [HOLDER, LANTERN, Line("85123a", 3), POSTAGE]

        assert pieces_by_article(lines) == {"85123A": 5, "71053": 6}


class TestBasket:
    @pytest.mark.parametrize(
        ("lines", "reason"),
        [
            ((), Refusal.EMPTY),
            ((LANTERN, Line("71053", 0, Decimal(1))), Refusal.NEGATIVE_QUANTITY),
            ((LANTERN, Line("71053", -1, Decimal(1))), Refusal.NEGATIVE_QUANTITY),
            ((GIFT,), Refusal.NOTHING_TO_PAY),
        ],
    )
    def test_is_refused_as_an_order(self, lines: tuple[Line, ...], reason: Refusal) -> None:
        with pytest.raises(Refused, match=f"536365 is refused: {reason.value}") as refused:
            basket(*lines).check_as_order()

        assert refused.value.reason is reason

    def test_may_hold_gifts_if_there_is_something_to_pay(self) -> None:
        paid = basket(LANTERN, GIFT)

        paid.check_as_order()

        assert paid.total == Decimal("20.34")

    def test_may_be_a_guests(self) -> None:
        guest = basket(LANTERN, customer_id=None)

        guest.check_as_order()

        assert Order.of(guest).customer_id is None

    def test_is_refused_as_a_refund_without_a_customer(self) -> None:
        """Money is only paid back to somebody."""
        with pytest.raises(Refused) as refused:
            Refund.of(basket(LANTERN, customer_id=None))

        assert refused.value.reason is Refusal.NO_CUSTOMER


class TestCustomer:
    @pytest.mark.parametrize(("number", "country"), [("", "France"), ("12583", "")])
    def test_needs_a_number_and_a_country(self, number: str, country: str) -> None:
        with pytest.raises(ShopError, match="a number and a country"):
            Customer(number, country)


class TestProduct:
    def test_gives_and_takes_pieces(self) -> None:
        product = Product("71053", in_stock=5)

        product.take(3)
        product.put(1)

        assert product.in_stock == 3

    def test_gives_its_last_piece(self) -> None:
        product = Product("71053", in_stock=5)

        product.take(5)

        assert product.in_stock == 0

    def test_refuses_more_than_there_is(self) -> None:
        product = Product("71053", in_stock=5)

        with pytest.raises(OutOfStock, match="6 of article 71053 are wanted, 5 are in stock"):
            product.take(6)

        assert product.in_stock == 5

    @pytest.mark.parametrize("pieces", [0, -1])
    def test_refuses_to_move_less_than_a_piece(self, pieces: int) -> None:
        product = Product("71053", in_stock=5)

        with pytest.raises(ShopError, match="at least one piece"):
            product.take(pieces)
        with pytest.raises(ShopError, match="at least one piece"):
            product.put(pieces)

        assert product.in_stock == 5


class TestMovement:
    """Orders, refunds and deliveries are booked some lines at a time."""

    def test_is_pending_until_its_last_line_is_booked(self) -> None:
        placed = order(HOLDER, LANTERN, POSTAGE)

        placed.book([HOLDER, LANTERN])

        assert (placed.booked, placed.status) == (2, Status.PENDING)

    def test_is_confirmed_with_its_last_line(self) -> None:
        placed = order(HOLDER, LANTERN, POSTAGE)

        placed.book([HOLDER, LANTERN])
        placed.book([POSTAGE])

        assert (placed.booked, placed.status) == (3, Status.CONFIRMED)

    def test_refuses_more_lines_than_it_has(self) -> None:
        refund = Refund.of(basket(HOLDER))

        with pytest.raises(ShopError, match="has 1 lines to book, not 2"):
            refund.book([HOLDER, LANTERN])

    def test_refuses_to_book_nothing(self) -> None:
        with pytest.raises(ShopError, match="has 1 lines to book, not 0"):
            order(HOLDER).book([])

    def test_refuses_to_be_booked_twice(self) -> None:
        delivery = Delivery(id="d1", lines=[HOLDER])
        delivery.book([HOLDER])

        with pytest.raises(ShopError, match="d1 is confirmed"):
            delivery.book([HOLDER])


class TestOrder:
    def test_begins_with_what_the_basket_says(self) -> None:
        assert order(HOLDER, POSTAGE) == Order(
            id="536365",
            customer_id="17850",
            country="United Kingdom",
            placed_at=MONDAY,
            line_count=2,
            total=Decimal("23.10"),
            booked=0,
            status=Status.PENDING,
        )

    def test_is_undone_when_all_booked_lines_are_withdrawn(self) -> None:
        placed = order(HOLDER, LANTERN, POSTAGE)
        placed.book([HOLDER])
        placed.book([LANTERN])

        placed.withdraw([LANTERN])
        half_way = placed.is_undone
        placed.withdraw([HOLDER])

        assert (half_way, placed.is_undone, placed.status) == (False, True, Status.WITHDRAWN)

    def test_refuses_to_be_withdrawn_once_it_is_confirmed(self) -> None:
        placed = order(HOLDER)
        placed.book([HOLDER])

        with pytest.raises(ShopError, match="confirmed"):
            placed.withdraw([HOLDER])

    def test_refuses_to_withdraw_lines_that_are_not_booked(self) -> None:
        with pytest.raises(ShopError, match="has 0 booked lines, not 1"):
            order(HOLDER).withdraw([HOLDER])


class TestDelivery:
    @pytest.mark.parametrize("lines", [[], [Line("71053", 0)], [POSTAGE]])
    def test_needs_articles_and_pieces_of_them(self, lines: list[Line]) -> None:
        with pytest.raises(ShopError, match="delivery d1 needs articles"):
            Delivery(id="d1", lines=lines)


class TestNextPart:
    LINES = (HOLDER, LANTERN, Line("85123a", 1), POSTAGE, GIFT, LANTERN)

    @pytest.mark.parametrize(
        ("booked", "articles", "expected"), [(0, 1, 1), (0, 2, 4), (0, 3, 6), (1, 1, 1), (4, 1, 1), (4, 2, 2)]
    )
    def test_holds_so_many_different_articles(self, booked: int, articles: int, expected: int) -> None:
        """Further lines of the same article, and charges, need no room of their own."""
        assert next_part(self.LINES, booked, articles) == self.LINES[booked : booked + expected]

    def test_parts_follow_one_another_without_gaps(self) -> None:
        booked, parts = 0, []
        while booked < len(self.LINES):
            parts.append(next_part(self.LINES, booked, 1))
            booked += len(parts[-1])

        assert [line for part in parts for line in part] == list(self.LINES)

    def test_refuses_parts_without_room(self) -> None:
        with pytest.raises(ShopError, match="at least one article"):
            next_part(self.LINES, 0, 0)


class TestMonth:
    def test_is_that_of_a_moment_in_utc(self) -> None:
        moment = datetime.fromisoformat("2011-01-01T00:30:00+01:00")

        assert Month.of(moment) == Month(2010, 12)

    @pytest.mark.parametrize(
        ("month", "first", "last"),
        [
            (Month(2010, 12), "2010-12-01T00:00:00+00:00", "2010-12-31T23:59:59.999999+00:00"),
            (Month(2012, 2), "2012-02-01T00:00:00+00:00", "2012-02-29T23:59:59.999999+00:00"),
        ],
    )
    def test_lasts_from_its_first_to_its_last_moment(self, month: Month, first: str, last: str) -> None:
        assert month.first_moment == datetime.fromisoformat(first)
        assert month.last_moment == datetime.fromisoformat(last)


class TestStatement:
    def test_adds_up_what_is_confirmed(self) -> None:
        confirmed, pending, refund = order(HOLDER, POSTAGE), order(LANTERN), Refund.of(basket(HOLDER))
        confirmed.book([HOLDER, POSTAGE])
        refund.book([HOLDER])
        month = Month(2010, 12)

        statement = Statement.of("17850", month, [confirmed, pending], [refund])

        assert statement == Statement("17850", month, 1, Decimal("23.10"), 1, Decimal("5.10"))
        assert statement.balance == Decimal("18.00")


class TestArticleSales:
    def test_ranks_articles_by_pieces_and_then_by_code(self) -> None:
        best = ArticleSales.best({"71053": 6, "85123A": 9, "22841": 6, "21915": 1}, 3)

        assert best == [ArticleSales("85123A", 9), ArticleSales("22841", 6), ArticleSales("71053", 6)]
