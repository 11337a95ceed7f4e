"""How the shop is put together; the only module that knows the container library."""

from __future__ import annotations

from dependency_injector import containers, providers

from domain_example.mappings import (
    MAPPINGS,
    CustomerMapping,
    DeliveryMapping,
    OrderLinesMapping,
    OrderMapping,
    ProductMapping,
    RefundMapping,
)
from domain_example.questions import (
    MonthlyStatement,
    OrderHistory,
    OrdersByStatus,
    SalesByCountry,
    TopArticles,
)
from domain_example.services import (
    Booking,
    CancelOrder,
    PlaceOrder,
    ReceiveStock,
    RegisterCustomer,
    StockCounter,
    Warehouse,
)
from persistence import PersistenceContainer, Repository, Store


class ShopContainer(containers.DeclarativeContainer):
    """The shop's services over the store that the configuration names: "memory" unless it says otherwise.

    Cursors of the order history are good in this process only, unless `config.persistence.cursor_keys` has
    the secret that all processes of the shop share.
    """

    config = providers.Configuration()
    persistence = providers.Container(
        PersistenceContainer, config=config.persistence, mappings=providers.Object(MAPPINGS)
    )

    customers = providers.ThreadSafeSingleton(Repository, CustomerMapping, persistence.uow)
    products = providers.ThreadSafeSingleton(Repository, ProductMapping, persistence.uow)
    orders = providers.ThreadSafeSingleton(Repository, OrderMapping, persistence.uow)
    order_lines = providers.ThreadSafeSingleton(Repository, OrderLinesMapping, persistence.uow)
    refunds = providers.ThreadSafeSingleton(Repository, RefundMapping, persistence.uow)
    deliveries = providers.ThreadSafeSingleton(Repository, DeliveryMapping, persistence.uow)

    booking = providers.Factory(Booking, persistence.uow)
    warehouse = providers.Factory(Warehouse, products)
    register_customer = providers.Factory(RegisterCustomer, customers, persistence.uow)
    receive_stock = providers.Factory(ReceiveStock, deliveries, warehouse, booking)
    place_order = providers.Factory(PlaceOrder, orders, order_lines, register_customer, warehouse, booking)
    cancel_order = providers.Factory(CancelOrder, refunds, register_customer, warehouse, booking)
    stock_counter = providers.Factory(StockCounter, products)

    order_history = providers.Factory(OrderHistory, orders)
    orders_by_status = providers.Factory(OrdersByStatus, orders)
    sales_by_country = providers.Factory(SalesByCountry, orders)
    top_articles = providers.Factory(TopArticles, order_lines)
    monthly_statement = providers.Factory(MonthlyStatement, orders, refunds, persistence.uow)


def shop_on(store: Store) -> ShopContainer:
    """Put the shop together over a given store."""
    shop = ShopContainer()
    shop.persistence.store.override(providers.Object(store))
    return shop
