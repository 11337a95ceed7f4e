"""The access path of a query: which table or index answers it, with which key condition and filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.expressions import And, BeginsWith, Between, Compare, KeyCondition, Path, Value
from persistence.mapping import mapping_of
from persistence.query import between, exists, is_in
from persistence.query.access import AccessPath
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.wish import Wish
from tests.semantics.model import (
    BuyerMapping,
    NoteMapping,
    OrderMapping,
    OrderStatus,
    PurchaseMapping,
    ReadingMapping,
)
from tests.unit.query.deliveries import MONDAY, planned

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


NUMBERED = ({"courier": {"S": "a"}, "number": {"N": "1"}}, {"courier": {"S": "a"}, "number": {"N": "2"}})
HEAVY = Compare(">", Path.of("weight"), number(3))
IN_GRAZ = Compare("=", Path.of("town"), Value({"S": "Graz"}))
NO_NOTE = Compare("=", Path.of("note"), Value({"S": ""}))


def paths(*names: str) -> tuple[Path, ...]:
    return tuple(map(Path.of, names))


class TestKeysThatAreGivenWhole:
    def test_are_got(self) -> None:
        """One item: nothing is cheaper; what else is demanded is checked here."""
        path = planned(lambda d: (d.courier == "a") & (d.number == 1) & (d.weight > 3))

        assert (path.kind, path.index, path.keys) == ("get", None, NUMBERED[:1])
        assert (path.filter, path.check, path.projection) == (None, HEAVY, None)

    def test_are_read_with_what_is_checked(self) -> None:
        """A selection reads what the check asks of beside what it shows."""
        path = planned(
            lambda d: (d.courier == "a") & (d.number == 1) & (d.weight > 3), select=("town",), hidden=NO_NOTE
        )

        assert path.projection == paths("courier", "number", "town", "weight", "note")
        assert path.check == And((HEAVY, NO_NOTE))

    def test_may_name_several(self) -> None:
        """One field of a key may be one of several values, each of which is read once."""
        path = planned(lambda d: is_in(d.number, [1, 2, 1]) & (d.courier == "a") & (d.weight > 3))

        assert (path.kind, path.keys, path.check) == ("batch get", NUMBERED, HEAVY)

    def test_are_one_however_numbers_are_spelled(self) -> None:
        """The service refuses a batch that has a key twice, and `1.5` is `1.50`."""
        options = [Decimal("1.5"), Decimal("1.50"), Decimal("15E-1"), 2]
        path = choose(mapping_of(ReadingMapping), wish(lambda r: is_in(r.sensor, options) & (r.at == 7)))

        assert path.keys == (
            {"sensor": {"N": "1.5"}, "at": {"N": "7"}},
            {"sensor": {"N": "2"}, "at": {"N": "7"}},
        )

    @pytest.mark.parametrize(
        ("predicate", "more", "expected"),
        [
            # A range is no key, two lists of options are no list of keys, and a batch has no order.
            (lambda d: (d.courier == "a") & (d.number >= 1), {}, ("query", None)),
            (lambda d: is_in(d.courier, ["a", "b"]) & is_in(d.number, [1, 2]), {}, ("scan", None)),
            (lambda d: is_in(d.courier, ["a"]) & (d.number == 1), {"order_by": "number"}, QueryError),
            (lambda d: (d.courier == "a") & (d.number == 1), {"order_by": "number"}, ("get", None)),
            (lambda d: (d.courier == "a") & (d.number == 1), {"scan": True}, ("scan", None)),
            (lambda d: (d.weight == 1) & (d.number == 1) & (d.courier == "a"), {}, ("get", None)),
            (lambda d: (d.weight == 1) & (d.number == 1), {"index": "by-weight"}, ("query", "by-weight")),
        ],
    )
    def test_are_the_only_ones_that_are_got(
        self, predicate: Predicate, more: dict[str, Any], expected: object
    ) -> None:
        """Who names an index or an order, or writes `scan`, means it."""
        if expected is QueryError:
            with pytest.raises(QueryError):
                planned(predicate, **more)
            return

        path = planned(predicate, **more)

        assert (path.kind, path.index) == expected


class TestWhatAnIndexHolds:
    @pytest.mark.parametrize(
        ("select", "index", "projection"),
        [
            (("courier", "number"), "towns", ("courier", "number", "town")),
            (("due",), "by-town", ("courier", "number", "due", "town")),
            (("weight", "town"), "by-town", ("courier", "number", "weight", "town", "due")),
        ],
    )
    def test_is_enough_for_rows_of_it(
        self, select: tuple[str, ...], index: str, projection: tuple[str, ...]
    ) -> None:
        """The first index that holds what rows show is read, with the keys that a cursor needs."""
        path = planned(lambda d: d.town == "Graz", select=select)

        assert (path.index, path.fetch) == (index, "nothing")
        assert path.projection == paths(*projection)

    def test_must_hold_what_is_filtered_by(self) -> None:
        """A filter is asked of the index; what it lacks is as good as absent."""
        path = planned(lambda d: (d.town == "Graz") & (d.weight > 3), select=("number",))

        assert (path.index, path.filter) == ("by-town", HEAVY)
        assert dict(path.refused)["towns"] == (
            "it holds only some attributes (KEYS_ONLY), and it lacks weight; hydrate() reads the rest"
        )

    def test_must_hold_what_is_demanded_unasked(self) -> None:
        """So it is with what hides items: nothing hidden is shown by an index that can't tell."""
        path = planned(lambda d: d.town == "Graz", select=("number",), hidden=NO_NOTE)

        assert (path.kind, path.filter) == ("scan", And((IN_GRAZ, NO_NOTE)))

    def test_must_hold_what_is_sorted_by(self) -> None:
        """What is sorted after reading is read, whether it is shown or not."""
        path = planned(
            lambda d: d.town == "Graz", select=("number",), order_by="weight", sorted_in_memory=True
        )

        assert (path.index, path.sorted_by) == ("by-town", "weight")
        assert path.projection == paths("courier", "number", "town", "due", "weight")

    def test_of_a_table_is_all(self) -> None:
        """Rows of a table read no more than they show, and their key."""
        path = planned(lambda d: (d.courier == "a") & (d.weight > 3), select=("town",))

        assert (path.index, path.filter) == (None, HEAVY)
        assert path.projection == paths("courier", "number", "town")

    def test_may_be_completed(self) -> None:
        """`hydrate()` reads whole items by key, and checks them anew: an index may be out of date."""
        path = planned(lambda d: (d.town == "Graz") & (d.weight > 3), hydrate=True, hidden=NO_NOTE)

        assert (path.index, path.fetch) == ("towns", "by batch get")
        assert path.filter is None
        assert path.check == And((IN_GRAZ, HEAVY, NO_NOTE))
        assert path.projection == paths("courier", "number", "town")

    def test_is_filtered_before_it_is_completed(self) -> None:
        """What the index can tell is not fetched in vain."""
        path = planned(lambda d: (d.town == "Graz") & (d.weight > 3), hydrate=True, index="by-town")

        assert (path.filter, path.check) == (HEAVY, And((IN_GRAZ, HEAVY)))

    def test_is_not_completed_where_it_is_enough(self) -> None:
        """`hydrate()` is a permission."""
        path = planned(lambda d: d.town == "Graz", select=("number",), hydrate=True)

        assert (path.fetch, path.check) == ("nothing", None)

    def test_is_completed_by_the_service_where_it_is_local(self) -> None:
        """A local index fetches what it lacks; what it can't filter by is checked here."""
        path = planned(lambda d: (d.courier == "a") & (d.due == MONDAY) & (d.weight > 3) & (d.number > 1))

        assert (path.index, path.fetch, path.projection) == ("by-due", "by the service", None)
        assert path.filter == Compare(">", Path.of("number"), number(1))
        assert path.check == HEAVY

    @pytest.mark.parametrize(
        ("more", "expected"),
        [
            ({"index": "by-due"}, ("scan", "by-due", "by the service")),
            ({"index": "by-weight"}, ("scan", "by-weight", "nothing")),
            ({"index": "towns", "select": ("courier",)}, ("scan", "towns", "nothing")),
            ({"index": "towns", "hydrate": True}, ("scan", "towns", "by batch get")),
        ],
    )
    def test_can_be_scanned(self, more: dict[str, Any], expected: object) -> None:
        """A scan of an index is held to the same."""
        path = planned(scan=True, **more)

        assert (path.kind, path.index, path.fetch) == expected

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"index": "towns"}, "whole entities are wanted"),
            ({"index": "by-town", "select": ("note",)}, "it lacks note"),
            ({"index": "by-weight", "consistent": True}, "a global index can't be read consistently"),
            ({"index": "nothing"}, "its indexes are: 'by-due', 'by-town-of-courier', 'towns'"),
        ],
    )
    def test_is_missed_by_name(self, more: dict[str, Any], why: str) -> None:
        """A scan of an index that can't serve is refused, too."""
        with pytest.raises(QueryError, match=why):
            planned(scan=True, **more)


