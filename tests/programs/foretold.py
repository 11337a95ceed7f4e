"""The world of the model: what a program should come to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.programs.kinds import Kind
from tests.programs.model import Model, Writer
from tests.programs.outcomes import Raised, Reason
from tests.programs.rules import Thing
from tests.programs.steps import (
    Ask,
    Change,
    Enter,
    Event,
    Give,
    Leave,
    Patch,
    Read,
    ReadMany,
    Record,
    Snapshot,
    Tamper,
)
from tests.programs.tables import Tables
from tests.programs.units import Cause, Refusal
from tests.programs.values import copied, edited, made, masked, tampered


class ModelWorld:
    """Runs programs on plain dicts; see `running.World`.

    Args:
        refuses_whole: see `rules.Tables`.
    """

    def __init__(self, *, refuses_whole: bool = False) -> None:
        self.model = Model(tables=Tables(refuses_whole))

    def set_time(self, now: datetime) -> None:
        """Move the clock."""
        self.model.now = f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"

    def kind_of(self, value: object) -> Kind | None:
        """Give the kind of an entity."""
        return value.kind if isinstance(value, Thing) else None

    def values_of(self, entity: Thing) -> Any:
        """Give the values of an entity."""
        return entity.values

    def make(self, kind: Kind, key: str) -> Thing:
        """Make an entity by hand."""
        return Thing(kind, made(kind, key))

    def copy(self, entity: Thing) -> Thing:
        """Copy an entity."""
        return Thing(entity.kind, copied(entity.values))

    def edit(self, entity: Thing, change: Change) -> Thing:
        """Change an entity, or give a changed copy of a frozen one."""
        values = edited(entity.values, change)
        if entity.kind.frozen:
            return Thing(entity.kind, values)
        entity.values = values
        return entity

    def enter(self, step: Enter) -> Any:
        """Enter a scope."""
        return _foretold(lambda: self._writer(step).enter(step.isolation))

    def leave(self, step: Leave) -> Any:
        """Leave the innermost scope."""
        writer = self._writer(step)
        return _foretold(writer.fail if step.failing else writer.leave)

    def ask(self, step: Ask | Record | Snapshot) -> Any:
        """Call the unit of work itself."""
        writer = self._writer(step)
        match step:
            case Ask(call=call):
                return _foretold(getattr(writer, call))
            case Record(event=event):
                return _foretold(lambda: writer.record(event))
            case Snapshot(places=places):
                return _foretold(lambda: writer.snapshot(places))

    def read(self, step: Read | ReadMany) -> Any:
        """Read from a repository."""
        call = getattr(self._writer(step), step.call)
        return _foretold(lambda: call(step.kind, step.key if isinstance(step, Read) else step.keys))

    def patch(self, step: Patch) -> Any:
        """Change an item that is not read."""
        return _foretold(lambda: self._writer(step).patch(step))

    def give(self, step: Give, entity: Thing) -> Any:
        """Give an entity to a repository."""
        return _foretold(lambda: self._writer(step).give(step.call, entity))

    def tamper(self, step: Tamper) -> None:
        """Change an item past the library."""
        tables = self.model.tables
        item = tables.items.get((step.kind, step.key))
        tables.set(step.kind, step.key, tampered(step.kind, step.key, item, step.change))

    def handled(self) -> tuple[Event, ...]:
        """Give the events that were handled since this was last asked."""
        events = tuple(self.model.handled)
        self.model.handled.clear()
        return events

    def items(self) -> dict[tuple[str, str], Any]:
        """Give all items."""
        return {(kind.name, key): masked(item) for (kind, key), item in self.model.items().items()}

    def _writer(self, step: Any) -> Writer:
        return self.model.writers[step.writer]


def _foretold(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Refusal as refusal:
        return Raised(refusal.name, _about(refusal.about))


def _about(about: Any) -> Any:
    match about:
        case Cause():
            return Reason(
                about.name,
                about.kind.name,
                about.key,
                about.thing,  # type: ignore[arg-type]  # the run puts its number in its place
                about.expected,
                about.found_version,
                about.found,
                about.by_me,
                about.by_other,
            )
        case tuple():
            return tuple(map(_about, about))
        case _:
            return about
