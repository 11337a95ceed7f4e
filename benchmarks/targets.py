"""What is demanded of the library, as data: ratios to the raw client, which makes no objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from benchmarks.harness import Limit, Target
from benchmarks.peers.registry import (
    AIODYNAMO,
    ASYNC,
    ASYNC_MANY,
    BASELINE,
    DEFAULT,
    FAST,
    FAST_TYPED,
    MAPPERS,
    TYPED,
)
from benchmarks.peers.way import Job

_SHAPES = ("simple", "complex", "wide")
_SINGLE = [f"{what} {shape}" for what in ("get", "put", "update") for shape in _SHAPES]

AT_MOST: Mapping[str, Mapping[Job, float]] = {
    DEFAULT: dict.fromkeys(_SINGLE, 0.75)
    | {"query 100 simple": 0.38, "query 100 complex": 0.25}
    | {"query 1000 simple": 0.25, "query 1000 complex": 0.35}
    | {"commit of 10 simple": 0.60, "commit of 25 simple": 0.45, "commit of 100 simple": 0.25}
    | {"commit of 100 complex": 0.12},
    FAST: dict.fromkeys(_SINGLE, 0.30)
    | {"query 100 simple": 0.20, "query 100 complex": 0.20}
    | {"query 1000 simple": 0.18, "query 1000 complex": 0.30}
    | {"commit of 10 simple": 0.30, "commit of 25 simple": 0.22, "commit of 100 simple": 0.15}
    | {"commit of 100 complex": 0.10},
    TYPED: {"query 100 simple": 0.12, "query 100 complex": 0.14}
    | {"query 1000 simple": 0.10, "query 1000 complex": 0.14},
}
"""Way -> job -> ratio to the raw client."""

GETS_PER_SECOND = 6000
"""Of the asynchronous store on one core, 32 at the same time."""

OF_AIODYNAMO = 0.5
"""What queries and commits of the asynchronous store may take of aiodynamo's time."""


def targets_of(job: Job, present: Collection[str]) -> Iterator[Target]:
    """Give the targets of a job, for the ways that take part."""
    yield from (
        Target(way, BASELINE, "at most", bounds[job])
        for way, bounds in AT_MOST.items()
        if way in present and job in bounds
    )
    ours = FAST_TYPED if job.startswith("query") and FAST_TYPED in present else FAST
    if ours in present:
        yield from (Target(peer, ours, "at least", 1) for peer in MAPPERS if peer in present)
    if job.startswith(("query", "commit")) and {ASYNC, AIODYNAMO} <= set(present):
        yield Target(ASYNC, AIODYNAMO, "at most", OF_AIODYNAMO)


def limits_of(job: Job, present: Collection[str]) -> Iterator[Limit]:
    """Give the limits of a job, for the ways that take part."""
    if job == "get simple" and ASYNC_MANY in present:
        yield Limit(ASYNC_MANY, 1 / GETS_PER_SECOND)
