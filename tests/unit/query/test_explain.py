"""What `explain()` prints: the whole text of one path of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from persistence import MemoryStore, Query, Repository, UnitOfWork
from persistence.query import exists, is_in
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping

SIZES = "item sizes unknown, taken for at most 4 KB"
PAGES = "as many requests as there are pages of 1 MB, each {} read units; " + SIZES
BY_REMARK = (
    "only a scan answers these conditions; "
    'add GlobalIndex("by-remark", Key("remark", "due")) and leave consistent() out'
)
END = "  pending changes of the unit are not seen; tracked entities come as they are in memory"
NEEDS_COURIER = "its partition key needs an equality on courier"
LACKS_WEIGHT = "and it lacks weight; hydrate() reads the rest"
READ_TWICE = (
    "lacks attributes, so each item is read a second time; project what is needed, or select(...) what the "
    "index holds"
)
ALL_IN_MEMORY = (
    "everything is read and kept in memory to sort it by due; add an index with 'due' as its sort key"
)
LEAVES_OUT = "it leaves out entities without note; name it with .index(...) if that is meant"


@pytest.fixture
def deliveries() -> Repository[Delivery]:
    return Repository(DeliveryMapping, UnitOfWork(MemoryStore()))


def told(query: Query[Any]) -> list[str]:
    return str(query.explain()).splitlines()


class TestExplanations:
    def test_of_a_key(self, deliveries: Repository[Delivery]) -> None:
        """One item, what is checked of it, and its price."""
        query = deliveries.query(lambda d: (d.courier == "a") & (d.number == 1) & (d.weight > 3))

        assert told(query.consistent()) == [
            "get of the table",
            "  partition key: courier =",
            "  sort key: number =",
            "  keys: 1",
            "  filter: none",
            "  checked here: weight (what it drops is paid for all the same)",
            "  reads: all attributes",
            "  consistency: strong, at twice the price",
            f"  expected: 1 item(s), 1 request(s), 1 read unit(s); {SIZES}",
            END,
        ]

    def test_of_keys(self, deliveries: Repository[Delivery]) -> None:
        """Several items."""
        query = deliveries.query(lambda d: (d.courier == "a") & is_in(d.number, [1, 2, 3]))

        assert told(query) == [
            "batch get of the table",
            "  keys: 3",
            "  filter: none",
            "  reads: all attributes",
            "  consistency: eventual",
            f"  expected: 3 item(s), 1 request(s), 1.5 read unit(s); {SIZES}",
            END,
        ]

    def test_of_an_index(self, deliveries: Repository[Delivery]) -> None:
        """What its key is asked, what it lacks, why no other one answers, and what would be better."""
        query = deliveries.query(lambda d: (d.town == "Graz") & (d.due > MONDAY) & exists(d.note)).hydrate()

        assert told(query.index("by-town")) == [
            "query of index 'by-town'",
            "  partition key: town =",
            "  sort key: due >",
            "  filter: none",
            "  checked here: town, due, note (what it drops is paid for all the same)",
            "  reads: courier, number, town, due",
            "  fetches what the index does not hold, by batch get: each item costs a read",
            "  consistency: eventual",
            f"  expected: {PAGES.format(128).replace(';', ', and 0.5 for each item that is fetched;')}",
            f"  advice: projection_would_help: index 'by-town' {READ_TWICE}",
            END,
        ]

    def test_of_rows(self, deliveries: Repository[Delivery]) -> None:
        """What is read, with the keys that a cursor needs."""
        query = deliveries.query(lambda d: (d.town == "Graz") & (d.weight > 3)).select("number").limit(5)

        assert told(query) == [
            "query of index 'by-town'",
            "  partition key: town =",
            "  sort key: any",
            "  filter: weight (after reading: what it drops is paid for all the same)",
            "  reads: courier, number, town, due",
            "  consistency: eventual",
            f"  expected: {PAGES.format(128)}",
            f"  not the table: {NEEDS_COURIER}",
            f"  not by-due: {NEEDS_COURIER}",
            f"  not by-town-of-courier: {NEEDS_COURIER}",
            f"  not towns: it holds only some attributes (KEYS_ONLY), {LACKS_WEIGHT}",
            "  not by-weight: its partition key needs an equality on weight",
            f"  not noted: {LEAVES_OUT}",
            END,
        ]

    def test_of_a_scan(self, deliveries: Repository[Delivery]) -> None:
        """A segment of it, sorted after reading."""
        query = deliveries.scan(lambda d: d.remark == "x").segment(1, of=4).consistent()

        assert told(query.order_by("due").sorted_in_memory()) == [
            "scan of the table",
            "  filter: remark (after reading: what it drops is paid for all the same)",
            "  reads: all attributes",
            "  sorted in memory by due: everything is read first",
            "  segment: 1 of 4",
            "  consistency: strong, at twice the price",
            f"  expected: {PAGES.format(256)}",
            f"  advice: index_would_help: {BY_REMARK}",
            f"  advice: sorted_in_memory: {ALL_IN_MEMORY}",
            END,
        ]

    def test_of_a_limited_query(self, deliveries: Repository[Delivery]) -> None:
        """Where nothing is dropped, a limit tells the price."""
        query = deliveries.query(lambda d: (d.courier == "a") & d.town.startswith("G")).limit(20)

        assert told(query.index("by-town-of-courier").select("weight")) == [
            "query of index 'by-town-of-courier'",
            "  partition key: courier =",
            "  sort key: town begins with",
            "  filter: none",
            "  reads: courier, number, weight, town",
            "  consistency: eventual",
            f"  expected: 20 item(s), 1 request(s), 10 read unit(s); {SIZES}",
            END,
        ]

    def test_shows_no_values(self, deliveries: Repository[Delivery]) -> None:
        """It can be logged: names and counts only."""
        query = deliveries.query(
            lambda d: (d.courier == "secret-1") & (d.number > 4711) & (d.remark != "secret-2")
        )

        assert not [line for line in told(query) if "secret" in line or "4711" in line]
