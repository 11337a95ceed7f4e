"""Which tables and indexes are fit for a query, and which of them wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Table, fields
from persistence.errors import QueryError
from persistence.mapping import mapping_of
from persistence.query import exists, not_exists
from persistence.query.access import AccessPath
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.wish import Wish

LEAVES_OUT = "it leaves out entities without {}; name it with .index(...) if that is meant"


@dataclass
class Parcel:
    id: str
    customer_id: str
    day: str
    shipped_at: datetime | None = None
    note: str = ""
    weight: int = 0


class ParcelMapping(MappingSchema[Parcel]):
    class Meta:
        table = "parcels"
        key = Key("id")
        indexes = (
            GlobalIndex("by-customer-shipped", Key("customer_id", "shipped_at")),
            GlobalIndex("by-customer-note", Key("customer_id", "note")),
            GlobalIndex("by-customer", Key("customer_id")),
            GlobalIndex("by-customer-day", Key("customer_id", "day")),
        )

    note = fields.String(omit_empty=True)


shelf = Table(
    "shelf",
    partition="PK",
    sort="SK",
    indexes=(
        GlobalIndex("plain", Key("P1", "S1")),
        GlobalIndex("padded", Key("P2", "S2")),
        GlobalIndex("text", Key("P3", "S3")),
        GlobalIndex("month", Key("P4", "S4")),
    ),
)


@dataclass
class Book:
    id: str
    room: str
    row: str
    number: int
    bought_at: datetime


class BookMapping(MappingSchema[Book]):
    class Meta:
        table = shelf
        key = Key("BOOK#{id}", "BOOK")
        index_keys = {  # noqa: RUF012  # that is how options are declared
            "plain": Key("ROOM#{room}", "N#{number}"),
            "padded": Key("ROOM#{room}", "R#{row}#{number:05d}"),
            "text": Key("ROOM#{room}", "B#{bought_at}"),
            "month": Key("ROOM#{room}", "M#{bought_at:%m}"),
        }


PARCELS = mapping_of(ParcelMapping)
BOOKS = mapping_of(BookMapping)

Predicate = Callable[[Any], Any]


def parcels(predicate: Predicate, **more: Any) -> AccessPath:
    return choose(PARCELS, Wish(record(predicate), **more))


def books(predicate: Predicate, **more: Any) -> AccessPath:
    return choose(BOOKS, Wish(record(predicate), **more))


class TestSparseIndexes:
    def test_are_passed_over_and_say_why(self) -> None:
        """What may be absent from an index is None or an empty value that is left out."""
        path = parcels(lambda p: p.customer_id == "c")

        assert path.index == "by-customer"
        assert dict(path.refused)["by-customer-shipped"] == LEAVES_OUT.format("shipped_at")
        assert dict(path.refused)["by-customer-note"] == LEAVES_OUT.format("note")

    @pytest.mark.parametrize(
        ("predicate", "index"),
        [
            (lambda p: (p.customer_id == "c") & p.note.startswith("x"), "by-customer-note"),
            (lambda p: (p.customer_id == "c") & (p.note == "x"), "by-customer-note"),
            (lambda p: (p.customer_id == "c") & exists(p.shipped_at), "by-customer-shipped"),
        ],
    )
    def test_serve_conditions_that_imply_presence(self, predicate: Predicate, index: str) -> None:
        """What must be there can't be left out; `exists` is what the index itself says."""
        path = parcels(predicate)

        assert (path.index, path.filter) == (index, None)

    @pytest.mark.parametrize(
        "predicate",
        [
            lambda p: (p.customer_id == "c") & not_exists(p.shipped_at),
            lambda p: (p.customer_id == "c") & (p.note != "x"),
        ],
    )
    def test_don_t_serve_conditions_that_hold_of_what_is_absent(self, predicate: Predicate) -> None:
        """An index can't find what it lacks; another one filters."""
        path = parcels(predicate)

        assert path.index == "by-customer"
        assert path.filter is not None

    def test_are_read_by_name(self) -> None:
        """Who names an index means it."""
        assert parcels(lambda p: p.customer_id == "c", index="by-customer-shipped").kind == "query"

    def test_don_t_sort_unasked(self) -> None:
        """An order that only a sparse index has is refused, unless it is named."""
        with pytest.raises(QueryError, match="leaves out entities without shipped_at"):
            parcels(lambda p: p.customer_id == "c", order_by="shipped_at")

        named = parcels(lambda p: p.customer_id == "c", order_by="shipped_at", index="by-customer-shipped")
        assert named.index == "by-customer-shipped"

    def test_may_have_fields_that_are_always_written(self) -> None:
        """A timestamp that the unit of work keeps is optional in the class alone."""

        @dataclass
        class Log:
            id: str
            at: str
            created_at: datetime | None = None

        class LogMapping(MappingSchema[Log]):
            class Meta:
                table = "logs"
                key = Key("id", "at")
                indexes = (LocalIndex("by-creation", "created_at"),)

            created_at = fields.CreatedAt()

        def of_one(log: Log) -> bool:
            return log.id == "1"

        path = choose(mapping_of(LogMapping), Wish(record(of_one), order_by="created_at"))

        assert path.index == "by-creation"


