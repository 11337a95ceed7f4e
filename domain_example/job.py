"""The main job: replay the invoices through the services, then look at what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from decimal import Decimal
from typing import TypeVar

from domain_example.container import ShopContainer
from domain_example.domain import (
    Delivery,
    Line,
    Month,
    Order,
    Refund,
    Refusal,
    Refused,
    Status,
    pieces_by_article,
)
from domain_example.figures import Figures
from domain_example.invoices import Invoice, opening_deliveries

J = TypeVar("J")
R = TypeVar("R")

Stage = Callable[[str, int], Callable[[], None]]
"""Told the name and number of jobs of each stage; gives what is called after each job."""


def replay(shop: ShopContainer, invoices: Sequence[Invoice], workers: int, stage: Stage) -> Figures:
    """Receive the opening stock, replay the invoices with so many threads, and add up what is stored.

    What an earlier run has done already is not done again.
    """
    shop.persistence.schema().ensure_tables()
    deliveries = list(opening_deliveries(invoices))
    receive = shop.receive_stock()
    in_parallel(
        lambda delivery: receive(*delivery), deliveries, workers, stage("stock received", len(deliveries))
    )
    refusals = in_parallel(_till(shop), invoices, workers, stage("invoices replayed", len(invoices)))
    return figures_of_store(shop, invoices, filter(None, refusals))


def _till(shop: ShopContainer) -> Callable[[Invoice], Refusal | None]:
    place_order, cancel_order = shop.place_order(), shop.cancel_order()

    def serve(invoice: Invoice) -> Refusal | None:
        service = cancel_order if invoice.is_cancellation else place_order
        try:
            service(invoice.basket)
        except Refused as refused:
            return refused.reason
        return None

    return serve


def in_parallel(work: Callable[[J], R], jobs: Sequence[J], workers: int, done: Callable[[], None]) -> list[R]:
    """Do jobs with so many threads; after the first failure no further one is begun."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
                done()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def figures_of_store(
    shop: ShopContainer, invoices: Sequence[Invoice], refusals: Iterable[Refusal]
) -> Figures:
    """Add up what is stored of the invoices. Movements that are not confirmed don't count."""
    orders, refunds = _stored_orders(shop, invoices), _stored_refunds(shop, invoices)
    lines = {order.id: _lines_of(shop, order) for order in orders}
    return Figures(
        orders={order.id: _sum(line.amount for line in lines[order.id]) for order in orders},
        order_lines=sum(order.line_count for order in orders),
        guests=sum(order.customer_id is None for order in orders),
        refunds={refund.id: refund.total for refund in refunds},
        refusals=Counter(reason.value for reason in refusals),
        customers=_balances(shop, invoices),
        pieces_received=_pieces(delivery.lines for delivery in _stored_deliveries(shop, invoices)),
        pieces_ordered=_pieces(lines.values()),
        pieces_returned=_pieces(refund.lines for refund in refunds),
        stock=_stock(shop, invoices),
    )


def _stored_deliveries(shop: ShopContainer, invoices: Sequence[Invoice]) -> list[Delivery]:
    found = shop.deliveries().find_many(number for number, _ in opening_deliveries(invoices))
    return [delivery for delivery in found if delivery is not None and delivery.status is Status.CONFIRMED]


def _stored_orders(shop: ShopContainer, invoices: Sequence[Invoice]) -> list[Order]:
    found = shop.orders().find_many(i.basket.id for i in invoices if not i.is_cancellation)
    return [order for order in found if order is not None and order.status is Status.CONFIRMED]


def _stored_refunds(shop: ShopContainer, invoices: Sequence[Invoice]) -> list[Refund]:
    found = shop.refunds().find_many(i.basket.id for i in invoices if i.is_cancellation)
    return [refund for refund in found if refund is not None and refund.status is Status.CONFIRMED]


def _lines_of(shop: ShopContainer, order: Order) -> list[Line]:
    parts = shop.order_lines().query(lambda part: part.order_id == order.id).consistent()
    return [line for part in parts for line in part.lines]


def _balances(shop: ShopContainer, invoices: Sequence[Invoice]) -> dict[str, Decimal]:
    months = {Month.of(invoice.basket.at) for invoice in invoices}
    wanted = {invoice.basket.customer_id for invoice in invoices}
    registered = filter(None, shop.customers().find_many(wanted - {None}))
    statement = shop.monthly_statement()
    return {each.id: _sum(statement(each.id, month).balance for month in months) for each in registered}


def _stock(shop: ShopContainer, invoices: Sequence[Invoice]) -> dict[str, int]:
    codes = {line.code for invoice in invoices for line in invoice.basket.lines if line.is_article}
    return {found.code: found.in_stock for found in shop.products().find_many(codes) if found is not None}


def _pieces(documents: Iterable[Iterable[Line]]) -> int:
    return sum(pieces_by_article(lines).total() for lines in documents)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
