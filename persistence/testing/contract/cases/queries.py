"""Queries of a table: which items, in which order, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest
from persistence.expressions import AttributeExists, BeginsWith, Between, Compare, KeyCondition, Value
from persistence.operations import Page, QueryPage
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
    at,
    binary,
    compare,
    key,
    map_of,
    number,
    put,
    put_rows,
    read,
    rows,
    strings,
    text,
)

SortCondition = Compare | Between | BeginsWith

SORTED = at("sk")


def partition(name: str, sort: SortCondition | None = None) -> KeyCondition:
    """Ask for a partition of a table of the contract."""
    return KeyCondition(("pk", text(name)), sort)


def sorts(page: Page) -> list[int]:
    """Name the sort keys of a page."""
    return [int(item["sk"]["N"]) for item in page.items]


def all_pages(store: Store, query: QueryPage) -> list[Page]:
    """Read a query to its end."""
    pages = [store.perform(query)]
    while pages[-1].last_key is not None:
        pages.append(store.perform(replace(query, start=pages[-1].last_key)))
    return pages


class QueryContract(Contract):
    """The items of one partition, in sort key order."""

    def test_query_gives_one_partition_in_order(self, store: Store, series: Table) -> None:
        """Items of other partitions are not touched [aws]."""
        put_rows(store, series, "a", (3, 1, 2))
        put_rows(store, series, "b", (4,))

        page = store.perform(QueryPage(series, partition("a"), consistent=True))

        assert (page.items, page.last_key) == ((key("a", 1), key("a", 2), key("a", 3)), None)
        assert (page.count, page.scanned_count) == (3, 3)

    def test_query_goes_backwards(self, store: Store, series: Table) -> None:
        """`descending` turns the order round [aws]."""
        put_rows(store, series, "a", (3, 10, 2))

        page = store.perform(QueryPage(series, partition("a"), descending=True, consistent=True))

        assert sorts(page) == [10, 3, 2]

    def test_query_of_an_empty_partition(self, store: Store, series: Table) -> None:
        """Nothing found is an empty page, no error [aws]."""
        page = store.perform(QueryPage(series, partition("nobody"), consistent=True))

        assert (page.items, page.last_key, page.count, page.scanned_count) == ((), None, 0, 0)

    def test_query_of_a_table_without_sort_key(self, store: Store, table: Table) -> None:
        """A partition of such a table is one item [aws]."""
        stored = put(store, table, key("a"), n=number(1))

        page = store.perform(QueryPage(table, partition("a"), consistent=True))

        assert page.items == (stored,)

    @rows(
        "condition, found",
        {
            "equal": (compare(SORTED, "=", number("3.0")), [3]),
            "less": (compare(SORTED, "<", number(3)), [-1, 2]),
            "less-or-equal": (compare(SORTED, "<=", number(3)), [-1, 2, 3]),
            "greater": (compare(SORTED, ">", number(3)), [10, 20]),
            "greater-or-equal": (compare(SORTED, ">=", number(3)), [3, 10, 20]),
            "between": (Between(SORTED, Value(number(2)), Value(number(10))), [2, 3, 10]),
            "between-one-number": (Between(SORTED, Value(number(3)), Value(number(3))), [3]),
            "nothing-there": (compare(SORTED, ">", number(99)), []),
        },
    )
    def test_query_by_sort_key(
        self, store: Store, series: Table, condition: SortCondition, found: list[int]
    ) -> None:
        """A condition on the sort key narrows what is read [aws]."""
        put_rows(store, series, "a", (20, 3, -1, 10, 2))

        page = store.perform(QueryPage(series, partition("a", condition), consistent=True))

        assert (sorts(page), page.scanned_count) == (found, len(found))

    @rows(
        "condition, found",
        {
            "prefix": (BeginsWith(SORTED, Value(text("ab"))), ["ab", "abc"]),
            "whole": (BeginsWith(SORTED, Value(text("abc"))), ["abc"]),
            "none": (BeginsWith(SORTED, Value(text("x"))), []),
            "between": (Between(SORTED, Value(text("aa")), Value(text("abb"))), ["ab"]),
            "greater": (compare(SORTED, ">", text("abc")), ["b", "é"]),
        },
    )
    def test_query_by_text(
        self, store: Store, make_table: TableMaker, condition: SortCondition, found: list[str]
    ) -> None:
        """Strings can also be asked for by prefix [aws]."""
        table = make_table(sort="sk")
        for sort in ("é", "b", "abc", "ab", "a"):
            put(store, table, {"pk": text("p"), "sk": text(sort)})

        page = store.perform(QueryPage(table, partition("p", condition), consistent=True))

        assert [item["sk"]["S"] for item in page.items] == found

    def test_query_by_bytes(self, store: Store, make_table: TableMaker) -> None:
        """So can binary [aws]."""
        table = make_table(sort="sk", types={"sk": "B"})
        for sort in (b"\xff", b"\x01\x80", b"\x01", b"\x00"):
            put(store, table, {"pk": text("p"), "sk": binary(sort)})

        page = store.perform(
            QueryPage(table, partition("p", BeginsWith(SORTED, Value(binary(b"\x01")))), consistent=True)
        )

        assert [item["sk"]["B"] for item in page.items] == [b"\x01", b"\x01\x80"]

    @rows(
        "condition",
        {
            "sort-key-of-another-type": partition("a", compare(SORTED, "=", text("1"))),
            "prefix-of-a-number": partition("a", BeginsWith(SORTED, Value(number(1)))),
            "partition-key-of-another-type": KeyCondition(("pk", number(1))),
            "another-attribute": KeyCondition(("other", text("a"))),
            "another-sort-attribute": partition("a", compare("other", "=", number(1))),
            "sort-key-alone": KeyCondition(("sk", number(1))),
            "not-equal": partition("a", compare(SORTED, "<>", number(1))),
            "bounds-the-wrong-way-round": partition("a", Between(SORTED, Value(number(2)), Value(number(1)))),
            "empty-partition-key": KeyCondition(("pk", text(""))),
            "no-number": partition("a", compare(SORTED, "=", number("x"))),
        },
    )
    def test_query_refuses_a_condition_that_fits_no_key(
        self, store: Store, series: Table, condition: KeyCondition
    ) -> None:
        """The partition key is asked for as a whole, the sort key by order or prefix [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(QueryPage(series, condition))

    def test_query_filters_after_reading(self, store: Store, series: Table) -> None:
        """What a filter drops has been read all the same [aws]."""
        for sort in range(4):
            put(store, series, key("a", sort), even=number(1 - sort % 2))

        page = store.perform(
            QueryPage(series, partition("a"), filter=compare("even", "=", number(1)), consistent=True)
        )

        assert (sorts(page), page.count, page.scanned_count) == ([0, 2], 2, 4)

    @rows("name", {"partition": "pk", "sort": "sk"})
    def test_query_refuses_a_filter_on_its_key(self, store: Store, series: Table, name: str) -> None:
        """Key attributes belong into the key condition [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(QueryPage(series, partition("a"), filter=AttributeExists(at(name))))

    def test_query_projects(self, store: Store, series: Table) -> None:
        """A projection gives what is at its paths, and not the key unless it is asked for [aws]."""
        put(store, series, key("a", 1), m=map_of(x=number(1), y=number(2)), z=number(3))

        page = store.perform(QueryPage(series, partition("a"), projection=(at("m", "y"),), consistent=True))

        assert page.items == ({"m": map_of(y=number(2))},)

    def test_query_filters_by_what_it_does_not_project(self, store: Store, series: Table) -> None:
        """Filters see whole items [aws]."""
        put(store, series, key("a", 1), x=number(1), y=number(1))
        put(store, series, key("a", 2), x=number(2), y=number(2))

        page = store.perform(
            QueryPage(
                series,
                partition("a"),
                filter=compare("y", "=", number(2)),
                projection=(at("x"),),
                consistent=True,
            )
        )

        assert page.items == ({"x": number(2)},)

    def test_query_counts(self, store: Store, series: Table) -> None:
        """`count_only` gives both counts and no items [aws]."""
        for sort in range(3):
            put(store, series, key("a", sort), n=number(sort))

        page = store.perform(
            QueryPage(
                series, partition("a"), filter=compare("n", ">", number(0)), consistent=True, count_only=True
            )
        )

        assert (page.items, page.count, page.scanned_count) == ((), 2, 3)

    def test_query_sees_what_was_written_last(self, store: Store, series: Table) -> None:
        """A consistent query sees every acknowledged write [aws]."""
        for sort in range(20):
            put(store, series, key("a", sort))

            page = store.perform(QueryPage(series, partition("a"), consistent=True, count_only=True))

            assert page.count == sort + 1

    def test_what_a_query_gives_is_the_callers_own(self, store: Store, series: Table) -> None:
        """Changing an item of a page changes nothing in the store [port]."""
        stored = put(store, series, key("a", 1), m=map_of(x=number(1)), tags=strings("t"))
        found: Any = store.perform(QueryPage(series, partition("a"), consistent=True)).items[0]

        found["m"]["M"]["x"]["N"] = "99"
        found["tags"]["SS"].clear()

        assert read(store, series, key("a", 1)) == {**stored, "m": map_of(x=number(1)), "tags": strings("t")}


class PagingContract(Contract):
    """One page after the other."""

    def test_limit_bounds_a_page(self, store: Store, series: Table) -> None:
        """A page with a limit says where the next one starts: at the key of its last item [aws]."""
        put_rows(store, series, "a", range(5))

        page = store.perform(QueryPage(series, partition("a"), limit=2, consistent=True))

        assert (sorts(page), page.last_key, page.count, page.scanned_count) == ([0, 1], key("a", 1), 2, 2)

    @rows("descending, found", {"forwards": (False, [0, 1, 2, 3, 4]), "backwards": (True, [4, 3, 2, 1, 0])})
    def test_pages_make_the_whole(
        self, store: Store, series: Table, descending: bool, found: list[int]
    ) -> None:
        """Nothing is missed and nothing comes twice, in both directions [aws]."""
        put_rows(store, series, "a", range(5))
        put_rows(store, series, "b", range(5))

        pages = all_pages(
            store, QueryPage(series, partition("a"), descending=descending, limit=2, consistent=True)
        )

        assert [sort for page in pages for sort in sorts(page)] == found

    def test_a_page_that_ends_with_the_last_item_may_be_followed_by_an_empty_one(
        self, store: Store, series: Table
    ) -> None:
        """As many items as the limit: there is a `last_key`, and nothing behind it [run]."""
        put_rows(store, series, "a", range(4))

        pages = all_pages(store, QueryPage(series, partition("a"), limit=2, consistent=True))

        assert [sorts(page) for page in pages] == [[0, 1], [2, 3], []]

    def test_limit_counts_what_is_read(self, store: Store, series: Table) -> None:
        """A filter may leave a page empty although more follows [aws]."""
        for sort in range(4):
            put(store, series, key("a", sort), wanted=number(sort // 3))
        query = QueryPage(
            series, partition("a"), filter=compare("wanted", "=", number(1)), limit=2, consistent=True
        )

        pages = all_pages(store, query)

        assert [(sorts(page), page.scanned_count) for page in pages] == [([], 2), ([3], 2), ([], 0)]

    def test_counting_goes_by_pages_too(self, store: Store, series: Table) -> None:
        """A count is the count of one page [aws]."""
        put_rows(store, series, "a", range(5))

        pages = all_pages(store, QueryPage(series, partition("a"), limit=2, consistent=True, count_only=True))

        assert [page.count for page in pages] == [2, 2, 1]

    def test_a_page_holds_a_megabyte(self, store: Store, series: Table) -> None:
        """Without a limit a page ends with about 1 MB read [aws]."""
        filler = text("x" * 300_000)
        for sort in range(5):
            put(store, series, key("a", sort), filler=filler)

        pages = all_pages(store, QueryPage(series, partition("a"), projection=(at("sk"),), consistent=True))

        assert [sort for page in pages for sort in sorts(page)] == [0, 1, 2, 3, 4]
        assert pages[0].scanned_count in (3, 4)

    def test_what_a_filter_drops_fills_a_page_too(self, store: Store, series: Table) -> None:
        """The megabyte is counted before the filter [aws]."""
        filler = text("x" * 300_000)
        for sort in range(5):
            put(store, series, key("a", sort), filler=filler)

        page = store.perform(
            QueryPage(series, partition("a"), filter=AttributeExists(at("missing")), consistent=True)
        )

        assert page.count == 0
        assert page.scanned_count in (3, 4)
        assert page.last_key == key("a", page.scanned_count - 1)

    def test_the_item_of_a_start_need_not_be_there(self, store: Store, series: Table) -> None:
        """A start is a place in the order, not an item [aws]."""
        put_rows(store, series, "a", (1, 3, 5))

        after = store.perform(QueryPage(series, partition("a"), start=key("a", 2), consistent=True))
        before = store.perform(
            QueryPage(series, partition("a"), start=key("a", 4), descending=True, consistent=True)
        )

        assert (sorts(after), sorts(before)) == ([3, 5], [3, 1])

    def test_pages_go_on_although_items_vanish(self, store: Store, series: Table) -> None:
        """What is deleted or added between two pages disturbs nothing else [aws]."""
        put_rows(store, series, "a", (1, 2, 3, 4))
        query = QueryPage(series, partition("a"), limit=2, consistent=True)
        first = store.perform(query)
        assert first.last_key is not None

        put_rows(store, series, "a", (0, 5))
        second = store.perform(QueryPage(series, partition("a"), start=first.last_key, consistent=True))

        assert (sorts(first), sorts(second)) == ([1, 2], [3, 4, 5])

    @rows(
        "start",
        {
            "of-another-partition": key("b", 1),
            "without-sort-key": key("a"),
            "with-another-attribute": {**key("a", 1), "other": text("x")},
            "with-another-type": {"pk": text("a"), "sk": text("1")},
            "of-nothing": {},
        },
    )
    def test_query_refuses_a_start_that_is_no_place_in_it(
        self, store: Store, series: Table, start: Item
    ) -> None:
        """A start has exactly the key attributes, and the partition that is asked for [conf]."""
        put_rows(store, series, "a", (1, 2))

        with pytest.raises(InvalidRequest):
            store.perform(QueryPage(series, partition("a"), start=start, consistent=True))

    def test_query_refuses_a_start_outside_its_range(self, store: Store, series: Table) -> None:
        """A start lies within the condition on the sort key [run]."""
        with pytest.raises(InvalidRequest):
            store.perform(
                QueryPage(series, partition("a", compare(SORTED, ">", number(5))), start=key("a", 1))
            )

    @rows("limit", {"zero": 0, "negative": -1})
    def test_query_refuses_a_limit_below_1(self, store: Store, series: Table, limit: int) -> None:
        """A page reads at least one item [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(QueryPage(series, partition("a"), limit=limit))