class TestOrderByTemplates:
    def test_refuses_numbers_without_padding(self) -> None:
        """As text 10 comes before 9."""
        with pytest.raises(QueryError, match=r"plain: it is not sorted by number, .*\{number:010d\}"):
            books(lambda b: b.room == "r", order_by="number")

    def test_refuses_a_part_of_a_value(self) -> None:
        """A month does not sort datetimes."""
        with pytest.raises(QueryError, match="month: it is not sorted by bought_at"):
            books(lambda b: b.room == "r", order_by="bought_at", index="month")

    def test_refuses_what_does_not_vary_first(self) -> None:
        """Numbers within rows are no order of numbers."""
        with pytest.raises(QueryError, match="padded: it is not sorted by number, but by row first"):
            books(lambda b: b.room == "r", order_by="number")

    def test_refuses_text_that_something_follows(self) -> None:
        """Behind `a` comes `a b`, but `a b#` comes before `a#`."""
        with pytest.raises(QueryError, match="padded: it is not sorted by row: what follows it in"):
            books(lambda b: b.room == "r", order_by="row")

    @pytest.mark.parametrize(
        ("predicate", "order_by", "index"),
        [
            (lambda b: b.room == "r", "bought_at", "text"),
            (lambda b: (b.room == "r") & (b.row == "a"), "number", "padded"),
        ],
    )
    def test_takes_text_and_padded_numbers(self, predicate: Predicate, order_by: str, index: str) -> None:
        """Texts sort as they are; so do numbers of one width, where what stands before them is fixed."""
        assert books(predicate, order_by=order_by).index == index


class TestChoice:
    def test_prefers_the_key_that_takes_over_most(self) -> None:
        """An index without sort key pins nothing down: one that serves the range reads less."""
        path = parcels(lambda p: (p.customer_id == "c") & (p.day > "monday"))

        assert (path.index, path.filter) == ("by-customer-day", None)

    def test_prefers_the_one_item_of_the_table(self) -> None:
        """The whole key of the table is one item, whatever indexes take over."""
        path = parcels(lambda p: (p.id == "1") & (p.customer_id == "c") & (p.day == "monday"))

        assert path.index is None

    def test_passes_over_keys_that_can_t_say_it(self) -> None:
        """Two conditions on one sort key are no error where another key takes over as much, or is named."""
        path = parcels(lambda p: (p.id == "1") & (p.customer_id == "c") & (p.day > "a") & (p.day < "m"))
        named = parcels(lambda p: (p.customer_id == "c") & (p.day > "a") & (p.day < "m"), index="by-customer")

        assert (path.kind, path.check is not None) == ("get", True)
        assert (named.index, named.filter is not None) == ("by-customer", True)

    def test_tells_the_error_where_others_would_read_more(self) -> None:
        """An index without the sort key would read the whole partition, and nobody would notice."""
        for index in (None, "by-customer-day"):
            with pytest.raises(QueryError, match=r"2 conditions on the sort key day.* Write between"):
                parcels(lambda p: (p.customer_id == "c") & (p.day > "a") & (p.day < "m"), index=index)

    def test_tells_why_others_lose(self) -> None:
        """Also of those that could serve."""
        path = parcels(lambda p: (p.customer_id == "c") & (p.day == "monday"))

        assert dict(path.refused)["by-customer"] == "it could serve, but its key takes over fewer conditions"
