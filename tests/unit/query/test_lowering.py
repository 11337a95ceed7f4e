"""From Python names and values to conditions over stored attributes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Or,
    Path,
    Size,
    Value,
)
from persistence.mapping import mapping_of
from persistence.query import between, contains, exists, is_in, not_, not_exists, size
from persistence.query.lowering import lower
from persistence.query.recorder import record
from persistence.query.terms import Comparison
from tests.semantics.model import Note, NoteMapping, Order, OrderMapping, OrderStatus

ORDERS = mapping_of(OrderMapping)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

TOTAL = Path.of("total")
STATUS = Path.of("status")


def number(text: str) -> Value:
    return Value({"N": text})


def text(content: str) -> Value:
    return Value({"S": content})


class TestOrders:
    @pytest.mark.parametrize(
        ("predicate", "condition"),
        [
            (lambda o: o.total == Decimal("1.50"), Compare("=", TOTAL, number("1.5"))),
            (lambda o: o.total > 3, Compare(">", TOTAL, number("3"))),
            (lambda o: o.status == OrderStatus.OPEN, Compare("=", STATUS, text("open"))),
            (
                lambda o: o.placed_at < NOON,
                Compare("<", Path.of("placed_at"), text("2026-01-02T12:00:00.000000Z")),
            ),
            (lambda o: o.customer_id == "c1", Compare("=", Path.of("customerId"), text("c1"))),
            (lambda o: between(o.total, 1, 2), Between(TOTAL, number("1"), number("2"))),
            (
                lambda o: is_in(o.status, [OrderStatus.OPEN, OrderStatus.SHIPPED]),
                In(STATUS, (text("open"), text("shipped"))),
            ),
            (lambda o: o.courier.startswith("a"), BeginsWith(Path.of("courier"), text("a"))),
            (lambda o: contains(o.courier, "a"), Contains(Path.of("courier"), text("a"))),
            (lambda o: exists(o.courier), AttributeExists(Path.of("courier"))),
            (lambda o: not_exists(o.courier), AttributeNotExists(Path.of("courier"))),
            (lambda o: size(o.courier) > 3, Compare(">", Size(Path.of("courier")), number("3"))),
            (lambda o: o.total == o.number, Compare("=", TOTAL, Path.of("number"))),
            (lambda o: not_(o.total == 1), Not(Compare("=", TOTAL, number("1")))),
            (
                lambda o: (o.total == 1) & ((o.number == 2) | (o.number == 3)),
                And(
                    (
                        Compare("=", TOTAL, number("1")),
                        Or(
                            (
                                Compare("=", Path.of("number"), number("2")),
                                Compare("=", Path.of("number"), number("3")),
                            )
                        ),
                    )
                ),
            ),
        ],
    )
    def test_are_compared_as_they_are_stored(
        self, predicate: Callable[[Order], bool], condition: Condition
    ) -> None:
        """Operands go through the mapping's own fields, names become those of the table."""
        assert lower(record(predicate), ORDERS) == condition

    def test_may_be_asked_for_a_type(self) -> None:
        """`attribute_type` takes the service's type tags."""
        term = Comparison(("total",), "attribute_type", ("N",))

        assert lower(term, ORDERS) == AttributeType(TOTAL, "N")


def has_tag(note: Note) -> bool:
    return contains(note.tags, "x")


class TestNotes:
    @pytest.mark.parametrize(
        ("predicate", "path"),
        [
            (lambda o: o.author.city == "x", Path.of("author", "city")),
            (lambda o: o.lines[2].sku == "x", Path.of("lines", 2, "sku")),
            (lambda o: o.extra["k"] == "x", Path.of("extra", "k")),
        ],
    )
    def test_have_nested_paths(self, predicate: Callable[[Any], Any], path: Path) -> None:
        """Nested entities, list elements and map entries are reached by path."""
        assert lower(record(predicate), mapping_of(NoteMapping)) == Compare("=", path, text("x"))

    def test_have_members_of_their_elements_type(self) -> None:
        """`contains` takes a member, as it is stored."""
        assert lower(record(has_tag), mapping_of(NoteMapping)) == Contains(Path.of("tags"), text("x"))


class TestRefuses:
    @pytest.mark.parametrize(
        ("term", "what"),
        [
            (Comparison(("nothing",), "=", (1,)), "nothing"),
            (Comparison(("total", "cents"), "=", (1,)), "total"),
            (Comparison(("total",), "=", ("one",)), "total"),
            (Comparison(("total",), "=", (float("nan"),)), "total"),
            (Comparison(("status",), "=", ("open",)), "status"),
            (Comparison(("placed_at",), "=", (datetime(2026, 1, 2),)), "placed_at"),  # noqa: DTZ001  # the subject
            (Comparison(("courier",), "=", (None,)), "not_exists"),
            (Comparison(("courier",), ">", ("x",), size=True), "whole number"),
            (Comparison(("courier",), "=", (True,), size=True), "whole number"),
            (Comparison(("courier",), "exists", (), size=True), "field itself"),
            (Comparison(("number",), "in", ()), "1 to 100 options"),
            (Comparison(("number",), "in", tuple(range(101))), "1 to 100 options"),
            (Comparison(("number",), "attribute_type", ("NUMBER",)), "takes one of"),
        ],
    )
    def test_what_can_t_be_asked(self, term: Comparison, what: str) -> None:
        """Unknown names and operands that the field can't store are refused by name."""
        with pytest.raises(QueryError, match=what):
            lower(term, ORDERS)

    def test_without_showing_the_value(self) -> None:
        """Messages never contain values."""
        with pytest.raises(QueryError) as refused:
            lower(Comparison(("total",), "=", ("secret",)), ORDERS)

        assert "secret" not in str(refused.value)
