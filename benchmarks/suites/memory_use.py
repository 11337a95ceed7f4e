"""Memory that reading 100,000 items takes, above what the process had before."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.entries import ENTRIES
from benchmarks.footprint import Bytes, Footprint

MOST: Bytes = 50_000_000

_TITLES = {"memory": "the memory store", "service": "a stub of the service, pages of 1 MB"}
_GROWING = frozenset({"tracked in a unit"})


def measure_memory() -> Iterator[Footprint]:
    """Measure queries and scans, on the memory store and on a stub of the service."""
    for store, title in _TITLES.items():
        yield Footprint(f"read {ENTRIES:,} items from {title}", _used(store), MOST, _GROWING)


def _used(store: str) -> dict[str, Bytes]:
    """Measure in a process of its own: what this one did before would be counted as in use."""
    command = [sys.executable, "-m", "benchmarks.reading", store]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    used: dict[str, Bytes] = json.loads(done.stdout)
    return used
