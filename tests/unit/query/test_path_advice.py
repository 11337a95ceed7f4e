"""What `explain()` advises, and what is logged while pages are read."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from persistence import MemoryStore, Repository, UnitOfWork
from persistence.events import LOGGER_NAME
from persistence.query import exists, is_in
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping, Predicate, planned


def advice(predicate: Predicate | None = None, **more: Any) -> list[tuple[str, str | None]]:
    return [(each.code, each.remedy) for each in planned(predicate, **more).advice]


class TestScans:
    @pytest.mark.parametrize(
        ("predicate", "remedy"),
        [
            (lambda d: d.remark == "x", 'add GlobalIndex("by-remark", Key("remark"))'),
            (
                lambda d: (d.remark == "x") & (d.due >= MONDAY),
                'add GlobalIndex("by-remark", Key("remark", "due"))',
            ),
            (
                lambda d: (d.remark == "x") & d.note.startswith("y"),
                'add GlobalIndex("by-remark", Key("remark", "note"))',
            ),
        ],
    )
    def test_name_the_index_that_would_serve(self, predicate: Predicate, remedy: str) -> None:
        """An equality could be its partition key, a range its sort key."""
        assert advice(predicate) == [("index_would_help", remedy)]
        assert advice(predicate, scan=True) == [("index_would_help", remedy)]

    @pytest.mark.parametrize(
        ("predicate", "more"),
        [
            # No equality could be a partition key.
            (lambda d: d.weight > 3, {}),
            (lambda d: (d.weight == 3) | (d.weight == 4), {}),
            (None, {"scan": True}),
            # The index is there, and was refused for another reason.
            (lambda d: d.town == "Graz", {}),
            # Who names an index chose.
            (lambda d: d.remark == "x", {"scan": True, "index": "by-weight"}),
        ],
    )
    def test_name_none_where_none_would(self, predicate: Predicate | None, more: dict[str, Any]) -> None:
        """No advice is better than a bad one."""
        assert advice(predicate, **more) == []

    @pytest.mark.parametrize(
        ("predicate", "source"),
        [
            (lambda d: d.courier == "a", "a key"),
            (lambda d: (d.courier == "a") & (d.number == 1), "a key"),
            (lambda d: d.weight == 3, "index 'by-weight'"),
        ],
    )
    def test_are_told_of_a_key_that_serves(self, predicate: Predicate, source: str) -> None:
        """Who writes `scan` gets one, and is told what a query would read."""
        (told,) = planned(predicate, scan=True).advice

        assert str(told) == (
            f"scan: {source} serves these conditions, but scan() reads the whole table; write query(...)"
        )

    @pytest.mark.parametrize(
        "predicate",
        [
            lambda d: (d.weight == 3) & (d.number != 1),
            lambda d: d.town == "Graz",
            lambda d: is_in(d.number, [1, 2]),
        ],
    )
    def test_are_not_told_of_a_key_that_does_not(self, predicate: Predicate) -> None:
        """A query that is refused, or a scan itself, is no remedy."""
        assert "scan" not in dict(advice(predicate, scan=True))


class TestSparseIndexes:
    @pytest.mark.parametrize(
        ("predicate", "more", "expected"),
        [
            (
                lambda d: (d.courier == "a") & exists(d.note),
                {},
                [("sparse_index", "an index with 'note' in its key holds only what has it")],
            ),
            (
                lambda d: exists(d.note),
                {"scan": True},
                [("sparse_index", "index 'noted' holds only what has it: write .index('noted')")],
            ),
            # The index says it already.
            (lambda d: (d.town == "Graz") & exists(d.note), {}, []),
            # All have it, so that nothing is dropped.
            (lambda d: (d.courier == "a") & exists(d.weight), {}, []),
            # One item is no reason for an index.
            (lambda d: (d.courier == "a") & (d.number == 1) & exists(d.note), {}, []),
        ],
    )
    def test_would_replace_a_filter_on_presence(
        self, predicate: Predicate, more: dict[str, Any], expected: object
    ) -> None:
        """An index holds only what has its key."""
        assert advice(predicate, **more) == expected


class TestPaths:
    @pytest.mark.parametrize(
        ("predicate", "more", "code"),
        [
            (lambda d: d.town == "Graz", {"hydrate": True}, "projection_would_help"),
            (lambda d: (d.courier == "a") & (d.due == MONDAY), {}, "projection_would_help"),
            (
                lambda d: d.courier == "a",
                {"consistent": True, "select": ("number",)},
                "consistent_not_needed",
            ),
            (lambda d: d.courier == "a", {"order_by": "note", "sorted_in_memory": True}, "sorted_in_memory"),
        ],
    )
    def test_say_what_they_cost_besides(self, predicate: Predicate, more: dict[str, Any], code: str) -> None:
        """A second read, twice the price, everything in memory."""
        assert [code for code, _ in advice(predicate, **more)] == [code]

    @pytest.mark.parametrize(
        ("predicate", "more"),
        [
            (lambda d: d.courier == "a", {}),
            (lambda d: d.courier == "a", {"consistent": True}),
            (lambda d: (d.courier == "a") & (d.number == 1), {"consistent": True, "select": ("number",)}),
            (lambda d: d.town == "Graz", {"select": ("number",)}),
        ],
    )
    def test_say_nothing_where_all_is_well(self, predicate: Predicate, more: dict[str, Any]) -> None:
        """Silence means that nothing is known to be better."""
        assert advice(predicate, **more) == []


class TestPages:
    @pytest.fixture
    def deliveries(self) -> Repository[Delivery]:
        return Repository(DeliveryMapping, UnitOfWork(MemoryStore(), cursor_keys="k" * 32))

    def given(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [text for text in map(logging.LogRecord.getMessage, caplog.records) if "page_size" in text]

    def test_that_one_request_can_t_fill_are_told(
        self, deliveries: Repository[Delivery], caplog: pytest.LogCaptureFixture
    ) -> None:
        """By the size of the items that were read before; nothing is said where that is not known."""
        deliveries.add(Delivery("a", 1, MONDAY, "Graz", remark="x" * 11_000))
        query = deliveries.query(lambda d: d.courier == "a")

        with caplog.at_level(logging.WARNING, logger=LOGGER_NAME):
            query.page(100)
            assert self.given(caplog) == []
            query.page(90)
            query.page(100)

        facts = "table='deliveries' index=None size=100 item_bytes=11050"
        assert self.given(caplog) == [f"advice.given code='page_size' entity_type='Delivery' {facts}"]

    def test_that_took_many_requests_are_told(
        self, deliveries: Repository[Delivery], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Here each request reads six large items, most of which a filter drops."""
        for number in range(80):
            weight = int(number % 20 == 19)
            deliveries.add(Delivery("a", number, MONDAY, "Graz", weight, remark="x" * 200_000))
        query = deliveries.query(lambda d: (d.courier == "a") & (d.weight == 1)).order_by("number")

        with caplog.at_level(logging.WARNING, logger=LOGGER_NAME):
            numbers = [[delivery.number for delivery in query.page(size)] for size in (2, 4)]

        facts = "table='deliveries' index=None requests=14"
        assert numbers == [[19, 39], [19, 39, 59, 79]]
        assert self.given(caplog) == [f"advice.given code='page_size' entity_type='Delivery' {facts}"]
