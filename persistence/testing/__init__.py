"""Help for testing code that is built on `persistence`.

`InMemoryRepository` and `AsyncInMemoryRepository` are repositories for the test of a service;
`persistence.testing.servers` starts local DynamoDB servers; `persistence.testing.faults` breaks what networks
and services break; `persistence.testing.contract` is the suite that every store must pass;
`persistence.testing.expecting` holds what comes against what a test expects. Names are loaded when they are
first used, so that importing this package needs none of the packages of the extra `testing`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.testing.expecting import ANY as ANY
    from persistence.testing.expecting import AsyncExpectingStore as AsyncExpectingStore
    from persistence.testing.expecting import Check as Check
    from persistence.testing.expecting import Delete as Delete
    from persistence.testing.expecting import ExpectationFailed as ExpectationFailed
    from persistence.testing.expecting import ExpectingStore as ExpectingStore
    from persistence.testing.expecting import Put as Put
    from persistence.testing.expecting import Update as Update
    from persistence.testing.expecting import assert_committed as assert_committed
    from persistence.testing.expecting import assert_not_stored as assert_not_stored
    from persistence.testing.expecting import assert_nothing_committed as assert_nothing_committed
    from persistence.testing.expecting import assert_operations as assert_operations
    from persistence.testing.expecting import assert_stored as assert_stored
    from persistence.testing.expecting import async_assert_not_stored as async_assert_not_stored
    from persistence.testing.expecting import async_assert_stored as async_assert_stored
    from persistence.testing.expecting import nothing_committed as nothing_committed
    from persistence.testing.recordings import AsyncReplayStore as AsyncReplayStore
    from persistence.testing.recordings import Recorder as Recorder
    from persistence.testing.recordings import ReplayStore as ReplayStore
    from persistence.testing.recordings import cassette as cassette
    from persistence.testing.repositories import AsyncInMemoryRepository as AsyncInMemoryRepository
    from persistence.testing.repositories import InMemoryRepository as InMemoryRepository
    from persistence.testing.strategies import entities as entities
    from persistence.testing.strategies import items as items

_HOME_OF = {
    **dict.fromkeys(
        (
            "ANY",
            "AsyncExpectingStore",
            "Check",
            "Delete",
            "ExpectationFailed",
            "ExpectingStore",
            "Put",
            "Update",
            "assert_committed",
            "assert_not_stored",
            "assert_nothing_committed",
            "assert_operations",
            "assert_stored",
            "async_assert_not_stored",
            "async_assert_stored",
            "nothing_committed",
        ),
        "persistence.testing.expecting",
    ),
    **dict.fromkeys(
        (
            "AsyncReplayStore",
            "Recorder",
            "ReplayStore",
            "cassette",
        ),
        "persistence.testing.recordings",
    ),
    **dict.fromkeys(
        (
            "entities",
            "items",
        ),
        "persistence.testing.strategies",
    ),
    "AsyncInMemoryRepository": "persistence.testing.repositories",
    "InMemoryRepository": "persistence.testing.repositories",
}

__all__ = [
    "ANY",
    "AsyncExpectingStore",
    "AsyncInMemoryRepository",
    "AsyncReplayStore",
    "Check",
    "Delete",
    "ExpectationFailed",
    "ExpectingStore",
    "InMemoryRepository",
    "Put",
    "Recorder",
    "ReplayStore",
    "Update",
    "assert_committed",
    "assert_not_stored",
    "assert_nothing_committed",
    "assert_operations",
    "assert_stored",
    "async_assert_not_stored",
    "async_assert_stored",
    "cassette",
    "entities",
    "items",
    "nothing_committed",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'persistence.testing' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
