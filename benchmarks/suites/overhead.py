"""What a unit of work adds to its commit: collecting, diffing, planning and absorbing 25 changed entities."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from itertools import count
from typing import Any

from benchmarks.harness import Comparison, Contender, Seconds, Target
from benchmarks.peers.ours import MAPPINGS, stores
from benchmarks.peers.registry import DEFAULT, environment
from benchmarks.service.models import SHAPES, Shape
from benchmarks.service.server import service
from persistence import DynamoStore, Repository, UnitOfWork
from persistence.operations import Operation, TransactWrite

CHANGED = 25
MOST = 1.25
CALL = "the call alone"
COMMIT = "the commit"


class Recording:
    """A store that notes what it performs.

    Args:
        store: does the work.
    """

    def __init__(self, store: DynamoStore) -> None:
        self._store = store
        self.limits = store.limits
        self.performed: list[Operation[Any]] = []

    def perform(self, operation: Operation[Any]) -> Any:
        """Perform an operation, and note it."""
        self.performed.append(operation)
        return self._store.perform(operation)


def measure_overhead() -> Generator[Comparison, None, None]:
    """Compare commits with their calls."""
    with environment(), service() as stub:
        store = dict(stores(stub.url))[DEFAULT]
        for shape in SHAPES.values():
            yield Comparison(
                f"a commit of {CHANGED} changed entities, {shape.name}",
                (
                    Contender(CALL, _call_of(store, shape), least=4),
                    Contender(COMMIT, _committing(UnitOfWork(store), shape), least=4),
                ),
                (Target(COMMIT, CALL, "at most", MOST),),
            )


def _call_of(store: DynamoStore, shape: Shape) -> Callable[[int], Seconds]:
    recording = Recording(store)
    _committing(UnitOfWork(recording), shape)(1)
    operation = next(each for each in recording.performed if isinstance(each, TransactWrite))

    def seconds(number: int) -> Seconds:
        begun = time.process_time()
        for _ in range(number):
            store.perform(operation)
        return time.process_time() - begun

    return seconds


def _committing(uow: UnitOfWork, shape: Shape) -> Callable[[int], Seconds]:
    """Time leaving the unit only: reading and changing the entities is not counted."""
    repository, numbers = Repository[Any](MAPPINGS[shape.name], uow), count()
    entities = shape.entities(CHANGED)
    keys = [(getattr(each, shape.partition), getattr(each, shape.sort)) for each in entities]
    ((tag, _),) = shape.given.items()

    def once() -> Seconds:
        with uow:
            for each in repository.get_many(keys):
                number = next(numbers)
                setattr(each, shape.changes, number if tag == "N" else str(number))
            begun = time.process_time()
        return time.process_time() - begun

    return lambda number: sum(once() for _ in range(number))
