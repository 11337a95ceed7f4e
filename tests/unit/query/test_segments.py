"""How much a query has in memory at once."""

from __future__ import annotations

from typing import TypeVar

import pytest

from persistence import MemoryStore, Repository, SchemaService, UnitOfWork
from persistence.operations import Operation, ScanPage
from persistence.query.reading import ITEMS_AT_ONCE
from persistence.store import Limits
from tests.semantics.model import OrderMapping

R = TypeVar("R")


class Noting:
    """A layer that keeps how many items each page was asked to read at most."""

    def __init__(self) -> None:
        self.below = MemoryStore()
        self.asked: list[int | None] = []

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, ScanPage):
            self.asked.append(operation.limit)
        return self.below.perform(operation)


class TestParallelScan:
    @pytest.mark.parametrize(
        ("workers", "most"), [(1, ITEMS_AT_ONCE), (2, ITEMS_AT_ONCE // 2), (ITEMS_AT_ONCE * 2, 1)]
    )
    def test_shares_what_may_be_in_memory_among_its_workers(self, workers: int, most: int) -> None:
        """Pages of 1 MB of small items would take several times 50 MB together."""
        store = Noting()
        SchemaService(store, [OrderMapping]).ensure_tables()
        orders = Repository(OrderMapping, UnitOfWork(store))

        found = orders.scan().parallel(segments=3, workers=workers).all()

        assert (found, store.asked) == ([], [most] * 3)

    def test_counts_as_many_as_fit(self) -> None:
        """What is only counted is not sent."""
        store = Noting()
        SchemaService(store, [OrderMapping]).ensure_tables()
        orders = Repository(OrderMapping, UnitOfWork(store))

        assert orders.scan().parallel(segments=3, workers=2).count() == 0
        assert store.asked == [None] * 3
