"""A unit of the model: its entities, and what the calls of repositories do with them until it commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tests.programs.kinds import Kind
from tests.programs.rules import Detached, Entry, Loaded, Thing
from tests.programs.steps import Event, Patch
from tests.programs.tables import patched_path
from tests.programs.values import EVENTS, VERSION, Unreadable, Values, copied, loaded, stored

Place = tuple[Kind, str]


@dataclass(frozen=True)
class Cause:
    """One reason of a conflict, with the entity itself; see `outcomes.Reason`."""

    name: str
    kind: Kind
    key: str
    thing: Thing | None = None
    expected: Any = None
    found_version: Any = None
    found: Any = None
    by_me: tuple[str, ...] = ()
    by_other: tuple[str, ...] = ()


class Refusal(Exception):
    """An error of the library, as the model foretells it.

    Attributes:
        name: its class.
        about: what it holds, in the terms of `outcomes.Raised`, with `Cause` for each reason.
    """

    def __init__(self, name: str, about: Any = None) -> None:
        super().__init__(name, about)
        self.name, self.about = name, about


def misuse() -> Refusal:
    """Give the error of what is against the rules of units."""
    return Refusal("UnitOfWorkStateError")


@dataclass(eq=False)
class Unit:
    """What one open unit knows.

    Attributes:
        serializable: what was read must still hold when it commits.
        entries: its entities, in the order in which they came.
        absences: places where it looked and found nothing.
        patches: patches that it will make, one per place.
        events: events that were recorded.
        failure: what broke it.
    """

    serializable: bool = False
    entries: dict[Place, Entry] = field(default_factory=dict)
    absences: dict[Place, None] = field(default_factory=dict)
    patches: dict[Place, Patch] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    failure: Refusal | None = None

    def check(self) -> None:
        """Refuse any use of a broken unit."""
        if self.failure is not None:
            raise Refusal("UnitBroken", self.failure.name)

    def clear(self) -> None:
        """Forget everything."""
        for content in (self.entries, self.absences, self.patches, self.events):
            content.clear()

    def track(self, thing: Thing, intent: str, origin: Loaded | Detached | None) -> Entry:
        """Take in an entity."""
        key = thing.values["id"]
        entry = self.entries[thing.kind, key] = Entry(thing.kind, key, thing, intent, origin)
        return entry

    def knows(self, place: Place) -> bool:
        """Tell whether a place need not be read."""
        entry = self.entries.get(place)
        return place in self.absences if entry is None else entry.intent != "expired"

    def known(self, place: Place) -> Thing | None:
        """Give the entity of a place that need not be read."""
        entry = self.entries.get(place)
        return None if entry is None or entry.intent == "remove" else entry.thing

    def take_in(self, place: Place, item: Values | None) -> Thing | None:
        """Take in what was read at a place that the unit did not know."""
        entry = self.entries.get(place)
        if entry is not None:
            refuse_expired_changes(entry)
        if item is None:
            self.lose(place)
        elif entry is None:
            self.load(place[0], item)
        else:
            renew(entry, item)
        return self.known(place)

    def load(self, kind: Kind, item: Values) -> Entry:
        """Take in an entity that was read."""
        thing = read(kind, item)
        return self.track(thing, "watch", Loaded(item, stored(thing.values)))

    def lose(self, place: Place) -> None:
        """Take in that nothing is stored at a place."""
        self.entries.pop(place, None)
        self.absences[place] = None

    def located(self, thing: Thing) -> Entry | None:
        """Give the entry of an entity's key; an entity of the unit must not have moved."""
        own = next((entry for entry in self.entries.values() if entry.thing is thing), None)
        if own is not None and own.moved:
            raise Refusal("KeyChanged", (own.kind.name, own.key))
        return self.entries.get((thing.kind, thing.values["id"]))

    def give(self, call: str, thing: Thing) -> None:
        """Do what a repository's call does: `add`, `update`, `save` or `remove`."""
        entry = self.located(thing)
        if (thing.kind, thing.values["id"]) in self.patches and (call != "update" or entry is None):
            raise misuse()
        _CALLS[call](self, thing, entry)

    def patch(self, patch: Patch) -> None:
        """Plan a patch, together with earlier ones of its item."""
        place = patch.kind, patch.key
        entry = self.entries.get(place)
        if entry is not None and _is_written_whole(entry):
            raise misuse()
        if entry is not None:
            refuse_expired_changes(entry)
        known = self.patches.get(place)
        self.patches[place] = patch if known is None else _joined(known, patch)


def read(kind: Kind, item: Values) -> Thing:
    """Give the entity that an item describes."""
    try:
        return Thing(kind, loaded(kind, item))
    except Unreadable as unreadable:
        raise Refusal("DecodeError", (kind.name, item["id"])) from unreadable


