"""Aggregates over values that stream by: exact sums, extremes, means, groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar, assert_type

import pytest

from persistence import Key, MappingSchema
from persistence.errors import QueryError
from persistence.evaluate import project
from persistence.expressions import Path
from persistence.mapping import mapping_of
from persistence.query.aggregates import (
    Aggregate,
    aggregation,
    aggregation_row,
    avg_of,
    count_of,
    max_of,
    min_of,
    sum_of,
)
from persistence.query.grouping import AsyncGrouping, Grouping
from persistence.query.rows import Row
from persistence.query.selection import Selection

R = TypeVar("R")

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass
class Line:
    price: Decimal = Decimal(0)


@dataclass
class Order:
    id: str
    status: Status = Status.OPEN
    total: Decimal = Decimal(0)
    count: int = 0
    weight: float = 0.0
    took: timedelta = timedelta(0)
    placed_at: datetime | None = None
    due: date | None = None
    courier: str | None = None
    urgent: bool = False
    tags: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    first: Line | None = None
    extra: Any = None


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")


ORDERS = mapping_of(OrderMapping)


class Stream:
    """Gives what selections read of some orders, as a query would, and tells what they read."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self.items = [ORDERS.codec.encode(order) for order in orders]
        self.projections: list[tuple[Path, ...]] = []

    def __call__(self, selection: Selection[R], /) -> Iterator[R]:
        self.projections.append(selection.projection)
        return map(selection.read, (project(item, selection.projection) for item in self.items))

    async def awaited(self, selection: Selection[R], /) -> AsyncIterator[R]:
        for value in self(selection):
            yield value


def of(*orders: Order) -> Stream:
    return Stream(orders)


def computed(aggregate: Aggregate[R], *orders: Order) -> R:
    return aggregation(ORDERS, aggregate).run(Stream(orders))


def with_values(name: str, *values: Any) -> list[Order]:
    return [Order(f"o{place}", **{name: each}) for place, each in enumerate(values)]


def same(found: object, expected: object) -> bool:
    return type(found) is type(expected) and found == expected


class TestSum:
    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("count", [1, 2, 3], 6),
            ("count", [10**37, 10**37, 1], 2 * 10**37 + 1),
            ("total", [Decimal("0.1"), Decimal("0.2")], Decimal("0.3")),
            ("weight", [0.1] * 10, 1.0),
            ("weight", [1e100, 1.0, -1e100], 1.0),
            ("took", [timedelta(hours=1), timedelta(seconds=1)], timedelta(hours=1, seconds=1)),
            ("extra", [1, Decimal("0.5")], Decimal("1.5")),
            ("extra", [Decimal("0.5"), 1], Decimal("1.5")),
            ("extra", [None, 2, None], 2),
        ],
    )
    def test_is_exact_and_of_the_values_kind(self, name: str, values: list[Any], expected: object) -> None:
        """Whole numbers, Decimals, floats and periods give their own kind; None is passed over."""
        assert same(computed(sum_of(name), *with_values(name, *values)), expected)

    def test_is_not_rounded_to_the_digits_of_a_number(self) -> None:
        """The greatest and the least number of DynamoDB add up without loss, in either order."""
        greatest = Decimal("9.9999999999999999999999999999999999999E+125")
        least = Decimal("1.0000000000000000000000000000000000001E-130")

        for values in ([greatest, least, greatest.copy_negate()], [least, greatest, greatest.copy_negate()]):
            assert computed(sum_of("total"), *with_values("total", *values)) == least

    @pytest.mark.parametrize(
        ("name", "zero"),
        [
            ("count", 0),
            ("total", Decimal(0)),
            ("weight", 0.0),
            ("took", timedelta(0)),
            ("extra", 0),
            ("first.price", Decimal(0)),
        ],
    )
    def test_of_nothing_is_nought_of_the_fields_kind(self, name: str, zero: object) -> None:
        """A sum of no values is 0, as the field would have it."""
        assert same(computed(sum_of(name)), zero)

    def test_takes_parts(self) -> None:
        """Paths and lambdas name what is added."""
        orders = [Order("a", first=Line(Decimal(2))), Order("b"), Order("c", first=Line(Decimal(3)))]

        assert computed(sum_of("first.price"), *orders) == 5
        assert computed(sum_of(lambda o: o.first.price), *orders) == 5

    @pytest.mark.parametrize("name", ["status", "courier", "placed_at", "urgent", "tags", "lines", "first"])
    @pytest.mark.parametrize("aggregate", [sum_of, avg_of])
    def test_refuses_fields_that_are_no_numbers(self, aggregate: Any, name: str) -> None:
        """Before anything is read."""
        with pytest.raises(
            QueryError, match=rf"\('{name}'\) of Order: it is stored as .*; numbers and periods"
        ):
            aggregation(ORDERS, aggregate(name))

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            (["x"], "str"),
            ([True], "bool"),
            ([1, "x"], "str"),
            ([[1]], "list"),
        ],
    )
    def test_refuses_values_that_are_no_numbers(self, values: list[Any], found: str) -> None:
        """Of plain data nobody knows before what is stored."""
        with pytest.raises(
            QueryError, match=rf"^sum\('extra'\) of Order takes numbers .*, and found {found}$"
        ):
            computed(sum_of("extra"), *with_values("extra", *values))

    def test_refuses_to_mix_kinds(self) -> None:
        """A float is not exact, and a period no number: they are not added to other kinds."""
        accumulator = aggregation(ORDERS, sum_of("extra")).begin()
        accumulator.take(1)

        with pytest.raises(QueryError, match="float can't be added to int; only whole numbers and Decimals"):
            accumulator.take(1.5)
        with pytest.raises(QueryError, match="timedelta can't be added to int"):
            accumulator.take(timedelta(1))


