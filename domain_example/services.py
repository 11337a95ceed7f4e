"""What happens in the shop. Each use case takes what it needs in its constructor; none knows the store.

Orders, refunds and deliveries of any size are booked in as few units of work as the store's transactions
allow: one, nearly always. Each unit moves articles and notes in the movement how far it is, in one
transaction. So it may be interrupted anywhere; calling the use case again goes on from there, and does
nothing once all is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from domain_example.domain import (
    Basket,
    Customer,
    Delivery,
    Line,
    Movement,
    Order,
    OrderLines,
    OutOfStock,
    Product,
    Refund,
    Refusal,
    Refused,
    Status,
    check_pieces,
    next_part,
    pieces_by_article,
)
from persistence import ConditionFailed, EntityExists, EntityGone, Query, Repository, UnitOfWork

M = TypeVar("M", bound=Movement)

ATTEMPTS = 100
"""What everybody wants is changed by others again and again; but with each conflict one of them got on."""

BESIDE_ARTICLES = 3
"""Actions of a unit that are not for articles: the movement, its lines, a new customer."""


class Booking:
    """Carries movements to their end, one unit of work after another."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @property
    def articles_per_unit(self) -> int:
        return self._uow.store.limits.transaction_actions - BESIDE_ARTICLES

    def until(self, done: Callable[[M], bool], step: Callable[[], M]) -> M:
        """Repeat a step, each time in a unit of its own, until its movement is done.

        A step that met a conflict is taken again with fresh reads; so is one that added what another worker
        added at the same time.
        """
        while True:
            movement = self._uow.run(step, attempts=ATTEMPTS, retry_on=(EntityExists,))
            if done(movement):
                return movement

    def next_part(self, lines: Sequence[Line], booked: int) -> Sequence[Line]:
        return next_part(lines, booked, self.articles_per_unit)


class Warehouse:
    """Moves articles, however often they appear on the lines, as part of the unit that is open."""

    def __init__(self, products: Repository[Product]) -> None:
        self._products = products

    def take(self, lines: Iterable[Line]) -> None:
        """Take articles from stock, or raise `OutOfStock`."""
        pieces = pieces_by_article(lines)
        for (code, wanted), product in zip(pieces.items(), self._products.find_many(pieces), strict=True):
            if product is None:
                raise OutOfStock(code, wanted, in_stock=0)
            product.take(wanted)

    def put(self, lines: Sequence[Line]) -> None:
        """Put articles into stock, new ones too."""
        pieces = pieces_by_article(lines)
        descriptions = {line.code: line.description for line in lines}
        for (code, count), product in zip(pieces.items(), self._products.find_many(pieces), strict=True):
            stocked = product or self._products.add(Product(code, descriptions[code]))
            stocked.put(count)


class RegisterCustomer:
    """Note a customer; one who is known already stays as they are."""

    def __init__(self, customers: Repository[Customer], uow: UnitOfWork) -> None:
        self._customers = customers
        self._uow = uow

    def __call__(self, customer_id: str, country: str) -> Customer:
        with self._uow:
            known = self._customers.find(customer_id)
            return known or self._customers.add(Customer(customer_id, country))


class ReceiveStock:
    """Put what a supplier delivered into stock."""

    def __init__(self, deliveries: Repository[Delivery], warehouse: Warehouse, booking: Booking) -> None:
        self._deliveries = deliveries
        self._warehouse = warehouse
        self._booking = booking

    def __call__(self, delivery_id: str, lines: Sequence[Line]) -> Delivery:
        """Receive a delivery, or go on receiving it; its number says which it is."""
        return self._booking.until(_is_settled, lambda: self._book_next(delivery_id, lines))

    def _book_next(self, delivery_id: str, lines: Sequence[Line]) -> Delivery:
        delivery = self._deliveries.find(delivery_id)
        if delivery is None:
            delivery = self._deliveries.add(Delivery(id=delivery_id, lines=list(lines)))
        if delivery.is_pending:
            part = self._booking.next_part(delivery.lines, delivery.booked)
            self._warehouse.put(part)
            delivery.book(part)
        return delivery


