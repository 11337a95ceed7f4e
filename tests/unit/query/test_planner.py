"""The access path of a query: which table or index answers it, with which key condition and filter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.expressions import BeginsWith, Between, Compare, KeyCondition, Path, Value
from persistence.mapping import mapping_of
from persistence.query import between, exists
from persistence.query.access import AccessPath
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.wish import Wish
from tests.semantics.model import BuyerMapping, NoteMapping, OrderMapping, OrderStatus, PurchaseMapping

ORDERS = mapping_of(OrderMapping)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOON_TEXT = Value({"S": "2026-01-02T12:00:00.000000Z"})

Predicate = Callable[[Any], Any]


def wish(predicate: Predicate | None = None, **more: Any) -> Wish:
    return Wish(None if predicate is None else record(predicate), **more)


def chosen(predicate: Predicate | None = None, **more: Any) -> AccessPath:
    return choose(ORDERS, wish(predicate, **more))


def number(value: int) -> Value:
    return Value({"N": str(value)})


CUSTOMER = ("customerId", {"S": "c1"})
OPEN = ("status", {"S": "open"})
ANN = ("courier", {"S": "ann"})


class TestKeyConditions:
    @pytest.mark.parametrize(
        ("predicate", "index", "key_condition"),
        [
            (lambda o: o.customer_id == "c1", None, KeyCondition(CUSTOMER)),
            (
                lambda o: (o.number > 2) & (o.customer_id == "c1"),
                None,
                KeyCondition(CUSTOMER, Compare(">", Path.of("number"), number(2))),
            ),
            (
                lambda o: (o.customer_id == "c1") & between(o.number, 1, 2),
                None,
                KeyCondition(CUSTOMER, Between(Path.of("number"), number(1), number(2))),
            ),
            (
                lambda o: (o.customer_id == "c1") & (o.placed_at > NOON),
                "by-date",
                KeyCondition(CUSTOMER, Compare(">", Path.of("placed_at"), NOON_TEXT)),
            ),
            (
                lambda o: (o.status == OrderStatus.OPEN) & (o.placed_at <= NOON),
                "by-status",
                KeyCondition(OPEN, Compare("<=", Path.of("placed_at"), NOON_TEXT)),
            ),
            (
                lambda o: (o.status == OrderStatus.OPEN) & o.placed_at.startswith("2026"),
                "by-status",
                KeyCondition(OPEN, BeginsWith(Path.of("placed_at"), Value({"S": "2026"}))),
            ),
            (lambda o: o.courier == "ann", "by-courier", KeyCondition(ANN)),
            (
                lambda o: (o.courier == "ann") & (o.total >= Decimal(5)),
                "by-courier",
                KeyCondition(ANN, Compare(">=", Path.of("total"), number(5))),
            ),
        ],
    )
    def test_come_from_the_most_selective_key(
        self, predicate: Predicate, index: str | None, key_condition: KeyCondition
    ) -> None:
        """The most selective key match wins; what the key takes over is not filtered again."""
        path = chosen(predicate)

        assert (path.kind, path.index, path.key_condition, path.filter) == (
            "query",
            index,
            key_condition,
            None,
        )

    def test_prefer_a_pinned_sort_key(self) -> None:
        """An index whose sort key is demanded beats a table of which only the partition is."""
        path = chosen(
            lambda o: (o.customer_id == "c1") & (o.status == OrderStatus.OPEN) & (o.placed_at == NOON)
        )

        assert path.index in ("by-date", "by-status")

    def test_prefer_the_table_to_indexes(self) -> None:
        """Of equal candidates the table answers, then local, then global indexes."""
        path = chosen(lambda o: (o.customer_id == "c1") & (o.courier == "ann"))

        assert path.index is None
        assert path.filter == Compare("=", Path.of("courier"), Value({"S": "ann"}))


class TestOrder:
    @pytest.mark.parametrize(
        ("predicate", "order_by", "index"),
        [
            (lambda o: o.customer_id == "c1", None, None),
            (lambda o: o.customer_id == "c1", "number", None),
            (lambda o: (o.customer_id == "c1") & exists(o.placed_at), "placed_at", "by-date"),
        ],
    )
    def test_chooses_the_index_that_sorts_so(
        self, predicate: Predicate, order_by: str | None, index: str | None
    ) -> None:
        """Sort order is part of the choice."""
        assert chosen(predicate, order_by=order_by).index == index

    def test_that_nothing_has_is_refused(self) -> None:
        """Results are not sorted in memory unasked."""
        with pytest.raises(QueryError, match="not sorted by total"):
            chosen(lambda o: o.customer_id == "c1", order_by="total")

    def test_of_a_scan_is_refused(self) -> None:
        """A scan has no order."""
        with pytest.raises(QueryError, match="order"):
            chosen(order_by="number", scan=True)


class TestConsistentReads:
    def test_rule_out_global_indexes(self) -> None:
        """Never silently eventual: what only a global index can answer is a scan, and explains itself."""
        path = chosen(lambda o: o.courier == "ann", consistent=True)

        assert path.kind == "scan"
        reason = "a global index can't be read consistently; leave consistent() out"
        assert dict(path.refused)["by-courier"] == reason
        assert path.advice[0].remedy == "leave consistent() out"

    def test_go_to_local_indexes(self) -> None:
        """Local indexes can be read consistently."""
        path = chosen(
            lambda o: (o.customer_id == "c1") & exists(o.placed_at), order_by="placed_at", consistent=True
        )

        assert (path.kind, path.index) == ("query", "by-date")


class TestProjections:
    def test_that_lack_attributes_are_passed_over(self) -> None:
        """The projection must cover what is needed: whole entities."""
        path = chosen(lambda o: o.courier == "ann")

        assert path.index == "by-courier"
        assert any(name == "keys-of-couriers" and "KEYS_ONLY" in why for name, why in path.refused)

    def test_that_lack_attributes_are_refused_by_name(self) -> None:
        """A missing attribute never becomes a default."""
        with pytest.raises(QueryError, match="KEYS_ONLY"):
            chosen(lambda o: o.courier == "ann", index="keys-of-couriers")


class TestScans:
    @pytest.mark.parametrize(
        "predicate",
        [
            None,
            lambda o: o.total > 5,
            lambda o: (o.customer_id == "c1") | (o.customer_id == "c2"),
            lambda o: o.customer_id > "c1",
            lambda o: o.number == 1,
        ],
    )
    def test_are_what_remains(self, predicate: Predicate | None) -> None:
        """Without an equality on a partition key only a scan remains."""
        path = chosen(predicate)

        assert (path.kind, path.index, path.key_condition) == ("scan", None, None)

    def test_of_an_index_may_be_asked_for(self) -> None:
        """`scan().index(name)` reads a whole index."""
        assert chosen(scan=True, index="by-courier").index == "by-courier"

    def test_are_taken_at_their_word(self) -> None:
        """Who writes `scan` gets one, though a key would serve."""
        path = chosen(lambda o: o.customer_id == "c1", scan=True)

        assert (path.kind, path.filter) == ("scan", Compare("=", Path.of("customerId"), Value({"S": "c1"})))


class TestNamedIndexes:
    def test_are_used_or_refused(self) -> None:
        """An index that can't serve says why."""
        with pytest.raises(QueryError, match="its partition key needs an equality on courier"):
            chosen(lambda o: o.customer_id == "c1", index="by-courier")

    def test_that_don_t_exist_are_refused(self) -> None:
        """With the names of those that do."""
        with pytest.raises(QueryError, match="'by-status'"):
            chosen(lambda o: o.courier == "ann", index="by-nothing")