class TestAverage:
    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("count", [1, 2], Decimal("1.5")),
            ("count", [1, 1, 2], Decimal("1.3333333333333333333333333333333333333")),
            ("total", [Decimal("0.1"), Decimal("0.2")], Decimal("0.15")),
            ("weight", [0.1, 0.2, 0.3], 0.2),
            ("took", [timedelta(hours=1), timedelta(hours=2)], timedelta(hours=1, minutes=30)),
            ("extra", [None, 4], Decimal(4)),
        ],
    )
    def test_is_the_mean(self, name: str, values: list[Any], expected: object) -> None:
        """Of whole numbers and Decimals a Decimal of at most 38 digits; None is not counted."""
        assert same(computed(avg_of(name), *with_values(name, *values)), expected)

    @pytest.mark.parametrize("name", ["count", "weight", "took", "extra"])
    def test_of_nothing_is_none(self, name: str) -> None:
        """There is no mean of nothing."""
        assert computed(avg_of(name)) is None


class TestExtremes:
    @pytest.mark.parametrize(
        ("name", "values", "least", "greatest"),
        [
            ("count", [2, 1, 3], 1, 3),
            ("total", [Decimal("1.5"), Decimal("0.5")], Decimal("0.5"), Decimal("1.5")),
            ("courier", ["bea", None, "ann"], "ann", "bea"),
            ("placed_at", [NOON, NOON + timedelta(1)], NOON, NOON + timedelta(1)),
            ("due", [date(2026, 1, 2), None], date(2026, 1, 2), date(2026, 1, 2)),
            ("urgent", [True, False], False, True),
            ("extra", [1, Decimal("0.5")], Decimal("0.5"), 1),
            ("extra", [b"b", b"a"], b"a", b"b"),
        ],
    )
    def test_are_found_of_whatever_has_an_order(
        self, name: str, values: list[Any], least: object, greatest: object
    ) -> None:
        """Numbers, text, dates; None is passed over."""
        orders = with_values(name, *values)

        assert same(computed(min_of(name), *orders), least)
        assert same(computed(max_of(name), *orders), greatest)

    def test_of_nothing_are_none(self) -> None:
        """Also where all values are None."""
        assert computed(min_of("courier")) is None
        assert computed(max_of("courier"), Order("a"), Order("b")) is None

    @pytest.mark.parametrize(
        ("name", "values", "kinds"),
        [
            ("status", [Status.OPEN], "Status"),
            ("tags", [{"x"}, {"x", "y"}], "set"),
            ("first", [Line()], "Line"),
            ("extra", [1, "x"], "int and str"),
            ("extra", [{"a": 1}], "dict"),
        ],
    )
    def test_refuse_what_has_no_order(self, name: str, values: list[Any], kinds: str) -> None:
        """Also of a single value, so that it does not depend on how many there are."""
        with pytest.raises(
            QueryError, match=rf"^min\('{name}'\) of Order: values of type {kinds} have no order"
        ):
            computed(min_of(name), *with_values(name, *values))


