"""Asking a store again that was busy or away, for a while."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TypeVar

from persistence.attributes import Item, NormalisedKey, normalised_key
from persistence.errors import PersistenceError, Throttled
from persistence.flows import Flow, pause, perform
from persistence.operations import BatchGetItems, Capacity, GetItem, Operation
from persistence.schema.pace import Pace
from persistence.timing import Timing

R = TypeVar("R")

PATIENCE = 60.0
"""Seconds for which one request is repeated; a long job should outlast a short outage."""


def patiently(operation: Operation[R], timing: Timing) -> Flow[R]:
    """Perform an operation that may be repeated, until it is answered or the patience is over.

    Raises:
        PersistenceError: the last one.
    """
    end = timing.monotonic() + PATIENCE
    for attempt in count(1):
        try:
            return (yield from perform(operation))
        except PersistenceError as error:
            wait = timing.backoff(attempt)
            if not error.retryable or timing.monotonic() + wait >= end:
                raise
        yield from pause(wait)
    raise AssertionError("unreachable: attempts are endless")


def read_together(
    gets: Sequence[GetItem], timing: Timing, *, most: int, pace: Pace | None = None
) -> Flow[dict[NormalisedKey, Item]]:
    """Read items of one table in batches, until all are read or the patience with what is left out is over.

    Args:
        gets: what is read, each key once.
        timing: gives the time.
        most: how many items a batch may have.
        pace: how fast it may read; None for no limit.

    Returns:
        The items that there are, by their keys.

    Raises:
        Throttled: the store left out the same keys again and again.
        PersistenceError: it did not answer.
    """
    left, found = tuple(gets), dict[NormalisedKey, Item]()
    attempt, end = 0, timing.monotonic() + PATIENCE
    while left:
        batch = left[:most]
        if pace is not None:
            yield from pace.wait()
        answer = yield from patiently(BatchGetItems(batch), timing)
        names = batch[0].table.key_names()
        found |= {normalised_key(item, names): item for item in answer.items if item is not None}
        if pace is not None:
            pace.spent(units_of(answer.capacity, float(len(batch))))
        left = (*answer.unprocessed, *left[most:])
        if len(answer.unprocessed) < len(batch):
            attempt, end = 0, timing.monotonic() + PATIENCE
        if answer.unprocessed:
            attempt += 1
            wait = timing.backoff(attempt)
            if timing.monotonic() + wait >= end:
                raise Throttled(
                    "keys were left unprocessed again and again",
                    operation="BatchGetItems",
                    table=batch[0].table.name,
                )
            yield from pause(wait)
    return found


def units_of(capacity: Capacity, estimate: float) -> float:
    """Give what a request consumed; the estimate where the server does not tell."""
    if not capacity:
        return estimate
    return sum(each.read_units + each.write_units for each in capacity)
