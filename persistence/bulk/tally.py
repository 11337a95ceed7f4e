"""What has become of a bulk's writes so far; several threads count at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
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


class Tally:
    """Counts what happens to writes."""

    __slots__ = (
        "_failures",
        "_given",
        "_lock",
        "_removed",
        "_requests",
        "_retries",
        "_superseded",
        "_units",
        "_written",
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: list[BulkFailure] = []
        self._given = self._written = self._removed = self._superseded = self._requests = self._retries = 0
        self._units = 0.0

    @property
    def report(self) -> BulkReport:
        """What is known so far; it stays as it is."""
        with self._lock:
            return BulkReport(
                given=self._given,
                written=self._written,
                removed=self._removed,
                superseded=self._superseded,
                failed=tuple(self._failures),
                requests=self._requests,
                retries=self._retries,
                write_units=self._units,
            )

    @property
    def progress(self) -> BulkProgress:
        """How far it is."""
        with self._lock:
            return BulkProgress(self._written + self._removed, len(self._failures), self._given)

    def give(self) -> None:
        """Count a write that came in."""
        with self._lock:
            self._given += 1

    def supersede(self) -> None:
        """Count a write whose place another one took."""
        with self._lock:
            self._superseded += 1

    def settle(self, writes: Collection[BulkWrite[Any]]) -> None:
        """Count writes that took effect."""
        removals = sum([write.removes for write in writes])
        with self._lock:
            self._removed += removals
            self._written += len(writes) - removals

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
            with self._lock:
                if isinstance(step, Sleep):
                    self._retries += 1
                else:
                    self._requests += 1
            try:
                answer = yield step
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                advance = partial(flow.throw, error)
            else:
                units = sum(used.write_units for used in getattr(answer, "capacity", ()))
                with self._lock:
                    self._units += units
                advance = partial(flow.send, answer)
