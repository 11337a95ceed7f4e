"""What a step of a program comes to, as plain data that can be compared.

An entity is given by the number under which the program holds it: that of the first step which showed this
very object. Times are texts as they are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.programs.steps import Program, Step, script

Plain = Any


@dataclass(frozen=True)
class Held:
    """An entity that the program holds, by its number."""

    number: int

    def __repr__(self) -> str:
        return f"e{self.number}"


@dataclass(frozen=True)
class Raised:
    """An error that a call raised.

    Attributes:
        name: its class.
        about: what it holds: whose it is, and for a conflict all of its reasons.
    """

    name: str
    about: Plain = None

    def __repr__(self) -> str:
        return f"{self.name}{'' if self.about is None else f'({self.about!r})'}"


@dataclass(frozen=True)
class Reason:
    """One reason of a conflict.

    Attributes:
        name: the error's class.
        kind, key: whose it is.
        entity: the entity, if the program holds it.
        expected, found_version: the versions of a stale entity.
        found: what is stored, if that was told: the values of an entity, or an item that describes none.
        by_me, by_other: names of what was changed in a stale entity.
    """

    name: str
    kind: str
    key: str
    entity: Held | None = None
    expected: Plain = None
    found_version: Plain = None
    found: Plain = None
    by_me: tuple[str, ...] = ()
    by_other: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What one step came to.

    Attributes:
        result: what the call returned, or an error.
        moved: the entities whose values are other than before the step, or that are new to the program.
        events: the events that were handled meanwhile.
    """

    result: Plain = None
    moved: Mapping[Held, Plain] = field(default_factory=dict)
    events: tuple[Plain, ...] = ()


SKIPPED = "skipped"
"""The result of a step that can't be done."""


@dataclass(frozen=True)
class History:
    """What a program came to.

    Attributes:
        steps: those of the program, and one for each scope that was left at the end.
        outcomes: one for each step.
        items: what is stored at last: kind and key -> item.
    """

    steps: tuple[Step, ...]
    outcomes: tuple[Outcome, ...]
    items: Mapping[tuple[str, str], Plain]

    def until(self, number: int) -> History:
        """Give it up to a step, the step itself included."""
        return History(self.steps[: number + 1], self.outcomes[: number + 1], {})


class Differs(AssertionError):
    """A program came to something else than the model foretold.

    Attributes:
        done: what was foretold, up to the step after which they differ.
        name: what differs: the result, the entities that moved, the events, or the stored items.
        expected: what was foretold of that.
        found: what it came to.
    """

    def __init__(self, done: History, name: str, expected: Plain, found: Plain) -> None:
        self.done, self.name, self.expected, self.found = done, name, expected, found
        super().__init__(done, name, expected, found)

    def __str__(self) -> str:
        notes = tuple(repr(outcome.result) for outcome in self.done.outcomes[:-1])
        return (
            f"{script(Program(self.done.steps), notes)}\n\n{self.name} after the last step\n"
            f"  foretold: {self.expected!r}\n  came:     {self.found!r}"
        )