class TestCount:
    def test_counts_entities_or_values(self) -> None:
        """Without a field all entities, with one those that have a value."""
        orders = with_values("courier", "ann", None, "ann")

        assert computed(count_of(), *orders) == 3
        assert computed(count_of("courier"), *orders) == 2

    def test_reads_no_more_than_keys(self) -> None:
        """Counting entities reads nothing else of them."""
        stream = of(Order("a"))

        aggregation(ORDERS, count_of()).run(stream)

        assert stream.projections == [(Path.of("id"),)]


class TestSeveralAtOnce:
    def test_are_computed_in_one_go(self) -> None:
        """Values stream by once, and each aggregate takes its own."""
        stream = of(Order("a", total=Decimal(2), courier="ann"), Order("b", total=Decimal(3)))

        row = aggregation_row(
            ORDERS,
            {
                "count": count_of(),
                "revenue": sum_of("total"),
                "couriers": count_of("courier"),
                "id": max_of("id"),
            },
        ).run(stream)

        assert row == Row("Order", {"count": 2, "revenue": Decimal(5), "couriers": 1, "id": "b"})
        assert stream.projections == [tuple(map(Path.of, ("id", "total", "courier")))]

    def test_refuse_none_and_others(self) -> None:
        """At least one, and aggregates only."""
        with pytest.raises(QueryError, match="takes at least one, by name"):
            aggregation_row(ORDERS, {})
        with pytest.raises(QueryError, match=r"aggregate\(total=...\) takes count_of\(\), .*, not str"):
            aggregation_row(ORDERS, {"total": "total"})  # type: ignore[dict-item]


THREE = (
    Order("a", Status.OPEN, Decimal(1), 1, courier="ann"),
    Order("b", Status.PAID, Decimal(2), 2),
    Order("c", Status.OPEN, Decimal(4), 4, courier="bea"),
)


def grouping(by: Any, *orders: Order, at_most: int | None = None) -> Grouping[Order, Any]:
    return Grouping(ORDERS, by, at_most, Stream(orders or THREE))


