"""What a read gives of the items it finds: what an index holds, what is asked for, or everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest
from persistence.expressions import AttributeExists, AttributeNotExists, Condition, Path
from persistence.operations import BatchGetItems, GetItem, QueryPage, ScanPage, TransactGet
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, Library, TableMaker
from persistence.testing.contract.places import INDEXES, PLACES, Place, ranked
from persistence.testing.contract.words import at, compare, list_of, map_of, number, rows, text

WHOLE: Item = ranked(
    "p",
    "g",
    number(1),
    number(5),
    x=text("x"),
    y=number(7),
    m=map_of(a=number(1), b=map_of(c=text("c"), d=text("d"))),
    l=list_of(number(0), map_of(a=text("a"), b=text("b")), list_of(number(1), number(2))),
)
"""The one item, of which all indexes have an entry."""

LACKING = ("global-keys", "global-some", "local-keys", "local-some")
"""The indexes that don't hold everything."""

FETCHING = {name: place for name, place in PLACES.items() if not place.everywhere or name == "global-all"}
"""Where everything can be had."""

UNHELD: tuple[Condition, ...] = (
    AttributeExists(at("y")),
    AttributeNotExists(at("y")),
    compare("y", "=", number(7)),
    compare(at("m", "a"), "=", number(1)),
)
"""Conditions on what they don't hold."""

PATHS: dict[str, tuple[tuple[Path, ...], Item]] = {
    "an-attribute": ((at("y"),), {"y": number(7)}),
    "several": ((at("y"), at("x"), at("sk")), {"x": text("x"), "y": number(7), "sk": number(1)}),
    "a-missing-one": ((at("missing"),), {}),
    "a-missing-one-beside": ((at("missing"), at("y"), at("m", "missing")), {"y": number(7)}),
    "an-entry": ((at("m", "a"),), {"m": map_of(a=number(1))}),
    "a-deep-entry": ((at("m", "b", "d"),), {"m": map_of(b=map_of(d=text("d")))}),
    "entries": (
        (at("m", "a"), at("m", "b", "c")),
        {"m": map_of(a=number(1), b=map_of(c=text("c")))},
    ),
    "an-element": ((at("l", 0),), {"l": list_of(number(0))}),
    "an-element-s-entry": ((at("l", 1, "b"),), {"l": list_of(map_of(b=text("b")))}),
    "an-element-s-element": ((at("l", 2, 1),), {"l": list_of(list_of(number(2)))}),
    "elements": ((at("l", 2, 0), at("l", 0)), {"l": list_of(number(0), list_of(number(1)))}),
    "an-element-behind-the-end": ((at("l", 9),), {}),
    "an-entry-of-a-number": ((at("y", "a"),), {}),
    "an-element-of-a-map": ((at("m", 0),), {}),
}

OVERLAPPING: dict[str, tuple[Path, ...]] = {
    "the-same-twice": (at("m", "a"), at("m", "a")),
    "one-within-the-other": (at("m"), at("m", "b", "c")),
    "an-element-within-its-list": (at("l", 0, "a"), at("l", 0)),
    "entry-and-element": (at("m", "a"), at("m", 0)),
    "none": (),
}

Reader = Callable[[Store, Table, tuple[Path, ...]], Item | None]


def _get(table: Table, paths: tuple[Path, ...]) -> GetItem:
    return GetItem(table, {"pk": text("p"), "sk": number(1)}, projection=paths)


READERS: tuple[Reader, ...] = (
    lambda store, table, paths: store.perform(_get(table, paths)).item,
    lambda store, table, paths: store.perform(BatchGetItems((_get(table, paths),))).items[0],
    lambda store, table, paths: store.perform(
        replace(PLACES["table"].query(table, "p"), projection=paths)
    ).items[0],
    lambda store, table, paths: store.perform(
        replace(PLACES["global-all"].query(table, "g"), projection=paths)
    ).items[0],
    lambda store, table, paths: store.perform(replace(PLACES["table"].scan(table), projection=paths)).items[
        0
    ],
)


