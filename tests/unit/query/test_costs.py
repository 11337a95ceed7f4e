"""What reading costs, as far as it can be told before."""

from __future__ import annotations

import pytest

from persistence import MemoryStore, Repository, UnitOfWork
from persistence.query import is_in
from persistence.query.costs import (
    NOTHING_KNOWN,
    PAGE_BYTES,
    Expected,
    ItemSizes,
    expected_of_keys,
    expected_of_pages,
)
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping

UNKNOWN = "item sizes unknown, taken for at most 4 KB"


class TestKeys:
    @pytest.mark.parametrize(
        ("keys", "item_bytes", "consistent", "requests", "read_units"),
        [
            # Each item is rounded up by itself: 100 small ones cost as much as 100 of 4 KB.
            (1, None, False, 1, 0.5),
            (1, 1, True, 1, 1),
            (100, 10, False, 1, 50),
            (101, 4096, False, 2, 50.5),
            (3, 4097, False, 1, 3),
            (3, 400_000, True, 1, 294),
        ],
    )
    def test_cost_a_read_each(
        self, keys: int, item_bytes: int | None, consistent: bool, requests: int, read_units: float
    ) -> None:
        """Half a unit for each 4 KB begun, twice that where the read is consistent."""
        expected = expected_of_keys(keys, 100, item_bytes, consistent=consistent)

        assert expected == Expected(keys, item_bytes, requests, read_units, 256 if consistent else 128)


class TestPages:
    @pytest.mark.parametrize(
        ("items", "item_bytes", "consistent", "requests", "read_units"),
        [
            # A page is rounded up once: 40 items of 100 bytes are one unit.
            (40, 100, False, 1, 0.5),
            (40, 100, True, 1, 1),
            (41, 100, False, 1, 1),
            (3, None, False, 1, 1.5),
            (256, 4096, False, 1, 128),
            (257, 4096, False, 2, 128.5),
        ],
    )
    def test_cost_what_they_add_up_to(
        self, items: int, item_bytes: int | None, consistent: bool, requests: int, read_units: float
    ) -> None:
        """Items of unknown size are taken for 4 KB."""
        expected = expected_of_pages(items, item_bytes, consistent=consistent)

        assert expected == Expected(items, item_bytes, requests, read_units, 256 if consistent else 128)

    def test_of_unknown_number_cost_what_a_page_costs(self) -> None:
        """Where only reading tells how many there are, the price of 1 MB is told."""
        assert expected_of_pages(None, 200, consistent=False) == Expected(None, 200, None, None, 128)
        assert NOTHING_KNOWN.page_units == PAGE_BYTES / 4096 / 2


class TestWords:
    @pytest.mark.parametrize(
        ("expected", "words"),
        [
            (
                NOTHING_KNOWN,
                f"as many requests as there are pages of 1 MB, each 128 read units; {UNKNOWN}",
            ),
            (
                Expected(20, 300, 1, 1.0),
                "20 item(s), 1 request(s), 1 read unit(s); items of about 300 bytes, as read before",
            ),
        ],
    )
    def test_tell_what_is_known(self, expected: Expected, words: str) -> None:
        """And what is guessed."""
        assert str(expected) == words


class TestItemSizes:
    def test_know_nothing_at_first(self) -> None:
        """No size is made up."""
        assert ItemSizes().mean is None

    def test_follow_the_last_samples(self) -> None:
        """The first sample counts as it is, later ones move the mean by a sixteenth."""
        sizes = ItemSizes()
        means = []
        for size in (160, 320, 320):
            sizes.note(size)
            means.append(sizes.mean)

        assert means == [160, 170, 179]

    def test_are_asked_for_less_when_much_is_known(self) -> None:
        """Of the first pages each gives a sample, later one in sixteen does."""
        sizes = ItemSizes()

        assert [place for place in range(1, 65) if sizes.count_page()] == [*range(1, 17), 32, 48, 64]


class TestQueries:
    """What `explain()` expects."""

    def test_learn_from_what_they_read(self) -> None:
        """Queries of one repository share what they know; rows, which are parts of items, teach nothing."""
        deliveries = Repository(DeliveryMapping, UnitOfWork(MemoryStore()))
        deliveries.add(Delivery("a", 1, MONDAY, "Graz", remark="x" * 5000))
        query = deliveries.query(lambda d: d.courier == "a")

        before = query.explain().expected.item_bytes
        query.select("number").all()
        after_rows = query.explain().expected.item_bytes
        query.all()

        assert (before, after_rows) == (None, None)
        assert query.consistent().limit(10).explain().expected == Expected(10, 5050, 1, 13, 256)
        assert query.where("number", "=", 1).explain().expected == Expected(1, 5050, 1, 1.0)

    def test_know_how_many_are_read_where_nothing_is_dropped(self) -> None:
        """A limit counts results: behind a filter, or in front of a sort, it says nothing of reads."""
        query = Repository(DeliveryMapping, UnitOfWork(MemoryStore())).query(lambda d: d.courier == "a")

        items = [
            each.limit(5).explain().expected.items
            for each in (
                query,
                query.matching(lambda d: d.weight == 1),
                query.order_by("weight").sorted_in_memory(),
                query.matching(lambda d: is_in(d.number, [1, 2, 3])),
            )
        ]

        assert items == [5, None, None, 3]
