from decimal import Decimal

import pytest
from warehouse.container import Warehouse
from warehouse.domain import Article

from persistence.testing import in_memory

warehouse = Warehouse()


@pytest.fixture
def empty_warehouse(override_store):
    override_store(warehouse)
    return warehouse


def test_the_application_as_a_whole(empty_warehouse, cost_budget):
    empty_warehouse.articles().add(Article("pen", Decimal("1.20"), 5))

    with cost_budget(read_units=1, write_units=6):
        empty_warehouse.place_order()("o-1", "ann", {"pen": 5})

    assert empty_warehouse.orders().get("o-1").total == 6


def test_nothing_is_left_of_it():
    with in_memory(warehouse):
        assert warehouse.orders().find("o-1") is None
