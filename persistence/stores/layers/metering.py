"""Counting and timing operations, by their names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from persistence.store import AsyncStore, Store
from persistence.stores.layers.facts import actions_in
from persistence.stores.layers.layer import AsyncLayeredStore, LayeredStore
from persistence.stores.layers.observing import Observer, Performed


@dataclass(slots=True)
class OperationTotals:
    """What was counted of one type of operation.

    Attributes:
        calls: how often it was performed, failures included.
        actions: items or actions in it, where one call has several.
        errors: error class name -> how often it was raised.
        seconds: time spent.
        read_units, write_units: capacity consumed, as far as the store tells it.
    """

    calls: int = 0
    actions: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0


class Meter(Observer):
    """A layer that counts and times operations.

    Args:
        clock: gives seconds that only grow.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._totals: dict[str, OperationTotals] = {}

    @property
    def totals(self) -> dict[str, OperationTotals]:
        """Operation name, such as "TransactWrite" -> what was counted so far; a copy that stays as it is."""
        with self._lock:
            return {
                name: replace(counted, errors=dict(counted.errors)) for name, counted in self._totals.items()
            }

    def performed(self, call: Performed) -> None:
        """Count an operation."""
        actions, amounts, failure = len(actions_in(call.operation)) or 1, call.amounts, call.failure
        with self._lock:
            totals = self._totals.setdefault(call.name, OperationTotals())
            totals.calls += 1
            totals.actions += actions
            totals.seconds += call.seconds
            totals.read_units += amounts.read_units
            totals.write_units += amounts.write_units
            if failure is not None:
                totals.errors[failure] = totals.errors.get(failure, 0) + 1


class Metered(LayeredStore):
    """A store with a meter around it; safe to share between threads.

    Args:
        store: the store that does the work.
        clock: gives seconds that only grow.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._meter = Meter(clock=clock)
        super().__init__(store, self._meter)

    @property
    def totals(self) -> dict[str, OperationTotals]:
        """Operation name, such as "TransactWrite" -> what was counted so far; a copy that stays as it is."""
        return self._meter.totals


class AsyncMetered(AsyncLayeredStore):
    """The same as `Metered` over an asynchronous store; a cancelled operation counts as `CancelledError`.

    Args:
        store: the store that does the work.
        clock: gives seconds that only grow.
    """

    def __init__(self, store: AsyncStore, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._meter = Meter(clock=clock)
        super().__init__(store, self._meter)

    @property
    def totals(self) -> dict[str, OperationTotals]:
        """Operation name, such as "TransactWrite" -> what was counted so far; a copy that stays as it is."""
        return self._meter.totals
