"""What query analytics found: a row per shape of request, dearest first, and what could be done better."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.advice import Advice
from persistence.stores.layers.shapes import Shape
from persistence.stores.layers.tabular import text_table

WRITE_UNIT_COST = 5
"""What a write unit costs in read units (AWS's on-demand prices, the same ratio in all regions)."""
ENOUGH_ITEMS = 100
"""How many items must have been read before there is advice."""
WASTEFUL = 0.9
"""Which share of what is read a filter must drop before there is advice."""


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """What was counted of the requests of one shape.

    Attributes:
        shape: the shape.
        calls: how often it was performed, failures included.
        errors: how many of these failed.
        scanned: how many items were read, those that a filter dropped included.
        items: how many items came back, or were counted.
        read_units, write_units: capacity consumed, as far as the store tells it.
        p50, p90, p99: seconds within which half, nine in ten and 99 in a hundred were performed.
    """

    shape: Shape
    calls: int = 0
    errors: int = 0
    scanned: int = 0
    items: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0

    @property
    def cost(self) -> float:
        """What it cost altogether, in read units."""
        return self.read_units + WRITE_UNIT_COST * self.write_units

    @property
    def discarded(self) -> float:
        """The share of the items read that a filter dropped, from 0 to 1."""
        return 1 - self.items / self.scanned if self.scanned else 0.0


@dataclass(frozen=True, slots=True)
class AnalyticsReport:
    """What was found about all shapes; `print` shows it as a table.

    Attributes:
        rows: one per shape, dearest first.
    """

    rows: tuple[ShapeRow, ...]

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What could be done better, about the dearest first."""
        return tuple(advice for row in self.rows for advice in _advice_on(row))

    def as_rows(self) -> list[dict[str, object]]:
        """Give one dict per row, column -> plain value, as for a data frame or a CSV file."""
        return [
            {
                "operation": row.shape.operation,
                "table": row.shape.table,
                "index": row.shape.index,
                "calls": row.calls,
                "errors": row.errors,
                "scanned": row.scanned,
                "items": row.items,
                "read_units": row.read_units,
                "write_units": row.write_units,
                "p50_ms": row.p50 * 1000,
                "p90_ms": row.p90 * 1000,
                "p99_ms": row.p99 * 1000,
                "asks": row.shape.asks,
            }
            for row in self.rows
        ]

    def __str__(self) -> str:
        return text_table(self.as_rows())


def _advice_on(row: ShapeRow) -> list[Advice]:
    if row.shape.operation not in ("QueryPage", "ScanPage") or row.scanned < ENOUGH_ITEMS:
        return []
    found = [_on_scan(row), _on_filter(row), _on_consistency(row)]
    return [advice for advice in found if advice is not None]


def _on_scan(row: ShapeRow) -> Advice | None:
    if row.shape.operation != "ScanPage":
        return None
    return Advice(
        "scan",
        f"{row.shape} read {row.scanned} items in {row.calls} requests",
        "give what is asked for often a key or an index",
    )


def _on_filter(row: ShapeRow) -> Advice | None:
    if row.shape.clauses.filter is None or row.discarded < WASTEFUL:
        return None
    return Advice(
        "filter_discards",
        f"{row.shape} read {row.scanned} items, and its filter dropped {row.discarded:.0%} of them",
        "make what the filter compares part of a key, or of an index",
    )


def _on_consistency(row: ShapeRow) -> Advice | None:
    # Not about single items: a unit of work reads what it is going to change, and does so consistently.
    if not row.shape.consistent:
        return None
    return Advice(
        "consistent_not_needed",
        f"{row.shape} read {row.scanned} items strongly consistent, for {row.read_units:g} read units",
        "ask without consistent() where what was written a moment ago may be missing, at half the price",
    )