class TestOrders:
    @pytest.mark.parametrize(
        ("predicate", "more", "index"),
        [
            (lambda d: d.courier == "a", {"order_by": "due"}, "by-due"),
            (lambda d: d.courier == "a", {"order_by": "town", "consistent": True}, "by-town-of-courier"),
            (lambda d: d.weight == 1, {"order_by": "number"}, "by-weight"),
            (lambda d: d.town == "Graz", {"order_by": "due", "hydrate": True}, "by-town"),
            (lambda d: d.town == "Graz", {"order_by": "note", "index": "noted"}, "noted"),
            (lambda d: (d.town == "Graz") & (d.note > "a"), {"order_by": "note"}, "noted"),
        ],
    )
    def test_are_those_of_an_index(self, predicate: Predicate, more: dict[str, Any], index: str) -> None:
        """The index that sorts so is found, or serves where it is named."""
        assert planned(predicate, **more).index == index

    @pytest.mark.parametrize(
        ("predicate", "more", "why"),
        [
            (lambda d: d.courier == "a", {"order_by": "number", "index": "by-due"}, "not sorted by number"),
            (lambda d: d.town == "Graz", {"order_by": "note"}, "leaves out entities without note"),
            (lambda d: d.town == "Graz", {"order_by": "due"}, "by-town: it holds only some attributes"),
            (lambda d: d.courier == "a", {"order_by": "nothing"}, "nothing"),
            (lambda d: d.courier == "a", {"sorted_in_memory": True}, r"goes with order_by\(...\)"),
            (None, {"order_by": "due", "scan": True, "index": "by-due"}, "a scan has no order"),
        ],
    )  # fmt: skip
    def test_are_refused_where_none_sorts_so(
        self, predicate: Predicate | None, more: dict[str, Any], why: str
    ) -> None:
        """With the reason, and never by reading everything unasked."""
        with pytest.raises(QueryError, match=why):
            planned(predicate, **more)

    @pytest.mark.parametrize(
        ("predicate", "more", "expected"),
        [
            (lambda d: d.courier == "a", {}, ("query", None)),
            (lambda d: d.weight == 1, {}, ("query", "by-weight")),
            (lambda d: is_in(d.number, [1, 2]) & (d.courier == "a"), {}, ("batch get", None)),
            (None, {"scan": True}, ("scan", None)),
        ],
    )
    def test_may_be_made_in_memory(
        self, predicate: Predicate | None, more: dict[str, Any], expected: object
    ) -> None:
        """Then any path will do that finds the results, and says that all of them are read."""
        path = planned(predicate, order_by="note", descending=True, sorted_in_memory=True, **more)

        assert (path.kind, path.index) == expected
        assert (path.sorted_by, path.descending) == ("note", True)
        assert "  sorted in memory by note: everything is read first" in str(path)


