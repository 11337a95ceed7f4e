"""Batches of which a part is left undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from persistence.flows import Flow, perform
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    Operation,
)

T = TypeVar("T")


def perform_partly(operation: Operation[Any], undone: Collection[int]) -> Flow[Any]:
    """Perform a batch without some of its parts, and say so in the answer.

    Args:
        operation: a batch of gets or writes.
        undone: positions of the parts that are left out; what is not done here is not sent on.

    Returns:
        The answer to the whole batch.
    """
    match operation:
        case BatchGetItems(gets):
            read = yield from perform(BatchGetItems(_without(gets, undone)))
            return _whole_read(operation, undone, read)
        case BatchWriteItems(writes):
            written = yield from perform(BatchWriteItems(_without(writes, undone)))
            left = tuple(writes[position] for position in sorted(undone))
            return BatchWriteResult((*written.unprocessed, *left), written.capacity)
        case _:
            raise TypeError(f"only a batch can be left partly undone, not {type(operation).__name__}")


def _whole_read(operation: BatchGetItems, undone: Collection[int], read: BatchGetResult) -> BatchGetResult:
    found = iter(read.items)
    items = (None if position in undone else next(found) for position in range(len(operation.gets)))
    left = tuple(operation.gets[position] for position in sorted(undone))
    return BatchGetResult(tuple(items), (*read.unprocessed, *left), read.capacity)


def _without(parts: Sequence[T], undone: Collection[int]) -> tuple[T, ...]:
    return tuple(part for position, part in enumerate(parts) if position not in undone)
