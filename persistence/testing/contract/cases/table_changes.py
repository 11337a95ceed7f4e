"""Changes of live tables: indexes made and deleted beneath their items, one change at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest, LimitExceeded, TableNotFound
from persistence.expressions import Remove
from persistence.operations import DescribeTable, PutItem, ScanPage, UpdateItem, UpdateTable
from persistence.store import Store
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, ScalarType, Table
from persistence.testing.contract.base import Contract, TableMaker, unique_table_name, wait_until_active
from persistence.testing.contract.words import NULL, at, in_key_order, key, number, put, read, rows, text

BY_GROUP = GlobalIndex("by-group", Key("group", "rank"))
BY_LABEL = GlobalIndex("by-label", Key("label"))
GROUP_TYPES: dict[str, ScalarType] = {"group": "S", "rank": "N"}


def make_index(table: Table, index: GlobalIndex, **types: ScalarType) -> UpdateTable:
    """Write the change that makes an index."""
    return UpdateTable(table.name, create_index=index, key_types=types)


def change(store: Store, update: UpdateTable) -> None:
    """Make a change, and wait until it is done."""
    store.perform(update)
    wait_until_active(store, update.name)


def with_indexes(table: Table, *indexes: GlobalIndex) -> Table:
    """Declare a table with the indexes that it has now."""
    types = {**table.types, **GROUP_TYPES}
    return replace(table, indexes=indexes, types=types)


class IndexChangeContract(Contract):
    """Global indexes that come and go while the table is in use."""

    def held(self, store: Store, table: Table, index: GlobalIndex, wanted: list[Item]) -> list[Item]:
        """Scan an index until it has caught up, in the order of the table's keys."""
        scan = ScanPage(with_indexes(table, index), index=index.name)
        return self.catching_up(lambda: in_key_order(store.perform(scan).items), wanted)

    def test_a_new_index_is_filled_from_the_table(self, store: Store, table: Table) -> None:
        """It has what was there before, when it is active [aws]."""
        there = [put(store, table, key(name), group=text("g"), rank=number(rank)) for name, rank in _RANKED]

        change(store, make_index(table, BY_GROUP, **GROUP_TYPES))

        assert self.held(store, table, BY_GROUP, there) == there

    @rows(
        "value",
        {
            "absent": None,
            "another-type": number(1),
            "null": NULL,
            "empty": text(""),
            "2049-bytes": text("x" * 2049),
        },
    )
    def test_a_new_index_skips_what_it_cannot_hold(
        self, store: Store, table: Table, value: AttributeValue | None
    ) -> None:
        """Items whose value can't be a key stay in the table, and are left out of the index [aws, alt]."""
        fitting = put(store, table, key("a"), label=text("x"))
        other = put(store, table, key("b"), **({} if value is None else {"label": value}))

        change(store, make_index(table, BY_LABEL, label="S"))

        assert self.held(store, table, BY_LABEL, [fitting]) == [fitting]
        assert read(store, table, key("b")) == other

    def test_a_new_index_follows_what_is_written_afterwards(self, store: Store, table: Table) -> None:
        """Like one that was made with the table [aws]."""
        put(store, table, key("a"), label=text("x"))
        change(store, make_index(table, BY_LABEL, label="S"))

        later = put(store, table, key("b"), label=text("y"))
        store.perform(UpdateItem(table, key("a"), (Remove(at("label")),)))

        assert self.held(store, table, BY_LABEL, [later]) == [later]

    def test_a_new_index_holds_its_projection(self, store: Store, table: Table) -> None:
        """No more than keys and what is named, of old items too [aws]."""
        put(store, table, key("a"), label=text("x"), wanted=number(1), other=number(2))
        narrow = GlobalIndex("by-label", Key("label"), Projection.include("wanted"))

        change(store, make_index(table, narrow, label="S"))

        held = {**key("a"), "label": text("x"), "wanted": number(1)}
        assert self.held(store, table, narrow, [held]) == [held]

    def test_a_new_index_is_described(self, store: Store, table: Table) -> None:
        """With its key, the types of its key, and its projection [port]."""
        change(store, make_index(table, BY_GROUP, **GROUP_TYPES))

        described = store.perform(DescribeTable(table.name))

        assert described.table == with_indexes(table, BY_GROUP)
        assert described.active

    def test_a_new_index_demands_its_types(self, store: Store, table: Table) -> None:
        """From then on an item whose value is of another type is refused [alt]."""
        change(store, make_index(table, BY_LABEL, label="S"))

        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, {**key("a"), "label": number(1)}))

    def test_a_deleted_index_cannot_be_read(self, store: Store, make_table: TableMaker) -> None:
        """It is gone, and the table's items are not [aws]."""
        table = make_table(indexes=(BY_LABEL,))
        stored = put(store, table, key("a"), label=text("x"))

        change(store, UpdateTable(table.name, delete_index="by-label"))

        with pytest.raises(TableNotFound):
            store.perform(ScanPage(table, index="by-label"))
        assert read(store, table, key("a")) == stored
        assert store.perform(DescribeTable(table.name)).table == Table(table.name, "pk")

    def test_a_deleted_index_demands_nothing(self, store: Store, make_table: TableMaker) -> None:
        """Its key attributes may be of any type again [alt]."""
        table = make_table(indexes=(BY_LABEL,))
        change(store, UpdateTable(table.name, delete_index="by-label"))

        stored = put(store, replace(table, indexes=()), key("a"), label=number(1))

        assert read(store, table, key("a")) == stored

    def test_an_index_can_be_made_again_otherwise(self, store: Store, make_table: TableMaker) -> None:
        """A name stands for one index at a time, not for a shape [alt]."""
        table = make_table(indexes=(BY_LABEL,))
        stored = put(store, table, key("a"), label=text("x"), rank=number(1))
        change(store, UpdateTable(table.name, delete_index="by-label"))

        again = GlobalIndex("by-label", Key("rank"))
        change(store, make_index(table, again, rank="N"))

        assert self.held(store, table, again, [stored]) == [stored]

    def test_an_index_may_use_the_keys_of_the_table(self, store: Store, series: Table) -> None:
        """Their types are known, and stay [alt]."""
        stored = put(store, series, key("a", 1))

        turned = GlobalIndex("by-sk", Key("sk", "pk"))
        change(store, make_index(series, turned, sk="N", pk="S"))

        assert self.held(store, series, turned, [stored]) == [stored]

    @rows("name", {"global": "by-label", "local": "by-rank"})
    def test_refuses_an_index_that_is_there(self, store: Store, make_table: TableMaker, name: str) -> None:
        """Names of global and local indexes are of one kind [alt, ack]."""
        table = make_table(sort="sk", indexes=(BY_LABEL, LocalIndex("by-rank", "rank")))

        with pytest.raises(InvalidRequest):
            store.perform(make_index(table, GlobalIndex(name, Key("group")), group="S"))

    def test_refuses_another_type_for_an_attribute(self, store: Store, make_table: TableMaker) -> None:
        """An attribute has one type in all keys of a table [alt]."""
        table = make_table(indexes=(BY_LABEL,))

        with pytest.raises(InvalidRequest):
            store.perform(make_index(table, GlobalIndex("other", Key("label")), label="N"))

    def test_refuses_more_than_20_global_indexes(self, store: Store, make_table: TableMaker) -> None:
        """Which at a live table is a limit that is exceeded [ack]."""
        full = tuple(GlobalIndex(f"index-{number}", Key("label")) for number in range(20))
        table = make_table(indexes=full)

        with pytest.raises(LimitExceeded):
            store.perform(make_index(table, GlobalIndex("one-more", Key("label")), label="S"))

    def test_an_unknown_index_is_not_found(self, store: Store, make_table: TableMaker) -> None:
        """Neither to delete it twice [alt, ack]."""
        table = make_table(indexes=(BY_LABEL,))
        change(store, UpdateTable(table.name, delete_index="by-label"))

        with pytest.raises(TableNotFound):
            store.perform(UpdateTable(table.name, delete_index="by-label"))

    def test_a_local_index_stays(self, store: Store, make_table: TableMaker) -> None:
        """It lives as long as its table [ack]."""
        table = make_table(sort="sk", indexes=(LocalIndex("by-rank", "rank"),))

        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, delete_index="by-rank"))

        assert store.perform(DescribeTable(table.name)).table == table


