"""Synchronous repositories."""

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
from persistence.unit_of_work import UnitOfWork

T = TypeVar("T")


class Repository(RepositoryBase[T, UnitOfWork, "querying.Query[T]", "querying.PatchBuilder[T]"]):
    """All entities of one type, as if they were in memory.

    Use it as it is, `Repository(OrderMapping, uow)`, or with finders of its own:

        class OrderRepository(Repository[Order]):
            mapping = OrderMapping

            def open_ones(self) -> Query[Order]: ...

        orders = OrderRepository(uow)

    Inside `with uow:` entities are tracked: the same key gives the same object, and changes are found when
    the unit commits. Outside, each call acts at once, as a unit of its own. Repositories hold no state; one
    serves all threads.

    Args:
        mapping: the mapping of the entities; not given where the class names it.
        uow: the unit of work to which the entities belong.

    Raises:
        MappingError: the mapping can't be used as it is declared.
        UnitOfWorkStateError: the unit of work is none, or an asynchronous one.
    """

    _driver = UnitOfWork
    _twin = "AsyncRepository"

    @overload
    def __init__(self, mapping: type[MappingSchema[T]], uow: UnitOfWork) -> None: ...
    @overload
    def __init__(self, uow: UnitOfWork) -> None: ...
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def add(self, entity: T) -> T:
        """Add a new entity.

        Args:
            entity: its version and timestamps are set when it is stored.

        Returns:
            The entity; outside a unit, for a frozen one, the stored copy.

        Raises:
            EntityExists: the key is taken: at once where the unit knows it, else when it commits.
            ValidationFailed: the key can't be stored (other values are validated at commit).
        """
        return self._put(entity, IdentityMap.add)

    def get(self, *key: object, **fields: object) -> T:
        """Give the entity with a key.

        Args:
            key: the key's fields in order of their first appearance in the mapping's key.
            fields: the same by name.

        Raises:
            EntityNotFound: there is none, or the unit has removed it.
            QueryError: the arguments are not the key's.
            DecodeError: what is stored does not fit the mapping.
        """
        return self._uow.perform(self._flows.get(self._flows.key(key, fields)))

    def find(self, *key: object, **fields: object) -> T | None:
        """Give the entity with a key, or None; see `get`."""
        return self._uow.perform(self._flows.find(self._flows.key(key, fields)))

    def get_many(self, keys: Iterable[object]) -> list[T]:
        """Give the entities with many keys, in their order, duplicates included.

        Args:
            keys: tuples of key values, or mappings by name; scalars stand for keys of one field. Any number.

        Raises:
            EntityNotFound: with all keys that are missing.
            KeysUnread: the service left keys unprocessed again and again; `unread` has them.
        """
        return self._uow.perform(self._flows.get_many(self._keys(keys)))

    def find_many(self, keys: Iterable[object]) -> list[T | None]:
        """Give the entities with many keys, None for those that are missing; see `get_many`."""
        return self._uow.perform(self._flows.find_many(self._keys(keys)))

    def update(self, entity: T) -> T:
        """Put an entity that was read elsewhere, or that replaces a frozen one, under the unit.

        It is saved if the stored version is still the entity's.

        Returns:
            The entity; outside a unit, for a frozen one, the stored copy with its new version.

        Raises:
            StaleEntity, EntityGone: somebody changed or deleted it; in a unit as reasons of `CommitConflict`.
            UnitOfWorkStateError: the unit holds another, changed object with this key.
        """
        return self._put(entity, IdentityMap.update)

    def save(self, entity: T) -> T:
        """Store an entity whatever is stored now: new or not, changed by others or not.

        Attributes that the mapping does not know are kept.

        Returns:
            The entity; outside a unit as it is stored, with its version.

        Raises:
            EntityGone: it is stored, marked as deleted; in a unit as a reason of `CommitConflict`.
        """
        if self._flows.put(entity, IdentityMap.save):
            return entity
        return self._uow.perform(self._flows.save(entity))

    def remove(self, entity: T) -> None:
        """Delete an entity if the stored version is still the one that was read.

        Where the mapping has a `DeletedAt` field, the entity is marked as deleted instead, and readers don't
        see it any more: see `including_deleted`, `restore` and `purge`.

        Raises:
            StaleEntity, EntityGone: somebody changed or deleted it; in a unit as reasons of `CommitConflict`.
        """
        self._put(entity, IdentityMap.remove)

    def restore(self, *key: object, **fields: object) -> T:
        """Take the mark of a deletion away, so that the entity is there again, with a new version.

            orders.restore("o-1")

        An entity that the unit does not hold is read first. Of one that is not marked nothing changes. A time
        to live that its deletion has set gives way to the one from before.

        Args:
            key: the key as `get` takes it; or the entity, whose changes are saved too, if its version holds.
            fields: the key by name.

        Returns:
            The entity.

        Raises:
            EntityNotFound: nothing is stored.
            StaleEntity, EntityGone: somebody was faster; in a unit as reasons of `CommitConflict`.
            MappingError: the mapping has no `DeletedAt` field.
        """
        return self._uow.perform(self._flows.restore(key, fields))

    def purge(self, *key: object, after: timedelta | None = None, **fields: object) -> None:
        """Delete an entity for good, where a removal would mark it only.

            orders.purge("o-1")
            orders.purge(order, after=timedelta(days=30))

        An entity that the unit does not hold is read first.

        Args:
            key: the key of a marked entity as `get` takes it; or the entity itself, marked or not, which is
                deleted if its version still holds.
            after: how long the item is kept, marked as deleted: its time to live is set, so that the service
                deletes it then (within a few days). By default it is deleted now.
            fields: the key by name.

        Raises:
            EntityNotFound: nothing is stored.
            ConditionFailed: it is not marked as deleted, and only its key was given.
            StaleEntity, EntityGone: somebody was faster; in a unit as reasons of `CommitConflict`.
            MappingError: the mapping has no `DeletedAt` field, or for `after` no `TimeToLive` field.
        """
        self._uow.perform(self._flows.purge(key, fields, after))

    def refresh(self, entity: T) -> T:
        """Read an unchanged entity again, in place (a frozen one is replaced).

        Returns:
            The entity as it is stored now.

        Raises:
            UnitOfWorkStateError: it has changes, or is not part of the unit.
            EntityNotFound: it was deleted.
        """
        return self._uow.perform(self._flows.refresh(entity))

    def patch(self, *key: object, **fields: object) -> querying.PatchBuilder[T]:
        """Change the item with a key without reading it; nothing happens before `.execute()`.

            orders.patch("o-1").increment("views").set("status", Status.SHIPPED).execute()

        Args:
            key: the key's fields in order of their first appearance in the mapping's key.
            fields: the same by name.

        Raises:
            QueryError: the arguments are not the key's.
        """
        wish = querying.PatchWish(self._flows.mapping, self._flows.key(key, fields))
        return querying.PatchBuilder(self._flows, self._uow, self._uow.current_unit(), wish)

    def bulk(
        self,
        *,
        overwrite: bool = False,
        progress: Callable[[bulks.BulkProgress], object] | None = None,
        buffer: int | None = None,
        raise_on_failure: bool = True,
    ) -> bulks.Bulk[T]:
        """Write many entities at once, not as a whole: `with orders.bulk() as bulk: bulk.add(order)`.

        Its `add`, `update`, `save` and `remove` mean what they mean here, each by itself, many at the same
        time. It can't be used inside a unit of work; that the unit of work is made with `autocommit=False`
        does not matter.

        Args:
            overwrite: demand nothing of what is stored, and send everything in batches; the version of an
                entity then becomes a number that nobody has loaded before.
            progress: called with a `BulkProgress` whenever something was sent.
            buffer: how many writes are kept until they are sent; None for as many as the store takes at once.
            raise_on_failure: whether leaving the block raises `BulkFailed` if something was not written.

        Raises:
            UnitOfWorkStateError: an option that can't be; a unit is open where the block is entered.
        """
        return bulks.Bulk(
            self._flows.mapping,
            self._uow,
            overwrite=overwrite,
            progress=progress,
            buffer=buffer,
            raise_on_failure=raise_on_failure,
        )

    def where(self, name: str, operator: str, *values: object) -> querying.Query[T]:
        """Ask for entities by a condition given by name; see `Query.where`."""
        return self._query(querying.Wish()).where(name, operator, *values)

    def _put(self, entity: T, call: Put[T]) -> T:
        flows = self._flows
        return entity if flows.put(entity, call) else self._uow.perform(flows.at_once(entity, call))

    def _query(self, wish: querying.Wish) -> querying.Query[T]:
        return querying.Query(self._subject, self._uow, self._uow.current_unit(), wish)
