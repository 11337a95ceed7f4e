"""Query analytics: what is one shape, what is counted of it, and what it advises."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from persistence import MemoryStore
from persistence.errors import Throttled
from persistence.expressions import Compare, In, KeyCondition, Path, Set, Value
from persistence.operations import (
    BatchGetItems,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.stores.layers import OTHERS, QueryAnalytics, Shape, ShapeRow, layered
from persistence.stores.layers.latencies import Latencies
from persistence.stores.layers.shapes import shape_of
from tests.unit.stores.layers.colours import ORDERS, Colour, Refusing, Ticking


def put(number: int) -> PutItem:
    item = {"customer": {"S": "c1"}, "id": {"S": f"o{number}"}, "total": {"N": str(number)}}
    return PutItem(ORDERS, item)


def get(name: str) -> GetItem:
    return GetItem(ORDERS, {"customer": {"S": "c1"}, "id": {"S": name}})


def query(least: int, *, consistent: bool = False) -> QueryPage:
    dear = Compare(">", Path.of("total"), Value({"N": str(least)}))
    return QueryPage(ORDERS, KeyCondition(("customer", {"S": "c1"})), filter=dear, consistent=consistent)


def fill(store: Store, items: int) -> None:
    for number in range(items):
        store.perform(put(number))


class TestShapes:
    def test_are_the_same_whatever_the_values(self) -> None:
        assert shape_of(query(1)) == shape_of(query(2))
        assert str(shape_of(query(1))) == "QueryPage orders where customer = ? filter total > ?"

    def test_are_the_same_for_any_number_of_options(self) -> None:
        few, many = (
            ScanPage(ORDERS, filter=In(Path.of("total"), (Value({"N": "1"}),) * count)) for count in (1, 50)
        )

        assert shape_of(few) == shape_of(many)

    def test_differ_by_what_is_asked(self) -> None:
        """Another table, index, expression, projection or consistency is another shape."""
        operations: list[Operation[Any]] = [
            query(1),
            query(1, consistent=True),
            QueryPage(ORDERS, KeyCondition(("status", {"S": "new"})), "by-status"),
            ScanPage(ORDERS),
            ScanPage(ORDERS, "by-status"),
            ScanPage(ORDERS, projection=(Path.of("id"),)),
            get("o1"),
            BatchGetItems((get("o1"), get("o2"))),
        ]

        assert len({shape_of(operation) for operation in operations}) == len(operations)

    def test_of_transactions_tell_kinds_and_tables(self) -> None:
        """How many actions of a kind there are makes no difference."""
        update = UpdateItem(ORDERS, get("o9").key, (Set(Path.of("total"), Value({"N": "1"})),))

        few = shape_of(TransactWrite((put(1), update)))
        many = shape_of(TransactWrite((update, put(1), put(2), put(3))))

        assert few == many
        assert str(few) == "TransactWrite orders PutItem orders, UpdateItem orders"


class TestReport:
    def test_counts_per_shape(self, colour: Colour) -> None:
        analytics = QueryAnalytics(clock=Ticking(step=0.01))
        store = colour.over_memory(analytics)
        fill(store, 10)
        store.perform(query(7))
        store.perform(query(8))

        (puts, queries) = analytics.report().rows

        assert puts == ShapeRow(
            Shape("PutItem", ("orders",)),
            calls=10,
            write_units=10.0,
            p50=puts.p50,
            p90=puts.p90,
            p99=puts.p99,
        )
        assert queries == ShapeRow(
            shape_of(query(1)), 2, 0, 20, 3, 1.0, 0.0, queries.p50, queries.p90, queries.p99
        )
        assert queries.p99 == pytest.approx(0.01, rel=0.05)

    def test_counts_errors(self, colour: Colour) -> None:
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics, Refusing([Throttled("slow down")]))

        with pytest.raises(Throttled):
            store.perform(get("o1"))
        store.perform(get("o1"))

        (row,) = analytics.report().rows
        assert (row.calls, row.errors) == (2, 1)

    def test_has_the_dearest_first(self, colour: Colour) -> None:
        """A write unit costs five times what a read unit costs."""
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics)
        for _ in range(9):
            store.perform(get("o1"))
        store.perform(put(1))

        rows = analytics.report().rows

        assert [(row.shape.operation, row.cost) for row in rows] == [("PutItem", 5.0), ("GetItem", 4.5)]

    def test_has_a_bounded_number_of_rows(self, colour: Colour) -> None:
        """What does not fit is counted together, so that the sums stay right."""
        analytics = QueryAnalytics(shapes=2)
        store = colour.over_memory(analytics)
        for name in "abcde":
            store.perform(ScanPage(ORDERS, projection=(Path.of(name),)))

        rows = analytics.report().rows

        assert {row.shape: row.calls for row in rows}[OTHERS] == 3
        assert sum(row.calls for row in rows) == 5
        assert len(rows) == 3

    def test_is_a_table_in_print(self, colour: Colour) -> None:
        analytics = QueryAnalytics(clock=Ticking())
        store = colour.over_memory(analytics)
        fill(store, 3)
        store.perform(query(1))

        lines = str(analytics.report()).splitlines()

        assert lines == [
            (
                "operation  table   index  calls  errors  scanned  items  read units  write units"
                "    p50 ms    p90 ms    p99 ms  asks"
            ),
            (
                "PutItem    orders             3       0        0      0           0            3"
                "  0.001049  0.001049  0.001049"
            ),
            (
                "QueryPage  orders             1       0        3      1         0.5            0"
                "  0.001049  0.001049  0.001049  where customer = ? filter total > ?"
            ),
        ]

    def test_is_data(self, colour: Colour) -> None:
        analytics = QueryAnalytics(clock=Ticking())
        store = colour.over_memory(analytics)
        store.perform(get("o1"))

        (row,) = analytics.report().as_rows()

        assert {name: row[name] for name in ("operation", "table", "index", "calls", "read_units")} == {
            "operation": "GetItem",
            "table": "orders",
            "index": None,
            "calls": 1,
            "read_units": 0.5,
        }

    def test_is_empty_where_nothing_was_done(self) -> None:
        report = QueryAnalytics().report()

        assert (report.rows, report.as_rows(), str(report), report.advice) == ((), [], "", ())

    def test_begins_again_after_a_reset(self, colour: Colour) -> None:
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics)
        store.perform(get("o1"))

        analytics.reset()

        assert analytics.report().rows == ()

    def test_is_exact_with_many_threads(self) -> None:
        """8 threads count exactly."""
        analytics = QueryAnalytics()
        store = layered(MemoryStore(), analytics)

        def work() -> None:
            for _ in range(50):
                store.perform(get("o1"))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        (row,) = analytics.report().rows
        assert (row.calls, row.read_units) == (400, 200.0)


class TestAdvice:
    def test_is_given_where_a_filter_drops_most(self, colour: Colour) -> None:
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics)
        fill(store, 100)
        store.perform(query(89))

        advice = analytics.report().advice

        assert list(map(str, advice)) == [
            (
                "filter_discards: QueryPage orders where customer = ? filter total > ? read 100 items, "
                "and its filter dropped 90% of them; "
                "make what the filter compares part of a key, or of an index"
            )
        ]

    @pytest.mark.parametrize(("items", "least"), [(99, 98), (100, 88)])
    def test_is_not_given_below_the_threshold(self, colour: Colour, items: int, least: int) -> None:
        """Fewer than 100 items, or less than nine in ten, are no waste that is worth a word."""
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics)
        fill(store, items)

        store.perform(query(least))

        assert analytics.report().advice == ()

    def test_is_given_about_scans_and_consistent_queries(self, colour: Colour) -> None:
        analytics = QueryAnalytics()
        store = colour.over_memory(analytics)
        fill(store, 100)
        store.perform(ScanPage(ORDERS))
        store.perform(query(1, consistent=True))

        advice = analytics.report().advice

        assert {found.code for found in advice} == {"scan", "consistent_not_needed"}


class TestLatencies:
    def test_give_quantiles_within_a_twentieth(self) -> None:
        latencies = Latencies()
        for milliseconds in range(1, 1001):
            latencies.add(milliseconds / 1000)

        quantiles = [latencies.quantile(share) for share in (0.5, 0.9, 0.99)]

        assert quantiles == [pytest.approx(exact, rel=0.05) for exact in (0.5, 0.9, 0.99)]

    @pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 1e9])
    def test_take_any_duration(self, seconds: float) -> None:
        latencies = Latencies()

        latencies.add(seconds)

        assert latencies.quantile(0.5) > 0

    def test_without_any_are_zero(self) -> None:
        assert Latencies().quantile(0.99) == 0.0
