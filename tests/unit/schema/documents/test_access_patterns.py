"""The table of access patterns: what `explain()` says of each query, in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    Projection,
    Query,
    QueryError,
    Repository,
    SchemaService,
    UnitOfWork,
)
from persistence.operations import Operation
from persistence.query import between, contains, exists, is_in, not_, not_exists, size
from persistence.schema.documents.markdown import cell, code


@dataclass
class Order:
    id: str
    customer_id: str
    total: int
    note: str | None = None


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer_id", "total"), Projection.keys_only()),)


class Silent(MemoryStore):
    """A store that must not be asked."""

    def perform(self, operation: Operation[Any]) -> Any:
        raise AssertionError(operation)


ORDERS = Repository(OrderMapping, UnitOfWork(Silent()))
SERVICE = SchemaService(Silent(), [OrderMapping])


def row(query: Query[Any]) -> list[str]:
    """Give the cells of a query's row: condition, path, index, cost, advice."""
    line = SERVICE.access_patterns({"x": query}).splitlines()[2]
    return [each.strip() for each in line.strip("|").split(" | ")][1:]


class TestTable:
    def test_has_a_row_for_each_query(self) -> None:
        table = SERVICE.access_patterns(
            {
                "one order": ORDERS.query(lambda o: o.id == "o1"),
                "orders of a customer": ORDERS.query(lambda o: (o.customer_id == "c1") & (o.total > 100))
                .order_by("total", descending=True)
                .hydrate()
                .limit(20),
                "all that are dear": ORDERS.scan(lambda o: o.total > 100),
            }
        )

        sizes = "item sizes unknown, taken for at most 4 KB"
        head, rule, one, several, every = table.splitlines()
        assert head == "| Access pattern | Condition | Access path | Index | Cost | Advice |"
        assert rule == "| --- | --- | --- | --- | --- | --- |"
        assert one == (
            f"| one order | `id = ?` | GetItem |  | 1 item(s), 1 request(s), 0.5 read unit(s); {sizes} |  |"
        )
        assert several == (
            "| orders of a customer | `customer_id = ? and total > ?` "
            "| Query, descending, checked in memory, fetches whole items by batch get | `by-customer` "
            "| as many requests as there are pages of 1 MB, each 128 read units, and 0.5 for each item "
            f"that is fetched; {sizes} "
            "| projection\\_would\\_help: index 'by-customer' lacks attributes, so each item is read a "
            "second time; project what is needed, or select(...) what the index holds |"
        )
        assert every.startswith("| all that are dear | `total > ?` | Scan, filtered after reading |  | ")

    def test_is_only_a_head_without_queries(self) -> None:
        assert len(SERVICE.access_patterns({}).splitlines()) == 2

    def test_shows_no_values(self) -> None:
        assert "secret" not in SERVICE.access_patterns({"x": ORDERS.query(lambda o: o.id == "secret")})

    def test_takes_asynchronous_queries(self) -> None:
        orders = AsyncRepository(OrderMapping, AsyncUnitOfWork(AsyncMemoryStore()))

        table = SERVICE.access_patterns({"one order": orders.query(lambda o: o.id == "o1")})

        assert "| one order | `id = ?` | GetItem |" in table

    def test_escapes_what_would_end_a_cell(self) -> None:
        table = SERVICE.access_patterns({"a|b\nc <i>d</i> *e* `f`": ORDERS.query(lambda o: o.id == "o1")})

        assert table.splitlines()[2].startswith("| a\\|b c \\<i\\>d\\</i\\> \\*e\\* \\`f\\` | ")
        assert len(table.splitlines()) == 3

    def test_refuses_what_is_no_query(self) -> None:
        with pytest.raises(QueryError, match="access pattern 'x' is a str"):
            SERVICE.access_patterns({"x": "id = 1"})  # type: ignore[dict-item]  # which is the point

    def test_refuses_a_query_that_can_not_be_answered(self) -> None:
        with pytest.raises(QueryError):
            SERVICE.access_patterns({"x": ORDERS.query(lambda o: o.total > 1).index("by-customer")})


class TestConditions:
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            (ORDERS.scan(lambda o: between(o.total, 1, 2)), "total between ? and ?"),
            (ORDERS.scan(lambda o: is_in(o.id, ["a", "b"])), "id in (2 values)"),
            (ORDERS.scan(lambda o: o.id.startswith("a")), "id begins with ?"),
            (ORDERS.scan(lambda o: contains(o.id, "a")), "id contains ?"),
            (ORDERS.scan(lambda o: exists(o.note)), "note exists"),
            (ORDERS.scan(lambda o: not_exists(o.note)), "note does not exist"),
            (ORDERS.scan(lambda o: size(o.id) > 3), "size(id) > ?"),
            (
                ORDERS.scan(lambda o: ((o.id == "a") | (o.id == "b")) & (o.total > 1)),
                "(id = ? or id = ?) and total > ?",
            ),
            (ORDERS.scan(lambda o: not_(contains(o.id, "a"))), "not id contains ?"),
        ],
    )
    def test_are_told_in_words(self, query: Query[Any], words: str) -> None:
        assert row(query)[0] == f"`{words}`"


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("a", "`a`"),
            ("a|b", "`a\\|b`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("``", "``` `` ```"),
            ("", ""),
            ("a\nb", "`a b`"),
        ],
    )
    def test_quotes_code(self, text: str, written: str) -> None:
        assert code(text) == written

    def test_keeps_a_cell_in_one_line(self) -> None:
        assert cell("a\r\n\tb | c") == "a b \\| c"
