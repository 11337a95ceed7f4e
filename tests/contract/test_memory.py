"""The memory store fulfils the whole contract."""

from __future__ import annotations

import pytest

from persistence.store import Store
from persistence.stores.memory import MemoryStore
from persistence.testing.contract import StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore(auto_create=False)
