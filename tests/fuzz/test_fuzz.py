"""Inputs that were kept are fed again, and a few new ones; `make fuzz` feeds 100,000 for each target."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzzing import corpus_of, fuzzed
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_break_nothing(name: str) -> None:
    kept = corpus_of(name)

    assert kept, "each target has a corpus"
    for content in kept:
        TARGETS[name](content)


@pytest.mark.parametrize("name", TARGETS)
def test_new_inputs_break_nothing(name: str) -> None:
    run = fuzzed(name, TARGETS[name], 300, seed=1)

    assert run.found == []
    assert len(run.outcomes) > 1, "a target that always ends alike sees nothing"
