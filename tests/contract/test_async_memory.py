"""The asynchronous memory store fulfils the contract as the one below does, which performs the operations.

What can differ is how calls are made; so the groups of cases that run here are those about writing several
items, errors with data of their own, and concurrency.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persistence.store import Store
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract import SyncView
from tests.contract.ways import CallContract


class TestAsyncMemory(CallContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with SyncView(AsyncMemoryStore(auto_create=False)) as store:
            yield store
