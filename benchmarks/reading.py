"""Reads 100,000 items in several ways, and tells how much memory each took above what was in use before.

    python -m benchmarks.reading {memory,service}

It prints bytes by way, as JSON. Each way is tried in a fork of the process that has the items, so that none
finds what another one left behind.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import boto3

from benchmarks.entries import ENTRIES, EntryMapping, items
from benchmarks.footprint import Bytes
from benchmarks.service.server import service
from benchmarks.shapes import Simple
from persistence import DynamoStore, MemoryStore, Query, Repository, SchemaService, Store, UnitOfWork
from persistence.mapping.schema import mapping_of
from persistence.operations import PutItem

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_STATUS = Path("/proc/self/status")
_FORGET_PEAK = Path("/proc/self/clear_refs")


class Entries(Repository[Simple]):
    """All entries, and ways to read them."""

    mapping = EntryMapping

    def partition(self, count: int = ENTRIES) -> Query[Simple]:
        """Ask for a partition, untracked."""
        return self.query(lambda entry: entry.name == str(count)).untracked()

    def run_through_tracked(self) -> None:
        """Read all of them inside a unit, which has to remember each."""
        with self._uow:
            _run_through(self.query(lambda entry: entry.name == str(ENTRIES)))


def _run_through(results: Iterable[object]) -> None:
    deque(results, maxlen=0)


READINGS: Mapping[str, Callable[[Entries], object]] = MappingProxyType(
    {
        "query": lambda entries: _run_through(entries.partition()),
        "scan": lambda entries: _run_through(entries.scan().untracked()),
        "parallel scan": lambda entries: _run_through(
            entries.scan().untracked().parallel(segments=8, workers=2)
        ),
        "select": lambda entries: _run_through(entries.partition().select(lambda e: (e.id, e.balance))),
        "group_by": lambda entries: entries.partition().group_by(lambda e: e.age).sum(lambda e: e.balance),
        "count": lambda entries: entries.partition().count(),
        "tracked in a unit": Entries.run_through_tracked,
    }
)
"""Ways to read all entries: name -> what does it."""


@contextmanager
def loaded_memory() -> Iterator[Callable[[], Store]]:
    """Give a memory store that holds the entries."""
    store, table = MemoryStore(), mapping_of(EntryMapping).table
    SchemaService(store, [EntryMapping]).ensure_tables()
    for item in items(ENTRIES):
        store.perform(PutItem(table, item))
    yield lambda: store


@contextmanager
def stub_of_service() -> Iterator[Callable[[], Store]]:
    """Give what connects to a stub of the service: each process needs a connection of its own."""
    with service() as stub:
        yield lambda: connected(stub.url)


def connected(url: str) -> DynamoStore:
    """Make a store that talks to a stub."""
    return DynamoStore(client_of(url))


def client_of(url: str) -> DynamoDBClient:
    """Make a plain client that talks to a stub."""
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


STORES = MappingProxyType({"memory": loaded_memory, "service": stub_of_service})


def measured_reading(reading: str, connect: Callable[[], Store]) -> Bytes:
    """Measure one way to read; the imports and the connection that it needs belong to the base."""
    entries = Entries(UnitOfWork(connect()))
    _run_through(entries.partition().limit(1))
    return bytes_above_base(lambda: READINGS[reading](entries))


def bytes_above_base(work: Callable[[], object]) -> Bytes:
    """Do some work, and tell how much more memory the process had at its peak than before."""
    gc.collect()
    if _FORGET_PEAK.exists():
        _FORGET_PEAK.write_text("5")
    base = _peak()
    work()
    return _peak() - base


def _peak() -> Bytes:
    """Give the most memory that was resident since it was last forgotten."""
    if _STATUS.exists():
        # Not `ru_maxrss`, which on Linux begins with that of the process that started this one.
        line = next(each for each in _STATUS.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def in_fork(work: Callable[[], int]) -> int:
    """Do some work in a copy of this process, and give its number.

    Raises:
        RuntimeError: the work failed; the copy has said why.
    """
    source, target = os.pipe()
    process = os.fork()
    if process == 0:
        _answer(target, work)
    os.close(target)
    with os.fdopen(source) as answer:
        said = answer.read()
    os.waitpid(process, 0)
    if not said:
        raise RuntimeError("the work failed in its process")
    return int(said)


def _answer(target: int, work: Callable[[], int]) -> None:
    """Write the number and end, without what the process that was copied would do at its end."""
    try:
        os.write(target, str(work()).encode())
    except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def main(store_name: str) -> None:
    """Measure all ways to read from one store."""
    with STORES[store_name]() as store:
        gc.freeze()  # what is there would be touched by each collection, and so copied in each fork
        used = {name: in_fork(partial(measured_reading, name, store)) for name in READINGS}
    print(json.dumps(used))


if __name__ == "__main__":
    main(*sys.argv[1:])
