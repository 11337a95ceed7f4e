"""Tests that have to fail: what the kit is there to find."""

from contextlib import suppress
from decimal import Decimal

import pytest
from warehouse.domain import Article, Order
from warehouse.mappings import ArticleMapping, Orders
from warehouse.services import FindExpensive, PlaceOrder


def test_over_budget(repository_of, uow, cost_budget):
    articles = repository_of(ArticleMapping)
    articles.add(Article("pen", Decimal(1), 5))
    with cost_budget(read_units=1, write_units=3):
        PlaceOrder(articles, repository_of(Orders), uow)("o-1", "ann", {"pen": 1})


@pytest.mark.forbid_scans
def test_scans(repository_of):
    FindExpensive(repository_of(Orders))(Decimal(10))


@pytest.mark.forbid_scans
def test_swallows_the_scan(repository_of):
    with suppress(AssertionError):
        FindExpensive(repository_of(Orders))(Decimal(10))


def test_bad_fixture(load_fixture):
    load_fixture({ArticleMapping: [{"sku": "pen", "price": 1}, {"sku": "ink", "price": 1, "in_stock": -1}]})


def test_is_green(repository_of):
    repository_of(Orders).add(Order("o-1", "ann"))
