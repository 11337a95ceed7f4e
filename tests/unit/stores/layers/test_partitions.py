"""Hot partitions: which keys are counted, when there is advice, and what it shows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from persistence import MemoryStore
from persistence.errors import (
    CancellationReason,
    PersistenceError,
    Throttled,
    ThrottlingReason,
    TransactionCancelled,
)
from persistence.expressions import KeyCondition
from persistence.operations import (
    BatchGetItems,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactWrite,
)
from persistence.stores.layers import HotPartitions, PartitionRow, ThrottlingRow, layered
from persistence.stores.layers.partition_keys import partitions_of
from persistence.stores.layers.sketch import SpaceSaving
from persistence.table import Table
from tests.unit.stores.layers.colours import ORDERS, Colour, Refusing, Ticking

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
NUMBERED = Table("numbered", "id", types={"id": "N"})


def get(customer: str, name: str = "o1") -> GetItem:
    return GetItem(ORDERS, {"customer": {"S": customer}, "id": {"S": name}})


def put(customer: str, status: str) -> PutItem:
    return PutItem(ORDERS, {"customer": {"S": customer}, "id": {"S": "o1"}, "status": {"S": status}})


def query(customer: str) -> QueryPage:
    return QueryPage(ORDERS, KeyCondition(("customer", {"S": customer})))


class TestPartitions:
    @pytest.mark.parametrize(
        ("operation", "partitions"),
        [
            (get("a"), [(None, "a")]),
            (query("a"), [(None, "a")]),
            (QueryPage(ORDERS, KeyCondition(("status", {"S": "new"})), "by-status"), [("by-status", "new")]),
            (put("a", "new"), [(None, "a"), ("by-status", "new")]),
            (BatchGetItems((get("a"), get("a", "o2"))), [(None, "a"), (None, "a")]),
            (
                TransactWrite((DeleteItem(ORDERS, get("a").key), put("b", "new"))),
                [(None, "a"), (None, "b"), ("by-status", "new")],
            ),
            (ScanPage(ORDERS), []),
        ],
        ids=["get", "query", "query of an index", "put", "batch", "transaction", "scan"],
    )
    def test_are_those_of_keys_and_of_global_indexes(
        self, operation: Operation[Any], partitions: Sequence[tuple[str | None, str]]
    ) -> None:
        """Each item that is named counts once; a put goes into its indexes too."""
        found = list(partitions_of(operation))

        assert found == [(("orders", index), ("S", key)) for index, key in partitions]

    def test_are_equal_where_keys_are(self) -> None:
        one, other = (GetItem(NUMBERED, {"id": {"N": text}}) for text in ("1", "1.0"))

        assert list(partitions_of(one)) == list(partitions_of(other))


class TestReport:
    def test_has_the_largest_share_first(self, colour: Colour) -> None:
        layer = HotPartitions(clock=Ticking())
        store = colour.over_memory(layer)
        for customer in "abaa":
            store.perform(get(customer))

        rows = layer.report().rows

        assert rows == (
            PartitionRow("orders", None, "'a'", rows[0].hash, 3.0, 0.75),
            PartitionRow("orders", None, "'b'", rows[1].hash, 1.0, 0.25),
        )

    def test_forgets_by_halves(self, colour: Colour) -> None:
        """What is older than a window weighs half, and half of that after another one."""
        clock = Ticking()
        layer = HotPartitions(window=60, clock=clock)
        store = colour.over_memory(layer)
        for _ in range(8):
            store.perform(get("a"))
        clock.now = 125.0
        store.perform(get("b"))

        rows = layer.report().rows

        assert [(row.key, row.operations) for row in rows] == [("'a'", 2.0), ("'b'", 1.0)]

    def test_is_bounded(self, colour: Colour) -> None:
        """However many keys there are, few are kept, and the frequent one is among them."""
        layer = HotPartitions(keys=10, clock=Ticking())
        store = colour.over_memory(layer)
        for number in range(200):
            store.perform(get("hot"))
            store.perform(get(f"rare-{number}"))

        rows = layer.report().rows

        assert len(rows) == 10
        assert (rows[0].key, rows[0].operations, rows[0].share) == ("'hot'", 200.0, 0.5)

    def test_is_exact_with_many_threads(self) -> None:
        """8 threads count exactly."""
        layer = HotPartitions()
        store = layered(MemoryStore(), layer)

        def work() -> None:
            for _ in range(50):
                store.perform(get("a"))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [row.operations for row in layer.report().rows] == [400.0]

    def test_is_tables_in_print(self, colour: Colour) -> None:
        layer = HotPartitions(salt=b"", clock=Ticking())
        store = colour.over_memory(layer, Refusing([Throttled("slow down", code="ThrottlingException")]))
        with pytest.raises(Throttled):
            store.perform(get("a"))

        assert str(layer.report()).splitlines() == [
            "table   index  key  hash      operations  share  throttled",
            f"orders         'a'  {layer.report().rows[0].hash}           1      1          1",
            "",
            "table   index  reason               times",
            "orders         ThrottlingException      1",
        ]


class TestAdvice:
    def test_is_given_once_per_window_and_place(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        clock = Ticking()
        layer = HotPartitions(share=0.5, minimum=4, window=60, clock=clock)
        store = colour.over_memory(layer)

        for _ in range(20):
            store.perform(get("key-canary"))
        clock.now = 61.0
        store.perform(get("key-canary"))

        assert events == [
            {
                "level": "warning",
                "event": "advice.given",
                "code": "hot_partition",
                "table": "orders",
                "index": None,
                "partition": layer.report().rows[0].hash,
                "share": 1.0,
                "operations": operations,
                "window": 60,
            }
            for operations in (4, 11)
        ]

    def test_is_not_given_about_few_operations_or_even_traffic(
        self, colour: Colour, events: list[dict[str, Any]]
    ) -> None:
        few = HotPartitions(share=0.5, minimum=10, clock=Ticking())
        even = HotPartitions(share=0.5, minimum=4, clock=Ticking())
        store, even_store = colour.over_memory(few), colour.over_memory(even)

        for _ in range(9):
            store.perform(get("a"))
        for customer in "abcd" * 10:
            even_store.perform(get(customer))

        assert events == []

    def test_shows_a_hash_in_place_of_the_key(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        """The hash is a secret's: each layer has another one, unless layers share their salt."""
        layers = [HotPartitions(minimum=1, salt=salt, clock=Ticking()) for salt in (None, None, b"s", b"s")]
        for layer in layers:
            colour.over_memory(layer).perform(get("key-canary"))

        hashes = [event["partition"] for event in events]

        assert "canary" not in repr(events)
        assert (hashes[0] != hashes[1], hashes[2] == hashes[3]) == (True, True)
        assert {len(text) for text in hashes} == {8}


