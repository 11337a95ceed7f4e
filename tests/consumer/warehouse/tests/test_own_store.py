import pytest

from persistence import MemoryStore
from persistence.stores.layers import Metered
from persistence.testing.contract import GetItemContract, TokenContract, TransactWriteContract


class TestMeteredStore(GetItemContract, TransactWriteContract, TokenContract):
    @pytest.fixture
    def store(self):
        return Metered(MemoryStore(auto_create=False))
