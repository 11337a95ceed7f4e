"""Holding what a program came to against what was foretold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tests.programs.foretold import ModelWorld
from tests.programs.outcomes import Differs, History, Outcome
from tests.programs.running import Run, World
from tests.programs.shrinking import shrunk
from tests.programs.steps import Program


@dataclass(frozen=True)
class Comparison:
    """A world beside the model.

    Attributes:
        world: makes the world for one program.
        refuses_whole: see `tables.Tables`.
    """

    world: Callable[[], World]
    refuses_whole: bool = False

    def check(self, program: Program) -> None:
        """Run a program in both.

        Raises:
            Differs: they don't agree; it shows the shortest program that could be made of it.
        """
        if self._difference(program) is not None:
            found = self._difference(shrunk(program, lambda shorter: self._difference(shorter) is not None))
            assert found is not None
            raise found

    def compare(self, program: Program) -> None:
        """Run a program in both.

        Raises:
            Differs: they don't agree.
        """
        _compare(_foretold(program, self.refuses_whole), Run(self.world()).play(program))

    def _difference(self, program: Program) -> Differs | None:
        try:
            self.compare(program)
        except Differs as differs:
            return differs
        return None


@lru_cache(maxsize=4)
def _foretold(program: Program, refuses_whole: bool) -> History:
    """Run a program in the model, once for all worlds in which it is tried."""
    return Run(ModelWorld(refuses_whole=refuses_whole)).play(program)


def _compare(foretold: History, came: History) -> None:
    for number, (expected, found) in enumerate(zip(foretold.outcomes, came.outcomes, strict=False)):
        if expected != found:
            raise _differs(foretold.until(number), expected, found)
    if foretold.items != came.items:
        raise Differs(foretold, "stored items", foretold.items, came.items)


def _differs(done: History, expected: Outcome, found: Outcome) -> Differs:
    name = next(name for name in vars(expected) if getattr(expected, name) != getattr(found, name))
    return Differs(done, name, getattr(expected, name), getattr(found, name))
