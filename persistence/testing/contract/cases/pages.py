"""Pages: of every size, forwards and backwards, with and without a filter, on every kind of index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest
from persistence.expressions import Compare, Condition, In, Value
from persistence.operations import Page, QueryPage
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, Library, TableMaker
from persistence.testing.contract.places import INDEXES, PLACES, Place, all_pages, ranked
from persistence.testing.contract.words import at, compare, number, rows, text

COUNT = 5
ITEMS: tuple[Item, ...] = tuple(
    ranked("p", "g", number(one), number(COUNT - one), x=number(one)) for one in range(COUNT)
)
OTHERS: tuple[Item, ...] = tuple(
    ranked("q", "h", number(one), number(COUNT - one), x=number(one)) for one in range(COUNT)
)

Change = Callable[[Item], Item]

NO_PLACE: Mapping[str, Change] = {
    "of-nothing": lambda start: {},
    "without-sort-key": lambda start: {name: value for name, value in start.items() if name != "sk"},
    "with-another-attribute": lambda start: {**start, "other": text("x")},
    "with-another-type": lambda start: {**start, "sk": text("1")},
}


def _elsewhere(start: Item) -> Item:
    return {name: text("q") if name in ("pk", "group") else value for name, value in start.items()}


def in_order(place: Place, items: tuple[Item, ...]) -> list[Item]:
    """Give the items in the order of a place, as it holds them."""
    found = sorted(items, key=lambda item: int(item[place.sort]["N"]))
    return [place.held(item) for item in found]


def odd(place: Place) -> Condition:
    """Keep two of the five items, by an attribute that a query of the place may filter by."""
    name = "x" if place.index is None else "sk"
    return In(at(name), (Value(number(1)), Value(number(3))))


class PageContract(Contract):
    """One page after the other, wherever is read."""

    @pytest.fixture
    def paged(self, store: Store, library: Library) -> Table:
        """Give a table of two partitions of five items; in its indexes their order is turned round."""

        def stock(make_table: TableMaker) -> Table:
            table = make_table(sort="sk", indexes=INDEXES, types={"sk": "N", "rank": "N"})
            return self.fill(store, table, [*ITEMS, *OTHERS])

        return library("paged", stock)

    @rows(
        "place, size",
        {f"{where}-{size}": (place, size) for where, place in PLACES.items() for size in range(1, 7)},
    )
    def test_pages_of_every_size(self, store: Store, paged: Table, place: Place, size: int) -> None:
        """Pages one after the other are the whole, each says where it ended, in both directions [aws]."""
        query = replace(_query(place, paged), limit=size)
        wanted = in_order(place, ITEMS)

        for direction in (query, replace(query, descending=True)):
            whole = wanted[::-1] if direction.descending else wanted
            pages = all_pages(store, direction)

            assert list(_items(pages)) == whole
            assert [page.last_key for page in pages[: COUNT // size]] == [
                place.position(whole[end]) if page.last_key else None
                for page, end in zip(pages, range(size - 1, COUNT, size), strict=False)
            ]

    @rows(
        "place, size",
        {f"{where}-{size}": (place, size) for where, place in PLACES.items() for size in range(1, 7)},
    )
    def test_filtered_pages_of_every_size(self, store: Store, paged: Table, place: Place, size: int) -> None:
        """The size of a page counts what is read; what the filter keeps comes in the same order [aws]."""
        query = replace(_query(place, paged), limit=size, filter=odd(place))
        wanted = [item for item in in_order(place, ITEMS) if item["sk"]["N"] in "13"]

        for direction in (query, replace(query, descending=True)):
            pages = all_pages(store, direction)

            assert list(_items(pages)) == (wanted[::-1] if direction.descending else wanted)
            assert [page.scanned_count for page in pages[: COUNT // size]] == [size] * (COUNT // size)
            assert sum(page.count for page in pages) == 2

    @rows("place", PLACES)
    def test_pages_of_counts(self, store: Store, paged: Table, place: Place) -> None:
        """Counts go by pages as items do, with a filter and without [aws]."""
        query = replace(_query(place, paged), limit=2, count_only=True)

        counted = [all_pages(store, one) for one in (query, replace(query, filter=odd(place)))]

        assert [list(_items(pages)) for pages in counted] == [[], []]
        assert [sum(page.count for page in pages) for pages in counted] == [5, 2]
        assert [sum(page.scanned_count for page in pages) for pages in counted] == [5, 5]

    @rows("place", PLACES)
    def test_a_page_that_ends_with_the_last_item_says_where(
        self, store: Store, paged: Table, place: Place
    ) -> None:
        """That nothing follows is found out by looking: the page behind is empty [run]."""
        query = replace(_query(place, paged), limit=COUNT)

        page = store.perform(query)
        following = store.perform(replace(query, start=page.last_key))

        assert page.last_key == place.position(page.items[-1])
        assert (following.items, following.last_key) == ((), None)

    @rows("place", PLACES)
    def test_pages_of_a_range(self, store: Store, paged: Table, place: Place) -> None:
        """A condition on the sort key holds for all pages [aws]."""
        query = _query(place, paged, Compare("<=", at(place.sort), Value(number(3))))
        wanted = [item for item in in_order(place, ITEMS) if int(item[place.sort]["N"]) <= 3]

        forwards = all_pages(store, replace(query, limit=1))
        backwards = all_pages(store, replace(query, limit=1, descending=True))

        assert list(_items(forwards)) == wanted
        assert list(_items(backwards)) == wanted[::-1]

    @rows("place", PLACES)
    def test_the_item_of_a_start_need_not_be_in_the_index(
        self, store: Store, paged: Table, place: Place
    ) -> None:
        """A start is a place in the order: here one between the second and the third item [aws]."""
        wanted = in_order(place, ITEMS)
        between = {**place.position(wanted[1]), place.sort: number("2.5")}
        if place.sort == "sk":
            between["sk"] = number("1.5")
        query = replace(_query(place, paged), start=between)

        assert list(store.perform(query).items) == wanted[2:]
        assert list(store.perform(replace(query, descending=True)).items) == wanted[1::-1]

    @rows("change", {**NO_PLACE, "of-another-partition": _elsewhere})
    def test_refuses_a_start_that_is_no_place_there(self, store: Store, paged: Table, change: Change) -> None:
        """A start has the keys of table and index, and no others, within the partition [conf]."""
        for place in PLACES.values():
            start = change(place.position(ITEMS[1]))

            with pytest.raises(InvalidRequest):
                store.perform(replace(_query(place, paged), start=start))

    @rows("sort", {"below": number(-1), "above": number(99)})
    def test_refuses_a_start_outside_the_range(
        self, store: Store, paged: Table, sort: AttributeValue
    ) -> None:
        """A start meets the condition on the sort key, whichever way is read [run]."""
        for place in PLACES.values():
            start = {**place.position(ITEMS[1]), place.sort: sort}
            query = _query(place, paged, Compare("=", at(place.sort), Value(number(3))))

            for way in (query, replace(query, descending=True)):
                with pytest.raises(InvalidRequest):
                    store.perform(replace(way, start=start))

    @rows(
        "place, size",
        {f"{where}-{size}": (place, size) for where, place in PLACES.items() for size in (1, 3, 10, 11)},
    )
    def test_pages_of_scans_of_every_place(self, store: Store, paged: Table, place: Place, size: int) -> None:
        """A scan comes in the same order each time, so that its pages make the whole [run]."""
        whole = store.perform(place.scan(paged)).items

        pages = all_pages(store, replace(place.scan(paged), limit=size))

        assert tuple(_items(pages)) == whole
        assert len(whole) == 2 * COUNT

    @rows("place", PLACES)
    def test_a_scan_starts_behind_any_item(self, store: Store, paged: Table, place: Place) -> None:
        """What follows a start is what followed it before [run]."""
        whole = store.perform(place.scan(paged)).items

        for position, item in enumerate(whole):
            page = store.perform(replace(place.scan(paged), start=place.position(item)))

            assert page.items == whole[position + 1 :]

    @rows("change", {name: change for name, change in NO_PLACE.items() if name != "of-nothing"})
    def test_scan_refuses_a_start_that_is_no_place_in_the_index(
        self, store: Store, paged: Table, change: Change
    ) -> None:
        """A scan of an index starts with the keys of table and index too [conf]."""
        for place in PLACES.values():
            with pytest.raises(InvalidRequest):
                store.perform(replace(place.scan(paged), start=change(place.position(ITEMS[1]))))

    @rows(
        "place, segments",
        {f"{where}-{count}": (place, count) for where, place in PLACES.items() for count in (2, 3)},
    )
    def test_segments_of_every_place(self, store: Store, paged: Table, place: Place, segments: int) -> None:
        """Each item is in one segment, also where a segment is read page by page [aws]."""
        pages = [
            page
            for segment in range(segments)
            for page in all_pages(
                store, replace(place.scan(paged), limit=2, segment=segment, segments=segments)
            )
        ]

        found = sorted(_identity(item) for item in _items(pages))

        assert found == sorted(_identity(item) for item in (*ITEMS, *OTHERS))
        assert sum(page.count for page in pages) == 10

    @rows("where", {"table": "table", "local-all": "local-all", "local-keys": "local-keys"})
    def test_tables_and_local_indexes_are_read_in_either_way(
        self, store: Store, paged: Table, where: str
    ) -> None:
        """Consistent or not, what has been there for long is there [aws]."""
        query = _query(PLACES[where], paged)

        eventual, consistent = (store.perform(replace(query, consistent=way)) for way in (False, True))

        assert eventual.items == consistent.items
        assert len(eventual.items) == COUNT

    @rows("operator", {"equal": "=", "greater": ">"})
    def test_a_filter_speaks_of_another_index_s_key(self, store: Store, paged: Table, operator: str) -> None:
        """Only the key that a query goes by is out of bounds for its filter [aws]."""
        condition = compare("rank", operator, number(4))  # type: ignore[arg-type]
        query = replace(_query(PLACES["table"], paged), filter=condition)

        found = [int(item["rank"]["N"]) for item in store.perform(query).items]

        assert found == ([4] if operator == "=" else [5])


def _query(place: Place, table: Table, sort: Compare | None = None) -> QueryPage:
    return place.query(table, "g" if place.everywhere else "p", sort)


def _items(pages: list[Page]) -> chain[Item]:
    return chain.from_iterable(page.items for page in pages)


def _identity(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["N"]
