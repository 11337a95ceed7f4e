"""Memory that reading 100,000 items takes, above what the process had before."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.entries import ENTRIES
from benchmarks.footprint import Bytes, Footprint

MOST: Bytes = 50_000_000

_TITLES = {"memory": "the memory store", "service": "a stub of the service, pages of 1 MB"}
_GROWING = frozenset({"tracked in a unit"})


def measure_memory() -> Iterator[Footprint]:
    """Measure queries and scans, on the memory store and on a stub of the service, both at the same time.

    Memory is not time: who works beside does not matter.
    """
    with ThreadPoolExecutor(len(_TITLES)) as pool:
        for title, used in zip(_TITLES.values(), pool.map(_used, _TITLES), strict=True):
            yield Footprint(f"read {ENTRIES:,} items from {title}", used, MOST, _GROWING)


def _used(store: str) -> dict[str, Bytes]:
    """Measure in a process of its own: what this one did before would be counted as in use."""
    command = [sys.executable, "-m", "benchmarks.reading", store]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    used: dict[str, Bytes] = json.loads(done.stdout)
    return used
