"""Collections over what stores really find: several types in one request, and none besides."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from persistence.operations import Page, QueryPage, ScanPage
from persistence.query.collections import collection
from persistence.query.recorder import record
from persistence.query.wish import Wish
from tests.semantics.model import SHOP, Buyer, BuyerMapping, Purchase, PurchaseMapping
from tests.semantics.world import World

MEMBERS = collection(BuyerMapping, PurchaseMapping).members()
BUYER = Buyer("b1", "Ann")
FIRST, SECOND = Purchase("b1", 1, "monday", Decimal(5)), Purchase("b1", 2, None, Decimal(50))


@pytest.fixture
def shop(world: World) -> None:
    """A buyer with two purchases, another buyer, and something else in the first one's partition."""
    world.repository(BuyerMapping)
    buyers, purchases = world.elsewhere(BuyerMapping), world.elsewhere(PurchaseMapping)
    for buyer in (BUYER, Buyer("b2")):
        buyers.add(buyer)
    for purchase in (FIRST, SECOND):
        purchases.add(purchase)
    other = {"PK": {"S": "BUYER#b1"}, "SK": {"S": "PURSE"}, "_type": {"S": "Purse"}}
    world.put(BuyerMapping, other)


def read(
    world: World,
    predicate: Callable[[Any], Any] | None = None,
    partition: tuple[object, ...] | None = None,
    **more: Any,
) -> list[Any]:
    wish = Wish(None if predicate is None else record(predicate), **more)
    path = MEMBERS.plan(wish, partition)
    page: Page
    if path.key_condition is None:
        page = world.store.below.perform(ScanPage(SHOP, filter=path.filter, consistent=True))
    else:
        query = QueryPage(SHOP, path.key_condition, path.index, path.filter, consistent=True)
        page = world.store.below.perform(query)
    return [MEMBERS.decode(item) for item in page.items]


@pytest.mark.usefixtures("shop")
class TestCollections:
    def test_give_all_their_types_of_a_partition(self, world: World) -> None:
        """Profile and purchases come together, in the order of the sort key; nothing else does."""
        assert read(world, partition=("b1",)) == [BUYER, FIRST, SECOND]

    def test_give_all_their_types_of_a_table(self, world: World) -> None:
        """A scan finds what is marked as one of the types."""
        found = read(world, scan=True)

        assert sorted(type(each).__name__ for each in found) == ["Buyer", "Buyer", "Purchase", "Purchase"]

    def test_filter_all_types_alike(self, world: World) -> None:
        """A condition on what all types have is demanded of each."""
        assert read(world, lambda e: e.version == 0, partition=("b1",)) == [BUYER, FIRST, SECOND]
        assert read(world, lambda e: e.version == 1, partition=("b1",)) == []