class TableUpdateContract(Contract):
    """What holds for every change of a table."""

    @rows(
        "wrong",
        {
            "nothing": UpdateTable,
            "two-changes": lambda name: UpdateTable(name, stream="KEYS_ONLY", table_class="STANDARD"),
            "two-indexes": lambda name: UpdateTable(name, create_index=BY_LABEL, delete_index="by-group"),
        },
    )
    def test_refuses_other_than_one_change(
        self, store: Store, table: Table, wrong: Callable[[str], UpdateTable]
    ) -> None:
        """One request makes one change [port]."""
        with pytest.raises(InvalidRequest):
            store.perform(wrong(table.name))

    @rows(
        "update",
        {
            "create-index": lambda name: UpdateTable(name, create_index=BY_LABEL, key_types={"label": "S"}),
            "delete-index": lambda name: UpdateTable(name, delete_index="by-label"),
            "stream": lambda name: UpdateTable(name, stream="KEYS_ONLY"),
            "protection": lambda name: UpdateTable(name, deletion_protection=True),
        },
    )
    def test_a_missing_table_cannot_be_changed(
        self, store: Store, update: Callable[[str], UpdateTable]
    ) -> None:
        """It is not found [aws]."""
        with pytest.raises(TableNotFound):
            store.perform(update(unique_table_name()))

    def test_the_answer_describes_the_table(self, store: Store, table: Table) -> None:
        """Whether or not the change is done by then [aws]."""
        described = store.perform(UpdateTable(table.name, stream="KEYS_ONLY"))
        wait_until_active(store, table.name)

        assert described.table == table
        assert described.status in ("UPDATING", "ACTIVE")

    def test_changes_leave_the_items_alone(self, store: Store, table: Table) -> None:
        """Whatever is changed [aws]."""
        stored = put(store, table, key("a"), label=text("x"))

        change(store, make_index(table, BY_LABEL, label="S"))
        change(store, UpdateTable(table.name, stream="NEW_IMAGE"))
        change(store, UpdateTable(table.name, delete_index="by-label"))

        assert read(store, table, key("a")) == stored


_RANKED = (("a", 3), ("b", 1), ("c", 2))
