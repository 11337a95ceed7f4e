"""The writes of a copy: patient, paced, and never over what is newer."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from persistence.attributes import Item, NormalisedKey, item_size, normalised_key
from persistence.errors import ConditionFailed as Refused
from persistence.errors import InvalidRequest, ItemTooLarge
from persistence.expressions import AttributeNotExists, Compare, Condition, Path, Value
from persistence.flows import Flow
from persistence.operations import (
    Capacity,
    GetItem,
    Operation,
    PutItem,
    UpdateItem,
    WriteResult,
)
from persistence.schema.evolution.items import UnfitItem, key_of
from persistence.schema.pace import Pace
from persistence.schema.patience import patiently, read_together, units_of
from persistence.table import Table
from persistence.timing import Timing

R = TypeVar("R")

_UNIT = 1024
_BATCH = 100


@dataclass(eq=False, slots=True)
class Writer:
    """Sends requests for all segments of a job.

    Attributes:
        pace: how fast it may write.
        timing: time and chance.
        units: the write capacity that was consumed so far.
    """

    pace: Pace
    timing: Timing
    units: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, operation: PutItem | UpdateItem) -> Flow[WriteResult]:
        """Send a write, no faster than the pace allows.

        Raises:
            ConditionFailed: its condition does not hold; an earlier attempt may have made that so.
            UnfitItem: the service refuses the item.
        """
        yield from self.pace.wait()
        try:
            result = yield from self.ask(operation)
        except (InvalidRequest, ItemTooLarge) as refused:
            raise UnfitItem(f"the store refused it: {type(refused).__name__}") from refused
        except Refused:
            self._spent(1.0)  # a refused write is paid for too
            raise
        self._spent(_units(result.capacity, operation))
        return result

    def get(self, table: Table, key: Item) -> Flow[Item | None]:
        """Read an item as it is now."""
        result = yield from self.ask(GetItem(table, key, consistent=True))
        return result.item

    def get_all(self, table: Table, keys: Sequence[Item]) -> Flow[dict[NormalisedKey, Item | None]]:
        """Read items as they are now, by keys of which some may be the same."""
        names = table.key_names()
        wanted = {normalised_key(key, names): GetItem(table, key, consistent=True) for key in keys}
        found = yield from read_together(list(wanted.values()), self.timing, most=_BATCH)
        return {key: found.get(key) for key in wanted}

    def ask(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation that may be repeated; see `patiently`."""
        return patiently(operation, self.timing)

    def found(self, refused: Refused, table: Table, item: Item) -> Flow[Item | None]:
        """Give the item that a write met; not every server tells it."""
        if isinstance(refused.found, Mapping):
            return dict(refused.found)
        return (yield from self.get(table, key_of(table, item)))

    def _spent(self, units: float) -> None:
        with self._lock:
            self.units += units
        self.pace.spent(units)


def _units(capacity: Capacity, operation: PutItem | UpdateItem) -> float:
    item = operation.item if isinstance(operation, PutItem) else operation.key
    return units_of(capacity, float(max(1, math.ceil(item_size(item) / _UNIT))))


def absent_or_older(table: Table, item: Item, version: str | None) -> Condition:
    """Demand that a write meets nothing, or an item of a lower version.

    Args:
        table: the target.
        item: what is written.
        version: the attribute with the version; None where items have none.
    """
    absent = AttributeNotExists(Path.of(table.partition))
    if version is None or "N" not in item.get(version, {}):
        return absent
    return absent | Compare("<", Path.of(version), Value(item[version]))
