"""What functions on AWS Lambda need, and other programs that start often or are killed at a fixed time.

    from persistence.serverless import lambda_init, optimize_for_cold_start, with_deadline

    optimize_for_cold_start()                      # before the other imports

    from shop.mappings import OrderMapping

    shop = lambda_init(OrderMapping)               # once per process, at module scope
    orders = shop.repository(OrderMapping)

    def handler(event, context):
        with with_deadline(context), shop.uow:
            orders.get(event["id"]).ship()

| module      | what is in it                                                           |
|-------------|-------------------------------------------------------------------------|
| `starting`  | `lambda_init`: one store per process, ready                             |
| `memory`    | `optimize_for_cold_start`, `freeze_heap`, `memory_stats`                |
| `deadline`  | `with_deadline`                                                         |
| `sizing`    | connections and timeouts by the memory of a function                    |
| `snapshots` | what a snapshot must not keep                                           |
| `benchmark` | `benchmark_cold_start`: the phases of a start, measured in a new process |

The names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.serverless.benchmark import ColdStart as ColdStart
    from persistence.serverless.benchmark import Phase as Phase
    from persistence.serverless.benchmark import benchmark_cold_start as benchmark_cold_start
    from persistence.serverless.deadline import with_deadline as with_deadline
    from persistence.serverless.memory import CollectorStats as CollectorStats
    from persistence.serverless.memory import MemoryStats as MemoryStats
    from persistence.serverless.memory import freeze_heap as freeze_heap
    from persistence.serverless.memory import memory_stats as memory_stats
    from persistence.serverless.memory import optimize_for_cold_start as optimize_for_cold_start
    from persistence.serverless.sizing import Sizing as Sizing
    from persistence.serverless.sizing import sizing_for as sizing_for
    from persistence.serverless.starting import Ready as Ready
    from persistence.serverless.starting import lambda_init as lambda_init

_HOMES = {
    "benchmark": ("ColdStart", "Phase", "benchmark_cold_start"),
    "deadline": ("with_deadline",),
    "memory": ("CollectorStats", "MemoryStats", "freeze_heap", "memory_stats", "optimize_for_cold_start"),
    "sizing": ("Sizing", "sizing_for"),
    "starting": ("Ready", "lambda_init"),
}

_HOME_OF = {name: f"{__name__}.{module}" for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  # one list of names, above


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
