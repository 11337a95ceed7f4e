"""Measurements for metrics systems."""

from __future__ import annotations

import pytest

from persistence.errors import Throttled
from persistence.expressions import KeyCondition
from persistence.operations import BatchWriteItems, GetItem, PutItem, QueryPage
from persistence.stores.layers import Measurement, Metrics
from tests.unit.stores.layers.colours import ORDERS, Colour, Refusing, Ticking

KEY = {"customer": {"S": "c1"}, "id": {"S": "o1"}}


class TestMetrics:
    def test_measures_each_operation(self, colour: Colour) -> None:
        measured: list[Measurement] = []
        store = colour.over_memory(Metrics(measured.append, clock=Ticking(step=0.5)))
        puts = tuple(PutItem(ORDERS, {**KEY, "id": {"S": name}, "status": {"S": "new"}}) for name in "ab")

        store.perform(BatchWriteItems(puts))
        store.perform(QueryPage(ORDERS, KeyCondition(("status", {"S": "new"})), "by-status"))

        assert measured == [
            Measurement("BatchWriteItems", "orders", None, 0.5, items=2, write_units=4.0),
            Measurement("QueryPage", "orders", "by-status", 0.5, items=2, scanned=2, read_units=0.5),
        ]
        assert measured[0].outcome == "ok"

    def test_measures_failures(self, colour: Colour) -> None:
        measured: list[Measurement] = []
        refusing = Refusing([Throttled("slow down")])
        store = colour.over_memory(Metrics(measured.append, clock=Ticking(step=0.5)), refusing)

        with pytest.raises(Throttled):
            store.perform(GetItem(ORDERS, KEY))

        assert measured == [Measurement("GetItem", "orders", None, 0.5, error="Throttled")]
        assert measured[0].outcome == "Throttled"
