"""A worker that dies at any of its awaits leaves all of its unit or nothing, and says nothing untrue.

`make torture` does the same in every weather.
"""

from __future__ import annotations

import pytest

from tests.simulation.bank.mappings import RECORDS
from tests.simulation.kill_sites import Scenario, killed_everywhere, move, tally

SCENARIOS = (
    Scenario(move, "answer lost", {"commit_record": RECORDS}),
    Scenario(move, "request late"),
    Scenario(tally, "answer lost", {"single_write": "conditional"}),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_death_at_any_await_breaks_no_promise(scenario: Scenario) -> None:
    """Cancelled, out of memory or vanished, at each of some twenty places."""
    tolls = killed_everywhere(scenario)

    assert tolls.problems == []
    assert tolls.deaths > 45
