"""Calls to a stub of the service: single items, pages and commits, by all contenders, for all shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.harness import Comparison
from benchmarks.peers.registry import BASELINE, ways
from benchmarks.peers.way import Job, Way
from benchmarks.service.models import SHAPES
from benchmarks.service.server import service
from benchmarks.targets import limits_of, targets_of

_ROUNDS = 15
_QUICK = frozenset(
    {"get simple", "put simple", "query 100 simple", "query 100 complex", "commit of 10 simple"}
    | {"commit of 100 simple"}
)


class WrongAnswer(Exception):
    """A contender does not find what is there, so that its time would mean nothing.

    Args:
        way: its name.
        job: what it did.
    """

    def __init__(self, way: str, job: Job) -> None:
        super().__init__(f"{way} does not find what there is: {job}")


def single_items() -> Iterator[Comparison]:
    """Compare reading, writing and changing one item."""
    return _comparisons("get", "put", "update")


def pages() -> Iterator[Comparison]:
    """Compare reading a partition that fits on a page."""
    return _comparisons("query 100", "query 1000")


def commits() -> Iterator[Comparison]:
    """Compare transactions, and writes in batches."""
    return _comparisons("commit of 1", "commit of 10", "commit of 25", "commit of 100", "bulk of 100")


def over_tls() -> Iterator[Comparison]:
    """Compare our ways with the raw client once more, over TLS."""
    with service(tls=True) as stub, ways(stub.url, stub.certificate) as found:
        for job in ("get simple", "query 100 complex", "commit of 10 simple"):
            each = comparison(job, found)
            yield replace(each, title=f"{job}, over TLS", targets=(), limits=(), quick=False)


def _comparisons(*whats: str) -> Iterator[Comparison]:
    with service() as stub, ways(stub.url) as found:
        for what in whats:
            for shape in SHAPES:
                yield comparison(f"{what} {shape}", found)


def comparison(job: Job, found: Sequence[Way]) -> Comparison:
    """Compare the ways that can do a job.

    Raises:
        WrongAnswer: one of them does not find what there is.
    """
    for way in found:
        if job in way.calls:
            check(way.name, job, way.calls[job])
    contenders = tuple(way.jobs[job] for way in found if job in way.jobs)
    names = [each.name for each in contenders]
    if names[0] != BASELINE:
        raise ValueError(f"{job} has no baseline")
    return Comparison(
        job,
        contenders,
        tuple(targets_of(job, names)),
        _ROUNDS,
        tuple(limits_of(job, names)),
        quick=job in _QUICK,
    )


def check(way: str, job: Job, call: Callable[[], Any]) -> None:
    """Do a job once, and look at what it found.

    Raises:
        WrongAnswer: it is not what there is.
    """
    found = call()
    what, _, shape = job.rpartition(" ")
    if what == "get" and _sort_of(found, shape) not in ("c-000000", {"S": "c-000000"}):
        raise WrongAnswer(way, job)
    if what.startswith("query") and len(found) != int(what.split()[1]):
        raise WrongAnswer(way, job)


def _sort_of(found: Any, shape: str) -> object:
    name = SHAPES[shape].sort
    return found[name] if isinstance(found, dict) else getattr(found, name)
