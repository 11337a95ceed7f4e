"""What synchronous and asynchronous repositories share: how they are made, and all that reads nothing."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar

import persistence.query as querying
from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.entity_keys import EntityKey
from persistence.errors import MappingError, QueryError, UnitOfWorkStateError
from persistence.mapping import MappingSchema, mapping_of
from persistence.unit_of_work import UnitOfWorkBase

T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWorkBase[Any])
Q = TypeVar("Q")
P = TypeVar("P")


class RepositoryBase(ABC, Generic[T, U, Q, P]):
    """All entities of one type; see `Repository` and `AsyncRepository`.

    Its parameters are the entity type and the types of unit of work, query and patch.
    """

    mapping: type[MappingSchema[T]]
    _driver: ClassVar[type[UnitOfWorkBase[Any]]]
    _twin: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        mapping, uow = self._arguments(*args, **kwargs)
        self._check_driver(uow)
        self.mapping = mapping
        compiled = mapping_of(mapping)
        uow.declared.add(compiled)
        self._flows: EntityFlows[T] = EntityFlows(compiled, uow)
        self._uow: U = uow

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._flows.mapping.name}>"

    def key(self, *key: object, **fields: object) -> EntityKey[T]:
        """Give a key as a value, for `uow.snapshot(...)`.

        Args:
            key: the key's fields in order of their first appearance in the mapping's key.
            fields: the same by name.

        Raises:
            QueryError: the arguments are not the key's.
        """
        return EntityKey(self._flows.mapping, self._flows.key(key, fields), self._flows.shown)

    def including_deleted(self) -> Self:
        """Give this repository as it shows entities that are marked as deleted, beside all others.

        It belongs to the same unit of work. An entity that it gives is tracked as any other: its changes are
        written, and it stays marked until it is restored. What has a time to live is shown as before.
        """
        view = copy.copy(self)
        view._flows = self._flows.showing(self._flows.shown.with_deleted)
        view._subject = querying.EntitySubject(view._flows, self._subject.sizes)
        return view

    def query(self, predicate: Callable[[T], bool] | None = None) -> Q:
        """Ask for entities by a condition; a key or index that serves it is chosen.

        Args:
            predicate: a lambda over the entity, such as
                `lambda o: (o.customer_id == "c1") & (o.placed_at >= monday)`.

        Raises:
            QueryError: the lambda does what can't be recorded.
        """
        return self._query(querying.Wish(None if predicate is None else querying.record(predicate)))

    @abstractmethod
    def where(self, name: str, operator: str, *values: object) -> Q:
        """Ask for entities by a condition given by name; see `Query.where`."""

    def scan(self, predicate: Callable[[T], bool] | None = None) -> Q:
        """Read the whole table, or a whole index with `.index(...)`; the condition filters what was read.

        Args:
            predicate: as for `query`.
        """
        return self._query(
            querying.Wish(None if predicate is None else querying.record(predicate), scan=True)
        )

    @abstractmethod
    def patch(self, *key: object, **fields: object) -> P:
        """Change the item with a key without reading it; nothing happens before `.execute()`.

        Args:
            key: the key's fields in order of their first appearance in the mapping's key.
            fields: the same by name.

        Raises:
            QueryError: the arguments are not the key's.
        """

    @cached_property
    def _subject(self) -> querying.EntitySubject[T]:
        return querying.EntitySubject(self._flows)

    @abstractmethod
    def _query(self, wish: querying.Wish) -> Q: ...

    def _keys(self, keys: Iterable[object]) -> list[Item]:
        if isinstance(keys, str | bytes):
            raise QueryError(f"many keys are given as a list, not as one {type(keys).__name__}")
        return [self._flows.key(*_key_arguments(key)) for key in keys]

    @classmethod
    def _arguments(cls, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        names = ["uow"] if hasattr(cls, "mapping") else ["mapping", "uow"]
        given = dict(zip(names, args, strict=False)) | kwargs
        if len(args) + len(kwargs) != len(given) or given.keys() - {"mapping", "uow"} or "uow" not in given:
            raise MappingError(f"{cls.__name__} takes {', '.join(names)}")
        mapping = given.get("mapping") or getattr(cls, "mapping", None)
        if mapping is None:
            raise MappingError(
                f"{cls.__name__} needs a mapping: give it as the first argument, or in the class"
            )
        return mapping, given["uow"]

    @classmethod
    def _check_driver(cls, uow: object) -> None:
        if isinstance(uow, cls._driver):
            return
        name, wanted = type(uow).__name__, cls._driver.__name__
        other = f"; a {name} goes with {cls._twin}" if isinstance(uow, UnitOfWorkBase) else ""
        raise UnitOfWorkStateError(
            f"{cls.__name__} needs a unit of work of type {wanted} as `uow`, after the mapping, not "
            f"{name}{other}"
        )


def _key_arguments(key: object) -> tuple[tuple[object, ...], Mapping[str, object]]:
    if isinstance(key, Mapping):
        return (), key
    if isinstance(key, Sequence) and not isinstance(key, str | bytes | bytearray):
        return tuple(key), {}
    return (key,), {}
