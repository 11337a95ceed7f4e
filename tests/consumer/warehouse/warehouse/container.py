"""How it is put together."""

from __future__ import annotations

from dependency_injector import containers, providers

from persistence import PersistenceContainer, Repository
from warehouse.mappings import ArticleMapping, Orders
from warehouse.services import PlaceOrder


class Warehouse(containers.DeclarativeContainer):
    config = providers.Configuration()
    persistence = providers.Container(PersistenceContainer, config=config.persistence)
    articles = providers.ThreadSafeSingleton(Repository, ArticleMapping, persistence.uow)
    orders = providers.ThreadSafeSingleton(Orders, persistence.uow)
    place_order = providers.Factory(PlaceOrder, articles, orders, persistence.uow)
