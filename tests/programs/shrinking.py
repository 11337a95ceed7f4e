"""Making a failing program short: whatever can be left out while it still fails is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.programs.steps import Enter, Program, Step

Fails = Callable[[Program], bool]


def shrunk(program: Program, fails: Fails) -> Program:
    """Give a program that fails too, of which no step can be spared.

    Args:
        program: it fails.
        fails: tells whether a program does.
    """
    while True:
        shorter = next((each for each in _simpler(program.steps) if fails(Program(each))), None)
        if shorter is None:
            return program
        program = Program(shorter)


def _simpler(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Give simpler programs, those that are much simpler first."""
    size = len(steps) // 2
    while size:
        for start in range(len(steps) - size, -1, -max(1, size // 2)):
            yield steps[:start] + steps[start + size :]
        size //= 2
    for number, step in enumerate(steps):
        if isinstance(step, Enter) and step.called:
            yield *steps[:number], replace(step, isolation="default", one_shot=False), *steps[number + 1 :]
