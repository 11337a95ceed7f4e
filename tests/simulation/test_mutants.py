"""The library broken on purpose: the simulation catches each way of doing so, and says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.checker.findings import Kind
from tests.simulation.mutants import MUTANTS, NEEDS_BAD_LUCK
from tests.simulation.settings import Settings, Workers
from tests.simulation.simulation import run

SEEDS = range(20260102, 20260142)
"""One of these gives a mutant away, mostly the first."""

CASES: list[tuple[str, Workers]] = [
    (name, ("threads", "tasks")[number % 2])
    for number, name in enumerate(sorted(MUTANTS.keys() - {NEEDS_BAD_LUCK}))
]
"""Each mutant with one kind of workers; `make torture` hunts them with both."""


BAD_LUCK = range(20260109, 20260142)
"""One of these gives the mutant away that needs some luck."""


def found_with(kind: Workers, name: str, seeds: range = SEEDS) -> Iterator[frozenset[Kind]]:
    """Run the simulation with one seed after the other, and give what is found each time."""
    for seed in seeds:
        done = run(Settings(kind, "memory", seed, units=50, mutant=name))
        yield frozenset(found.kind for found in done.violations)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_is_caught_within_a_few_hundred_units(name: str, kind: Workers) -> None:
    """What is found is what is typical of the mutant."""
    found = next(kinds for kinds in found_with(kind, name) if kinds)

    assert found & MUTANTS[name].gives_it_away


@pytest.mark.slow
def test_is_caught_where_it_takes_bad_luck() -> None:
    """Versions that repeat are told apart by an id beside them; without it the wrong item is changed."""
    found = next(kinds for kinds in found_with("threads", NEEDS_BAD_LUCK, BAD_LUCK) if kinds)

    assert found & MUTANTS[NEEDS_BAD_LUCK].gives_it_away
