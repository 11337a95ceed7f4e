"""Consumed capacity of writes that reach indexes, and of transactions that were sent before."""

from __future__ import annotations

import uuid

import pytest

from persistence.expressions import Add, KeyCondition, Remove, Set, UpdateAction, Value
from persistence.operations import (
    ConsumedCapacity,
    DeleteItem,
    PutItem,
    QueryPage,
    TransactWrite,
    UpdateItem,
    WriteResult,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import at, key, number, put, rows, text

_LARGE = text("x" * 2100)


class IndexCapacityContract(Contract):
    """An index costs a write for what leaves it and one for what enters it, and else nothing."""

    @pytest.fixture
    def labelled(self, make_table: TableMaker) -> Table:
        """Make a table with a global index by `label` that holds `shown` beside the keys."""
        shown = Projection.include("shown")
        return make_table(indexes=(GlobalIndex("by-label", Key("label"), shown),))

    @rows(
        "action, units",
        {
            "of-what-it-does-not-hold": (Set(at("hidden"), Value(text("new"))), 1.0),
            "of-what-it-holds": (Set(at("shown"), Value(text("new"))), 2.0),
            "of-what-it-holds-to-the-same": (Set(at("shown"), Value(text("old"))), 1.0),
            "of-its-key": (Set(at("label"), Value(text("new"))), 3.0),
            "of-its-key-to-the-same": (Set(at("label"), Value(text("old"))), 1.0),
            "that-takes-its-key-away": (Remove(at("label")), 2.0),
        },
    )
    def test_an_index_costs_by_what_a_change_does_to_it(
        self, store: Store, labelled: Table, action: UpdateAction, units: float
    ) -> None:
        """A new key is a deletion and an insertion; what the index does not hold costs it nothing [conf]."""
        put(store, labelled, key("a"), label=text("old"), shown=text("old"), hidden=text("old"))

        _costs(store.perform(UpdateItem(labelled, key("a"), (action,))), labelled, units)

    def test_an_index_costs_when_an_item_enters_and_leaves_it(self, store: Store, labelled: Table) -> None:
        """What lacks the index's key costs it nothing, nor does what replaces its like [conf]."""
        item = {**key("a"), "label": text("x")}

        for action, units in [
            (PutItem(labelled, key("sparse")), 1.0),
            (DeleteItem(labelled, key("sparse")), 1.0),
            (PutItem(labelled, item), 2.0),
            (PutItem(labelled, item), 1.0),
            (PutItem(labelled, key("a")), 2.0),
            (PutItem(labelled, item), 2.0),
            (DeleteItem(labelled, key("a")), 2.0),
        ]:
            _costs(store.perform(action), labelled, units)

    def test_a_local_index_costs_alike(self, store: Store, make_table: TableMaker) -> None:
        """The same ladder, by the local index's sort key [conf]."""
        table = make_table(
            sort="sk", indexes=(LocalIndex("by-rank", "rank"),), types={"sk": "N", "rank": "N"}
        )

        for action, units in [
            (PutItem(table, key("a", 1)), 1.0),
            (UpdateItem(table, key("a", 1), (Set(at("rank"), Value(number(1))),)), 2.0),
            (UpdateItem(table, key("a", 1), (Set(at("rank"), Value(number(2))),)), 3.0),
            (UpdateItem(table, key("a", 1), (Set(at("n"), Value(number(2))),)), 2.0),
            (UpdateItem(table, key("a", 1), (Remove(at("rank")),)), 2.0),
        ]:
            _costs(store.perform(action), table, units)

    def test_an_index_costs_by_the_size_of_what_it_holds(self, store: Store, make_table: TableMaker) -> None:
        """The table pays for the whole item, an index for its projection [aws]."""
        table = make_table(
            indexes=(
                GlobalIndex("keys", Key("label"), Projection.keys_only()),
                GlobalIndex("all", Key("label")),
            )
        )

        result = store.perform(PutItem(table, {**key("a"), "label": text("x"), "filler": _LARGE}))

        _costs(result, table, 3.0 + 1.0 + 3.0)

    def test_a_query_of_an_index_costs_by_what_it_holds(self, store: Store, make_table: TableMaker) -> None:
        """Three large items are small entries of an index that holds their keys only [aws]."""
        table = make_table(indexes=(GlobalIndex("keys", Key("label"), Projection.keys_only()),))
        items = [{**key(name), "label": text("x"), "filler": text("x" * 5000)} for name in "abc"]
        self.fill(store, table, items)

        page = store.perform(QueryPage(table, KeyCondition(("label", text("x"))), index="keys"))

        assert (page.count, page.capacity) == (3, (ConsumedCapacity(table.name, read_units=0.5),))


class RepeatedCapacityContract(Contract):
    """What a transaction costs that is sent again with its token."""

    def test_a_repeated_transaction_costs_reads(self, store: Store, table: Table) -> None:
        """It reads each item consistently, twice, as transactions do, and writes nothing [aws]."""
        put(store, table, key("b"), filler=text("x" * 5000))
        request = TransactWrite(
            (
                PutItem(table, key("a")),
                UpdateItem(table, key("b"), (Add(at("n"), Value(number(1))),)),
            ),
            token=str(uuid.uuid4()),
        )
        store.perform(request)

        repeated = store.perform(request)

        assert repeated.capacity == (ConsumedCapacity(table.name, read_units=2.0 + 4.0),)


def _costs(result: WriteResult, table: Table, units: float) -> None:
    assert result.capacity == (ConsumedCapacity(table.name, write_units=units),)