class TestThrottling:
    @pytest.mark.parametrize(
        ("operation", "error", "row", "marked"),
        [
            (
                get("a"),
                Throttled("slow down", table="orders", code="ThrottlingException"),
                ThrottlingRow("orders", None, "ThrottlingException", 1),
                {"'a'": 1.0},
            ),
            (
                get("a"),
                Throttled("slow down", throttling=[ThrottlingReason("TableReadAccountLimitExceeded", ARN)]),
                ThrottlingRow("orders", None, "TableReadAccountLimitExceeded", 1),
                {"'a'": 1.0},
            ),
            (
                put("a", "new"),
                Throttled(
                    "slow down",
                    throttling=[ThrottlingReason("IndexWriteAccountLimitExceeded", f"{ARN}/index/by-status")],
                ),
                ThrottlingRow("orders", "by-status", "IndexWriteAccountLimitExceeded", 1),
                {"'a'": 0.0, "'new'": 1.0},
            ),
            (
                BatchGetItems((get("a"), get("b"))),
                Throttled("slow down", code="ThrottlingException"),
                ThrottlingRow("orders", None, "ThrottlingException", 1),
                {"'a'": 0.0, "'b'": 0.0},
            ),
            (
                TransactWrite((DeleteItem(ORDERS, get("a").key), DeleteItem(ORDERS, get("b").key))),
                TransactionCancelled([CancellationReason("None"), CancellationReason("ThrottlingError")]),
                ThrottlingRow("orders", None, "ThrottlingError", 1),
                {"'a'": 0.0, "'b'": 1.0},
            ),
        ],
        ids=["code", "reason", "reason of an index", "of some of a batch", "of an action"],
    )
    def test_is_counted_by_reason_and_key(
        self,
        colour: Colour,
        operation: Operation[Any],
        error: PersistenceError,
        row: ThrottlingRow,
        marked: dict[str, float],
    ) -> None:
        """What was surely throttled is marked; of a batch that is not known."""
        layer = HotPartitions(clock=Ticking())

        with pytest.raises(type(error)):
            colour.over_memory(layer, Refusing([error])).perform(operation)

        report = layer.report()
        assert report.throttling == (row,)
        assert {found.key: found.throttled for found in report.rows} == marked

    def test_because_of_one_key_is_advice_at_once(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        """The service knows better than any share: it names the key range as the reason."""
        layer = HotPartitions(clock=Ticking())
        reason = ThrottlingReason("TableReadKeyRangeThroughputExceeded", ARN)
        refusing = Refusing([Throttled("slow down", throttling=[reason]) for _ in range(2)])
        store = colour.over_memory(layer, refusing)

        for _ in range(2):
            with suppress(Throttled):
                store.perform(query("a"))

        assert [(event["code"], event["reason"]) for event in events] == [
            ("hot_partition", "TableReadKeyRangeThroughputExceeded")
        ]

    def test_is_not_seen_in_other_errors(self, colour: Colour) -> None:
        layer = HotPartitions(clock=Ticking())
        cancelled = TransactionCancelled([CancellationReason("ConditionalCheckFailed")])

        with pytest.raises(TransactionCancelled):
            colour.over_memory(layer, Refusing([cancelled])).perform(
                TransactWrite((DeleteItem(ORDERS, get("a").key),))
            )

        assert layer.report().throttling == ()


class TestSpaceSaving:
    def test_never_counts_a_key_too_low(self) -> None:
        """A counter that was taken over may be too high, and says by how much."""
        sketch = SpaceSaving[str](2)
        for key in "aaabc":
            sketch.add(key)

        kept = sketch.kept

        assert {key: (counter.count, counter.excess, counter.surely) for key, counter in kept.items()} == {
            "a": (3.0, 0.0, 3.0),
            "c": (2.0, 1.0, 1.0),
        }
        assert (sketch.share("a"), sketch.share("b")) == (0.6, 0.0)
