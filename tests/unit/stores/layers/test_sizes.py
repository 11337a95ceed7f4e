"""Items near the limit: when there is advice, and what it shows."""

from __future__ import annotations

from typing import Any

from persistence.attributes import ITEM_SIZE_LIMIT, item_size
from persistence.operations import BatchGetItems, GetItem, PutItem, ScanPage
from persistence.stores.layers import ItemSizes, LargeItems
from tests.unit.stores.layers.colours import ORDERS, Colour, Ticking

KEY = {"customer": {"S": "c1"}, "id": {"S": "o1"}}
LARGE = PutItem(ORDERS, {**KEY, "text": {"S": "x" * 330_000}})
SMALL = PutItem(ORDERS, {**KEY, "text": {"S": "x" * 320_000}})


class TestItemSizes:
    def test_advises_once_per_window_and_table(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        clock = Ticking()
        store = colour.over_memory(ItemSizes(window=60, clock=clock))

        store.perform(LARGE)
        store.perform(GetItem(ORDERS, KEY))
        clock.now = 61.0
        store.perform(ScanPage(ORDERS))

        assert (
            events
            == [
                {
                    "level": "warning",
                    "event": "advice.given",
                    "code": "item_near_limit",
                    "table": "orders",
                    "bytes": item_size(LARGE.item),
                    "limit": ITEM_SIZE_LIMIT,
                }
            ]
            * 2
        )

    def test_reports_what_was_found(self, colour: Colour) -> None:
        """Each time that a large item is put or comes back counts."""
        layer = ItemSizes(clock=Ticking())
        store = colour.over_memory(layer)
        store.perform(LARGE)
        store.perform(BatchGetItems((GetItem(ORDERS, {**KEY, "id": {"S": "o2"}}), GetItem(ORDERS, KEY))))

        assert layer.report() == (LargeItems("orders", 2, item_size(LARGE.item)),)

    def test_is_silent_about_smaller_items(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        """Up to 80 % of the limit is nothing to talk about; the limit and the share can be set."""
        colour.over_memory(ItemSizes()).perform(SMALL)
        assert events == []

        colour.over_memory(ItemSizes(share=0.5)).perform(SMALL)
        colour.over_memory(ItemSizes(limit=15)).perform(PutItem(ORDERS, KEY))

        assert [event["limit"] for event in events] == [ITEM_SIZE_LIMIT, 15]
