"""What is measured, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from benchmarks.footprint import Footprint
from benchmarks.harness import Comparison
from benchmarks.suites.calls import commits, over_tls, pages, single_items
from benchmarks.suites.codec import compare_codecs
from benchmarks.suites.cold import measure_cold_starts
from benchmarks.suites.collector import measure_collector
from benchmarks.suites.imports import compare_imports
from benchmarks.suites.local import compare_on_dynamodb_local
from benchmarks.suites.memory import compare_stores
from benchmarks.suites.memory_use import measure_memory
from benchmarks.suites.overhead import measure_overhead
from benchmarks.suites.queries import compare_queries
from benchmarks.suites.scaling import measure_scaling
from benchmarks.suites.work import measure_work

Suite = Callable[[], Iterator[Comparison] | Iterator[Footprint]]

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        "codec": compare_codecs,
        "collector": measure_collector,  # first: each of its turns collects what others leave
        "single": single_items,
        "pages": pages,
        "commits": commits,
        "tls": over_tls,
        "overhead": measure_overhead,
        "queries": compare_queries,
        "memory_use": measure_memory,
        "imports": compare_imports,
        "cold": measure_cold_starts,
        "scaling": measure_scaling,
        "local": compare_on_dynamodb_local,
        "work": measure_work,
        "memory": compare_stores,  # the last one: clients that are made after moto was loaded ask it first
    }
)
"""Each gives its comparisons one by one, ready to be measured before the next one is asked for."""

QUICK_SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        **{name: SUITES[name] for name in ("codec", "overhead", "queries")},
        "single": partial(single_items, quick=True),
        "pages": partial(pages, quick=True),
        "commits": partial(commits, quick=True),
        **{name: SUITES[name] for name in ("imports", "cold", "work", "memory")},
    }
)
"""Those of a first impression, or as much of them as belongs to one."""
