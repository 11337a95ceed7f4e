"""Pages with and without `gc.freeze()`: what the garbage collector makes of a process that holds much."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

from benchmarks.harness import Comparison, Contender, Seconds
from benchmarks.peers.ours import jobs, stores
from benchmarks.peers.registry import DEFAULT, TYPED, environment
from benchmarks.service.models import SHAPES
from benchmarks.service.server import service
from persistence import DynamoStore, UnitOfWork

HELD = 200_000
"""Objects that the process holds beside, as an application does once it has started."""

_ROUNDS = 5


def measure_collector() -> Iterator[Comparison]:
    """Measure pages of 1,000 items."""
    with environment(), service() as stub:
        found = dict(stores(stub.url))
        held = [{"number": [number]} for number in range(HELD // 2)]
        for name in (each for each in (DEFAULT, TYPED) if each in found):
            for shape in SHAPES:
                work = _reading(found[name], shape)
                yield Comparison(
                    f"query 1000 {shape}, {name}",
                    (
                        Contender("as it is", _timed(work, freeze=False)),
                        Contender("after gc.freeze()", _timed(work, freeze=True)),
                    ),
                    most_rounds=_ROUNDS,
                )
        held.clear()


def _reading(store: DynamoStore, shape: str) -> Callable[[], object]:
    return dict(jobs(UnitOfWork(store), SHAPES[shape]))["query 1000"]


def _timed(work: Callable[[], object], *, freeze: bool) -> Callable[[int], Seconds]:
    def seconds(number: int) -> Seconds:
        gc.collect()
        if freeze:
            gc.freeze()
        begun = time.process_time()
        for _ in range(number):
            work()
        taken = time.process_time() - begun
        gc.unfreeze()
        return taken

    return seconds
