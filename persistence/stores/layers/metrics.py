"""Measurements of operations for whatever collects metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from persistence.operation_facts import WRITES
from persistence.stores.layers.facts import actions_in
from persistence.stores.layers.observing import Observer, Performed


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one operation took.

    Attributes:
        operation: its name, such as "QueryPage".
        table: the name of its table; None if it concerns several.
        index: the name of the index that it read, if it read one.
        seconds: how long it took.
        error: the name of the error's class; None if it succeeded.
        items: how many items came back or were counted; of a write, how many actions it has.
        scanned: how many items were read, those that a filter dropped included.
        read_units, write_units: capacity consumed, as far as the store tells it.
    """

    operation: str
    table: str | None
    index: str | None
    seconds: float
    error: str | None = None
    items: int = 0
    scanned: int = 0
    read_units: float = 0.0
    write_units: float = 0.0

    @property
    def outcome(self) -> str:
        """The error's class, or "ok": a label that is never empty."""
        return self.error or "ok"


class Metrics(Observer):
    """A layer that hands a `Measurement` of each operation to a metrics system.

    Args:
        record: takes a measurement; called by any thread.
        clock: gives seconds that only grow.
    """

    def __init__(
        self, record: Callable[[Measurement], object], *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.clock = clock
        self._record = record

    def performed(self, call: Performed) -> None:
        """Hand the measurement on."""
        self._record(measured(call))


def measured(call: Performed) -> Measurement:
    """Measure an operation that is over."""
    amounts = call.amounts
    items = len(actions_in(call.operation)) if type(call.operation) in WRITES else amounts.items
    return Measurement(
        call.name,
        call.table,
        call.index,
        call.seconds,
        call.failure,
        items,
        amounts.scanned,
        amounts.read_units,
        amounts.write_units,
    )
