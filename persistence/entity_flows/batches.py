"""Reading many items by their keys, in batches, until the service has answered for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Generic, TypeVar

import persistence.operations as operations
from persistence.attributes import Item
from persistence.errors import (
    KeysUnread,
    Throttled,
)
from persistence.flows import Flow, pause, perform, run_together
from persistence.mapping import EntityMapping
from persistence.operations import GetItem
from persistence.tracking import (
    Identity,
    heavier,
    identity_of,
)
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")

BATCH_ATTEMPTS = 10
"""How often a batch is asked for in vain, one time after the other, before the read gives up."""


class Found(dict[Identity, Item | None]):
    """Items by their places; None for what is absent.

    Attributes:
        weight: bytes that any of them has at most; None where the store does not tell.
    """

    weight: int | None = 0


class Batches(Generic[T]):
    """Reads items of one mapping in batches.

    Args:
        mapping: the mapping of the items.
        uow: whose store is read where no unit is open.
    """

    def __init__(self, mapping: EntityMapping[T], uow: UnitOfWorkBase[Any]) -> None:
        self._mapping = mapping
        self._uow = uow

    def read(self, keys: Sequence[Item], unit: Unit[Any] | None, *, consistent: bool = True) -> Flow[Found]:
        """Read items in batches, asking again for what the service left out.

        Args:
            keys: any number; no two are the same.
            unit: the unit that is open, if any: its store is read.
            consistent: whether the reads are strongly consistent.

        Raises:
            KeysUnread: the service left keys unprocessed again and again.
        """
        limits = self._uow.store.limits if unit is None else unit.store.limits
        gets = [GetItem(self._mapping.table, key, consistent=consistent) for key in keys]
        items = Found()
        batches = [self._read_batch(chunk, items) for chunk in _chunks(gets, limits.batch_gets)]
        failures = [failure for failure in (yield from run_together(batches)) if failure is not None]
        if failures:
            unread = [self._mapping.key_values(key) for key in keys if self._identity(key) not in items]
            raise KeysUnread(
                self._mapping.entity_type, unread, len(keys), table=self._mapping.table.name
            ) from failures[0]
        return items

    def _read_batch(self, gets: Sequence[GetItem], items: Found) -> Flow[Throttled | None]:
        """Read one batch until all of it is answered, or nothing is answered any more.

        Returns:
            What was told in place of the last answers; None if all are there.
        """
        wasted = 0
        for attempt in count(1):
            failure, left = yield from self._ask(gets, items)
            if failure is None:
                return None
            wasted = wasted + 1 if len(left) == len(gets) else 0
            if wasted == BATCH_ATTEMPTS:
                return failure
            gets = left
            yield from pause(self._uow.timing.backoff(attempt))
        raise AssertionError("unreachable: the attempts are endless")

    def _ask(self, gets: Sequence[GetItem], items: Found) -> Flow[tuple[Throttled | None, Sequence[GetItem]]]:
        """Ask once for a batch; give what is left of it, and why if anything is."""
        try:
            answer = yield from perform(operations.BatchGetItems(tuple(gets)))
        except Throttled as throttled:
            return throttled, gets
        items.weight = heavier(items.weight, answer.weight)
        left = {self._identity(get.key) for get in answer.unprocessed}
        found = {self._identity(get.key): item for get, item in zip(gets, answer.items, strict=True)}
        items.update((identity, item) for identity, item in found.items() if identity not in left)
        if not answer.unprocessed:
            return None, ()
        return Throttled("keys were left unprocessed", operation="BatchGetItems"), answer.unprocessed

    def _identity(self, key: Item) -> Identity:
        return identity_of(self._mapping, key)


def _chunks(gets: Sequence[GetItem], size: int) -> Iterable[Sequence[GetItem]]:
    return [gets[start : start + size] for start in range(0, len(gets), size)]