class TestRefusals:
    @pytest.mark.parametrize(
        "predicate",
        [
            lambda o: (o.customer_id == "c1") & (o.number > 1) & (o.number < 9),
            lambda o: (o.customer_id == "c1") & (o.number != 1),
            lambda o: (o.customer_id == "c1") & ((o.number == 1) | (o.number == 2)),
        ],
    )
    def test_of_what_no_key_condition_can_say(self, predicate: Predicate) -> None:
        """The service filters on non-key attributes only, so what a key can't be asked is refused."""
        with pytest.raises(QueryError):
            chosen(predicate)


class TestTemplates:
    def test_of_partition_and_sort_key_are_filled(self) -> None:
        """All fields of both templates: one item."""
        path = choose(mapping_of(PurchaseMapping), wish(lambda p: (p.buyer_id == "b1") & (p.number == 7)))

        assert path.key_condition == KeyCondition(
            ("PK", {"S": "BUYER#b1"}), Compare("=", Path.of("SK"), Value({"S": "PURCHASE#00007"}))
        )

    def test_of_a_sort_key_give_a_prefix(self) -> None:
        """Only the partition's fields: the sort key begins with the template's text."""
        path = choose(mapping_of(PurchaseMapping), wish(lambda p: p.buyer_id == "b1"))

        assert path.key_condition == KeyCondition(
            ("PK", {"S": "BUYER#b1"}), BeginsWith(Path.of("SK"), Value({"S": "PURCHASE#"}))
        )

    def test_without_fields_are_constants(self) -> None:
        """A part of a key may be the same for all entities of a type."""
        path = choose(mapping_of(BuyerMapping), wish(lambda b: b.id == "b1"))

        assert path.key_condition == KeyCondition(
            ("PK", {"S": "BUYER#b1"}), Compare("=", Path.of("SK"), Value({"S": "PROFILE"}))
        )

    def test_of_an_index_are_filled(self) -> None:
        """`index_keys` are found by their fields."""
        path = choose(mapping_of(PurchaseMapping), wish(lambda p: p.day == "monday"))

        assert (path.index, path.key_condition) == ("GSI1", KeyCondition(("GSI1PK", {"S": "DAY#monday"})))

    def test_come_with_the_discriminator(self) -> None:
        """Other types of the table are filtered out."""
        path = choose(mapping_of(PurchaseMapping), wish(lambda p: p.buyer_id == "b1"))

        assert path.filter == Compare("=", Path.of("_type"), Value({"S": "Purchase"}))


class TestExplanation:
    def test_names_path_key_and_filter(self) -> None:
        """`explain()` tells the access path, the index, the key condition and the filter."""
        text = str(chosen(lambda o: (o.courier == "ann") & (o.number == 3)))

        assert "query of index 'by-courier'" in text
        assert "partition key: courier" in text
        assert "filter: number (after reading" in text

    def test_says_why_others_were_passed_over(self) -> None:
        """What can't answer says why."""
        assert "not the table: its partition key needs an equality on customer_id" in str(
            chosen(lambda o: o.courier == "ann")
        )

    def test_shows_no_values(self) -> None:
        """It can be logged."""
        assert "secret" not in str(chosen(lambda o: o.courier == "secret"))

    def test_of_a_table_without_sort_key(self) -> None:
        """A single item's key is a query of one."""
        path = choose(mapping_of(NoteMapping), wish(lambda n: n.id == "n1"))

        assert path.key_condition == KeyCondition(("id", {"S": "n1"}))
