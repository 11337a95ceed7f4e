"""Pages and cursors: a page holds as many results as were asked for, and its cursor leads to the next one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from persistence import InvalidCursor, Query, QueryError, Repository
from persistence.operations import QueryPage, ScanPage
from persistence.query import is_in, value
from tests.semantics.model import (
    Buyer,
    BuyerMapping,
    Order,
    OrderMapping,
    OrderStatus,
    Purchase,
    PurchaseMapping,
    Reading,
    ReadingMapping,
)
from tests.semantics.world import BEGINNING, World

SECRET = "a secret of thirty-two characters"
OTHER_SECRET = "another secret of the same length"
COUNT = 11


@pytest.fixture
def paged(world: World) -> Repository[Order]:
    """Eleven orders of one customer: every third is shipped, every second is Ann's."""
    world.uow = world.unit_of_work(cursor_keys=SECRET)
    orders = world.repository(OrderMapping)
    others = world.elsewhere(OrderMapping)
    for number in range(COUNT):
        status = OrderStatus.OPEN if number % 3 else OrderStatus.SHIPPED
        courier = "ann" if number % 2 else "bea"
        others.add(
            Order("c1", number, BEGINNING + number * timedelta(days=1), status, Decimal(number % 4), courier)
        )
    others.add(Order("c2", 1, BEGINNING, OrderStatus.OPEN, Decimal(1), "ann"))
    world.forget()
    return orders


QUERIES: dict[str, Callable[[Repository[Order]], Query[Order]]] = {
    "table": lambda orders: orders.query(lambda o: o.customer_id == "c1"),
    "table backwards": lambda orders: orders.query(lambda o: o.customer_id == "c1").order_by(
        "number", descending=True
    ),
    "range": lambda orders: orders.query(lambda o: (o.customer_id == "c1") & (o.number >= 3)),
    "filter": lambda orders: orders.query(lambda o: (o.customer_id == "c1") & (o.total > 1)),
    "global index": lambda orders: orders.query(
        lambda o: (o.status == OrderStatus.OPEN) & (value(o.placed_at) > BEGINNING)
    ),
    "global index backwards": lambda orders: (
        orders.query(lambda o: o.status == OrderStatus.OPEN)
        .index("by-status")
        .order_by("placed_at", descending=True)
    ),
    "global index and filter": lambda orders: orders.query(lambda o: (o.courier == "ann") & (o.number < 8)),
    "keys and hydration": lambda orders: (
        orders.query(lambda o: (o.courier == "ann") & (o.number < 8)).index("keys-of-couriers").hydrate()
    ),
    "local index": lambda orders: orders.query(
        lambda o: (o.customer_id == "c1") & (value(o.placed_at) > BEGINNING)
    ),
    "local index and filter": lambda orders: orders.query(
        lambda o: (o.customer_id == "c1") & (value(o.placed_at) > BEGINNING) & (o.courier == "bea")
    ).order_by("placed_at", descending=True),
    "scan": lambda orders: orders.scan(),
    "scan and filter": lambda orders: orders.scan(lambda o: o.total == 2),
    "scan of an index": lambda orders: orders.scan().index("by-courier"),
    "segment": lambda orders: orders.scan().segment(0, of=2),
    "keys": lambda orders: orders.query(
        lambda o: (o.customer_id == "c1") & is_in(o.number, [7, 3, 77, 9, 1])
    ),
    "key": lambda orders: orders.query(lambda o: (o.customer_id == "c1") & (o.number == 4)),
    "nothing": lambda orders: orders.query(lambda o: o.customer_id == "nobody"),
}


def pages_of(query: Query[Any], size: int) -> list[list[Any]]:
    """Read all pages, each by the cursor of the one before."""
    page = query.page(size)
    pages = [page.items]
    while page.has_more:
        page = query.page(size, after=page.cursor)
        pages.append(page.items)
    return pages


