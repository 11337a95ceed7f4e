"""Which requests an application makes, how often, and what each kind costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from persistence.stores.layers.analytics_report import AnalyticsReport, ShapeRow
from persistence.stores.layers.latencies import Latencies
from persistence.stores.layers.observing import Observer, Performed
from persistence.stores.layers.shapes import OTHERS, Shape, shape_of


@dataclass(slots=True)
class _Counted:
    calls: int = 0
    errors: int = 0
    scanned: int = 0
    items: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)

    def add(self, call: Performed) -> None:
        amounts = call.amounts
        self.calls += 1
        self.errors += call.error is not None
        self.scanned += amounts.scanned
        self.items += amounts.items
        self.read_units += amounts.read_units
        self.write_units += amounts.write_units
        self.latencies.add(call.seconds)

    def row(self, shape: Shape) -> ShapeRow:
        return ShapeRow(
            shape,
            self.calls,
            self.errors,
            self.scanned,
            self.items,
            self.read_units,
            self.write_units,
            self.latencies.quantile(0.5),
            self.latencies.quantile(0.9),
            self.latencies.quantile(0.99),
        )


class QueryAnalytics(Observer):
    """A layer that counts requests by their shape: all that they ask, without the values.

    Args:
        shapes: how many shapes are told apart at most; what comes later is counted together, as `OTHERS`.
        clock: gives seconds that only grow.
    """

    def __init__(self, *, shapes: int = 200, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._most = shapes
        self._lock = threading.Lock()
        self._counted: dict[Shape, _Counted] = {}

    def performed(self, call: Performed) -> None:
        """Count an operation."""
        shape = shape_of(call.operation)
        with self._lock:
            if shape not in self._counted and len(self._counted) >= self._most:
                shape = OTHERS
            self._counted.setdefault(shape, _Counted()).add(call)

    def report(self) -> AnalyticsReport:
        """Give what was counted so far, dearest first."""
        with self._lock:
            rows = [counted.row(shape) for shape, counted in self._counted.items()]
        rows.sort(key=lambda row: (row.cost, row.scanned, row.calls), reverse=True)
        return AnalyticsReport(tuple(rows))

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._counted.clear()
