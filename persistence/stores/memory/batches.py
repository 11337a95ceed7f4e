"""Batches: many reads or writes in one request, each on its own."""

from __future__ import annotations

from collections.abc import Sequence

from persistence.attributes import Item
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    ConsumedCapacity,
    DeleteItem,
    GetItem,
    PutItem,
)
from persistence.store import Limits
from persistence.stores.memory.capacity import read_units, total
from persistence.stores.memory.control.tables import Tables
from persistence.stores.memory.reads import check_get, found
from persistence.stores.memory.table import LiveTable, TableKey
from persistence.stores.memory.writes import prepare
from persistence.stores.validation.refused import Refused

_WRITES = (PutItem, DeleteItem)
RESPONSE_BYTES = 16 * 1024 * 1024
PARTITION_BYTES = 1024 * 1024
"""What a batch reads of one partition; a partition key is taken for a partition of its own."""


def read(operation: BatchGetItems, tables: Tables, limits: Limits) -> BatchGetResult:
    """Read many items; what does not fit into the response is left unprocessed.

    Source: API reference, BatchGetItem: 16 MB, and 1 MB per partition.

    Raises:
        Refused: the service would not answer it.
    """
    _check_count("gets", len(operation.gets), limits.batch_gets)
    _check_agreement(operation.gets)
    wanted = [
        (get, table, check_get(get, table)) for get in operation.gets for table in [tables.use(get.table)]
    ]
    _check_distinct(
        [(table.name, key) for _, table, key in wanted], "Provided list of item keys contains duplicates"
    )
    items: list[Item | None] = []
    unprocessed: list[GetItem] = []
    prices: list[ConsumedCapacity] = []
    room = _Room()
    for get, table, key in wanted:
        record = table.records.get(key)
        size = record.size if record is not None else 0
        if not room.holds(size, table, key):
            items.append(None)
            unprocessed.append(get)
            continue
        items.append(found(record, get.projection))
        prices.append(ConsumedCapacity(table.name, read_units=read_units(size, consistent=get.consistent)))
    return BatchGetResult(tuple(items), tuple(unprocessed), total(prices))


class _Room:
    """What is left of the bytes of an answer, and of those of each partition."""

    def __init__(self) -> None:
        self._whole = RESPONSE_BYTES
        self._parts: dict[tuple[str, TableKey], int] = {}

    def holds(self, size: int, table: LiveTable, key: TableKey) -> bool:
        """Tell whether an item fits, and take its bytes away if it does."""
        partition = table.name, table.partition_of(key)
        left = self._parts.get(partition, PARTITION_BYTES) - size
        if left < 0 or self._whole < size:
            return False
        self._parts[partition] = left
        self._whole -= size
        return True


def write(operation: BatchWriteItems, tables: Tables, limits: Limits) -> BatchWriteResult:
    """Do many puts and deletes.

    Raises:
        Refused: the service would not do it.
    """
    writes = operation.writes
    _check_count("writes", len(writes), limits.batch_writes)
    for action in writes:
        asks = action.condition is not None or action.returning != "none" or action.item_on_failure
        if asks or not isinstance(action, _WRITES):
            raise Refused("A batch takes puts and deletes without conditions that return nothing")
    prepared = [prepare(action, tables.use(action.table), limits) for action in writes]
    _check_distinct(
        [(one.table.name, one.key) for one in prepared], "Provided list of item keys contains duplicates"
    )
    prices = [
        ConsumedCapacity(one.table.name, write_units=one.table.replace(one.key, one.record))
        for one in prepared
    ]
    return BatchWriteResult((), total(prices))


def _check_count(what: str, count: int, limit: int) -> None:
    if not 1 <= count <= limit:
        raise Refused(f"A batch takes 1 to {limit} {what}, found {count}")


def _check_agreement(gets: Sequence[GetItem]) -> None:
    agreed: dict[str, GetItem] = {}
    for get in gets:
        first = agreed.setdefault(get.table.name, get)
        if (first.consistent, first.projection) != (get.consistent, get.projection):
            raise Refused(
                f"The gets of one table agree on consistent and projection; those of {get.table.name} do not"
            )


def _check_distinct(keys: Sequence[tuple[str, TableKey]], problem: str) -> None:
    if len(set(keys)) < len(keys):
        raise Refused(problem)
