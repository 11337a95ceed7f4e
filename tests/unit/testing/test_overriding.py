"""A whole application in memory, by one override."""

from __future__ import annotations

import asyncio

import pytest
from dependency_injector import containers, providers

from persistence import MemoryStore, PersistenceContainer, Repository
from persistence.errors import ConfigurationError
from persistence.testing import cost_budget, in_memory
from tests.unit.testing.shop import Order, OrderMapping


class Shop(containers.DeclarativeContainer):
    config = providers.Configuration()
    persistence = providers.Container(PersistenceContainer, config=config.persistence)
    orders = providers.ThreadSafeSingleton(Repository, OrderMapping, persistence.uow)


class TestInMemory:
    def test_reaches_what_is_built_already(self) -> None:
        """Of both colours, until the block ends, however it ends."""
        shop = Shop()
        orders, uow = shop.orders(), shop.persistence.uow()
        orders.add(Order("o-0", "c-1"))

        with pytest.raises(ZeroDivisionError), in_memory(shop) as store:
            assert uow.store is store
            orders.add(Order("o-1", "c-1"))
            found = shop.persistence.async_repository(OrderMapping).get("o-1")
            assert asyncio.run(found).customer_id == "c-1"
            assert orders.find("o-0") is None
            raise ZeroDivisionError

        assert orders.find("o-1") is None
        assert orders.get("o-0").id == "o-0"

    def test_takes_a_store(self) -> None:
        container, store = PersistenceContainer(), MemoryStore()

        with in_memory(container, store) as given, cost_budget(store, requests=1):
            assert given is store
            container.repository(OrderMapping).find("o-1")

    def test_refuses_classes(self) -> None:
        """An override of a class reaches every container made later."""
        with (
            pytest.raises(ConfigurationError, match=r"pass an instance: in_memory\(Shop\(\)\)"),
            in_memory(Shop),
        ):
            raise AssertionError("not entered")

    @pytest.mark.parametrize("container", [object(), MemoryStore(), containers.DynamicContainer()])
    def test_refuses_what_has_no_store_to_override(self, container: object) -> None:
        with pytest.raises(ConfigurationError, match="in_memory takes an instance of"), in_memory(container):
            raise AssertionError("not entered")
