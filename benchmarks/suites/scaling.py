"""What more workers bring: a scan of 4,000 complex items in eight parts, by one to eight workers.

Times are those on the wall. Threads share one processor core in Python, so they help only as long as they
wait for the service. Processes each decode what they read, and give back how much it was: to send entities
costs more than to make them. They are measured without latency only, for what they bring is processor cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from multiprocessing import get_context
from typing import Any

import boto3

from benchmarks.harness import Comparison, Contender, waiting
from benchmarks.peers.ours import MAPPINGS, stores
from benchmarks.peers.registry import BASELINE, DEFAULT, FAST_TYPED, TYPED, environment
from benchmarks.service.answers import SCANNED
from benchmarks.service.server import service
from persistence import Repository, UnitOfWork

WORKERS = (1, 2, 4, 8)
SEGMENTS = 8

_ROUNDS = 3

ReadPart = Callable[[str, int], int]
"""Reads a part of the table behind a URL, and gives how many items it has."""


def measure_scaling() -> Iterator[Comparison]:
    """Measure threads without and with a latency of the service, then processes."""
    with environment():
        for latency in (0, 5):
            with service(latency_ms=latency) as stub:
                yield from _compared(stub.url, latency)


def _compared(url: str, latency: int) -> Iterator[Comparison]:
    present = dict(stores(url))
    readers: dict[str, ReadPart] = {BASELINE: read_with_client}
    readers |= {
        name: partial(read_with_store, name) for name in (DEFAULT, TYPED, FAST_TYPED) if name in present
    }
    for name, read in readers.items():
        title = f"scan of {SCANNED:,}, {name}, threads, {latency} ms of latency"
        yield from _comparison(title, ThreadPoolExecutor, partial(read, url))
    if latency == 0:
        name = TYPED if TYPED in present else DEFAULT
        title = f"scan of {SCANNED:,}, {name}, processes, {latency} ms of latency"
        yield from _comparison(title, _processes, partial(readers[name], url))


def _processes(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def _comparison(
    title: str, pool: Callable[[int], Executor], read: Callable[[int], int]
) -> Iterator[Comparison]:
    pools = {workers: pool(workers) for workers in WORKERS}
    try:
        yield Comparison(
            title,
            tuple(_scanning(workers, each, read) for workers, each in pools.items()),
            most_rounds=_ROUNDS,
        )
    finally:
        for each in pools.values():
            each.shutdown()


def _scanning(workers: int, pool: Executor, read: Callable[[int], int]) -> Contender:
    def scan() -> None:
        found = sum(pool.map(read, range(SEGMENTS)))
        if found != SCANNED:
            raise AssertionError(f"{found} of {SCANNED} items were read")

    name = f"{workers} workers" if workers > 1 else "1 worker"
    return replace(waiting(name, scan), fixed=1)


@cache
def _client(url: str) -> Any:
    return boto3.session.Session().client("dynamodb", endpoint_url=url)


@cache
def _repository(name: str, url: str) -> Repository[Any]:
    return Repository(MAPPINGS["complex"], UnitOfWork(dict(stores(url))[name]))


def read_with_client(url: str, segment: int) -> int:
    """Read a part with the raw client, which makes no objects."""
    pages = (
        _client(url)
        .get_paginator("scan")
        .paginate(TableName="complex", Segment=segment, TotalSegments=SEGMENTS)
    )
    return sum(len(page["Items"]) for page in pages)


def read_with_store(name: str, url: str, segment: int) -> int:
    """Read a part with one of our stores, as entities that are dropped at once."""
    return sum(1 for _ in _repository(name, url).scan().untracked().segment(segment, of=SEGMENTS))
