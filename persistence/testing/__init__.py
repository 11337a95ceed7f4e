"""Help for testing code that is built on `persistence`.

`InMemoryRepository` and `AsyncInMemoryRepository` are repositories for the test of a service;
`persistence.testing.servers` starts local DynamoDB servers; `persistence.testing.faults` breaks what networks
and services break; `persistence.testing.contract` is the suite that every store must pass. Names are loaded
when they are first used, so that importing this package needs none of the packages of the extra `testing`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.testing.repositories import AsyncInMemoryRepository as AsyncInMemoryRepository
    from persistence.testing.repositories import InMemoryRepository as InMemoryRepository

_HOME_OF = {
    "AsyncInMemoryRepository": "persistence.testing.repositories",
    "InMemoryRepository": "persistence.testing.repositories",
}

__all__ = ["AsyncInMemoryRepository", "InMemoryRepository"]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'persistence.testing' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