class SelectionContract(Contract):
    """Whole items, projections, counts and filters, on the table and on each kind of index."""

    @pytest.fixture
    def selective(self, store: Store, library: Library) -> Table:
        """Give a table with indexes of each projection, and one item in it."""

        def stock(make_table: TableMaker) -> Table:
            table = make_table(sort="sk", indexes=INDEXES, types={"sk": "N", "rank": "N"})
            return self.fill(store, table, [WHOLE])

        return library("selective", stock)

    @rows("place", PLACES)
    def test_gives_what_is_held(self, store: Store, selective: Table, place: Place) -> None:
        """Asked for nothing in particular, an index gives what it holds [aws]."""
        query, scan = _reads(place, selective)

        assert store.perform(query).items == (place.held(WHOLE),)
        assert store.perform(scan).items == (place.held(WHOLE),)

    @rows("place", FETCHING)
    def test_gives_whole_items(self, store: Store, selective: Table, place: Place) -> None:
        """A local index fetches from the table what it does not hold [aws]."""
        query, scan = _reads(place, selective)

        assert store.perform(replace(query, whole=True)).items == (WHOLE,)
        assert store.perform(replace(scan, whole=True)).items == (WHOLE,)

    @rows("place", {name: PLACES[name] for name in ("global-keys", "global-some")})
    def test_refuses_to_give_what_a_global_index_lacks(
        self, store: Store, selective: Table, place: Place
    ) -> None:
        """A global index fetches nothing: neither whole items nor what a projection asks for [conf]."""
        for read in _reads(place, selective):
            with pytest.raises(InvalidRequest):
                store.perform(replace(read, whole=True))
            with pytest.raises(InvalidRequest):
                store.perform(replace(read, projection=(at("y"),)))

    @rows("where", {"table": "table", "local-keys": "local-keys", "global-all": "global-all"})
    def test_gives_whole_items_or_something_else(self, store: Store, selective: Table, where: str) -> None:
        """Whole items exclude projections and counts [conf]."""
        for read in _reads(PLACES[where], selective):
            with pytest.raises(InvalidRequest):
                store.perform(replace(read, whole=True, projection=(at("x"),)))
            with pytest.raises(InvalidRequest):
                store.perform(replace(read, whole=True, count_only=True))

    @rows(
        "place, kept",
        {
            f"{name}-{'kept' if kept else 'dropped'}": (place, kept)
            for name, place in PLACES.items()
            for kept in (True, False)
        },
    )
    def test_filters_by_what_is_held(self, store: Store, selective: Table, place: Place, kept: bool) -> None:
        """The table's key is in every index; what a filter drops has been read [aws]."""
        name = "x" if place.index is None else "sk"
        condition = AttributeExists(at(name)) if kept else AttributeNotExists(at(name))

        page = store.perform(replace(_reads(place, selective)[0], filter=condition))

        assert (page.count, page.scanned_count, len(page.items)) == (int(kept), 1, int(kept))

    @rows("place", {name: PLACES[name] for name in LACKING})
    def test_refuses_a_query_s_filter_on_what_is_not_held(
        self, store: Store, selective: Table, place: Place
    ) -> None:
        """A query fetches nothing for its filter's sake, not even where it fetches for the answer [run]."""
        query, _ = _reads(place, selective)
        ways = [query, replace(query, count_only=True)]
        if not place.everywhere:
            ways += [replace(query, whole=True), replace(query, projection=(at("y"),))]

        for condition in UNHELD:
            for way in ways:
                with pytest.raises(InvalidRequest):
                    store.perform(replace(way, filter=condition))

    @rows("place", {name: PLACES[name] for name in LACKING})
    def test_a_scan_takes_what_is_not_held_for_absent(
        self, store: Store, selective: Table, place: Place
    ) -> None:
        """A scan of an index does not refuse such a filter; it sees what the index holds [conf]."""
        _, scan = _reads(place, selective)

        present = store.perform(replace(scan, filter=AttributeExists(at("y"))))
        absent = store.perform(replace(scan, filter=AttributeNotExists(at("y"))))

        assert (present.count, absent.count) == (0, 1)

    @rows("paths, found", PATHS)
    def test_projects(self, store: Store, selective: Table, paths: tuple[Path, ...], found: Item) -> None:
        """What is at the paths comes back in its place, and nothing else, not even the key [conf]."""
        assert [reader(store, selective, paths) for reader in READERS] == [found] * len(READERS)

    @rows("paths, found", PATHS)
    def test_a_local_index_projects_what_it_fetches(
        self, store: Store, selective: Table, paths: tuple[Path, ...], found: Item
    ) -> None:
        """It is the same whether the index holds what is asked for or the table [aws]."""
        query = replace(PLACES["local-keys"].query(selective, "p"), projection=paths)

        assert store.perform(query).items == (found,)

    @rows("paths", OVERLAPPING)
    def test_refuses_paths_that_overlap(
        self, store: Store, selective: Table, paths: tuple[Path, ...]
    ) -> None:
        """Paths of a projection are apart, and there is one at least [conf]."""
        for reader in READERS:
            with pytest.raises(InvalidRequest):
                reader(store, selective, paths)

    @rows("paths, found", PATHS)
    def test_a_transaction_projects(
        self, store: Store, selective: Table, paths: tuple[Path, ...], found: Item
    ) -> None:
        """Reads of a transaction do as well, but an item of which nothing is asked for is left out [conf]."""
        assert store.perform(TransactGet((_get(selective, paths),))).items == (found or None,)


def _reads(place: Place, table: Table) -> tuple[QueryPage, ScanPage]:
    return place.query(table, "g" if place.everywhere else "p"), place.scan(table)