class PlaceOrder:
    """Turn a basket into an order and take its articles from stock."""

    def __init__(
        self,
        orders: Repository[Order],
        order_lines: Repository[OrderLines],
        register_customer: RegisterCustomer,
        warehouse: Warehouse,
        booking: Booking,
    ) -> None:
        self._orders = orders
        self._order_lines = order_lines
        self._register_customer = register_customer
        self._warehouse = warehouse
        self._booking = booking

    def __call__(self, basket: Basket) -> Order:
        """Place an order, or go on placing it; the basket's number says which it is.

        Raises:
            Refused: it can't become an order. If only a later unit found an article out of stock, the earlier
                ones are undone, and the order stays behind as withdrawn.
        """
        basket.check_as_order()
        try:
            order = self._booking.until(_is_settled, lambda: self._book_next(basket))
        except OutOfStock as shortage:
            self._withdraw(basket)
            raise Refused(basket.id, Refusal.OUT_OF_STOCK) from shortage
        if order.status is Status.WITHDRAWN:
            self._withdraw(basket)
            raise Refused(basket.id, Refusal.OUT_OF_STOCK)
        return order

    def _book_next(self, basket: Basket) -> Order:
        order = self._orders.find(basket.id) or self._begin(basket)
        if order.is_pending:
            part = self._booking.next_part(basket.lines, order.booked)
            self._order_lines.add(OrderLines(order.id, order.booked + 1, list(part)))
            self._warehouse.take(part)
            order.book(part)
        return order

    def _begin(self, basket: Basket) -> Order:
        if basket.customer_id is not None:
            self._register_customer(basket.customer_id, basket.country)
        return self._orders.add(Order.of(basket))

    def _withdraw(self, basket: Basket) -> None:
        if self._orders.find(basket.id) is not None:
            self._booking.until(_is_undone, lambda: self._undo_last(basket.id))

    def _parts(self, order_id: str) -> Query[OrderLines]:
        return self._order_lines.query(lambda part: part.order_id == order_id).consistent()

    def _undo_last(self, order_id: str) -> Order:
        order = self._orders.get(order_id)
        if not order.is_undone:
            (last,) = self._parts(order_id).order_by("first", descending=True).limit(1)
            self._warehouse.put(last.lines)
            self._order_lines.remove(last)
            order.withdraw(last.lines)
        return order


class CancelOrder:
    """Take back what a customer bought: the money is theirs again, the articles are the shop's."""

    def __init__(
        self,
        refunds: Repository[Refund],
        register_customer: RegisterCustomer,
        warehouse: Warehouse,
        booking: Booking,
    ) -> None:
        self._refunds = refunds
        self._register_customer = register_customer
        self._warehouse = warehouse
        self._booking = booking

    def __call__(self, basket: Basket) -> Refund:
        """Refund what is brought back, or go on with it; the basket's number says which refund it is.

        Raises:
            Refused: it can't be refunded.
        """
        basket.check_as_refund()
        return self._booking.until(_is_settled, lambda: self._book_next(basket))

    def _book_next(self, basket: Basket) -> Refund:
        refund = self._refunds.find(basket.id) or self._begin(basket)
        if refund.is_pending:
            part = self._booking.next_part(refund.lines, refund.booked)
            self._warehouse.put(part)
            refund.book(part)
        return refund

    def _begin(self, basket: Basket) -> Refund:
        refund = self._refunds.add(Refund.of(basket))
        self._register_customer(refund.customer_id, basket.country)
        return refund


class StockCounter:
    """Correct the stock by what is counted on the shelves, without reading what the books say."""

    def __init__(self, products: Repository[Product]) -> None:
        self._products = products

    def found(self, code: str, pieces: int) -> None:
        """Put pieces into stock that were found; an article that the books lack is begun."""
        check_pieces(pieces)
        self._products.patch(code).increment("in_stock", pieces).if_missing().execute()

    def lost(self, code: str, pieces: int) -> None:
        """Take pieces from stock that are lost or broken.

        Raises:
            Refused: the books say that there are not so many.
        """
        check_pieces(pieces)
        loss = self._products.patch(code).decrement("in_stock", pieces)
        try:
            loss.if_(lambda product: product.in_stock >= pieces).execute()
        except (ConditionFailed, EntityGone) as shortage:
            raise Refused(f"the loss of {pieces} of article {code}", Refusal.OUT_OF_STOCK) from shortage


def _is_settled(movement: Movement) -> bool:
    return not movement.is_pending


def _is_undone(order: Order) -> bool:
    return order.is_undone
