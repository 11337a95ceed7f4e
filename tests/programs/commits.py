"""How the model commits a unit: plan, transact, absorb; and why it is refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.programs.kinds import MOST_ACTIONS, Kind
from tests.programs.plans import planned
from tests.programs.rules import Entry, Loaded, Thing
from tests.programs.steps import Event
from tests.programs.tables import Action, Failure, Tables
from tests.programs.units import Cause, Refusal, Unit
from tests.programs.values import (
    DEFAULTS,
    EVENTS,
    MANAGED,
    VERSION,
    Unreadable,
    Values,
    loaded,
    masked,
    roles,
    stored,
)


def commit(unit: Unit, tables: Tables, now: str) -> list[Event]:
    """Commit a unit; a failure breaks it.

    Returns:
        The events that are to be handled now: those that were recorded, then those that its entities keep.
    """
    unit.check()
    try:
        actions = planned(unit, now)
        _refuse_too_many(actions)
        _transact(tables, actions)
    except Refusal as refusal:
        unit.failure = refusal
        raise
    things = [entry.thing for entry in unit.entries.values()]
    events = [*unit.events, *(event for thing in things for event in thing.values.get(EVENTS, ()))]
    for action in actions:
        _absorb(unit, action)
    for thing in things:
        thing.values.get(EVENTS, []).clear()
    if actions or not unit.serializable:
        # Where nothing was sent nothing was checked, and a serializable unit goes on relying on it.
        unit.absences.clear()
    unit.patches.clear()
    unit.events.clear()
    return events


def _refuse_too_many(actions: list[Action]) -> None:
    if len(actions) > MOST_ACTIONS:
        by_type = Counter(action.kind.name for action in actions)
        raise Refusal("TransactionTooLarge", (len(actions), dict(by_type)))


def _transact(tables: Tables, actions: list[Action]) -> None:
    failures = tables.transact(actions)
    # Of several actions nobody can tell which one did not fit its item.
    if tables.refuses_whole and len(actions) > 1 and any(failure.refused for failure in failures):
        raise Refusal("InvalidRequest")
    if failures:
        raise Refusal("CommitConflict", tuple(map(cause, failures)))


def _absorb(unit: Unit, action: Action) -> None:
    """Bring an entity in line with what is stored now."""
    entry = action.entry
    if entry is None or action.verb == "check":
        return
    entry.read = None
    if action.verb == "remove":
        del unit.entries[entry.place]
    elif action.item is None:
        now = stored(entry.thing.values)
        entry.intent, entry.origin = "expired", Loaded(now, now)
    else:
        complete = action.verb != "update" or (isinstance(entry.origin, Loaded) and entry.origin.complete)
        entry.superseded.append(entry.thing.values.get(VERSION))
        _show(entry, action.shown)
        entry.intent, entry.origin = "watch", Loaded(action.item, stored(entry.thing.values), complete)


def _show(entry: Entry, managed: Values) -> None:
    """Let an entity show its version and times; a frozen one is replaced."""
    if not entry.kind.shown or not managed:
        return
    if entry.kind.frozen:
        entry.thing = Thing(entry.kind, {**entry.thing.values, **managed})
    else:
        entry.thing.values |= managed


def cause(failure: Failure) -> Cause:
    """Say why an action was refused."""
    action = failure.action
    thing = None if action.entry is None else action.entry.thing
    if failure.refused:
        return Cause("ActionRefused", action.kind, action.key, thing)
    found = None if failure.item is None else _told(action.kind, failure.item)
    if action.verb == "create":
        return Cause("EntityExists", action.kind, action.key, thing, found=found)
    if action.by_caller(failure.item):
        return Cause("ConditionFailed", action.kind, action.key, thing, found=found)
    if failure.item is None:
        return Cause("EntityGone", action.kind, action.key, thing)
    return Cause(
        "StaleEntity",
        action.kind,
        action.key,
        thing,
        expected=action.expected,
        found_version=_found_version(action.kind, failure.item),
        found=found,
        by_me=_by_me(action),
        by_other=_by_other(action, failure.item),
    )


def _told(kind: Kind, item: Values) -> Values:
    """Give what is told of a stored item: the entity, or the item if that can't be read."""
    try:
        return loaded(kind, item)
    except Unreadable:
        return masked(item)


def _found_version(kind: Kind, item: Values) -> Any:
    version = item.get(VERSION) if kind.versioned else None
    return version if isinstance(version, int) else None


def _by_me(action: Action) -> tuple[str, ...]:
    if not action.changes or action.entry is None or not isinstance(action.entry.origin, Loaded):
        return ()
    before = loaded(action.kind, action.entry.origin.item)
    return _differing(before, action.entry.thing.values)


def _by_other(action: Action, found: Values) -> tuple[str, ...]:
    if action.entry is None or not isinstance(action.entry.origin, Loaded):
        return ()
    before = action.entry.origin.item
    known = {"id", *DEFAULTS, *roles(action.kind)}
    unknown = {name for name in {*before, *found} - known if before.get(name) != found.get(name)}
    try:
        differing = _differing(loaded(action.kind, before), loaded(action.kind, found))
    except Unreadable:
        differing = ()
    return tuple(sorted((*differing, *unknown)))


def _differing(before: Values, now: Values) -> tuple[str, ...]:
    names = before.keys() - MANAGED - {EVENTS}
    return tuple(sorted(name for name in names if before[name] != now[name]))