class TestCase53:
    """Equal candidates, a partial projection, a consistent read, an order that is asked for."""

    def test_equal_candidates_come_in_a_fixed_order(self) -> None:
        """The table before local before global indexes, and then as declared."""
        path = chosen(lambda o: (o.customer_id == "c1") & (o.courier == "ann"))
        rows = planned(lambda d: d.town == "Graz", select=("courier",))

        assert (path.index, rows.index) == (None, "towns")

    def test_the_chosen_index_explains_itself(self) -> None:
        """It tells its key, what it costs besides, and of each other one why it loses."""
        path = planned(lambda d: (d.town == "Graz") & (d.due > MONDAY), hydrate=True)

        assert (path.index, path.fetch) == ("by-town", "by batch get")
        assert str(path).splitlines()[:3] == [
            "query of index 'by-town'",
            "  partition key: town =",
            "  sort key: due >",
        ]
        assert dict(path.refused) == {
            None: "its partition key needs an equality on courier",
            "by-due": "its partition key needs an equality on courier",
            "by-town-of-courier": "its partition key needs an equality on courier",
            "by-weight": "its partition key needs an equality on weight",
            "noted": "it leaves out entities without note; name it with .index(...) if that is meant",
            "towns": "it could serve, but its key takes over fewer conditions",
        }

    def test_a_partial_projection_is_never_filled_with_defaults(self) -> None:
        """Where no index holds what is wanted, a scan is told, with the remedy."""
        path = planned(lambda d: d.town == "Graz")

        assert path.kind == "scan"
        assert "hydrate() reads the rest" in dict(path.refused)["by-town"]

    def test_a_consistent_read_is_never_eventual(self) -> None:
        """It goes to a table or local index, or says that it scans; a named global index is refused."""
        local = planned(lambda d: (d.courier == "a") & (d.due == MONDAY), consistent=True)
        scan = planned(lambda d: d.weight == 1, consistent=True)

        assert (local.index, local.consistent) == ("by-due", True)
        assert (scan.kind, scan.consistent) == ("scan", True)
        assert dict(scan.refused)["by-weight"] == (
            "a global index can't be read consistently; leave consistent() out"
        )
        with pytest.raises(QueryError, match="can't be read consistently"):
            planned(lambda d: d.weight == 1, consistent=True, index="by-weight")

    def test_an_order_is_never_a_scan(self) -> None:
        """Scans have none: it is an error, not a slow answer."""
        with pytest.raises(QueryError, match="no key serves this query"):
            planned(lambda d: d.note == "x", order_by="due")

    def test_the_choice_is_the_same_every_time(self) -> None:
        """It depends on nothing but the question."""

        def twice() -> AccessPath:
            return planned(lambda d: (d.town == "Graz") & (d.due > MONDAY), hydrate=True)

        assert replace(twice(), advice=()) == replace(twice(), advice=())


