"""Random programs: not too many kinds and keys at once, so that what they do meets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.programs.kinds import KEYS, KINDS, WRITERS, Kind
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
from tests.programs.values import EDITS, PATCHES, TAMPERINGS

STEPS = 50
"""How long a program gets at most."""

MOST_KINDS = 3

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def programs(draw: Draw, steps: int = STEPS) -> Program:
    """Give programs of so many steps; those of a failure are shrunk to fewer."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=MOST_KINDS, unique=True))
    writing = _Writing(draw, tuple(kinds))
    writing.begin()
    # A fixed number of slots, since hypothesis prefers short lists; what a failure does not need shrinks to
    # nothing.
    for _ in range(steps):
        if len(writing.steps) < steps:
            writing.write()
    return Program(tuple(writing.steps[:steps]))


def _weighted(weights: dict[T, int]) -> st.SearchStrategy[T]:
    return st.sampled_from([choice for choice, weight in weights.items() for _ in range(weight)])


_BACK = _weighted({0: 5, 1: 2, 2: 1, 3: 1})
_KEY = _weighted({"a": 3, "b": 2, "c": 1})
_WRITER = _weighted({WRITERS[0]: 4, WRITERS[1]: 1})
_EDIT = st.sampled_from(EDITS)
_TAMPERING = st.sampled_from(TAMPERINGS)
_FIRST = _weighted({None: 1, "new": 3, "old": 1})
_READ = _weighted({"get": 3, "find": 2, "query": 1})
_READ_MANY = st.sampled_from(("find_many", "get_many"))
_GIVE = _weighted({"update": 4, "add": 3, "save": 3, "remove": 3, "refresh": 2})
_ASK = _weighted({"commit": 4, "pending": 2, "rollback": 1})
_EVENT = _weighted({"note": 4, "fail": 1, "save": 1, "ask": 1})
_ISOLATION = _weighted({"default": 2, "serializable": 1})
_PATCH = st.sampled_from(PATCHES)
_PATCHED_IF = _weighted({"always": 6, "missing": 3, "version": 3, "title": 2, "title if there": 1})
_KEY_LIST = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4).map(tuple)

_OUTSIDE = {
    "nothing": 1,
    "enter": 9,
    "read": 3,
    "edit": 3,
    "give": 5,
    "make": 3,
    "meddle": 3,
    "change": 3,
    "event": 1,
    "patch": 2,
}
_INSIDE = {
    "nothing": 1,
    "read": 6,
    "edit": 8,
    "give": 7,
    "make": 4,
    "meddle": 4,
    "change": 6,
    "ask": 4,
    "event": 2,
    "patch": 3,
    "enter": 1,
    "leave": 4,
}
_DEEP_INSIDE = {**_INSIDE, "leave": 12}
_CHOICES = [_weighted(weights) for weights in (_OUTSIDE, _INSIDE, _DEEP_INSIDE)]
_LEAVE = _weighted({False: 5, True: 1})


@dataclass
class _Writing:
    """A program that is being written: each turn adds a step, or a few that belong together."""

    draw: Draw
    kinds: Sequence[Kind]
    steps: list[Step] = field(default_factory=list)
    depth: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRITERS, 0))

    def begin(self) -> None:
        """Let there be items, some of an older version of the application."""
        for kind in self.kinds:
            for key in KEYS:
                variant = self.draw(_FIRST)
                if variant is not None:
                    self.steps.append(Tamper(kind, key, Change("put", variant)))

    def write(self) -> None:
        """Add what one turn gives."""
        writer = self.draw(_WRITER)
        choice = self.draw(_CHOICES[min(2, self.depth[writer])])
        if choice != "nothing":
            getattr(self, f"_{choice}")(writer)

    def _enter(self, writer: str) -> None:
        self.depth[writer] += 1
        self.steps.append(Enter(writer, self.draw(_ISOLATION), self.draw(st.booleans())))

    def _leave(self, writer: str) -> None:
        self.depth[writer] -= 1
        self.steps.append(Leave(writer, self.draw(_LEAVE)))

    def _ask(self, writer: str) -> None:
        self.steps.append(Ask(writer, self.draw(_ASK)))

    def _read(self, writer: str) -> None:
        kind = self._kind()
        match self.draw(_weighted({"one": 4, "many": 1, "snapshot": 1})):
            case "one":
                self.steps.append(Read(writer, kind, self.draw(_READ), self.draw(_KEY)))
            case "many":
                self.steps.append(ReadMany(writer, kind, self.draw(_READ_MANY), self.draw(_KEY_LIST)))
            case _:
                places = st.tuples(st.sampled_from(self.kinds), _KEY)
                self.steps.append(
                    Snapshot(writer, tuple(self.draw(st.lists(places, min_size=1, max_size=4))))
                )

    def _edit(self, writer: str) -> None:
        self.steps.append(Edit(self._ref(), self.draw(_EDIT)))

    def _give(self, writer: str) -> None:
        self.steps.append(Give(writer, self.draw(_GIVE), self._ref()))

    def _make(self, writer: str) -> None:
        """Make or copy an entity, and mostly give it to somebody."""
        kind = self._kind()
        if self.draw(_weighted({True: 4, False: 1})):
            changes = self.draw(st.lists(_EDIT, max_size=2))
            self.steps.append(Make(kind, self.draw(_KEY), tuple(changes)))
        else:
            self.steps.append(Copy(Ref(kind, self.draw(_BACK))))
        if self.draw(_weighted({True: 3, False: 1})):
            self.steps.append(Give(writer, self.draw(_GIVE), Ref(kind)))

    def _change(self, writer: str) -> None:
        """Read an entity, change it, and mostly give it back."""
        kind = self._kind()
        self.steps.append(Read(writer, kind, self.draw(_READ), self.draw(_KEY)))
        self.steps.append(Edit(Ref(kind), self.draw(_EDIT)))
        if self.draw(st.booleans()):
            self.steps.append(Give(writer, "update", Ref(kind)))

    def _meddle(self, writer: str) -> None:
        """Change what others may have read: past the library, or by the other writer."""
        kind, key = self._kind(), self.draw(_KEY)
        if self.draw(st.booleans()):
            self.steps.append(Tamper(kind, key, self.draw(_TAMPERING)))
            return
        other = WRITERS[1 - WRITERS.index(writer)]
        self.steps.append(Read(other, kind, "find", key))
        self.steps.append(Edit(Ref(kind), self.draw(_EDIT)))
        self.steps.append(Give(other, self.draw(_weighted({"update": 3, "remove": 1, "save": 1})), Ref(kind)))

    def _event(self, writer: str) -> None:
        """Record an event, or let an entity keep one."""
        event = Event(self.draw(_EVENT), self._kind(), self.draw(_KEY))
        if self.draw(st.booleans()):
            self.steps.append(Record(writer, event))
        else:
            self.steps.append(Edit(self._ref(), Change("raise", event)))

    def _patch(self, writer: str) -> None:
        demands: dict[str, dict[str, Any]] = {
            "always": {},
            "missing": {"upsert": True},
            "version": {"version": self.draw(st.integers(0, 3))},
            "title": {"title": "put"},
            "title if there": {"title": "put", "upsert": True},
        }
        demand = demands[self.draw(_PATCHED_IF)]
        self.steps.append(Patch(writer, self._kind(), self.draw(_KEY), self.draw(_PATCH), **demand))

    def _kind(self) -> Kind:
        kind: Kind = self.draw(st.sampled_from(self.kinds))
        return kind

    def _ref(self) -> Ref:
        return Ref(self._kind(), self.draw(_BACK))
