"""Sizes: what items take of the 400 KB that they may have, to the byte."""

from __future__ import annotations

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT, AttributeValue, Item, item_size
from persistence.errors import InvalidRequest, ItemTooLarge
from persistence.expressions import Set, Value
from persistence.operations import BatchWriteItems, PutItem, UpdateItem
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    FALSE,
    NULL,
    at,
    binaries,
    binary,
    key,
    list_of,
    map_of,
    number,
    numbers,
    put,
    read,
    rows,
    strings,
    text,
)


def _sized(size: int) -> Item:
    """Make an item of exactly so many bytes."""
    item = {**key("big"), "filler": text("")}
    return {**item, "filler": text("x" * (size - item_size(item)))}


class SizeContract(Contract):
    """Items of up to 400 KB, names included."""

    def test_an_item_may_have_exactly_the_limit(self, store: Store, table: Table) -> None:
        """409,600 bytes of names and values fit [run]."""
        item = _sized(ITEM_SIZE_LIMIT)

        store.perform(PutItem(table, item))

        assert read(store, table, key("big")) == item

    def test_put_refuses_an_item_over_the_limit(self, store: Store, table: Table) -> None:
        """One byte more is refused, and nothing is stored [conf]."""
        with pytest.raises(ItemTooLarge):
            store.perform(PutItem(table, _sized(ITEM_SIZE_LIMIT + 1)))

        assert read(store, table, key("big")) is None

    def test_update_refuses_to_let_an_item_grow_over_the_limit(self, store: Store, table: Table) -> None:
        """An update is judged by the item that it would make [conf]."""
        item = _sized(ITEM_SIZE_LIMIT - 10)
        store.perform(PutItem(table, item))

        with pytest.raises(ItemTooLarge):
            store.perform(UpdateItem(table, key("big"), (Set(at("more"), Value(text("x" * 20))),)))

        assert read(store, table, key("big")) == item

    def test_names_of_attributes_count(self, store: Store, table: Table) -> None:
        """A long name takes as much room as a long value [conf]."""
        with pytest.raises(ItemTooLarge):
            store.perform(PutItem(table, {**_sized(ITEM_SIZE_LIMIT - 1000), "n" * 1000: text("x")}))

    def test_a_batch_refuses_an_item_over_the_limit(self, store: Store, table: Table) -> None:
        """409,600 bytes fit into a batch, one byte more does not [conf]."""
        store.perform(BatchWriteItems((PutItem(table, _sized(ITEM_SIZE_LIMIT)),)))

        with pytest.raises((InvalidRequest, ItemTooLarge)):
            store.perform(BatchWriteItems((PutItem(table, _sized(ITEM_SIZE_LIMIT + 1)),)))

        assert read(store, table, key("big")) == _sized(ITEM_SIZE_LIMIT)

    @rows(
        "written, size",
        {
            "zero": ("0", 1),
            "negative-zero": ("-0", 1),
            "one-digit": ("1", 2),
            "two-digits": ("12", 2),
            "three-digits": ("123", 3),
            "four-digits": ("1234", 3),
            "38-digits": ("12345678901234567890123456789012345678", 20),
            "leading-zeros": ("0042", 2),
            "trailing-zeros": ("100", 2),
            "zero-between-digits": ("1010", 3),
            "a-small-fraction": ("0.0000001", 2),
            "a-fraction": ("0.15", 2),
            "a-great-exponent": ("1E125", 2),
            "a-small-exponent": ("1E-100", 2),
            "digits-on-both-sides": ("1.5", 3),
            "more-digits-on-both-sides": ("3.14159", 5),
            "zeros-behind-the-point": ("1.200", 3),
            "zeros-before-the-point": ("100.5", 4),
            "negative": ("-42", 3),
        },
    )
    def test_a_number_takes_so_many_bytes(self, store: Store, table: Table, written: str, size: int) -> None:
        """1, and 1 for each two digits before and for each two behind the point, and 1 for a minus [conf]."""
        _takes(store, table, number(written), size)

    @rows(
        "value, size",
        {
            "text-by-utf-8": (text("é😀"), 6),
            "binary": (binary(b"12345"), 5),
            "false": (FALSE, 1),
            "null": (NULL, 1),
            "strings": (strings("a", "bc"), 3),
            "numbers": (numbers("1", "-123"), 6),
            "binaries": (binaries(b"a", b"bc"), 3),
            "empty-list": (list_of(), 3),
            "list": (list_of(text("a"), NULL), 3 + 2 + 2),
            "empty-map": (map_of(), 3),
            "map": (map_of(ab=text("c")), 3 + 1 + 2 + 1),
            "nested": (map_of(a=list_of(map_of(b=number(1)))), 3 + 1 + 1 + (3 + 1) + (3 + 1 + 1 + 2)),
        },
    )
    def test_a_value_takes_so_many_bytes(
        self, store: Store, table: Table, value: AttributeValue, size: int
    ) -> None:
        """Lists and maps take 3 bytes, and 1 for each element beside its own; sets what is in them [run]."""
        _takes(store, table, value, size)


def _takes(store: Store, table: Table, value: AttributeValue, size: int) -> None:
    """Show a size by what fits beside it."""
    item = {**key("big"), "filler": text(""), "value": text("x" * size)}
    room = ITEM_SIZE_LIMIT - item_size(item)

    put(store, table, key("big"), filler=text("x" * room), value=value)
    with pytest.raises(ItemTooLarge):
        put(store, table, key("big"), filler=text("x" * (room + 1)), value=value)