class TestEmptyOperands:
    """No key is empty, and the service refuses to compare one with what is."""

    @pytest.mark.parametrize(
        ("predicate", "sort"),
        [
            (lambda d: d.town.startswith(""), None),
            (lambda d: d.town >= "", None),
            (lambda d: d.town > "", None),
            (lambda d: between(d.town, "", "m"), Compare("<=", Path.of("town"), Value({"S": "m"}))),
        ],
    )
    def test_demand_nothing_where_all_are_greater(self, predicate: Predicate, sort: object) -> None:
        """As an empty box of a search form does."""
        path = planned(lambda d: (d.courier == "a") & predicate(d), index="by-town-of-courier")

        assert path.key_condition == KeyCondition(("courier", {"S": "a"}), sort)  # type: ignore[arg-type]
        assert (path.filter, path.check) == (None, None)

    @pytest.mark.parametrize(
        "predicate", [lambda d: d.town < "", lambda d: d.town <= "", lambda d: between(d.town, "", "")]
    )
    def test_are_refused_where_nothing_is_less(self, predicate: Predicate) -> None:
        """There is nothing to be read."""
        with pytest.raises(QueryError, match=r"Delivery\.town is a key and so never empty"):
            planned(lambda d: (d.courier == "a") & predicate(d), index="by-town-of-courier")
