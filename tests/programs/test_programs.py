"""Random programs come to what the model foretells, on every store, synchronously and asynchronously."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from tests.programs.campaign import try_programs
from tests.programs.comparing import Comparison
from tests.programs.examples import EXAMPLES
from tests.programs.library import event_loop
from tests.programs.worlds import local_comparisons, memory_comparisons

PROGRAMS = 240
"""How many are tried on each store; each has up to 50 steps."""

PARTS = 8
"""In so many tests, so that several processes can share them."""


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with event_loop() as made:
        yield made


@pytest.fixture(scope="module")
def memory(loop: asyncio.AbstractEventLoop) -> Mapping[str, Comparison]:
    return memory_comparisons(loop)


@pytest.fixture(scope="module")
def local(loop: asyncio.AbstractEventLoop, dynamodb_local: str) -> Mapping[str, Comparison]:
    return local_comparisons(loop, dynamodb_local, access_key_id="programs")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
class TestRandomPrograms:
    def test_in_memory(self, memory: Mapping[str, Comparison], part: int) -> None:
        """Results, errors, entities, events and items are as foretold; async and conditional writes too."""
        worlds = memory if part % 2 else {name: memory[name] for name in ("memory", "memory, async")}

        try_programs(PROGRAMS // PARTS, part, worlds.values())

    def test_on_dynamodb_local(self, local: Mapping[str, Comparison], part: int) -> None:
        """The same programs come to the same on Amazon's own server; a part of them asynchronously too."""
        worlds = local if part == 0 else {"sync": local["dynamodb-local"]}

        try_programs(PROGRAMS // PARTS, part, worlds.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(memory: Mapping[str, Comparison], name: str) -> None:
    """What once was wrong stays right."""
    for comparison in memory.values():
        comparison.compare(EXAMPLES[name])
