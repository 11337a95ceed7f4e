"""What is measured, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from benchmarks.footprint import Footprint
from benchmarks.harness import Comparison
from benchmarks.suites.codec import compare_codecs
from benchmarks.suites.imports import compare_imports
from benchmarks.suites.memory import compare_stores
from benchmarks.suites.memory_use import measure_memory
from benchmarks.suites.queries import compare_queries
from benchmarks.suites.work import measure_work

SUITES: Mapping[str, Callable[[], Iterator[Comparison] | Iterator[Footprint]]] = MappingProxyType(
    {
        "codec": compare_codecs,
        "memory": compare_stores,
        "work": measure_work,
        "queries": compare_queries,
        "memory_use": measure_memory,
        "imports": compare_imports,
    }
)
"""Each gives its comparisons one by one, ready to be measured before the next one is asked for."""
