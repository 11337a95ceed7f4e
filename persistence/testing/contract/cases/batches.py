"""Batches: many reads or writes in one request, not atomic."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT, AttributeValue, Item
from persistence.errors import InvalidRequest, TableNotFound
from persistence.expressions import AttributeExists, Remove
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DeleteItem,
    GetItem,
    PutItem,
    ScanPage,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
    at,
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


class BatchContract(Contract):
    """Batches of gets and batches of writes."""

    def test_batch_get_answers_in_the_order_asked(self, store: Store, table: Table) -> None:
        """One answer per get, None for an absent item [port]."""
        first, last = put(store, table, key("a"), n=number(1)), put(store, table, key("c"), n=number(3))

        found = store.perform(
            BatchGetItems(tuple(GetItem(table, key(name), consistent=True) for name in ("c", "b", "a")))
        )

        assert (found.items, found.unprocessed) == ((last, None, first), ())

    def test_batch_get_spans_tables(self, store: Store, make_table: TableMaker) -> None:
        """Gets of several tables may come in any order [aws]."""
        one, other = make_table(), make_table(sort="sk", types={"sk": "N"})
        stored = put(store, one, key("a")), put(store, other, key("a", 1)), put(store, one, key("b"))

        found = store.perform(
            BatchGetItems((GetItem(one, key("a")), GetItem(other, key("a", 1)), GetItem(one, key("b"))))
        )

        assert found.items == stored

    def test_batch_get_projects(self, store: Store, series: Table) -> None:
        """Only what is asked for comes back, the key not unless it is [port]."""
        for sort in (1, 2):
            put(store, series, key("a", sort), m=map_of(x=number(sort), y=number(0)))
        wanted = (at("m", "x"),)

        found = store.perform(
            BatchGetItems(tuple(GetItem(series, key("a", sort), projection=wanted) for sort in (2, 1)))
        )

        assert found.items == ({"m": map_of(x=number(2))}, {"m": map_of(x=number(1))})

    def test_batch_get_knows_numbers_however_they_are_written(
        self, store: Store, make_table: TableMaker
    ) -> None:
        """An answer belongs to the get with its key, by value [alt]."""
        table = make_table(types={"pk": "N"})
        for one in ("1", "20"):
            put(store, table, {"pk": number(one)})

        found = store.perform(
            BatchGetItems((GetItem(table, {"pk": number("2E1")}), GetItem(table, {"pk": number("1.0")})))
        )

        assert found.items == ({"pk": number(20)}, {"pk": number(1)})

    def test_batch_get_takes_as_many_gets_as_the_limit(self, store: Store, series: Table) -> None:
        """`limits.batch_gets` keys fit [aws]."""
        count = store.limits.batch_gets
        put_rows(store, series, "a", (0, count - 1))

        found = store.perform(BatchGetItems(tuple(GetItem(series, key("a", sort)) for sort in range(count))))

        assert found.items == (key("a", 0), *(None,) * (count - 2), key("a", count - 1))

    def test_batch_get_refuses_more_gets_than_the_limit(self, store: Store, series: Table) -> None:
        """One more is refused as a whole [conf]."""
        count = store.limits.batch_gets + 1

        with pytest.raises(InvalidRequest):
            store.perform(BatchGetItems(tuple(GetItem(series, key("a", sort)) for sort in range(count))))

    def test_batch_get_gives_what_fits_and_names_the_rest(self, store: Store, series: Table) -> None:
        """Beyond 16 MB the gets that were not answered come back as unprocessed [aws]."""
        filler = text("x" * (ITEM_SIZE_LIMIT - 1000))
        for sort in range(45):
            put(store, series, key("a", sort), filler=filler)
        gets = tuple(GetItem(series, key("a", sort), consistent=True) for sort in range(45))

        found = store.perform(BatchGetItems(gets))

        missing = tuple(get for get, item in zip(gets, found.items, strict=True) if item is None)
        assert found.unprocessed == missing
        assert 0 < len(missing) < 45

    @rows("second", {"the-same-key": number(1), "the-same-number": number("1.0")})
    def test_batches_refuse_one_item_twice(
        self, store: Store, make_table: TableMaker, second: AttributeValue
    ) -> None:
        """All keys of a batch differ, by value; put and delete of one item are two writes [conf] [alt]."""
        table = make_table(types={"pk": "N"})
        one, again = {"pk": number(1)}, {"pk": second}

        with pytest.raises(InvalidRequest):
            store.perform(BatchGetItems((GetItem(table, one), GetItem(table, again))))
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((PutItem(table, one), PutItem(table, {**again, "n": number(1)}))))
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((PutItem(table, one), DeleteItem(table, again))))

        assert read(store, table, one) is None

    def test_batch_write_puts_and_deletes(self, store: Store, table: Table) -> None:
        """Both kinds go together; deleting an absent item is no error [aws]."""
        put(store, table, key("old"))
        stored = {**key("new"), "tags": strings("a")}

        result = store.perform(
            BatchWriteItems(
                (PutItem(table, stored), DeleteItem(table, key("old")), DeleteItem(table, key("absent")))
            )
        )

        assert result.unprocessed == ()
        assert store.perform(ScanPage(table, consistent=True)).items == (stored,)

    def test_batch_write_replaces_whole_items(self, store: Store, table: Table) -> None:
        """A put of a batch is a put [aws]."""
        put(store, table, key("a"), old=number(1))

        store.perform(BatchWriteItems((PutItem(table, {**key("a"), "new": number(1)}),)))

        assert read(store, table, key("a")) == {**key("a"), "new": number(1)}

    def test_batch_write_spans_tables(self, store: Store, make_table: TableMaker) -> None:
        """The same key in two tables is two items [aws]."""
        one, other = make_table(), make_table()

        store.perform(BatchWriteItems((PutItem(one, key("a")), PutItem(other, key("a")))))

        assert (read(store, one, key("a")), read(store, other, key("a"))) == (key("a"), key("a"))

    def test_batch_write_takes_as_many_writes_as_the_limit(self, store: Store, series: Table) -> None:
        """`limits.batch_writes` writes fit [aws]."""
        count = store.limits.batch_writes

        store.perform(BatchWriteItems(tuple(PutItem(series, key("a", sort)) for sort in range(count))))

        assert store.perform(ScanPage(series, consistent=True, count_only=True)).count == count

    def test_batch_write_refuses_more_writes_than_the_limit(self, store: Store, series: Table) -> None:
        """One more is refused as a whole [conf]."""
        count = store.limits.batch_writes + 1

        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems(tuple(PutItem(series, key("a", sort)) for sort in range(count))))

        assert store.perform(ScanPage(series, consistent=True)).items == ()

    @rows(
        "wrong",
        {
            "missing-key": {"n": number(1)},
            "type-of-the-key": {"pk": number(1)},
            "empty-set": {**key("b"), "s": strings()},
            "too-large": {**key("b"), "s": text("x" * ITEM_SIZE_LIMIT)},
        },
    )
    def test_batch_write_does_nothing_if_one_write_is_malformed(
        self, store: Store, table: Table, wrong: Item
    ) -> None:
        """A request that is refused has no effect at all [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((PutItem(table, key("a")), PutItem(table, wrong))))

        assert read(store, table, key("a")) is None

    def test_batch_write_refuses_conditions(self, store: Store, table: Table) -> None:
        """A condition that the service would not look at is refused, not ignored [port]."""
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((PutItem(table, key("a"), AttributeExists(at("pk"))),)))

        assert read(store, table, key("a")) is None

    def test_batch_write_refuses_to_return(self, store: Store, table: Table) -> None:
        """A batch returns no attributes; asking for them is refused, not ignored [port]."""
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((DeleteItem(table, key("a"), returning="old"),)))

    def test_batch_write_refuses_updates(self, store: Store, table: Table) -> None:
        """An update is no part of a batch, and must not pass for a deletion [port]."""
        stored = put(store, table, key("a"), n=number(1))
        update: Any = UpdateItem(table, key("a"), (Remove(at("n")),))

        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((update,)))

        assert read(store, table, key("a")) == stored

    def test_batches_refuse_nothing(self, store: Store) -> None:
        """There must be something to do [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(BatchGetItems(()))
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems(()))

    def test_batches_refuse_a_missing_table(self, store: Store, table: Table) -> None:
        """A missing table concerns the whole request [aws]."""
        absent = Table("absent-table", "pk")

        with pytest.raises(TableNotFound):
            store.perform(BatchGetItems((GetItem(table, key("a")), GetItem(absent, key("a")))))
        with pytest.raises(TableNotFound):
            store.perform(BatchWriteItems((PutItem(table, key("a")), PutItem(absent, key("a")))))

        assert read(store, table, key("a")) is None
