"""What is demanded of the library, as data: ratios to the raw client, which makes no objects.

The bounds were set on a machine where the floor, what nobody can do without (to send the bytes and to
receive the answer), is a small share of a call: 57 of 738 us for a get. No client can be quicker than the
floor, so where the kernel is dearer (in a sandbox, on some virtual machines) the same code has higher ratios.
Each bound knows the share that it was set at. These shares were taken on the wall, the stub's answer
included: they are rather too high, so what they forgive is rather too little.
"""

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
    # These are below those of the fast lane, and 0.12 is less than a call of botocore takes by itself.
    FAST_TYPED: {"query 100 simple": 0.12, "query 100 complex": 0.14}
    | {"query 1000 simple": 0.10, "query 1000 complex": 0.14},
}
"""Way -> job -> ratio to the raw client."""

FLOORS: Mapping[str, float] = {
    "get": 57 / 738,
    "put": 36 / 732,
    "update": 57 / 738,
    "query 100 simple": 43 / 1819,
    "query 100": 100 / 8194,
    "query 1000": 382 / 96576,
    "commit of 10 simple": 53 / 1058,
    "commit of 10": 40 / 1910,
    "commit of 25": 55 / 1500,
    "commit of 100 simple": 65 / 3574,
    "commit of 100": 98 / 13422,
}
"""Beginning of a job -> the floor's share of the raw client's time where the bounds were set; the first fits.

Those of updates and of commits of 25 are taken from their neighbours.
"""

GETS_PER_SECOND = 6000
"""Of the asynchronous store on one core, 32 at the same time."""

OF_AIODYNAMO = 0.5
"""What queries and commits of the asynchronous store may take of aiodynamo's time."""


def targets_of(job: Job, present: Collection[str]) -> Iterator[Target]:
    """Give the targets of a job, for the ways that take part."""
    yield from (
        Target(way, BASELINE, "at most", bounds[job], _floor_of(job))
        for way, bounds in AT_MOST.items()
        if way in present and job in bounds
    )
    ours = FAST_TYPED if job.startswith("query") and FAST_TYPED in present else FAST
    if ours in present:
        yield from (Target(peer, ours, "at least", 1) for peer in MAPPERS if peer in present)
    if job.startswith(("query", "commit")) and {ASYNC, AIODYNAMO} <= set(present):
        yield Target(ASYNC, AIODYNAMO, "at most", OF_AIODYNAMO)


def _floor_of(job: Job) -> float | None:
    return next((share for start, share in FLOORS.items() if job.startswith(start)), None)


def limits_of(job: Job, present: Collection[str]) -> Iterator[Limit]:
    """Give the limits of a job, for the ways that take part."""
    if job == "get simple" and ASYNC_MANY in present:
        yield Limit(ASYNC_MANY, 1 / GETS_PER_SECOND)
