"""Trying many random programs."""

from __future__ import annotations

from collections.abc import Collection

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.programs.comparing import Comparison
from tests.programs.steps import Program
from tests.programs.strategies import programs


def settings(count: int) -> hypothesis.settings:
    """Give the settings for so many programs.

    Nothing of them is a matter of luck or of this machine. Programs that fail are made shorter by
    `shrinking`, which knows that steps can be left out.
    """
    return hypothesis.settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def try_programs(count: int, seed: int, comparisons: Collection[Comparison]) -> int:
    """Try programs in all worlds.

    Args:
        count: how many.
        seed: the same programs come of the same seed.
        comparisons: the worlds.

    Returns:
        How many steps they had.

    Raises:
        Differs: a program came to something else than the model foretold.
    """
    steps = 0

    @hypothesis.seed(seed)
    @settings(count)
    @hypothesis.given(programs())
    def try_one(program: Program) -> None:
        nonlocal steps
        steps += len(program.steps)
        for comparison in comparisons:
            comparison.check(program)

    try_one()
    return steps
