"""What type checkers see of the testing kit; lines that are wrong say which of them find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_type

from hypothesis import given
from hypothesis import strategies as st

from persistence import AsyncUnitOfWork, Key, MappingSchema, MemoryStore, Repository, UnitOfWork
from persistence.attributes import Item
from persistence.store import AsyncStore, Store
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing import (
    ANY,
    AsyncExpectingStore,
    Delete,
    ExpectingStore,
    Put,
    Update,
    assert_committed,
    assert_stored,
    cassette,
    nothing_committed,
)
from persistence.testing.expecting import GetExpectation, QueryExpectation
from persistence.testing.strategies import entities, items


@dataclass
class Order:
    id: str
    total: int = 0


@dataclass
class Customer:
    id: str


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = "customers"
        key = Key("id")


mock = ExpectingStore(order="strict", otherwise=MemoryStore())
assert_type(mock.expect_get(OrderMapping, "o-1"), GetExpectation[Order])
assert_type(mock.expect_query(OrderMapping).with_condition("id", "=", "1"), QueryExpectation[Order])
assert_type(mock.expect_query(OrderMapping).times(2), QueryExpectation[Order])
mock.expect_query(OrderMapping).with_condition(lambda o: o.total > 1)
mock.expect_query(OrderMapping).will_return(Order("1"), {"id": {"S": "1"}})
mock.expect_query(OrderMapping).with_condition(lambda o: o.colour > 1)  # error: mypy, pyright
mock.expect_query(OrderMapping).will_return(Customer("1"))  # error: mypy, pyright
mock.expect_get(OrderMapping, "1").will_return(None)
mock.expect_get(OrderMapping, "1").will_return(Customer("1"))  # error: mypy, pyright
mock.expect_commit().with_put(Order("1")).with_update(OrderMapping, "1", set={"total": ANY}).will_refuse()
ExpectingStore(order="loose")  # error: mypy, pyright
ExpectingStore(otherwise=AsyncMemoryStore())  # error: mypy, pyright
UnitOfWork(mock)
UnitOfWork(AsyncExpectingStore())  # error: mypy, pyright
AsyncUnitOfWork(AsyncExpectingStore())

with mock as entered:
    assert_type(entered, ExpectingStore)

uow = UnitOfWork(MemoryStore())
assert_committed(uow, [Put(Order("1")), Update(OrderMapping, "1"), Delete(Order("1"))])
assert_committed(uow, [Order("1")])  # error: mypy, pyright
assert_stored(MemoryStore(), OrderMapping, Order("1"))
with nothing_committed(uow):
    pass

with cassette("orders.jsonl", MemoryStore()) as store:
    assert_type(store, Store)
with cassette("orders.jsonl", lambda: AsyncMemoryStore()) as async_store:
    assert_type(async_store, AsyncStore)
    Repository(OrderMapping, UnitOfWork(async_store))  # error: mypy, pyright

assert_type(entities(OrderMapping), st.SearchStrategy[Order])
assert_type(items(OrderMapping), st.SearchStrategy[Item])


@given(order=entities(OrderMapping, total=st.integers(0)))
def check(order: Order) -> None: ...
