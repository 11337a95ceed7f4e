"""The stores in memory of the pytest fixtures, and the asynchronous side of any store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from persistence.store import AsyncStore, Store
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.testing.clocks import FrozenClock


def new_memory_store(clock: FrozenClock) -> MemoryStore:
    """Make a store in memory that goes by a test's clock."""
    return MemoryStore(clock=clock)


def new_async_memory_store(store: MemoryStore) -> AsyncMemoryStore:
    """Make the asynchronous side of a store in memory."""
    return AsyncMemoryStore(store)


@contextmanager
def asynchronous_side(store: Store) -> Iterator[AsyncStore]:
    """Give the asynchronous store that shares what a store of this library holds.

    Raises:
        TypeError: another one, with the remedy.
    """
    if isinstance(store, MemoryStore):
        yield AsyncMemoryStore(store)
        return
    # What talks to servers is loaded where a test has asked for one.
    with import_module("persistence.testing.server_stores").asynchronous_side(store) as side:
        yield side