def renew(entry: Entry, item: Values) -> None:
    """Bring an entity up to date with its item; a frozen one is replaced. Events are not stored, and stay."""
    fresh = read(entry.kind, item)
    entry.intent, entry.origin = "watch", Loaded(item, stored(fresh.values))
    if entry.kind.frozen:
        entry.thing = fresh
    else:
        entry.thing.values |= {name: each for name, each in fresh.values.items() if name != EVENTS}


def refuse_expired_changes(entry: Entry) -> None:
    """Refuse what was changed before it was read again: its version is not known, so it can't be checked."""
    if entry.intent == "expired" and entry.changed:
        raise _expired(entry)


def _expired(entry: Entry) -> Refusal:
    return Refusal("StaleEntity", Cause("StaleEntity", entry.kind, entry.key, entry.thing))


def is_clean(entry: Entry) -> bool:
    """Tell whether nothing is to be done with an entity."""
    return entry.intent in ("watch", "expired") and not entry.changed


def _is_written_whole(entry: Entry) -> bool:
    if entry.intent == "watch":
        return isinstance(entry.origin, Detached)
    return entry.intent != "expired"


def _joined(known: Patch, patch: Patch) -> Patch:
    paths = [patched_path(change) for change in known.changes]
    if any(overlap(path, patched_path(change)) for path in paths for change in patch.changes):
        raise Refusal("QueryError")
    versions = {known.version, patch.version} - {None}
    titles = {known.title, patch.title} - {None}
    if len(versions) > 1 or known.upsert != patch.upsert:
        raise Refusal("QueryError")
    title = next(iter(titles)) if len(titles) == 1 else ("never" if titles else None)
    return replace(
        patch,
        changes=(*known.changes, *patch.changes),
        version=next(iter(versions), None),
        title=title,
    )


def overlap(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Tell whether one path is the other or lies within it."""
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def _add(unit: Unit, thing: Thing, entry: Entry | None) -> None:
    if entry is None:
        unit.track(thing, "create", None)
    elif entry.intent == "remove":
        entry.thing, entry.intent = thing, "replace"
    elif entry.thing is not thing:
        found = copied(entry.thing.values)
        raise Refusal("EntityExists", Cause("EntityExists", thing.kind, entry.key, thing, found=found))
    elif entry.intent == "overwrite":
        raise misuse()


def _update(unit: Unit, thing: Thing, entry: Entry | None) -> None:
    if entry is None:
        _track_detached(unit, thing, "watch")
    elif entry.intent in ("remove", "overwrite"):
        raise misuse()
    elif entry.thing is not thing:
        _stand_in(unit, entry, thing)


def _save(unit: Unit, thing: Thing, entry: Entry | None) -> None:
    if entry is None:
        entry = unit.track(thing, "overwrite", None)
    elif not _may_overwrite(entry, thing):
        raise misuse()
    entry.detach(None)
    entry.thing, entry.intent = thing, "overwrite"


def _remove(unit: Unit, thing: Thing, entry: Entry | None) -> None:
    if entry is None:
        _track_detached(unit, thing, "remove")
    elif entry.intent == "overwrite":
        raise misuse()
    elif entry.intent == "expired":
        raise _expired(entry)
    else:
        if entry.intent != "remove" and entry.thing is not thing:
            _stand_in(unit, entry, thing)
        if entry.intent == "create":
            del unit.entries[entry.place]
        else:
            entry.intent = "remove"


_CALLS: Mapping[str, Callable[[Unit, Thing, Entry | None], None]] = MappingProxyType(
    {"add": _add, "update": _update, "save": _save, "remove": _remove}
)


def _track_detached(unit: Unit, thing: Thing, intent: str) -> None:
    if thing.kind.versioned and not thing.kind.shown:
        raise misuse()
    unit.track(thing, intent, Detached(thing.values.get(VERSION)))


def _stand_in(unit: Unit, entry: Entry, thing: Thing) -> None:
    """Let another object stand for an entity; what was loaded counts if the versions agree."""
    frozen = entry.kind.frozen
    if entry.intent == "expired":
        raise _expired(entry)
    if frozen and entry.intent in ("create", "replace"):
        entry.thing = thing
        return
    if entry.intent != "watch" or (entry.changed and not frozen):
        raise misuse()
    if entry.kind.versioned and not entry.kind.shown:
        raise misuse()
    version = thing.values.get(VERSION)
    if entry.thing.values.get(VERSION) != version:
        # A whole write can't stand beside a patch.
        if version in entry.superseded or entry.place in unit.patches:
            raise misuse()
        entry.detach(version)
    entry.thing = thing


def _may_overwrite(entry: Entry, thing: Thing) -> bool:
    if entry.intent in ("overwrite", "expired"):
        return True
    if entry.intent != "watch" or isinstance(entry.origin, Detached):
        return False
    return entry.thing is thing or not entry.changed
