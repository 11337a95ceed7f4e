"""The event types of an outbox: their names in the table, and how their events are stored."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from persistence.errors import DecodeError, MappingError, ValidationFailed
from persistence.expressions import Path
from persistence.mapping.collecting import CollectedAttributes
from persistence.mapping.declaration import Declaration, entity_of
from persistence.mapping.hints import class_of
from persistence.mapping.nodes import Node
from persistence.mapping.plain import tagged_map, untagged
from persistence.mapping.planner import RecordPlans
from persistence.mapping.records import Record, RecordPlan
from persistence.mapping.refusal import Unreadable
from persistence.mapping.scopes import scopes_around

EventSchema = type[Declaration[Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class EventType:
    """One type of events.

    Attributes:
        name: what it is called in the table.
        event_type: the dataclass.
        plan: how its events are stored.
    """

    name: str
    event_type: type[Any]
    plan: RecordPlan

    def payload(self, event: object) -> dict[str, Any]:
        """Give what an event holds as plain data.

        Raises:
            ValidationFailed: values that can't be stored, with the messages of all fields.
        """
        parts = CollectedAttributes()
        item = self.plan.collect(event, parts, validate=True)
        if parts.problems:
            raise ValidationFailed(self.event_type, parts.problems)
        plain: dict[str, Any] = untagged({"M": item}, 0)
        return plain

    def event(self, payload: Mapping[str, Any], event_id: str) -> object:
        """Build the event of a payload.

        Args:
            payload: what `payload` gave, perhaps of another version of the application.
            event_id: names the event in errors.

        Raises:
            DecodeError: it can't be read as such an event.
        """
        try:
            return self.plan.decode(tagged_map(payload))
        except Unreadable as problem:
            where = str(Path(problem.path)) if problem.path else ""
            raise DecodeError(self.event_type, where, problem.expected, problem.found, (event_id,)) from (
                problem.__cause__ or problem
            )


class Catalogue:
    """The event types that an outbox takes: those that it declares, or any dataclass if it declares none.

    Types are looked at when their first event is recorded or read.

    Args:
        owner: name of the outbox mapping, for errors.
        declared: name in the table -> the event's dataclass, or its mapping; or a sequence of these, which
            are called by the names of the dataclasses.

    Raises:
        MappingError: no such declaration, or two types of one name.
    """

    def __init__(self, owner: str, declared: Mapping[str, type] | Sequence[type]) -> None:
        self._owner = owner
        self._declared = {name: _schema_of(kind, owner) for name, kind in _named(owner, declared)}
        self._names: dict[type, str] = {}
        for name, schema in self._declared.items():
            self._names.setdefault(class_of(entity_of(schema)), name)
        self._known: dict[str, EventType] = {}
        self._plans = RecordPlans()
        self._lock = Lock()

    def type_of(self, event: object) -> EventType:
        """Give the type of an event.

        Raises:
            MappingError: the outbox does not take it, or it can't be mapped.
        """
        kind = type(event)
        if not self._declared:
            return self._known_as(_name_of(kind, self._owner), kind)
        name = self._names.get(kind)
        if name is None:
            raise MappingError(
                f"{kind.__name__} is not among the events of {self._owner}, so that a relay could not read "
                f"it; add it: events = (..., {kind.__name__})"
            )
        return self._known_as(name, kind)

    def find(self, name: str) -> EventType | None:
        """Give the type of a name in the table, or None if this application knows no such type.

        Raises:
            MappingError: it can't be mapped.
        """
        if self._declared:
            schema = self._declared.get(name)
            return None if schema is None else self._known_as(name, class_of(entity_of(schema)))
        kind = _loaded(name)
        return None if kind is None else self._known_as(name, kind)

    def _known_as(self, name: str, kind: type) -> EventType:
        known = self._known.get(name)
        if known is None:
            with self._lock:
                known = self._known.setdefault(name, self._planned(name, kind))
        return known

    def _planned(self, name: str, kind: type) -> EventType:
        schema = self._declared.get(name) or _schema_of(kind, self._owner)
        plan = self._plans.plan(schema)
        _plan_nested(plan)
        schema._scopes.clear()  # all hints are resolved
        return EventType(name, kind, plan)


def _named(owner: str, declared: Mapping[str, type] | Sequence[type]) -> Iterator[tuple[str, type]]:
    if isinstance(declared, Mapping):
        for name, kind in declared.items():
            if not isinstance(name, str) or not name:
                raise MappingError(
                    f"{owner}.events takes names and event types: a name is a text, not {name!r}"
                )
            yield name, kind
        return
    if not isinstance(declared, Sequence) or isinstance(declared, str):
        raise MappingError(
            f"{owner}.events takes a tuple of event types, or a dict of names and event types, not "
            f"{type(declared).__name__}"
        )
    seen: dict[str, type] = {}
    for kind in declared:
        name = class_of(entity_of(_schema_of(kind, owner))).__name__
        if seen.setdefault(name, kind) is not kind:
            raise MappingError(
                f"{owner}.events has two types named {name!r}; name them: events = "
                f'{{"{name}": ..., "another-name": ...}}'
            )
        yield name, kind


def _schema_of(kind: object, owner: str) -> EventSchema:
    """Give the mapping of an event type: itself one, or inferred from a dataclass.

    It is made while the outbox is declared, when the functions around can still be asked for names in hints.
    """
    if isinstance(kind, type) and issubclass(kind, Declaration):
        return kind
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        named = kind.__name__ if isinstance(kind, type) else type(kind).__name__
        raise MappingError(
            f"events of {owner} are dataclasses, so that their fields can be stored; {named} is none. "
            "Decorate the class with @dataclass"
        )
    names = {"_entity": kind, "_scopes": scopes_around([kind]), "__module__": kind.__module__}
    return type(f"{kind.__name__}Mapping", (Declaration,), names)


def _name_of(kind: type, owner: str) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    if dataclasses.is_dataclass(kind) and _loaded(name) is not kind:
        raise MappingError(
            f"{kind.__qualname__} could not be found again by that name in module {kind.__module__}; "
            f"declare it: events = ({kind.__name__},) in {owner}"
        )
    return name


def _loaded(name: str) -> type | None:
    """Find a dataclass by module and name, in modules that are loaded already: a stored name loads none."""
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        return None
    return found if f"{found.__module__}:{found.__qualname__}" == name else None


def _plan_nested(plan: RecordPlan) -> None:
    """Plan all nested types, so that whatever can't be mapped is known before an event is taken."""
    seen: set[RecordPlan] = set()
    waiting = [plan]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(record.plan for field in each.fields for record in _records(field.node))


def _records(node: object) -> Iterator[Record]:
    if isinstance(node, Record):
        yield node
    inner = getattr(node, "inner", None)
    for part in inner if isinstance(inner, tuple) else (inner,):
        if isinstance(part, Node):
            yield from _records(part)
