"""What people ask the shop. These use cases only read; each says where, and what that costs."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from domain_example.domain import (
    ArticleSales,
    CountrySales,
    Month,
    Order,
    OrderLines,
    OrderSummary,
    Refund,
    Statement,
    Status,
    pieces_by_article,
)
from persistence import Query, Repository, UnitOfWork
from persistence.query import ResultPage, between, count_of, sum_of


class OrderHistory:
    """Show customers what they ordered, latest first, page by page.

    A page reads as many entries of the index `by-customer` as it shows, wherever it begins. Its cursor goes
    to the customer and comes back with the next request; it is no good for anybody else.
    """

    def __init__(self, orders: Repository[Order]) -> None:
        self._orders = orders

    def __call__(self, customer_id: str, after: str | None = None, size: int = 10) -> ResultPage[Order]:
        """Give a page.

        Args:
            customer_id: the customer who asks.
            after: the cursor of the page before, None for the first one.
            size: how many orders a page shows.

        Raises:
            InvalidCursor: it is not one that this customer was given.
        """
        history = self._orders.query(lambda order: order.customer_id == customer_id)
        return history.order_by("placed_at", descending=True).page(size, after, tenant=customer_id)


class OrdersByStatus:
    """List orders of one status, oldest first: what the clerk looks at in the morning.

    The index `by-status` holds what the list shows, so that no order is read.
    """

    def __init__(self, orders: Repository[Order]) -> None:
        self._orders = orders

    def __call__(self, status: Status) -> Query[OrderSummary]:
        """Give the list; it reads as far as it is looked at, and `count()` counts it."""
        orders = self._orders.query(lambda order: order.status == status).order_by("placed_at")
        return orders.select(lambda o: OrderSummary(o.id, o.customer_id, o.placed_at, o.total))


class SalesByCountry:
    """Add up for each country what was ordered and confirmed.

    All confirmed orders are read, from the index `by-status`, and added up as they stream by.
    """

    def __init__(self, orders: Repository[Order]) -> None:
        self._orders = orders

    def __call__(self) -> list[CountrySales]:
        """Give the countries, the one with the greatest revenue first."""
        confirmed = self._orders.query(lambda order: order.status == Status.CONFIRMED)
        countries = confirmed.group_by(lambda order: order.country)
        sales = countries.aggregate(orders=count_of(), revenue=sum_of("total"))
        found = [CountrySales(country, row.orders, row.revenue) for country, row in sales.items()]
        return sorted(found, key=lambda each: (-each.revenue, each.country))


class TopArticles:
    """Find the articles of which most pieces were ordered; orders that are being placed count too.

    Lines lie inside of items, where no index reaches: the whole table is read, and counted as it streams by.
    That is right for a report of the night. What a page of the shop shows at every visit would be counted
    when the order is placed.
    """

    def __init__(self, order_lines: Repository[OrderLines]) -> None:
        self._order_lines = order_lines

    def __call__(self, count: int = 10) -> list[ArticleSales]:
        parts = self._order_lines.scan().select(lambda part: part.lines)
        pieces: Counter[str] = pieces_by_article(chain.from_iterable(parts))
        return ArticleSales.best(pieces, count)


class MonthlyStatement:
    """Tell what a customer bought and got back within a month, as it is at one moment.

    Two queries of two indexes see two moments, and an index lags behind its table. But what is confirmed or
    withdrawn stays so; only what is pending may be something else by now. That is read again, all of it at
    one moment, and the statement is of that moment. Nearly always nothing is pending, and nothing read again.
    An order that was placed so lately that its index lacks it is missing.
    """

    def __init__(self, orders: Repository[Order], refunds: Repository[Refund], uow: UnitOfWork) -> None:
        self._orders = orders
        self._refunds = refunds
        self._uow = uow

    def __call__(self, customer_id: str, month: Month) -> Statement:
        """Make the statement.

        Raises:
            TransactionTooLarge: more is pending than can be read at one moment: 100 on AWS.
        """
        orders, refunds = self._orders_of(customer_id, month), self._refunds_of(customer_id, month)
        now = self._uow.snapshot(
            *(self._orders.key(order.id) for order in orders if order.is_pending),
            *(self._refunds.key(refund.id) for refund in refunds if refund.is_pending),
        )
        # What was pending is there twice now. Only what is confirmed is added up, so the first one never is.
        orders += [order for order in now if isinstance(order, Order)]
        refunds += [refund for refund in now if isinstance(refund, Refund)]
        return Statement.of(customer_id, month, orders, refunds)

    def _orders_of(self, customer_id: str, month: Month) -> list[Order]:
        begin, end = month.first_moment, month.last_moment
        orders = self._orders.query(
            lambda o: (o.customer_id == customer_id) & between(o.placed_at, begin, end)
        )
        return orders.untracked().all()

    def _refunds_of(self, customer_id: str, month: Month) -> list[Refund]:
        begin, end = month.first_moment, month.last_moment
        refunds = self._refunds.query(
            lambda r: (r.customer_id == customer_id) & between(r.refunded_at, begin, end)
        )
        return refunds.untracked().all()
