"""What people ask once the invoices are replayed, and what they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain_example.container import ShopContainer
from domain_example.domain import ArticleSales, CountrySales, Month, Order, Refused, Statement, Status
from domain_example.invoices import Invoice
from persistence.query import ResultPage

SHELF_ARTICLE = "00000"
"""No invoice names it, so that what is counted of it leaves the figures alone."""

BEST = 3


@dataclass(frozen=True)
class CustomerAnswers:
    """What a customer was told.

    Attributes:
        pages: how many orders each page of their history showed.
        statement: of the month of their latest order.
    """

    pages: Sequence[int]
    statement: Statement


@dataclass(frozen=True)
class Answers:
    """What people were told.

    Attributes:
        customer: the one with most orders; None where there are only guests.
        by_status: how many orders there are of each status.
        countries: those with the greatest revenue.
        articles: those of which most pieces were ordered.
        on_shelf: pieces of an article that the books have after 3 were found and 2 lost.
        loss_refused: whether more than these could not be lost.
    """

    customer: CustomerAnswers | None
    by_status: Mapping[Status, int]
    countries: Sequence[CountrySales]
    articles: Sequence[ArticleSales]
    on_shelf: int
    loss_refused: bool


def ask(shop: ShopContainer, invoices: Sequence[Invoice]) -> Answers:
    """Ask the shop what people ask."""
    orders_by_status = shop.orders_by_status()
    on_shelf, loss_refused = _counted(shop)
    return Answers(
        customer=_customer(shop, invoices),
        by_status={status: orders_by_status(status).count() for status in Status},
        countries=shop.sales_by_country()()[:BEST],
        articles=shop.top_articles()(BEST),
        on_shelf=on_shelf,
        loss_refused=loss_refused,
    )


def _customer(shop: ShopContainer, invoices: Sequence[Invoice]) -> CustomerAnswers | None:
    invoiced = Counter(i.basket.customer_id for i in invoices if not i.is_cancellation)
    customers = [number for number, _ in invoiced.most_common() if number is not None]
    pages = list(_history(shop, customers[0])) if customers else []
    if not pages or not pages[0].items:
        return None
    month = Month.of(pages[0].items[0].placed_at)
    return CustomerAnswers([page.count for page in pages], shop.monthly_statement()(customers[0], month))


def _history(shop: ShopContainer, customer_id: str) -> Iterator[ResultPage[Order]]:
    """Turn the pages, as a browser does: with nothing but the cursor of the page before."""
    order_history = shop.order_history()
    page = order_history(customer_id)
    yield page
    while page.cursor is not None:
        page = order_history(customer_id, after=page.cursor)
        yield page


def _counted(shop: ShopContainer) -> tuple[int, bool]:
    """Find and lose pieces; all of what an earlier run left is lost first, so that each run sees the same."""
    counter, products = shop.stock_counter(), shop.products()
    left = products.find(SHELF_ARTICLE)
    if left is not None and left.in_stock:
        counter.lost(SHELF_ARTICLE, left.in_stock)
    counter.found(SHELF_ARTICLE, 3)
    counter.lost(SHELF_ARTICLE, 2)
    on_shelf = products.get(SHELF_ARTICLE).in_stock
    try:
        counter.lost(SHELF_ARTICLE, on_shelf + 1)
    except Refused:
        return on_shelf, True
    return on_shelf, False
