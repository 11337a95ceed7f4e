"""Global indexes whose keys have several attributes: what is in them, in which order, how they are asked."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest
from persistence.expressions import AttributeExists, BeginsWith, Between, KeyCondition, Value
from persistence.operations import DeleteItem, DescribeTable, PutItem, QueryPage, ScanPage
from persistence.store import Store
from persistence.table import GlobalIndex, Key, Projection, Table
from persistence.testing.contract.base import Contract, Library, TableMaker
from persistence.testing.contract.places import SortCondition, all_pages
from persistence.testing.contract.words import at, binary, compare, number, rows, text

INDEX = GlobalIndex("by-region", Key(("tenant", "region"), ("year", "kind", "mark")))
NARROW = GlobalIndex("narrow", Key(("tenant", "region"), ("year", "kind")), Projection.keys_only())
WIDEST = GlobalIndex("widest", Key(("a", "b", "c", "d"), ("e", "f", "g", "h")))

Also = tuple[tuple[str, AttributeValue], ...]


def entry(name: str, tenant: str, region: int, year: int, kind: str, mark: bytes) -> Item:
    """Make an item that is in the index."""
    return {
        "pk": text(name),
        "tenant": text(tenant),
        "region": number(region),
        "year": number(year),
        "kind": text(kind),
        "mark": binary(mark),
    }


ITEMS = (
    entry("p1", "t", 1, 9, "b", b"\x01"),
    entry("p2", "t", 1, 10, "b", b"\x02"),
    entry("p3", "t", 1, 10, "b", b"\x01"),
    entry("p4", "t", 1, 10, "a", b"\xff"),
    entry("p5", "t", 1, 10, "ba", b"\x00"),
    entry("p6", "t", 1, 11, "a", b"\x00"),
    entry("q1", "t", 2, 10, "b", b"\x01"),
    entry("r1", "u", 1, 10, "b", b"\x01"),
)
IN_ORDER = ["p1", "p4", "p3", "p2", "p5", "p6"]
"""The items of one partition: numbers by value, text by its bytes, then binary."""

REGION: Also = (("region", number("1.0")),)
YEAR: Also = (*REGION, ("year", number(10)))
KIND: Also = (*YEAR, ("kind", text("b")))

FOUND: dict[str, tuple[Also, SortCondition | None, list[str]]] = {
    "partition-alone": (REGION, None, IN_ORDER),
    "first-equal": (YEAR, None, ["p4", "p3", "p2", "p5"]),
    "first-equal-as-the-last": (
        REGION,
        compare("year", "=", number(10)),
        ["p4", "p3", "p2", "p5"],
    ),
    "first-less": (REGION, compare("year", "<", number(10)), ["p1"]),
    "first-less-or-equal": (REGION, compare("year", "<=", number(10)), ["p1", "p4", "p3", "p2", "p5"]),
    "first-greater": (REGION, compare("year", ">", number(9)), ["p4", "p3", "p2", "p5", "p6"]),
    "first-between": (REGION, Between(at("year"), Value(number(10)), Value(number(11))), IN_ORDER[1:]),
    "second-equal": (KIND, None, ["p3", "p2"]),
    "second-less": (YEAR, compare("kind", "<", text("b")), ["p4"]),
    "second-greater-or-equal": (YEAR, compare("kind", ">=", text("b")), ["p3", "p2", "p5"]),
    "second-begins-with": (YEAR, BeginsWith(at("kind"), Value(text("b"))), ["p3", "p2", "p5"]),
    "third-equal": (KIND, compare("mark", "=", binary(b"\x02")), ["p2"]),
    "third-greater": (KIND, compare("mark", ">", binary(b"\x01")), ["p2"]),
    "third-between": (
        KIND,
        Between(at("mark"), Value(binary(b"\x00")), Value(binary(b"\x01\x00"))),
        ["p3"],
    ),
    "third-begins-with": (KIND, BeginsWith(at("mark"), Value(binary(b"\x02"))), ["p2"]),
    "all-equal": ((*KIND, ("mark", binary(b"\x01"))), None, ["p3"]),
    "another-partition": ((("region", number(2)),), None, ["q1"]),
    "no-such-partition": ((("region", number(3)),), None, []),
    "nothing-in-it": ((*REGION, ("year", number(12))), None, []),
}

REFUSED: dict[str, tuple[Also, SortCondition | None]] = {
    "half-a-partition-key": ((), None),
    "half-a-partition-key-and-a-sort-key": ((("year", number(10)),), None),
    "a-gap": ((*REGION, ("kind", text("b"))), None),
    "a-gap-before-a-range": (REGION, compare("kind", ">", text("a"))),
    "a-gap-in-the-middle": (YEAR, compare("mark", "=", binary(b"\x01"))),
    "one-attribute-twice": (YEAR, compare("year", ">", number(9))),
    "another-type": ((("region", text("1")),), None),
    "another-type-of-a-sort-attribute": ((*REGION, ("year", text("10"))), None),
    "another-attribute": ((*REGION, ("pk", text("p1"))), None),
    "a-range-of-the-partition-key": ((), compare("region", ">", number(0))),
    "not-equal": (REGION, compare("year", "<>", number(10))),
}


class MultipleKeyContract(Contract):
    """Partition and sort keys of several attributes."""

    def regional(self, store: Store, library: Library) -> Table:
        """Give a table with two indexes of several attributes, and items in them."""

        def stock(make_table: TableMaker) -> Table:
            table = make_table(indexes=(INDEX, NARROW), types={"region": "N", "year": "N", "mark": "B"})
            return self.fill(store, table, ITEMS)

        return library("regional", stock)

    @rows("also, sort, found", FOUND)
    def test_multiple_key_condition(
        self, store: Store, library: Library, also: Also, sort: SortCondition | None, found: list[str]
    ) -> None:
        """All of the partition key, then the leading sort attributes, at last one range [conf]."""
        regional = self.regional(store, library)
        query = _query(regional, also, sort)

        forwards, backwards = store.perform(query), store.perform(replace(query, descending=True))

        assert _names(list(forwards.items)) == found
        assert _names(list(backwards.items)) == found[::-1]
        assert forwards.scanned_count == len(found)

    @rows("also, sort", REFUSED)
    def test_refuses_a_multiple_key_condition(
        self, store: Store, library: Library, also: Also, sort: SortCondition | None
    ) -> None:
        """Nothing of the partition key is left out, no sort attribute before one that is asked for [conf]."""
        regional = self.regional(store, library)

        with pytest.raises(InvalidRequest):
            store.perform(_query(regional, also, sort))

    @rows("size", {str(size): size for size in (1, 2, 3, 5, 6)})
    def test_pages_by_multiple_keys(self, store: Store, library: Library, size: int) -> None:
        """A page ends at the keys of index and table, all attributes of them [conf]."""
        regional = self.regional(store, library)
        query = replace(_query(regional, REGION, None), limit=size)

        for way, order in ((query, IN_ORDER), (replace(query, descending=True), IN_ORDER[::-1])):
            pages = all_pages(store, way)

            assert _names(list(chain.from_iterable(page.items for page in pages))) == order
            assert all(page.last_key == page.items[-1] for page in pages if page.last_key is not None)

    def test_multiple_keys_are_scanned(self, store: Store, library: Library) -> None:
        """Page by page and segment by segment, each item once [aws]."""
        regional = self.regional(store, library)
        pages = [
            page
            for segment in range(3)
            for page in all_pages(
                store, ScanPage(regional, index="by-region", limit=2, segment=segment, segments=3)
            )
        ]

        found = _names(list(chain.from_iterable(page.items for page in pages)))

        assert sorted(found) == sorted(_names(list(ITEMS)))

    @rows(
        "start",
        {
            "of-another-partition": {**ITEMS[1], "region": number(2)},
            "outside-the-sort-attribute": {**ITEMS[1], "year": number(9)},
            "without-one-attribute": {name: value for name, value in ITEMS[1].items() if name != "mark"},
            "with-another-attribute": {**ITEMS[1], "x": text("x")},
        },
    )
    def test_refuses_a_start_that_is_no_place_among_multiple_keys(
        self, store: Store, library: Library, start: Item
    ) -> None:
        """A start has all key attributes, and those values that are asked for [port]."""
        regional = self.regional(store, library)

        with pytest.raises(InvalidRequest):
            store.perform(replace(_query(regional, YEAR, None), start=start))

    @rows("name", {name: name for name in ("tenant", "region", "year", "kind")})
    def test_an_index_of_multiple_keys_is_sparse(
        self, store: Store, make_table: TableMaker, name: str
    ) -> None:
        """An item that lacks one attribute of many is not in it [conf]."""
        table = make_table(indexes=(NARROW,), types={"region": "N", "year": "N"})
        self.fill(store, table, [ITEMS[0], {one: value for one, value in ITEMS[1].items() if one != name}])

        found = store.perform(ScanPage(table, index="narrow")).items

        assert [item["pk"] for item in found] == [text("p1")]

    def test_an_index_of_multiple_keys_holds_all_of_them(self, store: Store, library: Library) -> None:
        """Also where it holds nothing but keys [aws]."""
        regional = self.regional(store, library)
        query = replace(_query(regional, REGION, None), index="narrow", limit=1)

        held = {name: value for name, value in ITEMS[0].items() if name != "mark"}

        assert store.perform(query).items == (held,)

    def test_refuses_a_filter_on_one_of_multiple_keys(self, store: Store, library: Library) -> None:
        """All key attributes of the index belong into the key condition [aws]."""
        regional = self.regional(store, library)

        for name in ("region", "mark"):
            with pytest.raises(InvalidRequest):
                store.perform(replace(_query(regional, REGION, None), filter=AttributeExists(at(name))))

    @rows("name, wrong", {"type": ("year", text("10")), "empty": ("kind", text(""))})
    def test_refuses_a_value_that_cannot_be_one_of_multiple_keys(
        self, store: Store, make_table: TableMaker, name: str, wrong: AttributeValue
    ) -> None:
        """Each attribute may be absent, but not of another type or empty [aws]."""
        table = make_table(indexes=(NARROW,), types={"region": "N", "year": "N"})

        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, {**ITEMS[0], name: wrong}))

    def test_an_index_of_multiple_keys_follows_its_table(self, store: Store, make_table: TableMaker) -> None:
        """A change of one attribute moves the entry, a deletion takes it out [aws]."""
        table = make_table(indexes=(INDEX,), types={"region": "N", "year": "N", "mark": "B"})
        self.fill(store, table, ITEMS[:3])
        store.perform(PutItem(table, {**ITEMS[0], "year": number(12)}))
        store.perform(DeleteItem(table, {"pk": text("p2")}))

        def found() -> list[str]:
            return _names(list(store.perform(_query(table, REGION, None)).items))

        assert self.catching_up(found, ["p3", "p1"]) == ["p3", "p1"]

    def test_a_description_tells_multiple_keys(self, store: Store, make_table: TableMaker) -> None:
        """Up to four attributes each, in their order [aws]."""
        table = make_table(indexes=(WIDEST,))

        assert store.perform(DescribeTable(table.name)).table.index("widest").key == WIDEST.key  # type: ignore[union-attr]


def _query(table: Table, also: Also, sort: SortCondition | None) -> QueryPage:
    return QueryPage(table, KeyCondition(("tenant", text("t")), sort, also), index="by-region")


def _names(items: list[Item]) -> list[str]:
    return [item["pk"]["S"] for item in items]