class TestPagesTogether:
    @pytest.mark.parametrize("name", QUERIES)
    def test_are_the_unpaged_result(self, paged: Repository[Order], name: str) -> None:
        """For every size, on every access path, in both directions; only the last page may be short."""
        query = QUERIES[name](paged)
        whole = query.all()

        by_size = {size: pages_of(query, size) for size in range(1, len(whole) + 2)}

        assert [[order for page in pages for order in page] for pages in by_size.values()] == [whole] * len(
            by_size
        )
        assert all(len(page) == size for size, pages in by_size.items() for page in pages[:-1])

    def test_are_the_unpaged_rows(self, paged: Repository[Order]) -> None:
        """Selections have pages too; what they don't show is no hindrance."""
        query = paged.query(lambda o: o.status == OrderStatus.OPEN).index("by-status").select("total")

        pages = pages_of(query, 2)

        assert [row for page in pages for row in page] == query.all()

    @pytest.mark.parametrize("descending", [False, True])
    def test_go_by_keys_made_by_templates(self, world: World, descending: bool) -> None:
        """Keys of shared tables, and items of other types between them."""
        uow = world.unit_of_work(cursor_keys=SECRET)
        purchases, buyers = world.repository(PurchaseMapping, uow), world.repository(BuyerMapping, uow)
        for number in range(5):
            purchases.add(Purchase("b1", number, "monday"))
        buyers.add(Buyer("b1"))

        query = purchases.query(lambda p: p.buyer_id == "b1").order_by("number", descending=descending)

        assert [p.number for page in pages_of(query, 2) for p in page] == [p.number for p in query]

    def test_go_by_numbers(self, world: World) -> None:
        """Keys that are numbers, whole and not."""
        readings = world.repository(ReadingMapping, world.unit_of_work(cursor_keys=SECRET))
        for at in range(-2, 3):
            readings.add(Reading(Decimal("1.50"), at * 10**20))

        query = readings.query(lambda r: r.sensor == Decimal("1.5"))

        assert [r.at for page in pages_of(query, 2) for r in page] == [r.at for r in query]


class TestAPage:
    def test_tells_what_it_has(self, paged: Repository[Order]) -> None:
        """`items`, `count`, `scanned_count`, `cursor`, `has_more`."""
        page = paged.query(lambda o: o.customer_id == "c1").page(size=4)

        assert [order.number for order in page.items] == [0, 1, 2, 3]
        assert (page.count, page.scanned_count, len(page), page.has_more) == (4, 4, 4, True)
        assert [order.number for order in page] == [0, 1, 2, 3]

    def test_at_the_end_has_no_cursor(self, paged: Repository[Order]) -> None:
        """No cursor, nothing more."""
        page = paged.query(lambda o: o.customer_id == "c2").page(size=4)

        assert (page.count, page.cursor, page.has_more) == (1, None, False)

    def test_is_filled_through_filters(self, paged: Repository[Order]) -> None:
        """A filter leaves pages of the service short; this one is filled up."""
        page = paged.query(lambda o: (o.customer_id == "c1") & (o.total == 3)).page(size=2)

        assert [order.number for order in page.items] == [3, 7]

    def test_reads_no_more_than_it_shows(self, world: World, paged: Repository[Order]) -> None:
        """Where no filter drops any, as many items are read as are wanted."""
        paged.query(lambda o: o.customer_id == "c1").page(size=4)

        assert [each.limit for each in world.sent if isinstance(each, QueryPage)] == [4]

    def test_may_be_short_by_request(self, world: World, paged: Repository[Order]) -> None:
        """`max_reads` bounds the requests; an empty page still leads on."""
        query = paged.scan(lambda o: o.total == 99)

        page = query.page(size=2, max_reads=1)

        assert page.items == []
        assert len([each for each in world.sent if isinstance(each, ScanPage)]) == 1

    def test_is_tracked_in_a_unit(self, world: World, paged: Repository[Order]) -> None:
        """The same object for the same key, as everywhere in a unit."""
        with world.uow:
            known = paged.get("c1", 2)

            page = paged.query(lambda o: o.customer_id == "c1").page(size=4)

            assert page.items[2] is known

    def test_of_a_limited_query_is_no_longer_than_that(self, paged: Repository[Order]) -> None:
        """`limit` bounds each page."""
        query = paged.query(lambda o: o.customer_id == "c1").limit(3)

        assert [page.count for page in (query.page(size=2), query.page(size=20))] == [2, 3]

    @pytest.mark.parametrize("size", [0, -1, True, 2.5, "3", None])
    def test_has_a_size(self, paged: Repository[Order], size: Any) -> None:
        """A whole number of at least 1."""
        with pytest.raises(QueryError, match="size takes a whole number of at least 1"):
            paged.scan().page(size)

    def test_needs_a_fixed_order(self, paged: Repository[Order]) -> None:
        """What is read in parallel or sorted in memory has no place to go on from."""
        with pytest.raises(QueryError, match=r"segment\(n, of"):
            paged.scan().parallel().page(2)
        with pytest.raises(QueryError, match="no place in the table"):
            paged.scan().order_by("total").sorted_in_memory().page(2)


def first_cursor(query: Query[Order], **arguments: Any) -> str:
    cursor = query.page(2, **arguments).cursor
    assert cursor is not None
    return cursor


