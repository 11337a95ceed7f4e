"""What a commit of the model does with each item, in the order in which it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

from tests.programs.kinds import Kind
from tests.programs.rules import (
    Changes,
    Demand,
    Detached,
    Entry,
    Loaded,
    absent,
    both,
    differences,
    everything,
    is_version,
    present,
    unchanged,
    whatever,
)
from tests.programs.steps import Patch
from tests.programs.tables import Action, Effect, delete, patched, patched_path, put, stepped, update, updated
from tests.programs.units import Cause, Place, Refusal, Unit, misuse, overlap, refuse_expired_changes
from tests.programs.values import (
    CREATED,
    DEFAULTS,
    INCARNATION,
    UPDATED,
    VERSION,
    Values,
    invalid,
    roles,
    stored,
)

_marks = count()


def planned(unit: Unit, now: str) -> list[Action]:
    """Give one action for each item that has to be written, then one for each that has to be checked."""
    planner = _Planner(unit, now)
    writes = [*planner.entities(), *planner.patches()]
    return writes + (planner.checks(writes) if unit.serializable and writes else [])


class _Planner:
    """Plans the items of a unit, all at the same time."""

    def __init__(self, unit: Unit, now: str) -> None:
        self._unit = unit
        self._now = now

    def entities(self) -> Iterator[Action]:
        """Plan all entities that have to be written."""
        for entry in self._unit.entries.values():
            action = _PLANS[entry.intent](self, entry)
            if action is not None:
                yield action

    def patches(self) -> Iterator[Action]:
        """Plan the patches of items whose entities have no change of their own."""
        for place, patch in self._unit.patches.items():
            entry = self._unit.entries.get(place)
            if entry is None or entry.intent == "expired" or not entry.changed:
                yield self._patch(patch, entry)

    def checks(self, writes: list[Action]) -> list[Action]:
        """Plan checks of all that was read and is not written."""
        written = {(action.kind, action.key) for action in writes}
        self._refuse_contradictions()
        read = [
            entry for entry in self._unit.entries.values() if _is_read(entry) and entry.place not in written
        ]
        absences = [place for place in self._unit.absences if place not in written]
        return [*map(_check, read), *(Action("check absence of", *place, absent) for place in absences)]

    def _refuse_contradictions(self) -> None:
        entries = (
            entry for place in self._unit.absences if (entry := self._unit.entries.get(place)) is not None
        )
        found = [entry for entry in entries if entry.intent != "expired" and entry.last_read is not None]
        if found:
            raise Refusal(
                "CommitConflict",
                tuple(Cause("StaleEntity", entry.kind, entry.key, entry.thing) for entry in found),
            )

    def create(self, entry: Entry) -> Action:
        """Put a new item."""
        return self._put(entry, "create", absent, 0)

    def replace(self, entry: Entry) -> Action:
        """Put an item in the place of a removed one."""
        return self._put(
            entry, "replace", self._unchanged(entry, everything(entry.kind)), next_version(entry)
        )

    def _put(self, entry: Entry, verb: str, demand: Demand, version: int) -> Action:
        managed = self._new(entry.kind, version)
        item = _encoded(entry, managed)
        expected = None if verb == "create" else expected_version(entry)
        return _action(entry, verb, demand, put(item), shown=_shown(managed), item=item, expected=expected)

    def watch(self, entry: Entry) -> Action | None:
        """Write what changed, or all of an entity from elsewhere."""
        if isinstance(entry.origin, Detached):
            return self._update_detached(entry)
        if entry.moved:
            raise _key_changed(entry)
        return self._update_loaded(entry) if entry.changed else None

    def _update_detached(self, entry: Entry) -> Action:
        managed = self._next(entry)
        item = _encoded(entry, managed)
        return _action(
            entry,
            "update",
            self._unchanged(entry),
            update(entry.key, _all_of(item) + _set(managed)),
            shown=_shown(managed),
            item=item,
            expected=expected_version(entry),
        )

    def _update_loaded(self, entry: Entry) -> Action:
        assert isinstance(entry.origin, Loaded)
        managed = self._next(entry)
        _encoded(entry, managed)
        changes = differences(entry)
        every = changes + _set(managed)
        action = _action(
            entry,
            "update",
            self._unchanged(entry, changes),
            update(entry.key, every),
            shown=_shown(managed),
            item=updated(entry.origin.item, every),
            expected=expected_version(entry),
            changes=tuple(path for path, _ in changes),
        )
        patch = self._unit.patches.get(entry.place)
        return action if patch is None else _together(action, patch)

    def overwrite(self, entry: Entry) -> Action:
        """Write all of an entity whatever is stored."""
        managed = self._new(entry.kind, 0)
        changes = _all_of(_encoded(entry, managed))

        def effect(item: Values | None) -> Values:
            return stepped({"id": entry.key} if item is None else item, changes, managed, first=0)

        expected = self._read_version(entry)
        return _action(entry, "overwrite", self._reads(entry.place), effect, expected=expected)

    def remove(self, entry: Entry) -> Action:
        """Delete an item."""
        demand = self._unchanged(entry, everything(entry.kind))
        return _action(entry, "remove", demand, delete, expected=expected_version(entry))

    def expired(self, entry: Entry) -> None:
        """Do nothing."""
        refuse_expired_changes(entry)

    def _patch(self, patch: Patch, entry: Entry | None) -> Action:
        if entry is not None and entry.intent != "expired":
            _refuse_other_version(patch, entry)
        managed = self._new(patch.kind, 0)
        if not patch.upsert:
            managed = {name: each for name, each in managed.items() if name not in (CREATED, INCARNATION)}

        def effect(item: Values | None) -> Values:
            old = {"id": patch.key} if item is None else item
            after = _initial(patch) | patched(old, patch.changes)
            return stepped(after, [], managed, first=0 if patch.upsert else 1)

        demand = both(_own_demand(patch), self._reads((patch.kind, patch.key)))
        return Action(
            "patch",
            patch.kind,
            patch.key,
            demand,
            effect,
            entry,
            expected=self._read_version(entry) if patch.version is None else patch.version,
            by_caller=_failing(patch, upsert=patch.upsert),
        )

    def _unchanged(self, entry: Entry, changes: Changes | None = None) -> Demand:
        own = unchanged(entry.kind, entry.origin, changes or (), reads=self._unit.serializable)
        return both(own, self._reads(entry.place))

    def _reads(self, place: Place) -> Demand:
        """Demand that what a serializable unit has read of an item is still so."""
        if not self._unit.serializable:
            return whatever
        entry = self._unit.entries.get(place)
        read = None if entry is None else entry.last_read
        still = whatever if read is None else unchanged(place[0], read, reads=True)
        return both(still, absent) if place in self._unit.absences else still

    def _read_version(self, entry: Entry | None) -> Any:
        """Give the version that is demanded because a serializable unit has read it."""
        if entry is None or not self._unit.serializable:
            return None
        return _version_of(entry, entry.last_read)

    def _new(self, kind: Kind, version: int) -> Values:
        mark = f"random {next(_marks)}"
        managed = {VERSION: version, INCARNATION: mark, CREATED: self._now, UPDATED: self._now}
        return {name: managed[name] for name in roles(kind)}

    def _next(self, entry: Entry) -> Values:
        managed = {VERSION: next_version(entry), UPDATED: self._now}
        return {name: managed[name] for name in roles(entry.kind) if name in managed}


_PLANS: Mapping[str, Callable[[_Planner, Entry], Action | None]] = MappingProxyType(
    {
        "create": _Planner.create,
        "replace": _Planner.replace,
        "watch": _Planner.watch,
        "overwrite": _Planner.overwrite,
        "remove": _Planner.remove,
        "expired": _Planner.expired,
    }
)


def _action(entry: Entry, verb: str, demand: Demand, effect: Effect, **more: Any) -> Action:
    return Action(verb, entry.kind, entry.key, demand, effect, entry, **more)


def _is_read(entry: Entry) -> bool:
    return entry.intent == "watch" and isinstance(entry.origin, Loaded)


def _check(entry: Entry) -> Action:
    demand = unchanged(entry.kind, entry.origin, reads=True)
    return Action("check", entry.kind, entry.key, demand, entry=entry, expected=expected_version(entry))


def expected_version(entry: Entry) -> Any:
    """Give the version that a write of an entity demands, None for none."""
    return _version_of(entry, entry.origin)


def _version_of(entry: Entry, origin: Loaded | Detached | None) -> Any:
    match origin:
        case Loaded(item) if entry.kind.versioned:
            version = item.get(VERSION)
            if not isinstance(version, int | None):
                raise Refusal("DecodeError", (entry.kind.name, entry.key))
            return version
        case Detached(version):
            return version
        case _:
            return None


def next_version(entry: Entry) -> int:
    """Give the version after a write; an item without one counts as new."""
    return int(expected_version(entry) or 0) + 1


def _encoded(entry: Entry, managed: Values) -> Values:
    """Give the item of an entity as it will be; one that is invalid or was moved is refused."""
    wrong = invalid(entry.thing.values)
    if wrong:
        raise Refusal("ValidationFailed", (entry.kind.name, entry.thing.values["id"], tuple(wrong)))
    if entry.moved:
        raise _key_changed(entry)
    return stored({**entry.thing.values, **managed})


def _key_changed(entry: Entry) -> Refusal:
    return Refusal("KeyChanged", (entry.kind.name, entry.key))


def _shown(managed: Values) -> Values:
    return {name: each for name, each in managed.items() if name != INCARNATION}


def _set(managed: Values) -> Changes:
    return [((name,), value) for name, value in managed.items()]


def _all_of(item: Values) -> Changes:
    """Set all that the mapping knows, remove what the entity lacks, and leave the rest of the item alone."""
    return [((name,), item.get(name)) for name in DEFAULTS]


def _together(action: Action, patch: Patch) -> Action:
    """Join a change of an entity and a patch of its item."""
    assert action.entry is not None
    _refuse_other_version(patch, action.entry)
    if any(overlap(path, patched_path(change)) for path in action.changes for change in patch.changes):
        raise Refusal("QueryError")
    return Action(
        "update",
        action.kind,
        action.key,
        both(action.demand, _title_demand(patch)),
        lambda item: patched(action.effect(item) or {}, patch.changes),
        action.entry,
        expected=action.expected,
        changes=action.changes,
        by_caller=_failing(patch, upsert=False),
    )


def _refuse_other_version(patch: Patch, entry: Entry) -> None:
    if patch.version is None or not isinstance(entry.origin, Loaded):
        return
    if (expected_version(entry) or 0) != patch.version:
        raise misuse()


def _own_demand(patch: Patch) -> Demand:
    demand: Demand = whatever if patch.upsert else present
    if patch.version is not None:
        versioned = is_version(patch.version)
        demand = both(demand, lambda item: item is not None and versioned(item))
    return both(demand, _title_demand(patch))


def _title_demand(patch: Patch) -> Demand:
    if patch.title is None:
        return whatever
    return lambda item: item is not None and item.get("title") == patch.title


def _failing(patch: Patch, *, upsert: bool) -> Demand:
    """Tell whether it is the caller's own demand that fails: a version and an item are the unit's matter."""

    def failing(item: Values | None) -> bool:
        if patch.title is None or item is None:
            return patch.title is not None and upsert
        versioned = patch.version is None or is_version(patch.version)(item)
        return versioned and item.get("title") != patch.title

    return failing


def _initial(patch: Patch) -> Values:
    """Give what an item gets beside what the patch says, where it has none of that yet."""
    if not patch.upsert:
        return {}
    mentioned = {patched_path(change)[0] for change in patch.changes}
    return {name: each for name, each in stored(dict(DEFAULTS)).items() if name not in mentioned}