class TestGroups:
    def test_give_a_result_each(self) -> None:
        """Group -> result, in the order in which groups come up."""
        by_status = grouping("status")

        assert by_status.count() == {Status.OPEN: 2, Status.PAID: 1}
        assert list(by_status.count()) == [Status.OPEN, Status.PAID]
        assert by_status.count("courier") == {Status.OPEN: 2, Status.PAID: 0}
        assert by_status.sum("total") == {Status.OPEN: Decimal(5), Status.PAID: Decimal(2)}
        assert by_status.min("count") == {Status.OPEN: 1, Status.PAID: 2}
        assert by_status.max("courier") == {Status.OPEN: "bea", Status.PAID: None}
        assert by_status.avg("count") == {Status.OPEN: Decimal("2.5"), Status.PAID: Decimal(2)}

    def test_give_rows(self) -> None:
        """Several aggregates of each group, computed in one go."""
        rows = grouping("status").aggregate(count=count_of(), revenue=sum_of("total"))

        assert rows == {
            Status.OPEN: Row("Order", {"count": 2, "revenue": Decimal(5)}),
            Status.PAID: Row("Order", {"count": 1, "revenue": Decimal(2)}),
        }

    def test_are_picked_by_lambdas(self) -> None:
        """One value, or a tuple of values; entities without one are in the group None."""
        assert grouping(lambda o: o.courier).count() == {"ann": 1, None: 1, "bea": 1}
        assert grouping(lambda o: (o.status, o.courier)).sum(lambda o: o.count) == {
            (Status.OPEN, "ann"): 1,
            (Status.PAID, None): 2,
            (Status.OPEN, "bea"): 4,
        }

    def test_of_nothing_are_none(self) -> None:
        """Without entities there are no groups."""
        assert Grouping(ORDERS, "status", None, Stream(())).count() == {}

    def test_read_what_they_need(self) -> None:
        """The group and what is computed of it, nothing else."""
        stream = Stream(THREE)

        Grouping(ORDERS, "status", None, stream).sum("total")

        assert stream.projections == [tuple(map(Path.of, ("id", "status", "total")))]

    def test_refuse_groups_that_can_change(self) -> None:
        """A set or list can't be the key of the result."""
        with pytest.raises(QueryError, match=r"group_by\(tags\) of Order: set can't be a group"):
            grouping("tags", Order("a", tags={"x"})).count()

    def test_may_be_bounded(self) -> None:
        """`at_most` guards the memory: more groups than those are an error, never dropped."""
        assert grouping("status", at_most=2).count() == {Status.OPEN: 2, Status.PAID: 1}
        with pytest.raises(QueryError, match=r"group_by\(status\) of Order gives more groups than at_most=1"):
            grouping("status", at_most=1).count()

    @pytest.mark.parametrize(
        ("by", "at_most", "message"),
        [
            ("statsu", None, "did you mean 'status'"),
            (lambda o: o.total > 1, None, "the lambda gave a condition"),
            ("status", 0, "at_most as a whole number of at least 1, not 0"),
            ("status", True, "not True"),
        ],
    )
    def test_are_checked_before_anything_is_read(self, by: Any, at_most: Any, message: str) -> None:
        """A grouping that can't be is refused when it is made."""
        with pytest.raises(QueryError, match=message):
            Grouping(ORDERS, by, at_most, Stream(()))

    def test_show_no_values(self) -> None:
        """A grouping is a description."""
        assert repr(grouping("status")) == "<groups of Order>"


class TestTypes:
    def test_follow_the_lambdas(self) -> None:
        """Type checkers see the group and the value; by name both are anything."""
        by_status: Grouping[Order, Status] = Grouping(ORDERS, lambda o: o.status, None, Stream(THREE))

        assert_type(by_status.count(), dict[Status, int])
        assert_type(by_status.sum(lambda o: o.total), dict[Status, Decimal])
        assert_type(by_status.sum(lambda o: o.took), dict[Status, timedelta])
        assert_type(by_status.max(lambda o: o.courier), dict[Status, str | None])
        assert_type(by_status.avg(lambda o: o.total), dict[Status, Decimal | None])
        assert_type(by_status.avg(lambda o: o.weight), dict[Status, float | None])
        assert_type(by_status.sum("total"), dict[Status, Any])


class TestAsyncGroups:
    def test_are_the_same_awaited(self) -> None:
        """The same aggregates over an asynchronous stream."""
        stream = Stream(THREE)

        async def report() -> list[Any]:
            by_status: AsyncGrouping[Order, Status] = AsyncGrouping(
                ORDERS, lambda o: o.status, None, stream.awaited
            )
            return [
                await by_status.count(),
                await by_status.sum(lambda o: o.total),
                await by_status.min("count"),
                await by_status.max("count"),
                await by_status.avg(lambda o: o.count),
                await by_status.aggregate(revenue=sum_of("total")),
            ]

        by_status = grouping("status")
        assert asyncio.run(report()) == [
            by_status.count(),
            by_status.sum("total"),
            by_status.min("count"),
            by_status.max("count"),
            by_status.avg("count"),
            by_status.aggregate(revenue=sum_of("total")),
        ]


class TestItems:
    def test_may_lack_what_is_aggregated(self) -> None:
        """An absent attribute counts as the entity's default, and as nothing where that is None."""
        stream = of()
        stream.items = [{"id": {"S": "a"}}, {"id": {"S": "b"}, "total": {"N": "3"}}]

        assert aggregation(ORDERS, avg_of("total")).run(stream) == Decimal("1.5")
        assert aggregation(ORDERS, count_of("courier")).run(stream) == 0
