"""Repositories for tests of application services."""

from __future__ import annotations

from typing import Any, TypeVar, cast, overload

from persistence.errors import MappingError
from persistence.mapping import MappingSchema
from persistence.repository import AsyncRepository, Repository
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork

T = TypeVar("T")
R = TypeVar("R", bound=Repository[Any])
A = TypeVar("A", bound=AsyncRepository[Any])


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


class RepositoryMaker:
    """Makes repositories of one unit of work.

    Args:
        uow: the unit of work.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @overload
    def __call__(self, kind: type[MappingSchema[T]]) -> Repository[T]: ...
    @overload
    def __call__(self, kind: type[R]) -> R: ...
    def __call__(self, kind: type[Any]) -> Any:
        """Make a repository.

        Args:
            kind: a mapping, or a class of repositories that names its mapping.

        Raises:
            MappingError: it is neither.
        """
        if isinstance(kind, type) and issubclass(kind, Repository):
            return cast("Any", kind)(self.uow)
        if isinstance(kind, type) and issubclass(kind, AsyncRepository):
            raise MappingError(f"{kind.__name__} is asynchronous; ask for async_repository_of")
        return Repository(kind, self.uow)


class AsyncRepositoryMaker:
    """Makes repositories of one asynchronous unit of work.

    Args:
        uow: the unit of work.
    """

    def __init__(self, uow: AsyncUnitOfWork) -> None:
        self.uow = uow

    @overload
    def __call__(self, kind: type[MappingSchema[T]]) -> AsyncRepository[T]: ...
    @overload
    def __call__(self, kind: type[A]) -> A: ...
    def __call__(self, kind: type[Any]) -> Any:
        """Make a repository; see `RepositoryMaker`."""
        if isinstance(kind, type) and issubclass(kind, AsyncRepository):
            return cast("Any", kind)(self.uow)
        if isinstance(kind, type) and issubclass(kind, Repository):
            raise MappingError(f"{kind.__name__} is synchronous; derive it from AsyncRepository")
        return AsyncRepository(kind, self.uow)
