"""What a unit of work adds to its commit: collecting, diffing, planning and absorbing 25 changed entities.

Both sides read 25 entities in a unit and change one attribute of each, which is not counted. Then either the
unit commits, or the very request that it would send goes through the same store by itself. So the call alone
finds the caches of the processor, and the memory, as the commit does: repeated in a loop of its own it takes
a tenth less, as no call does in a program.

Leaving the unit is shown as well. It commits, and lets go of all that was read, which is part of reading.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any

from benchmarks.harness import Comparison, Contender, Seconds, Target
from benchmarks.peers.ours import MAPPINGS, stores
from benchmarks.peers.registry import DEFAULT, environment
from benchmarks.service.models import SHAPES, Shape
from benchmarks.service.server import service
from persistence import DynamoStore, Repository, UnitOfWork
from persistence.operations import Operation, TransactWrite
from persistence.store import Limits

CHANGED = 25
MOST = 1.25
CALL = "the call alone"
COMMIT = "the commit"
LEAVING = "leaving the unit"

_TOKEN = "0" * 32


class Recording:
    """A store that notes the transactions that it performs.

    Args:
        store: does the work.
    """

    def __init__(self, store: DynamoStore) -> None:
        self._store = store
        self.limits: Limits = store.limits
        self.performed: list[TransactWrite] = []

    def perform(self, operation: Operation[Any]) -> Any:
        """Perform an operation, and note it."""
        if isinstance(operation, TransactWrite):
            self.performed.append(operation)
        return self._store.perform(operation)


def measure_overhead() -> Generator[Comparison, None, None]:
    """Compare commits with their calls."""
    with environment(), service() as stub, _frozen():
        store = dict(stores(stub.url))[DEFAULT]
        for shape in SHAPES.values():
            _check(store, shape)
            changes = _Changes(store, shape)
            yield Comparison(
                f"a commit of {CHANGED} changed entities, {shape.name}",
                (
                    Contender(CALL, _times(changes.call), least=4),
                    Contender(COMMIT, _times(changes.commit), least=4),
                    Contender(LEAVING, _times(changes.leave), least=4),
                ),
                (Target(COMMIT, CALL, "at most", MOST),),
            )


@contextmanager
def _frozen() -> Iterator[None]:
    """Take what is there by now out of the garbage collector's hands."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _times(once: Callable[[], Seconds]) -> Callable[[int], Seconds]:
    return lambda number: sum(once() for _ in range(number))


def _check(store: DynamoStore, shape: Shape) -> None:
    """See to it that the request that is sent alone is the one that a commit sends."""
    recording = Recording(store)
    changes = _Changes(recording, shape)
    changes.call()
    changes.restart()
    changes.commit()
    alone, committed = recording.performed
    if alone.actions != committed.actions or alone.distinct != committed.distinct:
        raise AssertionError(f"{shape.name}: the call alone is not that of the commit")


class _Changes:
    """Reads and changes entities, and times what comes then.

    Args:
        store: where they are.
        shape: of the entities.
    """

    def __init__(self, store: DynamoStore | Recording, shape: Shape) -> None:
        self._store, self._shape = store, shape
        self._uow = UnitOfWork(store)
        self._repository = Repository[Any](MAPPINGS[shape.name], self._uow)
        entities = shape.entities(CHANGED)
        self._keys = [(getattr(each, shape.partition), getattr(each, shape.sort)) for each in entities]
        ((self._tag, _),) = shape.given.items()
        self._chance = Random()
        self.restart()

    def restart(self) -> None:
        """Change to the same values again."""
        self._numbers = count()

    def call(self) -> Seconds:
        """Time the request of the commit, sent by itself."""
        with self._uow as uow:
            ballast = self._change()
            request = TransactWrite(tuple(each.action for each in uow.pending), _TOKEN, distinct=True)
            begun = time.process_time()
            self._store.perform(request)
            taken = time.process_time() - begun
            uow.rollback()
        del ballast
        return taken

    def commit(self) -> Seconds:
        """Time the commit."""
        with self._uow as uow:
            ballast = self._change()
            begun = time.process_time()
            uow.commit()
            taken = time.process_time() - begun
            uow.rollback()
        del ballast
        return taken

    def leave(self) -> Seconds:
        """Time the end of the unit."""
        with self._uow:
            ballast = self._change()
            begun = time.process_time()
        taken = time.process_time() - begun
        del ballast
        return taken

    def _change(self) -> list[list[object]]:
        """Read and change the entities, and take some of the steps to the next run of the collector.

        Reading takes the same number of steps each time, so that a run would always fall into what is timed,
        or never.
        """
        for each in self._repository.get_many(self._keys):
            number = next(self._numbers)
            setattr(each, self._shape.changes, number if self._tag == "N" else str(number))
        return [[] for _ in range(self._chance.randrange(gc.get_threshold()[0]))]
