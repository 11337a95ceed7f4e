"""Queries and scans: order, paging, filters, projections and indexes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import Item
from persistence.errors import InvalidRequest, TableNotFound
from persistence.expressions import (
    AttributeExists,
    BeginsWith,
    Between,
    Compare,
    KeyCondition,
    Path,
    Value,
)
from persistence.operations import DeleteItem, GetItem, Page, PutItem, QueryPage, ScanPage
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table

EVENTS = Table(
    "events",
    "day",
    "at",
    types={"at": "N"},
    indexes=(
        GlobalIndex("by-kind", Key("kind", "name")),
        GlobalIndex("kinds", Key("kind"), Projection.keys_only()),
        GlobalIndex("named", Key("kind", "name"), Projection.include("size")),
        LocalIndex("by-name", "name", Projection.keys_only()),
    ),
)
MONDAY = KeyCondition(("day", {"S": "monday"}))
AT = Path.of("at")
SIZE = Path.of("size")


def event(at: object, day: str = "monday", **attributes: str) -> Item:
    texts: Item = {name: {"S": text} for name, text in attributes.items()}
    return {"day": {"S": day}, "at": {"N": str(at)}, **texts}


def number(text: object) -> Value:
    return Value({"N": str(text)})


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    for at in (9, 10, -1, 2.5):
        store.perform(PutItem(EVENTS, event(at)))
    return store


def hours(page: Page) -> list[str]:
    return [item["at"]["N"] for item in page.items]


def pages(store: MemoryStore, operation: QueryPage | ScanPage) -> Iterator[Page]:
    start: Item | None = None
    while True:
        page = store.perform(replace(operation, start=start))
        yield page
        if page.last_key is None:
            return
        start = page.last_key


class TestQuery:
    def test_gives_one_partition_in_the_order_of_its_sort_key(self, store: MemoryStore) -> None:
        store.perform(PutItem(EVENTS, event(3, day="tuesday")))

        assert hours(store.perform(QueryPage(EVENTS, MONDAY))) == ["-1", "2.5", "9", "10"]
        assert hours(store.perform(QueryPage(EVENTS, MONDAY, descending=True))) == ["10", "9", "2.5", "-1"]

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (Compare("=", AT, number("9.0")), ["9"]),
            (Compare("<", AT, number(9)), ["-1", "2.5"]),
            (Compare("<=", AT, number(9)), ["-1", "2.5", "9"]),
            (Compare(">", AT, number(9)), ["10"]),
            (Compare(">=", AT, number(9)), ["9", "10"]),
            (Between(AT, number(0), number(9)), ["2.5", "9"]),
        ],
    )
    def test_takes_a_condition_on_the_sort_key(
        self, store: MemoryStore, sort: Compare | Between, expected: list[str]
    ) -> None:
        found = store.perform(QueryPage(EVENTS, KeyCondition(MONDAY.partition, sort)))

        assert hours(found) == expected

    def test_finds_prefixes_among_strings_by_their_bytes(self, store: MemoryStore) -> None:
        for name in ("a", "ab", "aé", "b", "Ab"):
            store.perform(PutItem(EVENTS, event(len(name.encode()), kind="k", name=name, day=name)))
        condition = KeyCondition(("kind", {"S": "k"}), BeginsWith(Path.of("name"), Value({"S": "a"})))

        found = store.perform(QueryPage(EVENTS, condition, index="by-kind"))

        assert [item["name"]["S"] for item in found.items] == ["a", "ab", "aé"]

    def test_of_an_absent_partition_is_empty(self, store: MemoryStore) -> None:
        found = store.perform(QueryPage(EVENTS, KeyCondition(("day", {"S": "never"}))))

        assert (found.items, found.last_key, found.scanned_count) == ((), None, 0)

    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            (KeyCondition(("at", {"N": "1"})), "missed key schema element: day"),
            (KeyCondition(("day", {"N": "1"})), "does not match schema type"),
            (KeyCondition(("day", {"S": ""})), "cannot contain an empty string"),
            (KeyCondition(MONDAY.partition, Compare("=", SIZE, number(1))), "key condition not supported"),
            (
                KeyCondition(MONDAY.partition, Compare("=", AT, Value({"S": "1"}))),
                "does not match schema type",
            ),
            (KeyCondition(MONDAY.partition, Compare("<>", AT, number(1))), "Unsupported operator"),
            (KeyCondition(MONDAY.partition, Compare("=", AT, SIZE)), "operands of a key condition"),
            (KeyCondition(MONDAY.partition, Between(AT, number(2), number(1))), "upper bound"),
            (KeyCondition(MONDAY.partition, BeginsWith(AT, number(1))), "begins_with is not valid"),
        ],
    )
    def test_refuses(self, store: MemoryStore, condition: KeyCondition, message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(QueryPage(EVENTS, condition))

    def test_refuses_a_filter_on_a_key(self, store: MemoryStore) -> None:
        with pytest.raises(InvalidRequest, match="can only contain non-primary key attributes"):
            store.perform(QueryPage(EVENTS, MONDAY, filter=Compare("=", AT, number(1))))


class TestPaging:
    def test_has_a_last_key_when_the_limit_is_reached_exactly(self, store: MemoryStore) -> None:
        """Only a page without a last key says that nothing follows."""
        found = list(pages(store, QueryPage(EVENTS, MONDAY, limit=2)))

        assert [hours(page) for page in found] == [["-1", "2.5"], ["9", "10"], []]
        assert [page.last_key for page in found] == [event("2.5"), event("10"), None]

    def test_counts_what_is_read_before_the_filter(self, store: MemoryStore) -> None:
        found = store.perform(QueryPage(EVENTS, MONDAY, filter=AttributeExists(SIZE), limit=3))

        assert (found.count, found.scanned_count, found.last_key) == (0, 3, event("9"))

    def test_goes_on_although_the_start_was_deleted(self, store: MemoryStore) -> None:
        store.perform(DeleteItem(EVENTS, event("2.5")))

        found = store.perform(QueryPage(EVENTS, MONDAY, start=event("2.5")))

        assert hours(found) == ["9", "10"]

    def test_ends_a_page_at_1_mb(self, store: MemoryStore) -> None:
        table = Table("large", "day", "at", types={"at": "N"})
        for at in range(4):
            store.perform(PutItem(table, event(at, v="x" * 400_000)))

        found = list(pages(store, QueryPage(table, MONDAY)))

        assert [hours(page) for page in found] == [["0", "1", "2"], ["3"]]

    @pytest.mark.parametrize(
        ("start", "message"),
        [
            ({"day": {"S": "monday"}}, "starting key is invalid"),
            ({**event(1), "x": {"S": "x"}}, "starting key is invalid"),
            ({"day": {"S": "monday"}, "at": {"S": "1"}}, "starting key is invalid"),
            (event(1, day="tuesday"), "outside query boundaries"),
            (event(1), "does not match the range key predicate"),
        ],
    )
    def test_refuses_a_start_from_elsewhere(self, store: MemoryStore, start: Item, message: str) -> None:
        condition = KeyCondition(MONDAY.partition, Compare(">", AT, number(5)))

        with pytest.raises(InvalidRequest, match=message):
            store.perform(QueryPage(EVENTS, condition, start=start))

    def test_counts_without_items(self, store: MemoryStore) -> None:
        found = store.perform(QueryPage(EVENTS, MONDAY, count_only=True))

        assert (found.items, found.count) == ((), 4)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_refuses_a_limit_below_one(self, store: MemoryStore, limit: int) -> None:
        with pytest.raises(InvalidRequest, match="greater than or equal to 1"):
            store.perform(QueryPage(EVENTS, MONDAY, limit=limit))


class TestIndexes:
    KIND = KeyCondition(("kind", {"S": "k"}))

    def test_are_sparse(self, store: MemoryStore) -> None:
        """An item without the index's partition or sort key is not in the index."""
        store.perform(PutItem(EVENTS, event(1, kind="k")))
        store.perform(PutItem(EVENTS, event(2, kind="k", name="n")))
        store.perform(PutItem(EVENTS, event(3, name="n")))

        assert hours(store.perform(QueryPage(EVENTS, self.KIND, index="by-kind"))) == ["2"]
        assert hours(store.perform(QueryPage(EVENTS, self.KIND, index="kinds"))) == ["1", "2"]

    def test_follow_every_write(self, store: MemoryStore) -> None:
        store.perform(PutItem(EVENTS, event(1, kind="k", name="old")))
        store.perform(PutItem(EVENTS, event(2, kind="k", name="gone")))

        store.perform(PutItem(EVENTS, event(1, kind="k", name="new")))
        store.perform(DeleteItem(EVENTS, event(2)))

        found = store.perform(QueryPage(EVENTS, self.KIND, index="by-kind"))
        assert found.items == (event(1, kind="k", name="new"),)

    def test_hold_their_projection_and_all_keys(self, store: MemoryStore) -> None:
        item = event(1, kind="k", name="n", size="large", note="x")
        store.perform(PutItem(EVENTS, item))

        def held(index: str, condition: KeyCondition) -> Item:
            return store.perform(QueryPage(EVENTS, condition, index=index)).items[0]

        assert held("by-kind", self.KIND) == item
        assert held("kinds", self.KIND) == event(1, kind="k")
        assert held("named", self.KIND) == event(1, kind="k", name="n", size="large")
        assert held("by-name", MONDAY) == event(1, name="n")

    def test_give_keys_of_index_and_table_as_the_last_key(self, store: MemoryStore) -> None:
        for at in (1, 2, 3):
            store.perform(PutItem(EVENTS, event(at, kind="k", name="same", size="s")))
        operation = QueryPage(EVENTS, self.KIND, index="by-kind", limit=2)

        found = list(pages(store, operation))

        assert [hours(page) for page in found] == [["1", "2"], ["3"]]
        assert found[0].last_key == event(2, kind="k", name="same")

    def test_of_the_table_fetch_what_they_lack(self, store: MemoryStore) -> None:
        """Only local indexes do; each item costs a read of its own."""
        store.perform(PutItem(EVENTS, event(1, name="n", size="large")))

        found = store.perform(QueryPage(EVENTS, MONDAY, index="by-name", projection=(SIZE,)))

        assert found.items == ({"size": {"S": "large"}},)
        assert found.capacity[0].read_units == 1.0

    def test_of_the_table_fetch_whole_items(self, store: MemoryStore) -> None:
        """What the filter drops, by what the index holds, is not fetched."""
        whole = event(1, name="n", size="large")
        store.perform(PutItem(EVENTS, whole))
        store.perform(PutItem(EVENTS, event(2, name="m", size="small")))
        wanted = Compare("=", Path.of("at"), number(1))

        found = store.perform(QueryPage(EVENTS, MONDAY, index="by-name", filter=wanted, whole=True))

        assert (found.items, found.scanned_count) == ((whole,), 2)
        assert found.capacity[0].read_units == 1.0

    def test_fill_a_page_with_what_they_fetch(self, store: MemoryStore) -> None:
        for at in range(4):
            store.perform(PutItem(EVENTS, event(at, name="n", size="x" * 400_000)))

        found = list(pages(store, QueryPage(EVENTS, MONDAY, index="by-name", whole=True)))

        assert [hours(page) for page in found] == [["0", "1", "2"], ["3"]]

    def test_are_scanned_by_what_they_hold(self, store: MemoryStore) -> None:
        """A filter of a scan takes for absent what the index does not hold, also where it is fetched."""
        store.perform(PutItem(EVENTS, event(1, name="n", size="large")))

        found = store.perform(ScanPage(EVENTS, index="by-name", filter=AttributeExists(SIZE), whole=True))

        assert (found.count, found.scanned_count) == (0, 1)

    def test_refuse_what_they_can_not_give(self, store: MemoryStore) -> None:
        with pytest.raises(InvalidRequest, match=r"index kinds does not project \[size\]"):
            store.perform(QueryPage(EVENTS, self.KIND, index="kinds", projection=(SIZE,)))
        with pytest.raises(InvalidRequest, match=r"does not project one or more filter attributes: \[size\]"):
            store.perform(QueryPage(EVENTS, self.KIND, index="kinds", filter=AttributeExists(SIZE)))
        with pytest.raises(InvalidRequest, match="not supported on global secondary indexes"):
            store.perform(QueryPage(EVENTS, self.KIND, index="kinds", consistent=True))
        with pytest.raises(InvalidRequest, match="kinds because its projection type is not ALL"):
            store.perform(QueryPage(EVENTS, self.KIND, index="kinds", whole=True))
        with pytest.raises(InvalidRequest, match="named because its projection type is not ALL"):
            store.perform(ScanPage(EVENTS, index="named", whole=True))

    @pytest.mark.parametrize("beside", [{"projection": (SIZE,)}, {"count_only": True}])
    def test_give_whole_items_or_something_else(self, store: MemoryStore, beside: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest, match="when choosing to get ALL_ATTRIBUTES"):
            store.perform(ScanPage(EVENTS, whole=True, **beside))

    def test_must_exist(self, store: MemoryStore) -> None:
        with pytest.raises(TableNotFound, match="does not have the specified index: none"):
            store.perform(ScanPage(EVENTS, index="none"))


