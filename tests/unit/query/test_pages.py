"""Pages: what they refuse before anything is read."""

from __future__ import annotations

import pytest

from persistence import MemoryStore, QueryError, Repository, UnitOfWork
from persistence.cursors import CursorKeys
from tests.semantics.model import Order, OrderMapping


class TestMaxReads:
    def test_needs_encrypted_cursors(self) -> None:
        """A page that is cut short may end behind an item that it does not show: its key must be hidden."""
        signing = UnitOfWork(MemoryStore(), cursor_keys=CursorKeys((b"sixteen bytes...",), encrypt=False))
        orders: Repository[Order] = Repository(OrderMapping, signing)
        query = orders.query(lambda o: o.customer_id == "c1")

        with pytest.raises(QueryError, match=r"leave CursorKeys\(encrypt=False\) out"):
            query.page(max_reads=1)

        assert query.page().items == []
