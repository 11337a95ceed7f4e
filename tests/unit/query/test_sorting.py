"""Sorting after reading: by what is stored, whether it is shown or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, Table, UnitOfWork
from persistence.attributes import Item
from persistence.errors import QueryError
from persistence.mapping import mapping_of
from persistence.query.sorting import sorted_items
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping

NOTES = ["b", None, "a", "c", None]


class Rank(Enum):
    FIRST = "a"
    SECOND = "b"


@dataclass
class Medal:
    rank: Rank
    weight: int
    names: list[str]


class MedalMapping(MappingSchema[Medal]):
    class Meta:
        table = Table("medals", partition="PK", sort="SK")
        key = Key("RANK#{rank}", "W#{weight}")


def items(name: str, *values: Any) -> list[Item]:
    return [
        {"id": {"N": str(place)}} | ({name: value} if value else {}) for place, value in enumerate(values)
    ]


def places(found: list[Item]) -> list[int]:
    return [int(item["id"]["N"]) for item in found]


@pytest.fixture
def deliveries() -> Repository[Delivery]:
    repository = Repository(DeliveryMapping, UnitOfWork(MemoryStore()))
    for number, note in enumerate(NOTES):
        repository.add(Delivery("a", number, MONDAY + timedelta(days=number % 2), "Graz", -number, note))
    return repository


class TestSortedItems:
    @pytest.mark.parametrize(
        ("values", "descending", "order"),
        [
            ([{"S": "b"}, {"S": "a"}], False, [1, 0]),
            ([{"N": "10"}, {"N": "9"}, {"N": "-1E+1"}], False, [2, 1, 0]),
            ([{"B": b"b"}, {"B": b"a"}], True, [0, 1]),
            ([{"BOOL": True}, {"BOOL": False}], False, [1, 0]),
            # What has none comes last, in both directions.
            ([None, {"S": "a"}, {"NULL": True}, {"S": "b"}], False, [1, 3, 0, 2]),
            ([None, {"S": "a"}, {"NULL": True}, {"S": "b"}], True, [3, 1, 0, 2]),
            # Equals keep their order.
            ([{"N": "1"}, {"N": "0"}, {"N": "1.0"}], False, [1, 0, 2]),
            # Items of an older form, whose values can't be compared: one type after the other.
            ([{"S": "1"}, {"N": "2"}, {"S": "0"}], False, [1, 2, 0]),
        ],
    )
    def test_are_in_the_order_of_the_service(
        self, values: list[Any], descending: bool, order: list[int]
    ) -> None:
        """Text by code points, numbers by value."""
        found = sorted_items(
            mapping_of(DeliveryMapping), items("note", *values), "note", descending=descending
        )

        assert places(found) == order

    def test_are_sorted_by_keys_as_they_are_stored(self) -> None:
        """Fields of a key may be stored there only; an enumeration has no order, its text has one."""
        found = [
            {"PK": {"S": f"RANK#{rank}"}, "SK": {"S": f"W#{weight}"}}
            for rank, weight in (("b", 9), ("a", 10), ("b", 10))
        ]

        by_rank = sorted_items(mapping_of(MedalMapping), found, "rank", descending=False)
        by_weight = sorted_items(mapping_of(MedalMapping), found, "weight", descending=False)

        assert by_rank == [found[1], found[0], found[2]]
        assert by_weight == found

    def test_refuse_what_has_no_order(self) -> None:
        """Lists and maps are not compared."""
        medal = mapping_of(MedalMapping).codec.encode(Medal(Rank.FIRST, 1, ["Ann"]))

        with pytest.raises(QueryError, match=r"Medal\.names is stored as L, which has no order"):
            sorted_items(mapping_of(MedalMapping), [medal], "names", descending=False)


class TestQueries:
    def test_sort_rows_by_what_they_don_t_show(self, deliveries: Repository[Delivery]) -> None:
        """What is sorted by is read along."""
        query = deliveries.query(lambda d: d.courier == "a").order_by("note").sorted_in_memory()

        assert [row.number for row in query.select("number")] == [2, 0, 3, 1, 4]
        assert query.select(lambda d: d.weight).all() == [-2, 0, -3, -1, -4]

    def test_limit_after_sorting(self, deliveries: Repository[Delivery]) -> None:
        """The first results are the first in order, not the first that were read."""
        query = deliveries.query(lambda d: d.courier == "a").order_by("weight").sorted_in_memory()
        first = query.first()

        assert [delivery.number for delivery in query.limit(2)] == [4, 3]
        assert first is not None
        assert first.number == 4

    def test_come_in_any_direction_from_any_path(self, deliveries: Repository[Delivery]) -> None:
        """A partition, keys, a scan and its segments."""
        number = [
            [delivery.number for delivery in query.order_by("weight", descending=True).sorted_in_memory()]
            for query in (
                deliveries.query(lambda d: d.courier == "a"),
                deliveries.where("courier", "=", "a").where("number", "in", 3, 1, 7, 0),
                deliveries.scan(),
                deliveries.scan().parallel(3),
            )
        ]

        assert number == [[0, 1, 2, 3, 4], [0, 1, 3], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]

    def test_add_up_all_the_same(self, deliveries: Repository[Delivery]) -> None:
        """An aggregate of sorted results is that of unsorted ones."""
        query = deliveries.scan().order_by("note").sorted_in_memory()

        assert (query.sum("weight"), query.max("number"), query.count()) == (-10, 4, 5)
        assert query.avg(lambda d: d.number) == Decimal(2)
