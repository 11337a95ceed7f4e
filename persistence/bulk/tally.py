"""What has become of a bulk's writes so far; several threads count at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from persistence.bulk.writes import BulkWrite
from persistence.errors import BulkFailure, BulkReport, PersistenceError
from persistence.flows import Flow, Sleep, Step

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a bulk has come.

    Attributes:
        done: how many entities were written or removed.
        failed: how many were refused, or given up.
        total_so_far: how many writes the bulk was given.
    """

    done: int
    failed: int
    total_so_far: int


@dataclass(slots=True)
class Tally:
    """Counts what happens to writes."""

    _report: BulkReport = field(default_factory=BulkReport)
    _failures: list[BulkFailure] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def report(self) -> BulkReport:
        """What is known so far; it stays as it is."""
        with self._lock:
            return replace(self._report, failed=tuple(self._failures))

    @property
    def progress(self) -> BulkProgress:
        """How far it is."""
        with self._lock:
            report = self._report
            return BulkProgress(report.written + report.removed, len(self._failures), report.given)

    def give(self) -> None:
        """Count a write that came in."""
        self._add(given=1)

    def supersede(self) -> None:
        """Count a write whose place another one took."""
        self._add(superseded=1)

    def settle(self, writes: Iterable[BulkWrite[Any]]) -> None:
        """Count writes that took effect."""
        removals = [write.removes for write in writes]
        self._add(removed=sum(removals), written=len(removals) - sum(removals))

    def fail(self, writes: Iterable[BulkWrite[Any]], error: PersistenceError) -> None:
        """Note writes that were not done."""
        failures = [write.failure(error) for write in writes]
        with self._lock:
            self._failures.extend(failures)

    def metered(self, flow: Flow[R]) -> Flow[R]:
        """Run a flow, and count its requests, its pauses and what they consume."""
        advance: Callable[[], Step] = partial(next, flow)
        while True:
            try:
                step = advance()
            except StopIteration as stop:
                result: R = stop.value
                return result
            self._add(**({"retries": 1} if isinstance(step, Sleep) else {"requests": 1}))
            try:
                answer = yield step
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                advance = partial(flow.throw, error)
            else:
                self._add(write_units=sum(used.write_units for used in getattr(answer, "capacity", ())))
                advance = partial(flow.send, answer)

    def _add(self, **counts: float) -> None:
        with self._lock:
            known = {name: getattr(self._report, name) + count for name, count in counts.items()}
            self._report = replace(self._report, **known)
