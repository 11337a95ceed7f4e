"""Repositories for tests of application services."""

from __future__ import annotations

from typing import TypeVar

from persistence.mapping import MappingSchema
from persistence.repository import AsyncRepository, Repository
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork

T = TypeVar("T")


class InMemoryRepository(Repository[T]):
    """A repository over a memory store and a unit of work of its own.

        orders = InMemoryRepository(OrderMapping)
        service = PlaceOrder(orders, uow=orders.uow)

    Several repositories that shall share a unit take the same one: `InMemoryRepository(StockMapping,
        orders.uow)`.

    Args:
        mapping: the mapping of the entities.
        uow: a unit of work to share; by default a new one over a new `MemoryStore`.
    """

    def __init__(self, mapping: type[MappingSchema[T]], uow: UnitOfWork | None = None) -> None:
        self.uow = uow or UnitOfWork(MemoryStore())
        super().__init__(mapping, self.uow)


class AsyncInMemoryRepository(AsyncRepository[T]):
    """An asynchronous repository over a memory store and a unit of work of its own; see `InMemoryRepository`.

    Args:
        mapping: the mapping of the entities.
        uow: a unit of work to share; by default a new one over a new `AsyncMemoryStore`.
    """

    def __init__(self, mapping: type[MappingSchema[T]], uow: AsyncUnitOfWork | None = None) -> None:
        self.uow = uow or AsyncUnitOfWork(AsyncMemoryStore())
        super().__init__(mapping, self.uow)
