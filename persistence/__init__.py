"""A Repository / Unit-of-Work framework for DynamoDB: plain dataclasses in, one transaction out.

    from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork

The names below are loaded when they are first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.container import PersistenceContainer as PersistenceContainer
    from persistence.errors import CommitConflict as CommitConflict
    from persistence.errors import CommitOutcomeUnknown as CommitOutcomeUnknown
    from persistence.errors import ConditionFailed as ConditionFailed
    from persistence.errors import ConflictError as ConflictError
    from persistence.errors import DeadlineExceeded as DeadlineExceeded
    from persistence.errors import DecodeError as DecodeError
    from persistence.errors import EntityExists as EntityExists
    from persistence.errors import EntityGone as EntityGone
    from persistence.errors import EntityNotFound as EntityNotFound
    from persistence.errors import InvalidCursor as InvalidCursor
    from persistence.errors import MappingError as MappingError
    from persistence.errors import PersistenceError as PersistenceError
    from persistence.errors import QueryError as QueryError
    from persistence.errors import StaleEntity as StaleEntity
    from persistence.errors import StoreUnavailable as StoreUnavailable
    from persistence.errors import TableNotFound as TableNotFound
    from persistence.errors import Throttled as Throttled
    from persistence.errors import TransactionBusy as TransactionBusy
    from persistence.errors import TransactionTooLarge as TransactionTooLarge
    from persistence.errors import UnitOfWorkStateError as UnitOfWorkStateError
    from persistence.errors import ValidationFailed as ValidationFailed
    from persistence.mapping import MappingSchema as MappingSchema
    from persistence.query import Query as Query
    from persistence.query import Specification as Specification
    from persistence.repository import AsyncRepository as AsyncRepository
    from persistence.repository import Repository as Repository
    from persistence.schema import SchemaService as SchemaService
    from persistence.store import Store as Store
    from persistence.stores.dynamodb import AsyncDynamoStore as AsyncDynamoStore
    from persistence.stores.dynamodb import DynamoStore as DynamoStore
    from persistence.stores.memory import AsyncMemoryStore as AsyncMemoryStore
    from persistence.stores.memory import MemoryStore as MemoryStore
    from persistence.table import GlobalIndex as GlobalIndex
    from persistence.table import Key as Key
    from persistence.table import LocalIndex as LocalIndex
    from persistence.table import Projection as Projection
    from persistence.table import Table as Table
    from persistence.unit_of_work import AsyncUnitOfWork as AsyncUnitOfWork
    from persistence.unit_of_work import UnitOfWork as UnitOfWork

_HOMES = {
    "persistence.container": ("PersistenceContainer",),
    "persistence.errors": (
        "CommitConflict",
        "CommitOutcomeUnknown",
        "ConditionFailed",
        "ConflictError",
        "DeadlineExceeded",
        "DecodeError",
        "EntityExists",
        "EntityGone",
        "EntityNotFound",
        "InvalidCursor",
        "MappingError",
        "PersistenceError",
        "QueryError",
        "StaleEntity",
        "StoreUnavailable",
        "TableNotFound",
        "Throttled",
        "TransactionBusy",
        "TransactionTooLarge",
        "UnitOfWorkStateError",
        "ValidationFailed",
    ),
    "persistence.mapping": ("MappingSchema",),
    "persistence.query": ("Query", "Specification"),
    "persistence.repository": ("AsyncRepository", "Repository"),
    "persistence.schema": ("SchemaService",),
    "persistence.store": ("Store",),
    "persistence.stores.dynamodb": ("AsyncDynamoStore", "DynamoStore"),
    "persistence.stores.memory": ("AsyncMemoryStore", "MemoryStore"),
    "persistence.table": ("GlobalIndex", "Key", "LocalIndex", "Projection", "Table"),
    "persistence.unit_of_work": ("AsyncUnitOfWork", "UnitOfWork"),
}

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  # one list of names, above


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'persistence' has no attribute {name!r}")
    found = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
