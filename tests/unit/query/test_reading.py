"""How much is read, request by request, on each access path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from persistence import MemoryStore, QueryError, Repository, UnitOfWork
from persistence.operations import (
    BatchGetItems,
    GetItem,
    Operation,
    QueryPage,
    ScanPage,
)
from persistence.query import is_in
from persistence.store import Limits
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping

R = TypeVar("R")
COUNT = 60


@dataclass
class Watched:
    """A store that keeps what is read of it."""

    below: MemoryStore = field(default_factory=MemoryStore)
    reads: list[Operation[Any]] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        # Asked of the type: to narrow the operation itself would lose what it gives.
        if type(operation) in (QueryPage, ScanPage, GetItem, BatchGetItems):
            self.reads.append(operation)
        return self.below.perform(operation)

    @property
    def limited(self) -> list[int | None]:
        """How many items each page was to read at most."""
        return [each.limit for each in self.reads if isinstance(each, QueryPage | ScanPage)]

    @property
    def keys(self) -> list[int]:
        """How many keys each request named."""
        return [
            len(each.gets) if isinstance(each, BatchGetItems) else 1
            for each in self.reads
            if isinstance(each, BatchGetItems | GetItem)
        ]


@pytest.fixture(scope="module")
def stored() -> MemoryStore:
    """Sixty deliveries of one courier, of which the last two are heavy."""
    store = MemoryStore()
    deliveries = Repository(DeliveryMapping, UnitOfWork(store))
    for number in range(COUNT):
        deliveries.add(Delivery("a", number, MONDAY, "Graz", int(number >= COUNT - 2)))
    return store


@pytest.fixture
def store(stored: MemoryStore) -> Watched:
    return Watched(stored)


@pytest.fixture
def uow(store: Watched) -> UnitOfWork:
    return UnitOfWork(store, cursor_keys="k" * 32)


@pytest.fixture
def deliveries(uow: UnitOfWork) -> Repository[Delivery]:
    return Repository(DeliveryMapping, uow)


def numbers(found: Any) -> list[int]:
    return [delivery.number for delivery in found]


class TestPages:
    def test_read_what_is_wanted(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """Where each item is a result, no item is read that is none."""
        query = deliveries.query(lambda d: d.courier == "a")

        results = query.first(), query.limit(3).all(), query.exists(), query.limit(4).count(), query.page(5)

        assert len(results[1]) == 3
        assert store.limited == [1, 3, 1, 4, 5]

    def test_reach_farther_behind_a_filter(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """Some at first, and more with each request that finds too little."""
        query = deliveries.query(lambda d: (d.courier == "a") & (d.weight == 1))

        assert numbers(query.limit(1)) == [58]
        assert query.limit(1).count() == 1
        assert store.limited == [25, 100] * 2

    def test_read_on_where_results_are_left_out(
        self, store: Watched, uow: UnitOfWork, deliveries: Repository[Delivery]
    ) -> None:
        """What the unit has removed is no result, though it is counted as read."""
        with uow:
            for number in (0, 1):
                deliveries.remove(deliveries.get("a", number))
            found = numbers(deliveries.query(lambda d: d.courier == "a").limit(2))
            uow.rollback()

        assert found == [2, 3]
        assert store.limited == [2, 2]

    def test_with_a_bound_may_be_short(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """`max_reads` ends a page; its cursor goes on where it ended."""
        pytest.importorskip("cryptography")
        query = deliveries.query(lambda d: (d.courier == "a") & (d.weight == 1))

        page = query.page(1, max_reads=1)
        rest = query.page(1, after=page.cursor)

        assert (page.items, page.scanned_count, page.has_more) == ([], 25, True)
        assert numbers(rest) == [58]


class TestKeys:
    def test_are_read_as_far_as_they_are_wanted(
        self, store: Watched, deliveries: Repository[Delivery]
    ) -> None:
        """Some at once, since any may be absent; the rest only where they were too few."""
        wanted = [*range(1000, 1040), *range(COUNT)]
        query = deliveries.query(lambda d: (d.courier == "a") & is_in(d.number, wanted))

        first, pages = query.first(), query.page(2)
        everything = query.count()

        assert first is not None
        assert (first.number, numbers(pages), everything) == (0, [0, 1], COUNT)
        assert store.keys == [25, 75, 25, 75, 100]

    def test_are_not_read_again_by_the_next_page(
        self, store: Watched, deliveries: Repository[Delivery]
    ) -> None:
        """A cursor leads behind a key, absent ones included."""
        query = deliveries.query(lambda d: (d.courier == "a") & is_in(d.number, [3, 99, 1, 98, 2]))

        pages: list[list[int]] = []
        cursor = None
        while not pages or cursor:
            page = query.page(1, after=cursor)
            pages.append(numbers(page))
            cursor = page.cursor

        assert pages == [[3], [1], [2]]
        assert store.keys == [5, 4, 2]

    def test_of_one_are_one_read(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """However it is asked."""
        query = deliveries.query(lambda d: (d.courier == "a") & (d.number == 58) & (d.weight == 1))

        assert (query.one().number, query.count(), query.exists(), len(query.page(5))) == (58, 1, True, 1)
        assert (query.where("due", ">", MONDAY).count(), query.page(5).cursor) == (0, None)
        assert store.keys == [1] * 6

    def test_are_read_consistently_on_request(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """As other queries, they are eventually consistent unless they are asked to be more."""
        one = deliveries.query(lambda d: (d.courier == "a") & (d.number == 1))
        two = deliveries.query(lambda d: (d.courier == "a") & is_in(d.number, [1, 2]))

        for query in (one, one.consistent(), two, two.consistent()):
            query.all()

        gets = [each.gets if isinstance(each, BatchGetItems) else (each,) for each in store.reads]
        assert [{get.consistent for get in each} for each in gets] == [{False}, {True}] * 2  # type: ignore[union-attr]


class TestSegments:
    def test_are_read_some_at_a_time(self) -> None:
        """No more pages are in memory than are read at once."""
        store = Watched()
        deliveries = Repository(DeliveryMapping, UnitOfWork(store))
        for number in range(30):
            deliveries.add(Delivery(f"courier-{number}", number, MONDAY, "Graz"))

        begun = [len(store.reads) for _ in deliveries.scan().parallel(6, workers=2)]

        assert len(begun) == 30
        assert sorted(set(begun)) == [2, 4, 6]
        assert [each.segments for each in store.reads if isinstance(each, ScanPage)] == [6] * 6

    def test_end_with_a_limit(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """Each reads no more than all of them are to give, and those that are not needed read nothing."""
        found = deliveries.scan().parallel(3, workers=3).limit(4).all()

        assert len(found) == 4
        assert store.limited == [4, 4, 4]

    def test_are_as_many_as_the_service_takes(self, deliveries: Repository[Delivery]) -> None:
        """A million."""
        with pytest.raises(QueryError, match=r"parallel\(segments=1000001\): a scan has at most 1,000,000"):
            deliveries.scan().parallel(1_000_001)


class TestSorting:
    def test_reads_everything_first(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """A limit counts what is sorted."""
        query = deliveries.query(lambda d: d.courier == "a").order_by("weight", descending=True)

        assert numbers(query.sorted_in_memory().limit(3)) == [59, 58, 57]
        assert store.limited == [None]

    def test_is_not_done_for_a_count(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """Nothing is kept of what is only counted."""
        query = deliveries.query(lambda d: d.courier == "a").order_by("weight").sorted_in_memory()

        assert (query.count(), query.limit(3).count(), query.exists()) == (COUNT, 3, True)
        assert store.limited == [None, 3, 1]


class TestHydration:
    def test_costs_a_read_for_each_item(self, store: Watched, deliveries: Repository[Delivery]) -> None:
        """And nothing where it is only counted: the index tells how many there are."""
        query = deliveries.query(lambda d: d.town == "Graz").index("towns").hydrate()

        assert (len(query.limit(3).all()), query.count()) == (3, COUNT)
        assert store.keys == [3]
