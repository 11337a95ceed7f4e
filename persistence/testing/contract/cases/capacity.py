"""Consumed capacity: what operations say that they cost."""

from __future__ import annotations

from persistence.expressions import AttributeExists, KeyCondition, Set, Value
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    Capacity,
    ConditionCheck,
    ConsumedCapacity,
    DeleteItem,
    GetItem,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import at, key, number, put, rows, text


def _read(table: Table, units: float) -> Capacity:
    return (ConsumedCapacity(table.name, read_units=units),)


def _written(table: Table, units: float) -> Capacity:
    return (ConsumedCapacity(table.name, write_units=units),)


class CapacityContract(Contract):
    """Capacity units as the service bills them."""

    @rows(
        "size, consistent, units",
        {
            "small-and-eventual": (100, False, 0.5),
            "small-and-consistent": (100, True, 1.0),
            "4-kb-and-more": (5000, True, 2.0),
            "eventual-8-kb-and-more": (9000, False, 1.5),
        },
    )
    def test_a_get_costs_by_4_kb(
        self, store: Store, table: Table, size: int, consistent: bool, units: float
    ) -> None:
        """One unit per 4 KB for a consistent read, half of it for an eventual one [aws]."""
        put(store, table, key("a"), filler=text("x" * size))

        result = store.perform(GetItem(table, key("a"), consistent=consistent))

        assert result.capacity == _read(table, units)

    def test_a_get_of_nothing_costs_too(self, store: Store, table: Table) -> None:
        """Looking is charged as if there were something small [aws]."""
        assert store.perform(GetItem(table, key("a"), consistent=True)).capacity == _read(table, 1.0)

    @rows("size, units", {"small": (100, 1.0), "1-kb-and-more": (1100, 2.0), "3-kb-and-more": (3100, 4.0)})
    def test_a_put_costs_by_1_kb(self, store: Store, table: Table, size: int, units: float) -> None:
        """One unit per KB of the item [aws]."""
        result = store.perform(PutItem(table, {**key("a"), "filler": text("x" * size)}))

        assert result.capacity == _written(table, units)

    def test_a_write_costs_by_the_larger_of_before_and_after(self, store: Store, table: Table) -> None:
        """Replacing, changing or deleting something large costs as much as writing it [aws]."""
        large = {"filler": text("x" * 2100)}
        put(store, table, key("a"), **large)
        updated = store.perform(UpdateItem(table, key("a"), (Set(at("n"), Value(number(1))),)))
        replaced = store.perform(PutItem(table, key("a")))
        put(store, table, key("a"), **large)
        deleted = store.perform(DeleteItem(table, key("a")))

        assert [result.capacity for result in (updated, replaced, deleted)] == [_written(table, 3.0)] * 3

    def test_an_index_costs_too(self, store: Store, make_table: TableMaker) -> None:
        """A write that reaches an index is written there as well; the sum is told [aws]."""
        table = make_table(indexes=(GlobalIndex("by-label", Key("label")),))

        without = store.perform(PutItem(table, key("a")))
        within = store.perform(PutItem(table, {**key("b"), "label": text("x")}))

        assert (without.capacity, within.capacity) == (_written(table, 1.0), _written(table, 2.0))

    def test_moving_an_entry_of_an_index_costs_two_writes(self, store: Store, make_table: TableMaker) -> None:
        """The old entry is deleted and a new one is put [aws]."""
        table = make_table(indexes=(GlobalIndex("by-label", Key("label")),))
        put(store, table, key("a"), label=text("old"))

        result = store.perform(UpdateItem(table, key("a"), (Set(at("label"), Value(text("new"))),)))

        assert result.capacity == _written(table, 3.0)

    def test_a_query_costs_by_what_it_reads(self, store: Store, series: Table) -> None:
        """Sizes are summed up before they are rounded; what a filter drops is paid for [aws]."""
        for sort in range(3):
            put(store, series, key("a", sort), filler=text("x" * 2000))
        condition = KeyCondition(("pk", text("a")))

        consistent = store.perform(QueryPage(series, condition, consistent=True))
        filtered = store.perform(
            QueryPage(series, condition, filter=AttributeExists(at("missing")), consistent=True)
        )
        eventual = store.perform(QueryPage(series, condition))

        assert [page.capacity for page in (consistent, filtered, eventual)] == [
            _read(series, 2.0),
            _read(series, 2.0),
            _read(series, 1.0),
        ]

    def test_a_scan_costs_by_what_it_reads(self, store: Store, series: Table) -> None:
        """As a query does [aws]."""
        for sort in range(3):
            put(store, series, key(f"p{sort}", sort), filler=text("x" * 2000))

        assert store.perform(ScanPage(series, consistent=True)).capacity == _read(series, 2.0)

    def test_a_batch_costs_item_by_item(self, store: Store, table: Table) -> None:
        """Items are rounded one by one [aws]."""
        items = [{**key(name), "filler": text("x" * 1100)} for name in "ab"]

        written = store.perform(BatchWriteItems(tuple(PutItem(table, item) for item in items)))
        read = store.perform(
            BatchGetItems(tuple(GetItem(table, key(name), consistent=True) for name in ("a", "b", "absent")))
        )

        assert (written.capacity, read.capacity) == (_written(table, 4.0), _read(table, 3.0))

    def test_a_transaction_costs_twice(self, store: Store, table: Table) -> None:
        """Transactional reads and writes cost double; a check costs as much as a write [aws]."""
        put(store, table, key("checked"))

        written = store.perform(
            TransactWrite(
                (
                    PutItem(table, {**key("a"), "filler": text("x" * 1100)}),
                    ConditionCheck(table, key("checked"), AttributeExists(at("pk"))),
                )
            )
        )
        read = store.perform(TransactGet((GetItem(table, key("a")), GetItem(table, key("absent")))))

        assert (written.capacity, read.capacity) == (_written(table, 6.0), _read(table, 4.0))

    def test_capacity_is_told_per_table(self, store: Store, make_table: TableMaker) -> None:
        """Every table has a sum of its own [aws]."""
        one, other = make_table(), make_table()

        result = store.perform(
            TransactWrite((PutItem(one, key("a")), PutItem(other, key("a")), PutItem(one, key("b"))))
        )

        assert sorted(result.capacity, key=lambda told: told.write_units) == [
            ConsumedCapacity(other.name, write_units=2.0),
            ConsumedCapacity(one.name, write_units=4.0),
        ]
