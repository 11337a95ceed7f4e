"""Ten thousand damaged cursors, given to queries: each is refused as `InvalidCursor`, and nothing is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Query,
    Repository,
    UnitOfWork,
)
from persistence.cursors import CursorKeys
from persistence.errors import InvalidCursor
from persistence.query import AsyncQuery, is_in
from tests.semantics.awaited import RecordingAsync
from tests.semantics.model import Order, OrderMapping, OrderStatus
from tests.semantics.world import BEGINNING, Recording
from tests.unit.cursors.test_fuzz import mutated

NUMBER = 1_000  # for each of 5 queries, encrypted and signed
FEW = 200  # for each of them asynchronously, which shares all but the driver
SECRET = b"a secret of thirty-two characters"
OTHER_SECRET = b"another secret of the same length"

Ask = Callable[[Any], Any]

QUERIES: dict[str, Ask] = {
    "table": lambda orders: orders.query(lambda o: o.customer_id == "c1"),
    "global index": lambda orders: orders.query(lambda o: o.status == OrderStatus.OPEN).index("by-status"),
    "local index, backwards": lambda orders: (
        orders.query(lambda o: o.customer_id == "c1").index("by-date").order_by("placed_at", descending=True)
    ),
    "keys": lambda orders: orders.query(lambda o: (o.customer_id == "c1") & is_in(o.number, [1, 2, 3, 4])),
    "scan": lambda orders: orders.scan(lambda o: o.total >= 0),
}


@pytest.fixture
def store() -> Recording:
    memory = MemoryStore()
    orders = Repository(OrderMapping, UnitOfWork(memory))
    for number in range(1, 5):
        orders.add(Order("c1", number, BEGINNING))
    return Recording(memory)


def keys_of(secret: bytes, *, encrypt: bool) -> CursorKeys:
    return CursorKeys((secret,), encrypt=encrypt)


def originals_of(store: Recording, ask: Ask, *, encrypt: bool) -> list[str]:
    """Make cursors of this query, and then one of another key."""

    def pages(secret: bytes) -> Query[Order]:
        uow = UnitOfWork(store, cursor_keys=keys_of(secret, encrypt=encrypt))
        query: Query[Order] = ask(Repository(OrderMapping, uow))
        return query

    first = pages(SECRET).page(1)
    second = pages(SECRET).page(1, after=first.cursor)
    foreign = pages(OTHER_SECRET).page(1)
    return [cursor for cursor in (first.cursor, second.cursor, foreign.cursor) if cursor is not None]


def outcome(query: Query[Order], cursor: str) -> str:
    """Tell what became of a cursor; what is raised otherwise is passed on."""
    try:
        query.page(1, after=cursor)
    except InvalidCursor:
        return "refused"
    return "accepted"


async def outcome_async(query: AsyncQuery[Order], cursor: str) -> str:
    try:
        await query.page(1, after=cursor)
    except InvalidCursor:
        return "refused"
    return "accepted"


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted", "signed"])
class TestDamagedCursors:
    def test_are_refused_before_anything_is_sent(self, store: Recording, name: str, encrypt: bool) -> None:
        """Whatever was done to them, and whatever reads they would lead to; the undamaged ones still work."""
        originals = originals_of(store, QUERIES[name], encrypt=encrypt)
        uow = UnitOfWork(store, cursor_keys=keys_of(SECRET, encrypt=encrypt))
        query = QUERIES[name](Repository(OrderMapping, uow))
        store.operations.clear()

        damaged = islice(mutated(Random(f"{name} {encrypt}"), originals), NUMBER)
        outcomes = Counter(outcome(query, text) for text in damaged)

        assert (outcomes, store.operations) == ({"refused": NUMBER}, [])
        assert [outcome(query, cursor) for cursor in originals] == ["accepted", "accepted", "refused"]

    def test_are_refused_asynchronously(self, store: Recording, name: str, encrypt: bool) -> None:
        """The other colour refuses the same."""
        originals = originals_of(store, QUERIES[name], encrypt=encrypt)
        below = RecordingAsync(AsyncMemoryStore(store.below), store)  # type: ignore[arg-type]  # it is a MemoryStore
        uow = AsyncUnitOfWork(below, cursor_keys=keys_of(SECRET, encrypt=encrypt))
        query = QUERIES[name](AsyncRepository(OrderMapping, uow))
        store.operations.clear()

        async def outcomes() -> Counter[str]:
            damaged = islice(mutated(Random(f"{name} {encrypt} async"), originals), FEW)
            return Counter([await outcome_async(query, text) for text in damaged])

        assert (asyncio.run(outcomes()), store.operations) == ({"refused": FEW}, [])
