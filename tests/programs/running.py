"""Running a program in a world: what it holds, what changes, and what each step comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tests.programs.kinds import WRITERS, Kind
from tests.programs.outcomes import SKIPPED, Held, History, Outcome, Raised, Reason
from tests.programs.steps import (
    Ask,
    Change,
    Copy,
    Edit,
    Enter,
    Event,
    Give,
    Leave,
    Make,
    Patch,
    Program,
    Read,
    ReadMany,
    Record,
    Ref,
    Snapshot,
    Step,
    Tamper,
)
from tests.programs.values import copied

BEGINNING = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
"""The time before the first step; each step comes a minute later."""


class World(Protocol):
    """What programs run in: the library over a store, or the model.

    Results are what a call returned, or `Raised`; entities in them are the objects themselves.
    """

    def set_time(self, now: datetime) -> None:
        """Move the clock."""

    def kind_of(self, value: object) -> Kind | None:
        """Give the kind of an entity, None for all else."""

    def values_of(self, entity: Any) -> Any:
        """Give the values of an entity; they may change with it."""

    def make(self, kind: Kind, key: str) -> Any:
        """Make an entity by hand."""

    def copy(self, entity: Any) -> Any:
        """Copy an entity."""

    def edit(self, entity: Any, change: Change) -> Any:
        """Change an entity, or give a changed copy of a frozen one."""

    def enter(self, step: Enter) -> Any:
        """Enter a scope; nothing is entered where that raises."""

    def leave(self, step: Leave) -> Any:
        """Leave the innermost scope."""

    def ask(self, step: Ask | Record | Snapshot) -> Any:
        """Call the unit of work itself."""

    def read(self, step: Read | ReadMany) -> Any:
        """Read from a repository."""

    def patch(self, step: Patch) -> Any:
        """Change an item that is not read."""

    def give(self, step: Give, entity: Any) -> Any:
        """Give an entity to a repository."""

    def tamper(self, step: Tamper) -> None:
        """Change an item past the library."""

    def handled(self) -> tuple[Event, ...]:
        """Give the events that were handled since this was last asked."""

    def items(self) -> dict[tuple[str, str], Any]:
        """Give all items."""


@dataclass
class Run:
    """One run of a program.

    Attributes:
        world: where it runs.
        held: the entities that the program holds.
    """

    world: World
    held: list[Any] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)
    _values: list[Any] = field(default_factory=list)
    _depth: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRITERS, 0))

    def play(self, program: Program) -> History:
        """Run all steps, and leave the scopes that are open after the last one."""
        steps, outcomes = list(program.steps), [self._outcome(*each) for each in enumerate(program.steps)]
        for writer in WRITERS:
            while self._depth[writer]:
                outcomes.append(self._outcome(len(steps), Leave(writer)))
                steps.append(Leave(writer))
        return History(tuple(steps), tuple(outcomes), self.world.items())

    def _outcome(self, number: int, step: Step) -> Outcome:
        self.world.set_time(BEGINNING + timedelta(minutes=number))
        result = self._plain(self._done(step))
        return Outcome(result, dict(self._moved()), self.world.handled())

    def _done(self, step: Step) -> Any:
        match step:
            case Enter() | Leave():
                return self._scoped(step)
            case Ask() | Record() | Snapshot():
                return self.world.ask(step)
            case Patch():
                return self.world.patch(step)
            case Read() | ReadMany():
                return self.world.read(step)
            case Make(kind, key, changes):
                return self._made(kind, key, changes)
            case Copy(ref):
                return self._with(ref, self.world.copy)
            case Edit(ref, change):
                return self._with(ref, lambda entity: self.world.edit(entity, change))
            case Give():
                return self._with(step.ref, lambda entity: self.world.give(step, entity))
            case Tamper():
                return self.world.tamper(step)

    def _scoped(self, step: Enter | Leave) -> Any:
        if isinstance(step, Leave):
            if not self._depth[step.writer]:
                return SKIPPED
            self._depth[step.writer] -= 1
            return self.world.leave(step)
        result = self.world.enter(step)
        if not isinstance(result, Raised):
            self._depth[step.writer] += 1
        return result

    def _made(self, kind: Kind, key: str, changes: Iterable[Change]) -> Any:
        entity = self.world.make(kind, key)
        for change in changes:
            entity = self.world.edit(entity, change)
        return entity

    def _with(self, ref: Ref, work: Callable[[Any], Any]) -> Any:
        of_kind = [entity for entity in self.held if self.world.kind_of(entity) is ref.kind]
        return work(of_kind[-1 - ref.back]) if ref.back < len(of_kind) else SKIPPED

    def _plain(self, result: Any) -> Any:
        match result:
            case list() | tuple():
                return type(result)(self._plain(each) for each in result)
            case Raised(name, about):
                return Raised(name, self._plain(about))
            case Reason():
                number = self._numbers.get(id(result.entity))
                return replace(result, entity=None if number is None else Held(number))
            case _ if self.world.kind_of(result) is not None:
                return Held(self._number(result))
            case _:
                return result

    def _number(self, entity: Any) -> int:
        if id(entity) not in self._numbers:
            self._numbers[id(entity)] = len(self.held)
            self.held.append(entity)
            self._values.append(None)
        return self._numbers[id(entity)]

    def _moved(self) -> Iterable[tuple[Held, Any]]:
        for number, entity in enumerate(self.held):
            values = self.world.values_of(entity)
            if values != self._values[number]:
                self._values[number] = copied(values)
                yield Held(number), self._values[number]
