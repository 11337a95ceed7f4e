"""The library broken on purpose: the simulation catches each way of doing so, and says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.checker.findings import Kind
from tests.simulation.mutants import MUTANTS
from tests.simulation.settings import Settings, Workers
from tests.simulation.simulation import run

SEEDS = range(20260102, 20260142)
"""One of these gives a mutant away, mostly the first."""

CASES: list[tuple[str, Workers]] = [
    (name, ("threads", "tasks")[number % 2]) for number, name in enumerate(sorted(MUTANTS))
]
"""Each mutant with one kind of workers; `make torture` hunts them with both."""


def found_with(kind: Workers, name: str) -> Iterator[frozenset[Kind]]:
    """Run the simulation with one seed after the other, and give what is found each time."""
    for seed in SEEDS:
        done = run(Settings(kind, "memory", seed, units=50, mutant=name))
        yield frozenset(found.kind for found in done.violations)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_is_caught_within_a_few_hundred_units(name: str, kind: Workers) -> None:
    """What is found is what is typical of the mutant."""
    found = next(kinds for kinds in found_with(kind, name) if kinds)

    assert found & MUTANTS[name].gives_it_away
