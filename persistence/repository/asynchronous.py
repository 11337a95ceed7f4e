"""Asynchronous repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar, overload

import persistence.bulk as bulks
import persistence.query as querying
from persistence.entity_flows import Put
from persistence.mapping import MappingSchema
from persistence.repository.base import RepositoryBase
from persistence.tracking import IdentityMap
from persistence.unit_of_work import AsyncUnitOfWork

T = TypeVar("T")


class AsyncRepository(
    RepositoryBase[T, AsyncUnitOfWork, "querying.AsyncQuery[T]", "querying.AsyncPatchBuilder[T]"]
):
    """All entities of one type, as if they were in memory: what `Repository` is, awaited.

    Use it as it is, `AsyncRepository(OrderMapping, uow)`, or with finders of its own:

        class OrderRepository(AsyncRepository[Order]):
            mapping = OrderMapping

            def open_ones(self) -> AsyncQuery[Order]: ...

        orders = OrderRepository(uow)
        order = await orders.get("o-1")

    `query`, `where`, `scan`, `patch` and `key` read nothing and are not awaited; what they give is.

    Args:
        mapping: the mapping of the entities; not given where the class names it.
        uow: the asynchronous unit of work to which the entities belong.

    Raises:
        MappingError: the mapping can't be used as it is declared.
        UnitOfWorkStateError: the unit of work is none, or a synchronous one.
    """

    _driver = AsyncUnitOfWork
    _twin = "Repository"

    @overload
    def __init__(self, mapping: type[MappingSchema[T]], uow: AsyncUnitOfWork) -> None: ...
    @overload
    def __init__(self, uow: AsyncUnitOfWork) -> None: ...
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    async def add(self, entity: T) -> T:
        """Add a new entity; see `Repository.add`."""
        return await self._put(entity, IdentityMap.add)

    async def get(self, *key: object, **fields: object) -> T:
        """Give the entity with a key; see `Repository.get`."""
        return await self._uow.perform(self._flows.get(self._flows.key(key, fields)))

    async def find(self, *key: object, **fields: object) -> T | None:
        """Give the entity with a key, or None; see `Repository.get`."""
        return await self._uow.perform(self._flows.find(self._flows.key(key, fields)))

    async def get_many(self, keys: Iterable[object]) -> list[T]:
        """Give the entities with many keys, in their order; see `Repository.get_many`."""
        return await self._uow.perform(self._flows.get_many(self._keys(keys)))

    async def find_many(self, keys: Iterable[object]) -> list[T | None]:
        """Give the entities with many keys, None for those that are missing; see `Repository.get_many`."""
        return await self._uow.perform(self._flows.find_many(self._keys(keys)))

    async def update(self, entity: T) -> T:
        """Put a detached or replaced entity under the unit; see `Repository.update`."""
        return await self._put(entity, IdentityMap.update)

    async def save(self, entity: T) -> T:
        """Store an entity whatever is stored now; see `Repository.save`."""
        return await self._uow.perform(self._flows.save(entity))

    async def remove(self, entity: T) -> None:
        """Delete an entity if the stored version is still the one that was read; see `Repository.remove`."""
        await self._put(entity, IdentityMap.remove)

    async def restore(self, *key: object, **fields: object) -> T:
        """Take the mark of a deletion away; see `Repository.restore`."""
        return await self._uow.perform(self._flows.restore(key, fields))

    async def purge(self, *key: object, after: timedelta | None = None, **fields: object) -> None:
        """Delete an entity for good, where a removal would mark it only; see `Repository.purge`."""
        await self._uow.perform(self._flows.purge(key, fields, after))

    async def refresh(self, entity: T) -> T:
        """Read an unchanged entity again, in place; see `Repository.refresh`."""
        return await self._uow.perform(self._flows.refresh(entity))

    def patch(self, *key: object, **fields: object) -> querying.AsyncPatchBuilder[T]:
        """Change the item with a key without reading it; `await` its `.execute()`. See `Repository.patch`."""
        wish = querying.PatchWish(self._flows.mapping, self._flows.key(key, fields))
        return querying.AsyncPatchBuilder(self._flows, self._uow, self._uow.current_unit(), wish)

    def bulk(
        self,
        *,
        overwrite: bool = False,
        progress: Callable[[bulks.BulkProgress], object] | None = None,
        buffer: int | None = None,
        raise_on_failure: bool = True,
    ) -> bulks.AsyncBulk[T]:
        """Write many entities at once, not as a whole: `async with orders.bulk() as bulk`.

        See `Repository.bulk`; `progress` may be a coroutine function.
        """
        return bulks.AsyncBulk(
            self._flows.mapping,
            self._uow,
            overwrite=overwrite,
            progress=progress,
            buffer=buffer,
            raise_on_failure=raise_on_failure,
        )

    def where(self, name: str, operator: str, *values: object) -> querying.AsyncQuery[T]:
        """Ask for entities by a condition given by name; see `Query.where`."""
        return self._query(querying.Wish()).where(name, operator, *values)

    async def _put(self, entity: T, call: Put[T]) -> T:
        if self._flows.put(entity, call):
            return entity
        return await self._uow.perform(self._flows.at_once(entity, call))

    def _query(self, wish: querying.Wish) -> querying.AsyncQuery[T]:
        return querying.AsyncQuery(self._subject, self._uow, self._uow.current_unit(), wish)
