"""Indexes: which items they hold, with which attributes, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest, TableNotFound, TransactionCancelled
from persistence.expressions import BeginsWith, KeyCondition, Remove, Set, Value
from persistence.operations import (
    DeleteItem,
    Page,
    PutItem,
    QueryPage,
    ScanPage,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
    NULL,
    TRUE,
    at,
    compare,
    key,
    map_of,
    number,
    put,
    rows,
    strings,
    text,
)

GLOBAL = GlobalIndex("by-group", Key("group", "rank"))
HASH_ONLY = GlobalIndex("by-label", Key("label"))
LOCAL = LocalIndex("by-rank", sort="rank")


class IndexContract(Contract):
    """Global and local secondary indexes."""

    @pytest.fixture
    def indexed(self, make_table: TableMaker) -> Table:
        """Make a table with a global index, one without sort key, and a local one."""
        return make_table(sort="sk", indexes=(GLOBAL, HASH_ONLY, LOCAL), types={"sk": "N", "rank": "N"})

    def seen(self, store: Store, query: QueryPage | ScanPage, wanted: list[Item]) -> list[Item]:
        """Read an index until it has caught up."""
        return self.catching_up(lambda: _items(store, query), wanted)

    def test_a_global_index_is_ordered_by_its_own_keys(self, store: Store, indexed: Table) -> None:
        """It has partitions and an order of its own [aws]."""
        second = put(store, indexed, key("a", 1), group=text("g"), rank=number(10))
        first = put(store, indexed, key("b", 1), group=text("g"), rank=number(2))
        put(store, indexed, key("c", 1), group=text("h"), rank=number(1))
        query = QueryPage(indexed, KeyCondition(("group", text("g"))), index="by-group")

        assert self.seen(store, query, [first, second]) == [first, second]
        backwards = replace(query, descending=True)
        assert self.seen(store, backwards, [second, first]) == [second, first]

    def test_a_local_index_orders_a_partition_otherwise(self, store: Store, indexed: Table) -> None:
        """It has the table's partitions with another sort key, and can be read consistently [aws]."""
        second = put(store, indexed, key("a", 1), rank=number(10))
        first = put(store, indexed, key("a", 2), rank=number(2))
        put(store, indexed, key("b", 1), rank=number(1))

        page = store.perform(
            QueryPage(indexed, KeyCondition(("pk", text("a"))), index="by-rank", consistent=True)
        )

        assert page.items == (first, second)

    def test_an_index_is_asked_by_its_sort_key(self, store: Store, indexed: Table) -> None:
        """Conditions on the sort key are about that of the index [aws]."""
        wanted = put(store, indexed, key("a", 1), group=text("g"), rank=number(10))
        put(store, indexed, key("b", 1), group=text("g"), rank=number(2))
        condition = KeyCondition(("group", text("g")), compare("rank", ">", number(2)))

        assert self.seen(store, QueryPage(indexed, condition, index="by-group"), [wanted]) == [wanted]

    @rows(
        "attributes",
        {
            "no-partition-key": {"rank": number(1)},
            "no-sort-key": {"group": text("g")},
            "neither": {},
        },
    )
    def test_an_index_is_sparse(
        self, store: Store, indexed: Table, attributes: dict[str, AttributeValue]
    ) -> None:
        """An item that lacks a key attribute of the index is not in it, and is stored all the same [run]."""
        put(store, indexed, key("a", 1), **attributes)
        there = put(store, indexed, key("b", 1), group=text("g"), rank=number(1))

        assert self.seen(store, ScanPage(indexed, index="by-group"), [there]) == [there]

    @rows(
        "wrong",
        {
            "number": number(1),
            "null": NULL,
            "boolean": TRUE,
            "set": strings("a"),
            "map": map_of(),
            "empty-string": text(""),
            "2049-bytes": text("x" * 2049),
        },
    )
    def test_refuses_a_value_that_cannot_be_an_index_key(
        self, store: Store, indexed: Table, wrong: AttributeValue
    ) -> None:
        """A key attribute of an index may be absent, but not of another type, empty or too long [aws]."""
        stored = put(store, indexed, key("a", 1), n=number(1))

        with pytest.raises(InvalidRequest):
            store.perform(PutItem(indexed, {**key("b", 1), "label": wrong}))
        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(indexed, key("a", 1), (Set(at("label"), Value(wrong)),)))

        assert _items(store, ScanPage(indexed, consistent=True)) == [stored]

    def test_refuses_a_sort_key_of_an_index_that_is_too_long(
        self, store: Store, make_table: TableMaker
    ) -> None:
        """1,024 bytes are the limit for sort keys of indexes too [aws]."""
        table = make_table(sort="sk", indexes=(LocalIndex("by-name", sort="name"),))
        put(store, table, {"pk": text("a"), "sk": text("1"), "name": text("x" * 1024)})

        with pytest.raises(InvalidRequest):
            put(store, table, {"pk": text("a"), "sk": text("2"), "name": text("x" * 1025)})

    def test_a_wrong_index_key_cancels_a_transaction(self, store: Store, indexed: Table) -> None:
        """In a transaction it is the reason of its action [alt]."""
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(
                TransactWrite(
                    (
                        PutItem(indexed, key("a", 1)),
                        PutItem(indexed, {**key("b", 1), "label": number(1)}),
                    )
                )
            )

        assert [reason.code for reason in cancelled.value.reasons] == ["None", "ValidationError"]
        assert _items(store, ScanPage(indexed, consistent=True)) == []

    @rows(
        "change, there",
        {
            "moved": (
                lambda table: UpdateItem(table, key("a", 1), (Set(at("label"), Value(text("new"))),)),
                ["new"],
            ),
            "replaced": (lambda table: PutItem(table, {**key("a", 1), "label": text("new")}), ["new"]),
            "changed-elsewhere": (
                lambda table: UpdateItem(table, key("a", 1), (Set(at("n"), Value(number(1))),)),
                ["old"],
            ),
            "taken-out": (lambda table: UpdateItem(table, key("a", 1), (Remove(at("label")),)), []),
            "replaced-without": (lambda table: PutItem(table, key("a", 1)), []),
            "deleted": (lambda table: DeleteItem(table, key("a", 1)), []),
        },
    )
    def test_an_index_follows_its_table(
        self,
        store: Store,
        indexed: Table,
        change: Callable[[Table], PutItem | UpdateItem | DeleteItem],
        there: list[str],
    ) -> None:
        """Whatever happens to an item happens to its entry [aws]."""
        put(store, indexed, key("a", 1), label=text("old"))

        store.perform(change(indexed))

        def labels() -> list[str]:
            return [item["label"]["S"] for item in _items(store, ScanPage(indexed, index="by-label"))]

        assert self.catching_up(labels, there) == there

    def test_an_index_follows_a_transaction(self, store: Store, indexed: Table) -> None:
        """So do transactions [aws]."""
        put(store, indexed, key("a", 1), label=text("old"))
        created = {**key("b", 1), "label": text("new")}

        store.perform(TransactWrite((DeleteItem(indexed, key("a", 1)), PutItem(indexed, created))))

        assert self.seen(store, ScanPage(indexed, index="by-label"), [created]) == [created]

    def test_items_with_equal_index_keys_are_all_there(self, store: Store, indexed: Table) -> None:
        """Keys of an index need not be unique [aws]."""
        stored = [put(store, indexed, key(name, 1), group=text("g"), rank=number(1)) for name in "abc"]
        query = QueryPage(indexed, KeyCondition(("group", text("g"))), index="by-group")

        found = self.catching_up(
            lambda: sorted(_items(store, query), key=lambda item: item["pk"]["S"]), stored
        )

        assert found == stored

    @rows(
        "projection, kept",
        {
            "all": (Projection.all(), ("x", "y", "m")),
            "keys-only": (Projection.keys_only(), ()),
            "some": (Projection.include("x", "m"), ("x", "m")),
        },
    )
    def test_an_index_holds_what_it_projects(
        self, store: Store, make_table: TableMaker, projection: Projection, kept: tuple[str, ...]
    ) -> None:
        """The keys of table and index are always there, the rest as declared [aws]."""
        table = make_table(
            sort="sk", indexes=(GlobalIndex("by-group", Key("group"), projection),), types={"sk": "N"}
        )
        stored = put(
            store, table, key("a", 1), group=text("g"), x=number(1), y=number(2), m=map_of(z=number(3))
        )
        held = {name: value for name, value in stored.items() if name in {"pk", "sk", "group", *kept}}
        query = QueryPage(table, KeyCondition(("group", text("g"))), index="by-group")

        assert self.seen(store, query, [held]) == [held]
        assert self.seen(store, ScanPage(table, index="by-group"), [held]) == [held]

    def test_a_local_index_with_a_smaller_projection(self, store: Store, make_table: TableMaker) -> None:
        """Asked for nothing in particular it gives what it holds [aws]."""
        table = make_table(
            sort="sk",
            indexes=(LocalIndex("by-rank", "rank", Projection.keys_only()),),
            types={"sk": "N", "rank": "N"},
        )
        put(store, table, key("a", 1), rank=number(1), x=number(1))

        page = store.perform(
            QueryPage(table, KeyCondition(("pk", text("a"))), index="by-rank", consistent=True)
        )

        assert page.items == ({**key("a", 1), "rank": number(1)},)

    def test_a_local_index_fetches_what_it_does_not_hold(self, store: Store, make_table: TableMaker) -> None:
        """A projection may ask for more: it is read from the table [aws]."""
        table = make_table(
            sort="sk",
            indexes=(LocalIndex("by-rank", "rank", Projection.keys_only()),),
            types={"sk": "N", "rank": "N"},
        )
        put(store, table, key("a", 1), rank=number(1), x=number(1))
        query = QueryPage(
            table, KeyCondition(("pk", text("a"))), index="by-rank", projection=(at("x"),), consistent=True
        )

        assert store.perform(query).items == ({"x": number(1)},)

    def test_pages_of_an_index_start_by_all_keys(self, store: Store, indexed: Table) -> None:
        """A place in an index is told by the keys of index and table [run]."""
        stored = [
            put(store, indexed, key(name, 1), group=text("g"), rank=number(rank))
            for rank, name in enumerate("abcde")
        ]
        query = QueryPage(indexed, KeyCondition(("group", text("g"))), index="by-group", limit=2)
        self.seen(store, replace(query, limit=None), stored)

        first = store.perform(query)
        second = store.perform(replace(query, start=first.last_key))
        third = store.perform(replace(query, start=second.last_key))

        assert first.last_key == {name: stored[1][name] for name in ("pk", "sk", "group", "rank")}
        assert [*first.items, *second.items, *third.items] == stored

    @rows("descending", {"forwards": False, "backwards": True})
    def test_pages_go_through_equal_index_keys(self, store: Store, indexed: Table, descending: bool) -> None:
        """Nothing is missed and nothing comes twice among items that the index can't tell apart [aws]."""
        for name in "abcde":
            put(store, indexed, key(name, 1), group=text("g"), rank=number(1))
        query = QueryPage(
            indexed, KeyCondition(("group", text("g"))), index="by-group", limit=2, descending=descending
        )
        self.catching_up(lambda: len(_items(store, replace(query, limit=None))), 5)

        found = [item["pk"]["S"] for page in _pages(store, query) for item in page.items]

        assert sorted(found) == list("abcde")

    def test_a_global_index_can_be_scanned(self, store: Store, indexed: Table) -> None:
        """In pages too, each item once [aws]."""
        for one in range(5):
            put(store, indexed, key(f"p{one}", 1), label=text(f"l{one % 2}"))
        scan = ScanPage(indexed, index="by-label", limit=2)
        self.catching_up(lambda: len(_items(store, replace(scan, limit=None))), 5)

        found = [item["pk"]["S"] for page in _pages(store, scan) for item in page.items]

        assert sorted(found) == ["p0", "p1", "p2", "p3", "p4"]

    def test_a_local_index_can_be_scanned_consistently(self, store: Store, indexed: Table) -> None:
        """Local indexes are as consistent as their table [aws]."""
        stored = put(store, indexed, key("a", 1), rank=number(1))
        put(store, indexed, key("a", 2))

        page = store.perform(ScanPage(indexed, index="by-rank", consistent=True))

        assert page.items == (stored,)

    @rows(
        "read",
        {
            "query": lambda table: QueryPage(
                table, KeyCondition(("label", text("x"))), index="by-label", consistent=True
            ),
            "scan": lambda table: ScanPage(table, index="by-label", consistent=True),
        },
    )
    def test_refuses_a_consistent_read_of_a_global_index(
        self, store: Store, indexed: Table, read: Callable[[Table], QueryPage | ScanPage]
    ) -> None:
        """Global indexes follow their table with a delay [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(read(indexed))

    @rows(
        "condition",
        {
            "the-tables-key": KeyCondition(("pk", text("a"))),
            "the-sort-key-alone": KeyCondition(("rank", number(1))),
            "another-type": KeyCondition(("group", number(1))),
            "sort-key-of-another-type": KeyCondition(("group", text("g")), compare("rank", "=", text("1"))),
            "the-tables-sort-key": KeyCondition(("group", text("g")), compare("sk", "=", number(1))),
            "prefix-of-a-number": KeyCondition(
                ("group", text("g")), BeginsWith(at("rank"), Value(number(1)))
            ),
        },
    )
    def test_refuses_a_condition_that_does_not_fit_the_index(
        self, store: Store, indexed: Table, condition: KeyCondition
    ) -> None:
        """A query of an index speaks of the keys of the index [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(QueryPage(indexed, condition, index="by-group"))

    @rows(
        "start",
        {
            "tables-key-alone": key("a", 1),
            "index-key-alone": {"group": text("g"), "rank": number(1)},
            "of-another-partition": {**key("a", 1), "group": text("h"), "rank": number(1)},
        },
    )
    def test_refuses_a_start_that_is_no_place_in_the_index(
        self, store: Store, indexed: Table, start: Item
    ) -> None:
        """A start of an index has the keys of both, and the partition that is asked for [conf]."""
        put(store, indexed, key("a", 1), group=text("g"), rank=number(1))

        with pytest.raises(InvalidRequest):
            store.perform(
                QueryPage(indexed, KeyCondition(("group", text("g"))), index="by-group", start=start)
            )

    def test_a_filter_may_speak_of_the_tables_key(self, store: Store, indexed: Table) -> None:
        """In a query of an index only the keys of the index are out of bounds for filters [aws]."""
        wanted = put(store, indexed, key("a", 1), label=text("x"))
        put(store, indexed, key("a", 2), label=text("x"))
        query = QueryPage(
            indexed,
            KeyCondition(("label", text("x"))),
            index="by-label",
            filter=compare("sk", "=", number(1)),
        )

        assert self.seen(store, query, [wanted]) == [wanted]

    def test_refuses_an_unknown_index(self, store: Store, table: Table) -> None:
        """A table can't be read by an index that it lacks; the error says what is missing [port]."""
        declared = replace(table, indexes=(HASH_ONLY,))

        with pytest.raises(TableNotFound):
            store.perform(QueryPage(declared, KeyCondition(("label", text("x"))), index="by-label"))


def _items(store: Store, read: QueryPage | ScanPage) -> list[Item]:
    return list(store.perform(read).items)


def _pages(store: Store, read: QueryPage | ScanPage) -> list[Page]:
    pages = [store.perform(read)]
    while pages[-1].last_key is not None:
        pages.append(store.perform(replace(read, start=pages[-1].last_key)))
    return pages
