"""What the warehouse does."""

from __future__ import annotations

from decimal import Decimal

from persistence import AsyncRepository, AsyncUnitOfWork, Repository, UnitOfWork
from warehouse.domain import Article, Order, OrderLine
from warehouse.mappings import Orders


class PlaceOrder:
    """Reserve articles and keep the order, or do nothing at all."""

    def __init__(self, articles: Repository[Article], orders: Orders, uow: UnitOfWork) -> None:
        self.articles = articles
        self.orders = orders
        self.uow = uow

    def __call__(self, order_id: str, customer_id: str, quantities: dict[str, int]) -> None:
        with self.uow:
            order = Order(order_id, customer_id)
            for article in self.articles.get_many(quantities):
                quantity = quantities[article.sku]
                article.reserve(quantity)
                order.lines.append(OrderLine(article.sku, quantity))
                order.total += article.price * quantity
            self.orders.add(order)


class Restock:
    """Put articles on their shelves."""

    def __init__(self, articles: AsyncRepository[Article], uow: AsyncUnitOfWork) -> None:
        self.articles = articles
        self.uow = uow

    async def __call__(self, sku: str, quantity: int, price: Decimal) -> None:
        async with self.uow:
            article = await self.articles.find(sku)
            if article is None:
                await self.articles.add(Article(sku, price, quantity))
            else:
                article.in_stock += quantity


class FindExpensive:
    """Look at every order: a report that nobody should wait for."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders

    def __call__(self, least: Decimal) -> list[str]:
        return [order.id for order in self.orders.scan(lambda order: order.total >= least)]
