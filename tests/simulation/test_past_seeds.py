"""Runs that once broke a promise; each must keep it now.

A seed in memory repeats its run exactly. On DynamoDB Local chance has helpers, and a seed is only likely to
meet the same trouble again.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.settings import Settings
from tests.simulation.simulation import run
from tests.simulation.test_simulation import explained


def as_before(settings: Settings) -> Settings:
    """Take away what runs have had only since these seeds were found."""
    return replace(settings, mail=False, kill_probability=0.004, clock_skew=0.0)


IN_MEMORY = (
    # A request was lost, its repetition was refused because a key was taken, and the first one arrived after
    # all and took effect, once the key was free again.
    Settings("threads", "memory", 1025, units=150),
)
"""`python -m tests.simulation` prints the settings of a run that failed."""

ON_DYNAMODB_LOCAL = (Settings("threads", "dynamodb-local", 1025, workers=4, units=20),)


@pytest.mark.parametrize("settings", IN_MEMORY, ids=str)
def test_keeps_its_promises_in_memory(settings: Settings) -> None:
    done = run(as_before(settings))

    assert not done.broken, explained(done)


@pytest.mark.parametrize("settings", ON_DYNAMODB_LOCAL, ids=str)
def test_keeps_its_promises_on_dynamodb_local(settings: Settings, dynamodb_local: str) -> None:
    done = run(as_before(settings), dynamodb_local)

    assert not done.broken, explained(done)
