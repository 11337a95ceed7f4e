import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from warehouse.domain import Cart, Order, OrderLine, OutOfStock
from warehouse.mappings import ArticleMapping, CartMapping, Orders
from warehouse.services import FindExpensive, Restock

from persistence import CommitConflict, Repository, UnitOfWork


def test_an_order_reserves_and_adds_up(place_order, frozen_clock):
    place_order("o-1", "ann", {"pen": 2, "ink": 1})

    assert place_order.articles.get("pen").in_stock == 8
    assert place_order.orders.get("o-1") == Order(
        "o-1", "ann", [OrderLine("pen", 2), OrderLine("ink", 1)], Decimal("6.90"), frozen_clock.now
    )


def test_an_order_that_cannot_be_filled_reserves_nothing(place_order):
    with pytest.raises(OutOfStock):
        place_order("o-1", "ann", {"pen": 2, "ink": 99})

    assert place_order.articles.get("pen").in_stock == 10
    assert place_order.orders.find("o-1") is None


@pytest.mark.forbid_scans
def test_an_order_costs_little(place_order, cost_budget):
    with cost_budget(read_units=2, write_units=8, requests=2):
        place_order("o-1", "ann", {"pen": 2, "ink": 1})


@pytest.mark.forbid_scans
def test_orders_of_a_customer_come_in_order(place_order, frozen_clock):
    for number in range(3):
        place_order(f"o-{number}", "ann", {"pen": 1})
        frozen_clock.advance(timedelta(minutes=1))

    assert [order.id for order in place_order.orders.of("ann")] == ["o-0", "o-1", "o-2"]


def test_somebody_else_may_be_faster(place_order, persistence_store):
    other = Repository(ArticleMapping, UnitOfWork(persistence_store))

    with pytest.raises(CommitConflict), place_order.uow:
        place_order.articles.get("pen").reserve(1)
        article = other.get("pen")
        article.in_stock = 0
        other.update(article)

    assert place_order.articles.get("pen").in_stock == 0


def test_restocking_is_awaited(async_repository_of, async_uow, repository_of):
    restock = Restock(async_repository_of(ArticleMapping), async_uow)

    asyncio.run(restock("pen", 5, Decimal("1.20")))
    asyncio.run(restock("pen", 5, Decimal("1.20")))

    assert repository_of(ArticleMapping).get("pen").in_stock == 10


def test_a_report_may_scan(place_order):
    place_order("o-1", "ann", {"ink": 3})

    assert FindExpensive(place_order.orders)(Decimal(10)) == ["o-1"]


@pytest.mark.persistence_store("memory")
def test_carts_go_when_their_time_has_come(repository_of, memory_store, frozen_clock):
    carts = repository_of(CartMapping)
    carts.add(Cart("ann", expires_at=frozen_clock.now + timedelta(hours=1)))

    frozen_clock.advance(timedelta(hours=2))

    assert memory_store.expire() == 1
    assert carts.find("ann") is None


def test_ids_are_counted(place_order, sequential_ids):
    place_order("o-1", "ann", {"pen": 1})

    assert sequential_ids.given[-1] == f"id-{len(sequential_ids.given)}"
    assert isinstance(place_order.orders, Orders)
