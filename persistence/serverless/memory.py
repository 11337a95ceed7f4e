"""The heap of a process: what its collector does at a start, and how full its memory is."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from persistence.serverless.sizing import function_memory

try:
    import resource
except ImportError:  # there is none on Windows
    resource = None  # type: ignore[assignment]

_MB = 1024 * 1024
_STARTING = (100_000, 50, 1_000)
"""Thresholds of the collector while a process starts: next to nothing that is made then is garbage."""

_USUAL = gc.get_threshold()
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_NO_LIMIT = 1 << 60
"""cgroups write a number of about this size, or a word, where there is no limit."""


@dataclass(frozen=True, slots=True)
class CollectorStats:
    """What the garbage collector looks after.

    Attributes:
        enabled: whether it runs by itself.
        frozen: objects that it does not look at any more, see `freeze_heap`.
        pending: objects made since its last run, by generation.
        runs: how often it ran, by generation.
        collected: objects that it found to be garbage, by generation.
    """

    enabled: bool
    frozen: int
    pending: tuple[int, ...]
    runs: tuple[int, ...]
    collected: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """How full the memory of a process is.

    Attributes:
        used: MB that it holds now; 0 where the system does not tell.
        peak: MB that it held at most.
        limit: MB that it may hold: of the function, else of its container; None if neither is known.
        percent: of the limit, what is used; None without one.
        collector: what the garbage collector does.
    """

    used: float
    peak: float
    limit: float | None
    percent: float | None
    collector: CollectorStats


def optimize_for_cold_start() -> None:
    """Keep the garbage collector from running again and again while a process starts.

    Call it before the other imports. What is imported and compiled stays, so that each run finds nothing;
    without them a start takes about a tenth less processor time. `lambda_init` and `freeze_heap` set the
    usual thresholds again. Where none of them is called the collector still runs, only more rarely.
    """
    gc.set_threshold(*_STARTING)


def freeze_heap() -> int:
    """Collect garbage, and have the collector not look at what is left any more.

    Call it once, when a process has started: mappings compiled, the first answer seen. A web server that
    forks workers calls it before the fork, so that the workers go on sharing those pages of memory, and again
    in none of them. Later pages of entities are decoded up to twice as fast, since full runs of the collector
    don't walk through all that was imported. Don't call it again and again: what is frozen is never found to
    be garbage, unless `gc.unfreeze()` is called.

    Returns:
        How many objects are frozen now.
    """
    if gc.get_threshold() == _STARTING:
        gc.set_threshold(*_USUAL)
    gc.collect()
    gc.freeze()
    return gc.get_freeze_count()


def memory_stats() -> MemoryStats:
    """Tell how full the memory of this process is, and what the garbage collector does."""
    used, limit = _used(), _limit()
    return MemoryStats(
        used=round(used, 1),
        peak=round(max(_peak(), used), 1),
        limit=limit,
        percent=None if limit is None else round(100 * used / limit, 1),
        collector=_collector(),
    )


def _collector() -> CollectorStats:
    runs = gc.get_stats()
    return CollectorStats(
        enabled=gc.isenabled(),
        frozen=gc.get_freeze_count(),
        pending=gc.get_count(),
        runs=tuple(generation["collections"] for generation in runs),
        collected=tuple(generation["collected"] for generation in runs),
    )


def _used() -> float:
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
    return _peak()


def _peak() -> float:
    if resource is None:
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / _MB if sys.platform == "darwin" else most / 1024


def _limit() -> float | None:
    memory = function_memory()
    if memory is not None:
        return float(memory)
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):
            size = int(Path(path).read_text(encoding="ascii"))
            if size < _NO_LIMIT:
                return size / _MB
    return None
