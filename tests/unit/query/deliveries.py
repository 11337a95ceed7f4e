"""A plain entity whose table has an index of every kind, and how its queries are planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Projection
from persistence.expressions import Condition
from persistence.mapping import mapping_of
from persistence.query.access import AccessPath
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.selection import select_names
from persistence.query.wish import Wish

Predicate = Callable[[Any], Any]


@dataclass
class Delivery:
    courier: str
    number: int
    due: date
    town: str
    weight: int = 0
    note: str | None = None
    remark: str = ""


class DeliveryMapping(MappingSchema[Delivery]):
    class Meta:
        table = "deliveries"
        key = Key("courier", "number")
        indexes = (
            GlobalIndex("towns", Key("town"), Projection.keys_only()),
            GlobalIndex("by-town", Key("town", "due"), Projection.include("weight")),
            GlobalIndex("by-weight", Key("weight", "number")),
            GlobalIndex("noted", Key("town", "note")),
            LocalIndex("by-due", sort="due", projection=Projection.keys_only()),
            LocalIndex("by-town-of-courier", sort="town", projection=Projection.include("weight")),
        )


MONDAY = date(2026, 1, 5)
DELIVERIES = mapping_of(DeliveryMapping)


def planned(
    predicate: Predicate | None = None,
    *,
    select: tuple[str, ...] = (),
    hidden: Condition | None = None,
    **more: Any,
) -> AccessPath:
    """Choose the path of a query for deliveries."""
    term = None if predicate is None else record(predicate)
    selection = select_names(DELIVERIES, select) if select else None
    return choose(DELIVERIES, Wish(term, selection=selection, **more), hidden)
