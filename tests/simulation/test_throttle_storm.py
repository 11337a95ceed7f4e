"""30 seconds of total throttling, in simulated time: no busy loop, quick recovery, deadlines kept."""

from __future__ import annotations

import pytest

from persistence.stores.layers import RetryPolicy
from tests.simulation.throttle_storm import simulated_storm


@pytest.mark.parametrize("workers", [1, 8])
def test_a_storm_is_survived(workers: int) -> None:
    """At most 20 requests a second, success within 2 seconds of the end, deadlines within a tenth."""
    storm = simulated_storm(20260102, workers=workers)

    assert storm.broken == (), str(storm)
    assert storm.all_recovered is not None
    assert storm.throttled > 0


def test_without_a_policy_it_would_not_be() -> None:
    """The measure can tell: units of work alone ask too often for so many workers."""
    storm = simulated_storm(20260102, policy=RetryPolicy(budget=None, circuit=None))

    assert storm.broken == ("at most 20 requests in each second",), str(storm)
