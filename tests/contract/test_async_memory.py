"""The asynchronous memory store fulfils the whole contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persistence.store import Store
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract import StoreContract, SyncView


class TestAsyncMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with SyncView(AsyncMemoryStore(auto_create=False)) as store:
            yield store
