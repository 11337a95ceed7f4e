import pytest
from warehouse.domain import Order
from warehouse.mappings import Orders

from persistence import MemoryStore


@pytest.fixture
def memory_store(frozen_clock):
    return MemoryStore(clock=frozen_clock, index_delay=2)


@pytest.mark.persistence_store("memory")
def test_a_new_order_is_not_listed_at_once(repository_of, frozen_clock):
    orders = repository_of(Orders)
    orders.add(Order("o-1", "ann"))

    assert orders.get("o-1").customer_id == "ann"
    assert orders.of("ann").all() == []
    frozen_clock.advance(2)
    assert orders.of("ann").one().id == "o-1"
