"""Calls to a stub of the service: single items, pages and commits, by all contenders, for all shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from benchmarks.harness import Comparison
from benchmarks.peers.floor import FLOOR, Floor
from benchmarks.peers.registry import BASELINE, ways
from benchmarks.peers.way import Job, Way
from benchmarks.sameness import check_equal, differences
from benchmarks.service.models import SHAPES
from benchmarks.service.sent import Sent, taken_from
from benchmarks.service.server import service
from benchmarks.targets import AT_MOST, limits_of, targets_of

_DEMANDED_ROUNDS = 9
_ROUNDS = 5
_QUICK = frozenset(
    {"get simple", "put simple", "query 100 simple", "query 100 complex", "commit of 10 simple"}
    | {"commit of 100 simple"}
)
_OURS = "persistence"


class WrongAnswer(Exception):
    """A contender does not find what is there, so that its time would mean nothing.

    Args:
        way: its name.
        job: what it did.
    """

    def __init__(self, way: str, job: Job) -> None:
        super().__init__(f"{way} does not find what there is: {job}")


def single_items(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare reading, writing and changing one item; some of it only for a quick impression."""
    return _comparisons(["get", "put", "update"], quick)


def pages(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare reading a partition that fits on a page; some of it only for a quick impression."""
    return _comparisons(["query 100", "query 1000"], quick)


def commits(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare transactions, and writes in batches; some of it only for a quick impression."""
    counts = [f"commit of {count}" for count in (1, 10, 25, 100)]
    return _comparisons([*counts, "bulk of 100"], quick)


def over_tls() -> Iterator[Comparison]:
    """Compare our ways with the raw client once more, over TLS."""
    with service(tls=True) as stub, ways(stub.url, stub.certificate) as found:
        for job in ("get simple", "query 100 complex", "commit of 10 simple"):
            for each in comparisons(job, found, stub.url):
                title = f"{job}, over TLS"
                yield replace(each, title=title, targets=(), limits=(), most_rounds=_ROUNDS)


def _comparisons(whats: Sequence[str], quick: bool) -> Iterator[Comparison]:
    jobs = [f"{what} {shape}" for what in whats for shape in SHAPES]
    with service() as stub, ways(stub.url) as found:
        for job in jobs:
            if job in _QUICK or not quick:
                yield from comparisons(job, found, stub.url)


def comparisons(job: Job, found: Sequence[Way], url: str) -> Iterator[Comparison]:
    """Compare the ways that can do a job; one comparison, which is over when the next one is asked for.

    Args:
        job: what they do.
        found: the ways.
        url: of the stub that all of them talk to.

    Raises:
        WrongAnswer: one of them does not find what there is.
        DifferentWork: one of them asks the stub for something else.
    """
    able = [way for way in found if job in way.calls]
    if not able or able[0].name != BASELINE:
        raise ValueError(f"{job} has no baseline")
    sent = {way.name: _checked(way, job, url) for way in able}
    names = [way.name for way in able]
    with closing(Floor(url, sent[BASELINE])) as floor:
        yield Comparison(
            job,
            (*(way.jobs[job] for way in able), floor.contender(able[0].calls[job], _exchanges(job))),
            tuple(targets_of(job, names)),
            _rounds(job),
            tuple(limits_of(job, names)),
            floor=FLOOR,
            marks=marks_of(job, sent),
        )


def _rounds(job: Job) -> int:
    """Give how many rounds there are: fewer where the work is long, or no ratio is demanded."""
    demanded = any(job in bounds for bounds in AT_MOST.values())
    return _DEMANDED_ROUNDS if demanded and "1000" not in job else _ROUNDS


def _exchanges(job: Job) -> int:
    """Give how often the floor has its turn in a round: seldom where the raw client is slow."""
    return 1 if "1000" in job else 5 if "100 " in job else 30


def _checked(way: Way, job: Job, url: str) -> tuple[Sent, ...]:
    """Do a job twice, for only what is sent the second time is no matter of getting ready."""
    check(way.name, job, way.calls[job])
    taken_from(url)
    way.calls[job]()
    return taken_from(url)


def marks_of(job: Job, sent: Mapping[str, Sequence[Sent]]) -> Mapping[str, tuple[str, ...]]:
    """Tell in what contenders differ from the baseline though they do the same work.

    Args:
        job: what they did.
        sent: contender -> what it sent.

    Raises:
        DifferentWork: one of them does other work, or one of ours sends something else than the baseline.
    """
    found = {name: differences(name, job, each, sent[BASELINE]) for name, each in sent.items()}
    for name, each in sent.items():
        if name.startswith(_OURS):
            check_equal(name, job, each, sent[BASELINE])
    return MappingProxyType({name: marks for name, marks in found.items() if marks})


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