class TestScan:
    def test_reads_everything_page_by_page(self, store: MemoryStore) -> None:
        for day in range(20):
            store.perform(PutItem(EVENTS, event(1, day=str(day))))

        found = [item for page in pages(store, ScanPage(EVENTS, limit=3)) for item in page.items]

        assert sorted(map(str, found)) == sorted(
            map(
                str,
                [event(at) for at in ("-1", "2.5", "9", "10")] + [event(1, day=str(n)) for n in range(20)],
            )
        )

    def test_starts_anywhere(self, store: MemoryStore) -> None:
        """Unlike a query it takes every well-formed key."""
        found = store.perform(ScanPage(EVENTS, start=event(5, day="never")))

        assert found.last_key is None

    @given(
        days=st.sets(st.text(st.characters(codec="utf-8"), min_size=1), max_size=30),
        segments=st.integers(1, 7),
    )
    def test_segments_are_disjoint_and_together_complete(self, days: set[str], segments: int) -> None:
        store = MemoryStore()
        for day in days:
            store.perform(PutItem(EVENTS, event(1, day=day)))

        found = [
            item["day"]["S"]
            for segment in range(segments)
            for page in pages(store, ScanPage(EVENTS, limit=2, segment=segment, segments=segments))
            for item in page.items
        ]

        assert sorted(found) == sorted(days)

    @pytest.mark.parametrize(
        ("segment", "segments", "message"),
        [
            (1, None, "TotalSegments"),
            (None, 2, "TotalSegments"),
            (2, 2, "zero-based"),
            (0, 1_000_001, "1000000"),
        ],
    )
    def test_refuses_impossible_segments(
        self, store: MemoryStore, segment: int | None, segments: int | None, message: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(ScanPage(EVENTS, segment=segment, segments=segments))

    def test_refuses_a_start_of_another_segment(self, store: MemoryStore) -> None:
        outcomes = []
        for segment in range(2):
            try:
                store.perform(ScanPage(EVENTS, start=event(1), segment=segment, segments=2))
                outcomes.append("read")
            except InvalidRequest:
                outcomes.append("refused")

        assert sorted(outcomes) == ["read", "refused"]


def test_a_page_is_the_caller_s_own(store: MemoryStore) -> None:
    found = store.perform(QueryPage(EVENTS, MONDAY, limit=1))
    assert found.last_key is not None

    found.items[0]["at"]["N"] = "77"
    found.last_key["at"]["N"] = "77"

    assert store.perform(GetItem(EVENTS, event("-1"))).item == event("-1")
