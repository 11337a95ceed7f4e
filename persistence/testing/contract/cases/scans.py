"""Scans: whole tables, in pages and in segments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest
from persistence.expressions import AttributeExists
from persistence.operations import Page, ScanPage
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import at, compare, key, number, put, put_rows, rows, text


def _keys(*pages: Page) -> list[tuple[str, str]]:
    return sorted((item["pk"]["S"], item["sk"]["N"]) for page in pages for item in page.items)


def _all_pages(store: Store, scan: ScanPage) -> list[Page]:
    pages = [store.perform(scan)]
    while pages[-1].last_key is not None:
        pages.append(store.perform(replace(scan, start=pages[-1].last_key)))
    return pages


class ScanContract(Contract):
    """Reading a whole table."""

    def test_scan_gives_every_item(self, store: Store, series: Table) -> None:
        """All partitions are read [aws]."""
        put_rows(store, series, "a", (1, 2))
        put_rows(store, series, "b", (1,))

        page = store.perform(ScanPage(series, consistent=True))

        assert _keys(page) == [("a", "1"), ("a", "2"), ("b", "1")]
        assert (page.count, page.scanned_count, page.last_key) == (3, 3, None)

    def test_scan_of_an_empty_table(self, store: Store, series: Table) -> None:
        """Nothing found is an empty page, no error [aws]."""
        page = store.perform(ScanPage(series, consistent=True))

        assert (page.items, page.last_key, page.count, page.scanned_count) == ((), None, 0, 0)

    def test_scan_keeps_the_order_within_a_partition(self, store: Store, series: Table) -> None:
        """Partitions come in no particular order, the items of one in that of the sort key [run]."""
        put_rows(store, series, "a", (10, 2, -1))
        put_rows(store, series, "b", (3, 1))

        found = store.perform(ScanPage(series, consistent=True)).items

        assert [item["sk"]["N"] for item in found if item["pk"] == text("a")] == ["-1", "2", "10"]
        assert [item["sk"]["N"] for item in found if item["pk"] == text("b")] == ["1", "3"]

    def test_scan_filters_after_reading(self, store: Store, series: Table) -> None:
        """What a filter drops has been read all the same [aws]."""
        for sort in range(4):
            put(store, series, key("a", sort), n=number(sort))

        page = store.perform(ScanPage(series, filter=compare("n", ">", number(2)), consistent=True))

        assert (_keys(page), page.count, page.scanned_count) == ([("a", "3")], 1, 4)

    def test_a_filter_of_a_scan_may_speak_of_the_key(self, store: Store, series: Table) -> None:
        """Unlike a query a scan has no key condition that the key would belong into [aws]."""
        put_rows(store, series, "a", (1, 2))

        page = store.perform(ScanPage(series, filter=compare("sk", "=", number(2)), consistent=True))

        assert _keys(page) == [("a", "2")]

    def test_scan_projects(self, store: Store, series: Table) -> None:
        """A projection gives what is at its paths only [aws]."""
        put(store, series, key("a", 1), x=number(1), y=number(2))

        page = store.perform(ScanPage(series, projection=(at("y"),), consistent=True))

        assert page.items == ({"y": number(2)},)

    def test_scan_counts(self, store: Store, series: Table) -> None:
        """`count_only` gives both counts and no items [aws]."""
        put(store, series, key("a", 1), n=number(1))
        put(store, series, key("a", 2))

        page = store.perform(
            ScanPage(series, filter=AttributeExists(at("n")), consistent=True, count_only=True)
        )

        assert (page.items, page.count, page.scanned_count) == ((), 1, 2)

    @rows("limit", {"1": 1, "2": 2, "3": 3, "100": 100})
    def test_pages_of_a_scan_make_the_whole(self, store: Store, series: Table, limit: int) -> None:
        """Nothing is missed and nothing comes twice, whatever the limit [aws]."""
        for partition in ("a", "b", "c"):
            put_rows(store, series, partition, (1, 2))

        pages = _all_pages(store, ScanPage(series, limit=limit, consistent=True))

        assert _keys(*pages) == [(one, sort) for one in ("a", "b", "c") for sort in ("1", "2")]
        assert all(page.scanned_count <= limit for page in pages)

    def test_a_scan_goes_on_behind_a_deleted_item(self, store: Store, series: Table) -> None:
        """A start is a place in the order; its item need not be there [aws]."""
        put_rows(store, series, "a", (1, 3))

        page = store.perform(ScanPage(series, start=key("a", 2), consistent=True))

        assert _keys(page) == [("a", "3")]

    @rows("segments", {"1": 1, "2": 2, "5": 5, "100": 100})
    def test_segments_make_the_whole(self, store: Store, series: Table, segments: int) -> None:
        """Every item is in exactly one segment, even if there are more segments than items [aws]."""
        partitions = [f"p{one}" for one in range(12)]
        for partition in partitions:
            put_rows(store, series, partition, (1, 2))

        pages = [
            page
            for segment in range(segments)
            for page in _all_pages(
                store, ScanPage(series, limit=3, consistent=True, segment=segment, segments=segments)
            )
        ]

        assert _keys(*pages) == sorted((one, sort) for one in partitions for sort in ("1", "2"))

    @rows(
        "segment, segments",
        {
            "beyond-the-last": (2, 2),
            "negative": (-1, 2),
            "without-how-many": (0, None),
            "how-many-without-which": (None, 2),
            "of-none": (0, 0),
            "of-more-than-a-million": (0, 1_000_001),
        },
    )
    def test_scan_refuses_segments_that_make_no_sense(
        self, store: Store, series: Table, segment: int | None, segments: int | None
    ) -> None:
        """`segment` is one of 0 to `segments` - 1, and there are at most a million [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(ScanPage(series, segment=segment, segments=segments))

    @rows(
        "start",
        {
            "without-sort-key": key("a"),
            "with-another-type": {"pk": text("a"), "sk": text("1")},
            "with-another-attribute": {**key("a", 1), "other": text("x")},
        },
    )
    def test_scan_refuses_a_start_that_is_no_key(self, store: Store, series: Table, start: Item) -> None:
        """A start has exactly the key attributes, with their types [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(ScanPage(series, start=start))

    @rows("limit", {"zero": 0, "negative": -1})
    def test_scan_refuses_a_limit_below_1(self, store: Store, series: Table, limit: int) -> None:
        """A page reads at least one item [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(ScanPage(series, limit=limit))