class TestACursor:
    def test_lets_a_query_go_on(self, paged: Repository[Order]) -> None:
        """`after` goes on behind the page, to the end."""
        query = paged.query(lambda o: o.customer_id == "c1")

        rest = query.after(first_cursor(query)).all()

        assert [order.number for order in rest] == list(range(2, COUNT))

    def test_is_good_for_another_size(self, paged: Repository[Order]) -> None:
        """Pages may have different sizes."""
        query = paged.query(lambda o: o.customer_id == "c1")

        page = query.page(5, after=first_cursor(query))

        assert [order.number for order in page.items] == [2, 3, 4, 5, 6]

    def test_is_good_for_an_equal_query(self, paged: Repository[Order]) -> None:
        """Another request builds the query anew, spelling numbers as it likes."""
        cursor = first_cursor(paged.query(lambda o: (o.customer_id == "c1") & (o.total >= Decimal("0.0"))))

        page = paged.query(lambda o: (o.customer_id == "c1") & (o.total >= 0)).page(1, after=cursor)

        assert [order.number for order in page.items] == [2]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(lambda orders: orders.query(lambda o: o.customer_id == "c2"), id="value"),
            pytest.param(
                lambda orders: orders.query(lambda o: (o.customer_id == "c1") & (o.total > 1)), id="filter"
            ),
            pytest.param(
                lambda orders: orders.query(lambda o: o.customer_id == "c1").order_by(
                    "number", descending=True
                ),
                id="order",
            ),
            pytest.param(
                lambda orders: orders.query(lambda o: o.customer_id == "c1").index("by-date"), id="index"
            ),
            pytest.param(lambda orders: orders.scan(lambda o: o.customer_id == "c1"), id="scan"),
            pytest.param(lambda orders: orders.scan().segment(0, of=2), id="segment"),
        ],
    )
    def test_of_another_query_is_refused(
        self, world: World, paged: Repository[Order], other: Callable[[Repository[Order]], Query[Order]]
    ) -> None:
        """It is bound to table, index, conditions and order, and refused before anything is sent."""
        cursor = first_cursor(paged.query(lambda o: o.customer_id == "c1"))
        world.forget()

        with pytest.raises(InvalidCursor):
            other(paged).page(2, after=cursor)

        assert world.sent == []

    def test_of_another_tenant_is_refused(self, paged: Repository[Order]) -> None:
        """It is bound to whom it was given."""
        query = paged.query(lambda o: o.customer_id == "c1")
        cursor = first_cursor(query, tenant="acme")

        assert query.page(1, after=cursor, tenant="acme").items[0].number == 2
        for tenant in (None, "other"):
            with pytest.raises(InvalidCursor):
                query.page(1, after=cursor, tenant=tenant)

    def test_of_another_segment_is_refused(self, paged: Repository[Order]) -> None:
        """The service takes a start key of one segment for that segment only."""
        cursors = [
            paged.scan().segment(number, of=2).page(1).cursor
            for number in (0, 1)
            if paged.scan().segment(number, of=2).count() > 1
        ]

        for cursor in cursors:
            with pytest.raises(InvalidCursor):
                paged.scan().segment(0, of=3).page(1, after=cursor)

    def test_that_was_forged_is_refused(self, world: World, paged: Repository[Order]) -> None:
        """Whatever it is, if it was not made here."""
        query = paged.query(lambda o: o.customer_id == "c1")
        cursor = first_cursor(query)
        world.forget()

        for forged in ("", "x", cursor[:-1], cursor + "A", cursor.swapcase(), cursor + "=", 7, b"x"):
            with pytest.raises(InvalidCursor):
                query.page(1, after=forged)  # type: ignore[arg-type]

        assert world.sent == []

    def test_survives_a_change_of_keys(self, world: World, paged: Repository[Order]) -> None:
        """The first key seals, all of them open."""
        query = paged.query(lambda o: o.customer_id == "c1")
        cursor = first_cursor(query)
        rotated = world.repository(OrderMapping, world.unit_of_work(cursor_keys=[OTHER_SECRET, SECRET]))
        renewed = world.repository(OrderMapping, world.unit_of_work(cursor_keys=OTHER_SECRET))

        page = rotated.query(lambda o: o.customer_id == "c1").page(1, after=cursor)

        assert [order.number for order in page.items] == [2]
        with pytest.raises(InvalidCursor):
            renewed.query(lambda o: o.customer_id == "c1").page(1, after=cursor)

    def test_outlives_the_item_that_it_leads_behind(self, world: World, paged: Repository[Order]) -> None:
        """A deleted item still has its place."""
        query = paged.query(lambda o: o.customer_id == "c1")
        cursor = first_cursor(query)
        others = world.elsewhere(OrderMapping)
        others.remove(others.get("c1", 1))

        assert [order.number for order in query.page(2, after=cursor)] == [2, 3]
