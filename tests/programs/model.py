"""The specification in executable form: programs over plain dicts, without the library.

`values` says what entities and items hold, `rules` what is written of an entity and what that demands,
`tables` how items are stored, `units` what calls do until a commit, `plans` and `commits` what that does.

Where the design is silent, the model takes what the library's own documentation says:

- A commit in the middle of a unit makes it forget which keys it found absent; a serializable one does that
  only if it wrote something, and so checked them.
- A write call refuses an entity of this unit whose key was changed at once, not only when it commits.
- Of an entity that is invalid and was moved besides, a commit names what is invalid, unless the entity was
  loaded: then it names the moved key.
- Another object may stand in for an entity that was loaded and is unchanged (a frozen one: also if it was
  changed or added). It counts as read if it carries the version of the entity that it replaces; if it
  carries another one, that version is demanded. One that this unit has itself moved on from is refused at
  once.
- `save` may take an entity that the unit loaded, changed or not, if it is the same object, and another
  object for an unchanged one. After its commit it has to be read again before it is changed or removed.
- What was given to `save` can't be given to another call before it is committed.
- `refresh` outside a unit gives another object. `save` outside a unit gives the entity as it is stored,
  another object too. `refresh` leaves the events that an entity keeps alone.
- An impossible update (its path leads nowhere) hides the failed conditions beside it, as the service does.
- A version that only the table has is not read with its entity: one that can't be read is found out when the
  entity is written.
- A query of a unit takes in what it finds, but does not bring a saved entity up to date.
- A serializable unit that found a key absent, and an entity under it later, is refused if it writes.
- A patch that failed both its own condition and the version that the unit had loaded tells of its condition.
- A patch with `if_missing()` gives to the item, new or not, the defaults of what it lacks; beside a change of
  the entity, which demands that the item exists, it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.programs.commits import commit
from tests.programs.kinds import MOST_ACTIONS, WRITERS, Kind
from tests.programs.plans import planned
from tests.programs.rules import Loaded, Thing, unchanged
from tests.programs.steps import Event, Patch
from tests.programs.tables import Tables, patched_path
from tests.programs.units import Cause, Place, Refusal, Unit, is_clean, misuse, read, renew
from tests.programs.values import TOO_LONG, Values, made


@dataclass(eq=False)
class Writer:
    """One unit of work object: at most one unit is open, in which scopes are nested.

    Attributes:
        tables: what all writers share.
        clock: gives the present time as it is stored.
        handled: takes what was handled.
        unit: the open unit.
        depth: how many scopes are open.
    """

    tables: Tables
    clock: Callable[[], str]
    handled: list[Event]
    unit: Unit | None = None
    depth: int = 0

    def enter(self, isolation: str) -> None:
        """Open a unit or join the open one, which must be as strict."""
        serializable = isolation == "serializable"
        if self.unit is None:
            self.unit = Unit(serializable)
        else:
            self.unit.check()
            if serializable and not self.unit.serializable:
                raise misuse()
        self.depth += 1

    def leave(self) -> None:
        """Leave a scope normally: the outermost one commits. A broken unit shows its failure again."""
        unit = self._left()
        if unit.failure is not None:
            raise unit.failure
        if self.unit is None:
            self._hand_on(commit(unit, self.tables, self.clock()))

    def fail(self) -> None:
        """Leave a scope with an exception, which passes: the outermost one discards, a joined one breaks."""
        unit = self._left()
        trouble = Refusal("Trouble")
        unit.failure = unit.failure or trouble
        raise trouble

    def _left(self) -> Unit:
        unit = self.unit
        assert unit is not None
        self.depth -= 1
        if not self.depth:
            self.unit = None
        return unit

    def commit(self) -> None:
        """Commit early."""
        self._hand_on(commit(self._opened(), self.tables, self.clock()))

    def rollback(self) -> None:
        """Forget everything."""
        self._opened().clear()

    def pending(self) -> list[tuple[str, str, str]]:
        """Tell what a commit would do; nothing is done by looking."""
        return [(each.verb, each.kind.name, each.key) for each in planned(self._open(), self.clock())]

    def record(self, event: Event) -> None:
        """Note an event until the commit."""
        self._open().events.append(event)

    def _open(self) -> Unit:
        if self.unit is None:
            raise misuse()
        self.unit.check()
        return self.unit

    def _opened(self) -> Unit:
        unit = self._open()
        if self.depth > 1:
            raise misuse()
        return unit

    def _current(self) -> Unit | None:
        if self.unit is not None:
            self.unit.check()
        return self.unit

    def _hand_on(self, events: Iterable[Event]) -> None:
        """Handle events outside any unit; what fails is collected."""
        failures = []
        for event in events:
            self.handled.append(event)
            try:
                self._handle(event)
            except Refusal as refusal:
                failures.append((event, refusal.name))
        if failures:
            raise Refusal("HandlersFailed", tuple(failures))

    def _handle(self, event: Event) -> None:
        match event.what:
            case "fail":
                raise Refusal("Trouble")
            case "ask":
                raise misuse()
            case "save":
                self._at_once("save", Thing(event.kind, made(event.kind, event.key)))
            case "note":
                pass

    def find(self, kind: Kind, key: str) -> Thing | None:
        """Give the entity of the unit, else the stored one."""
        unit, place = self._current(), (kind, key)
        item = self.tables.items.get(place)
        if unit is None:
            return None if item is None else read(kind, item)
        return unit.known(place) if unit.knows(place) else unit.take_in(place, item)

    def get(self, kind: Kind, key: str) -> Thing:
        """Give an entity that must be there."""
        (thing,) = self.get_many(kind, [key])
        return thing

    def find_many(self, kind: Kind, keys: Iterable[str]) -> list[Thing | None]:
        """Give several entities in the order of the keys; one key is one object."""
        keys = list(keys)
        found = {key: self.find(kind, key) for key in dict.fromkeys(keys)}
        return [found[key] for key in keys]

    def get_many(self, kind: Kind, keys: Iterable[str]) -> list[Thing]:
        """Give several entities that must be there."""
        keys = list(keys)
        found = self.find_many(kind, keys)
        missing = [key for key, thing in zip(keys, found, strict=True) if thing is None]
        if missing:
            raise Refusal("EntityNotFound", (kind.name, tuple(dict.fromkeys(missing))))
        return [thing for thing in found if thing is not None]

    def query(self, kind: Kind, key: str) -> list[Thing]:
        """Ask the table for a key: what the unit knows of it wins, but what is not stored is not found."""
        unit = self._current()
        item = self.tables.items.get((kind, key))
        if item is None:
            return []
        if unit is None:
            return [read(kind, item)]
        entry = unit.entries.get((kind, key)) or unit.load(kind, item)
        return [] if entry.intent == "remove" else [entry.thing]

    def snapshot(self, places: Iterable[Place]) -> tuple[Thing | None, ...]:
        """Read several entities at one moment; what the unit knows of them must be of that moment."""
        unit, places = self._current(), list(places)
        wanted = dict.fromkeys(places)
        if len(wanted) > MOST_ACTIONS:
            kinds = [kind.name for kind, _ in wanted]
            raise Refusal("TransactionTooLarge", (len(wanted), {name: kinds.count(name) for name in kinds}))
        found = {place: self._at_the_moment(unit, place) for place in wanted}
        return tuple(found[place] for place in places)

    def _at_the_moment(self, unit: Unit | None, place: Place) -> Thing | None:
        item = self.tables.items.get(place)
        if unit is None:
            return None if item is None else read(place[0], item)
        entry = unit.entries.get(place)
        if entry is None and place in unit.absences and item is not None:
            raise _outdated(place)
        if entry is None or entry.intent == "expired":
            return unit.take_in(place, item)
        if isinstance(entry.origin, Loaded) and not unchanged(entry.kind, entry.origin, reads=True)(item):
            raise _outdated(place)
        return unit.known(place)

    def refresh(self, thing: Thing) -> Thing:
        """Read an entity of the unit again that has no changes; outside, read another one."""
        unit = self._current()
        if unit is None:
            return self.get(thing.kind, thing.values["id"])
        entry = unit.located(thing)
        if entry is None or entry.thing is not thing or not is_clean(entry):
            raise misuse()
        item = self.tables.items.get(entry.place)
        if item is None:
            unit.lose(entry.place)
            raise Refusal("EntityNotFound", (entry.kind.name, (entry.key,)))
        renew(entry, item)
        return entry.thing

    def give(self, call: str, thing: Thing) -> Thing | None:
        """Give an entity to a repository; outside a unit that is a unit of its own."""
        if call == "refresh":
            return self.refresh(thing)
        unit = self._current()
        if unit is None:
            return self._at_once(call, thing)
        unit.give(call, thing)
        return None if call == "remove" else thing

    def _at_once(self, call: str, thing: Thing) -> Thing | None:
        unit = Unit()
        unit.give(call, thing)
        (entry,) = unit.entries.values()
        self._commit_at_once(unit)
        if call == "save":
            return self._stored(thing.kind, thing.values["id"])
        return None if call == "remove" else entry.thing

    def _commit_at_once(self, unit: Unit) -> None:
        try:
            events = commit(unit, self.tables, self.clock())
        except Refusal as refusal:
            if refusal.name != "CommitConflict":
                raise
            (reason,) = refusal.about
            raise Refusal(reason.name, reason) from refusal
        self._hand_on(events)

    def _stored(self, kind: Kind, key: str) -> Thing | None:
        item = self.tables.items.get((kind, key))
        return None if item is None else read(kind, item)

    def patch(self, patch: Patch) -> None:
        """Change an item that is not read."""
        unit = self._current()
        _refuse_nonsense(patch)
        if unit is not None:
            unit.patch(patch)
            return
        unit = Unit()
        unit.patch(patch)
        self._commit_at_once(unit)


def _outdated(place: Place) -> Refusal:
    return Refusal("StaleEntity", Cause("StaleEntity", *place))


def _refuse_nonsense(patch: Patch) -> None:
    """Refuse what can't be asked of any item."""
    inside = any(len(patched_path(change)) > 1 for change in patch.changes)
    if patch.version is not None and (patch.upsert or not patch.kind.versioned):
        raise Refusal("QueryError")
    if patch.upsert and inside:
        raise Refusal("QueryError")
    if any(change.value == TOO_LONG for change in patch.changes):
        raise Refusal("ValidationFailed", (patch.kind.name, patch.key, ("title",)))


@dataclass(eq=False)
class Model:
    """Tables and their writers.

    Attributes:
        now: the present time as it is stored; whoever runs a program moves it.
        tables: the items.
        handled: the events that were handled.
        writers: by their names.
    """

    now: str = ""
    tables: Tables = field(default_factory=Tables)
    handled: list[Event] = field(default_factory=list)
    writers: dict[str, Writer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in WRITERS:
            self.writers[name] = Writer(self.tables, lambda: self.now, self.handled)

    def items(self) -> dict[Place, Values]:
        """Give all items."""
        return self.tables.items
