"""What operations cost, as the service bills them.

Source: developer guide, "DynamoDB read and write operations": a read unit is 4 KB read consistently, half of
it eventually; a write unit is 1 KB; transactions cost twice as much.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from persistence.operations import Capacity, ConsumedCapacity, WriteResult

READ_UNIT = 4096
WRITE_UNIT = 1024
TRANSACTION_FACTOR = 2


def read_units(size: int, *, consistent: bool) -> float:
    """Price the reading of some bytes; nothing found costs as much as something small."""
    blocks = 1 if size <= READ_UNIT else -(-size // READ_UNIT)
    return blocks * (1.0 if consistent else 0.5)


def write_units(size: int) -> float:
    """Price the writing of an item: of the larger one of before and after."""
    return 1.0 if size <= WRITE_UNIT else float(-(-size // WRITE_UNIT))


@lru_cache(256)
def read_from(table: str, units: float) -> Capacity:
    """Give the price of a read of one table."""
    return (ConsumedCapacity(table, read_units=units),)


@lru_cache(256)
def written_to(table: str, units: float) -> Capacity:
    """Give the price of a write to one table."""
    return (ConsumedCapacity(table, write_units=units),)


@lru_cache(256)
def written(table: str, units: float) -> WriteResult:
    """Give the answer to a write of one table that is asked for no attributes."""
    return WriteResult(None, written_to(table, units))


def total(parts: Iterable[ConsumedCapacity]) -> Capacity:
    """Sum prices by table, in the order in which tables first appear."""
    parts = tuple(parts)
    if len(parts) == 1:
        return parts
    sums: dict[str, ConsumedCapacity] = {}
    for part in parts:
        before = sums.get(part.table, ConsumedCapacity(part.table))
        sums[part.table] = ConsumedCapacity(
            part.table, before.read_units + part.read_units, before.write_units + part.write_units
        )
    return tuple(sums.values())
