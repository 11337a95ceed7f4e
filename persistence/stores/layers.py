"""Layers: stores that wrap another store and add something to `perform`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from persistence.operations import BatchGetItems, BatchWriteItems, Operation, TransactGet, TransactWrite
from persistence.store import AsyncStore, Limits, Store

R = TypeVar("R")
S = TypeVar("S", bound=Store | AsyncStore)


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


@dataclass(slots=True)
class _Measured:
    """One operation under way; `answer` stays None if there is none."""

    answer: object = None


class MeteringLayer(Generic[S]):
    """What both metering layers share: a store below, and the counting.

    Args:
        store: the store that does the work.
        clock: gives seconds that only grow.
    """

    def __init__(self, store: S, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._totals: dict[str, OperationTotals] = {}

    @property
    def limits(self) -> Limits:
        """The limits of the store below."""
        return self._store.limits

    @property
    def totals(self) -> dict[str, OperationTotals]:
        """Operation name, such as "TransactWrite" -> what was counted so far; a copy that stays as it is."""
        with self._lock:
            return {
                name: replace(counted, errors=dict(counted.errors)) for name, counted in self._totals.items()
            }

    @contextmanager
    def _counting(self, operation: Operation[Any]) -> Iterator[_Measured]:
        measured, begun, failure = _Measured(), self._clock(), None
        try:
            yield measured
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            self._count(operation, self._clock() - begun, measured.answer, failure)

    def _count(self, operation: Operation[Any], seconds: float, answer: object, failure: str | None) -> None:
        with self._lock:
            totals = self._totals.setdefault(type(operation).__name__, OperationTotals())
            totals.calls += 1
            totals.actions += _actions(operation)
            totals.seconds += seconds
            if failure is not None:
                totals.errors[failure] = totals.errors.get(failure, 0) + 1
            for consumed in getattr(answer, "capacity", ()):
                totals.read_units += consumed.read_units
                totals.write_units += consumed.write_units


class Metered(MeteringLayer[Store]):
    """A layer that counts and times operations; safe to share between threads.

    Args:
        store: the store that does the work.
        clock: gives seconds that only grow.
    """

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below and count it; see `Store.perform`."""
        with self._counting(operation) as measured:
            measured.answer = answer = self._store.perform(operation)
        return answer


class AsyncMetered(MeteringLayer[AsyncStore]):
    """The same as `Metered` over an asynchronous store; a cancelled operation counts as `CancelledError`.

    Args:
        store: the store that does the work.
        clock: gives seconds that only grow.
    """

    async def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below and count it; see `AsyncStore.perform`."""
        with self._counting(operation) as measured:
            measured.answer = answer = await self._store.perform(operation)
        return answer


def _actions(operation: Operation[Any]) -> int:
    match operation:
        case TransactWrite(actions):
            return len(actions)
        case TransactGet(gets) | BatchGetItems(gets):
            return len(gets)
        case BatchWriteItems(writes):
            return len(writes)
        case _:
            return 1
