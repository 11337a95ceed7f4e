"""Programs as data: what is done with repositories and units of work, step by step.

A step that can't be done, since nothing is there to do it with, is skipped. `script` writes a program down as
a person would read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.programs.kinds import Kind


@dataclass(frozen=True)
class Ref:
    """An entity that the program holds.

    Attributes:
        kind: its kind.
        back: 0 for the latest one of its kind, 1 for the one before, and so on.
    """

    kind: Kind
    back: int = 0

    def __str__(self) -> str:
        return f"{self.kind}[-{self.back + 1}]"


@dataclass(frozen=True)
class Event:
    """A domain event; its handler does what it says.

    Attributes:
        what: "note" for nothing more than to note it, "fail", "save" an entity, or "ask" about the unit.
        kind, key: which entity is saved.
    """

    what: Literal["note", "fail", "save", "ask"]
    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"Event({self.what}{f' {self.kind} {self.key!r}' if self.what == 'save' else ''})"


@dataclass(frozen=True)
class Change:
    """A change of one entity or item; which ones there are say `values.edited` and `values.tampered`."""

    what: str
    value: Any = None

    def __str__(self) -> str:
        return f"{self.what} {self.value if isinstance(self.value, Event) else repr(self.value)}"


@dataclass(frozen=True)
class Enter:
    """Enter a scope: it opens a unit, or joins the one that is open."""

    writer: str
    isolation: Literal["default", "serializable"] = "default"
    one_shot: bool = False

    @property
    def called(self) -> bool:
        """Whether the scope is made by calling the unit of work."""
        return self.one_shot or self.isolation != "default"

    def __str__(self) -> str:
        wish = "" if self.isolation == "default" else f'isolation="{self.isolation}"'
        return f"with {self.writer}{f'({wish})' if self.called else ''}:"


@dataclass(frozen=True)
class Leave:
    """Leave the innermost scope, normally or with an exception that is caught outside."""

    writer: str
    failing: bool = False

    def __str__(self) -> str:
        return f"raise Trouble  # leaves {self.writer}" if self.failing else f"pass  # leaves {self.writer}"


@dataclass(frozen=True)
class Ask:
    """A call of the unit of work itself: `commit`, `rollback` or `pending`."""

    writer: str
    call: Literal["commit", "rollback", "pending"]

    def __str__(self) -> str:
        return f"{self.writer}.{self.call}{'' if self.call == 'pending' else '()'}"


@dataclass(frozen=True)
class Record:
    """Record a domain event."""

    writer: str
    event: Event

    def __str__(self) -> str:
        return f"{self.writer}.record({self.event})"


@dataclass(frozen=True)
class Read:
    """A repository's call with one key; `query` is a query for that key."""

    writer: str
    kind: Kind
    call: Literal["get", "find", "query"]
    key: str

    def __str__(self) -> str:
        return f"{self.writer}.{self.kind}s.{self.call}({self.key!r})"


@dataclass(frozen=True)
class ReadMany:
    """A repository's call with many keys."""

    writer: str
    kind: Kind
    call: Literal["get_many", "find_many"]
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.writer}.{self.kind}s.{self.call}({list(self.keys)!r})"


@dataclass(frozen=True)
class Snapshot:
    """A consistent read of several entities."""

    writer: str
    places: tuple[tuple[Kind, str], ...]

    def __str__(self) -> str:
        keys = (f"{self.writer}.{kind}s.key({key!r})" for kind, key in self.places)
        return f"{self.writer}.snapshot({', '.join(keys)})"


@dataclass(frozen=True)
class Make:
    """Make an entity by hand; nobody knows it yet."""

    kind: Kind
    key: str
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}({', '.join([repr(self.key), *map(str, self.changes)])})"


@dataclass(frozen=True)
class Copy:
    """Copy an entity that the program holds."""

    ref: Ref

    def __str__(self) -> str:
        return f"deepcopy({self.ref})"


@dataclass(frozen=True)
class Edit:
    """Change an entity in place; of a frozen one a changed copy is made."""

    ref: Ref
    change: Change

    def __str__(self) -> str:
        return f"{self.ref}: {self.change}"


@dataclass(frozen=True)
class Give:
    """Give an entity that the program holds to a repository."""

    writer: str
    call: Literal["add", "update", "save", "remove", "refresh"]
    ref: Ref

    def __str__(self) -> str:
        return f"{self.writer}.{self.ref.kind}s.{self.call}({self.ref})"


def _patching(change: Change) -> str:
    verb, name = change.what.split()
    return f".{verb}({', '.join(map(repr, (name,) if verb == 'remove' else (name, change.value)))})"


@dataclass(frozen=True)
class Patch:
    """Change an item that is not read.

    Attributes:
        changes: which ones there are says `values.PATCHES`.
        version: demand this one.
        title: demand this one.
        upsert: make an absent item.
    """

    writer: str
    kind: Kind
    key: str
    changes: tuple[Change, ...]
    version: int | None = None
    title: str | None = None
    upsert: bool = False

    def __str__(self) -> str:
        calls = [_patching(change) for change in self.changes]
        calls += [] if self.version is None else [f".if_version({self.version})"]
        calls += [] if self.title is None else [f'.if_where("title", "=", {self.title!r})']
        calls += [".if_missing()"] if self.upsert else []
        return f"{self.writer}.{self.kind}s.patch({self.key!r}){''.join(calls)}.execute()"


@dataclass(frozen=True)
class Tamper:
    """Change an item past the library, as other programs do."""

    kind: Kind
    key: str
    change: Change

    def __str__(self) -> str:
        return f"table[{self.kind}, {self.key!r}]: {self.change}"


Step = Enter | Leave | Ask | Record | Read | ReadMany | Snapshot | Make | Copy | Edit | Give | Patch | Tamper


@dataclass(frozen=True)
class Program:
    """Steps in order; scopes that are open after the last one are left, innermost first."""

    steps: tuple[Step, ...] = field(default=())

    def __repr__(self) -> str:
        return script(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the script where hypothesis would show the data."""
        printer.text(repr(self))


def script(program: Program, notes: tuple[str, ...] = ()) -> str:
    """Write a program down.

    Args:
        program: what is done.
        notes: a remark on each step; it may be missing for the last ones.
    """
    depth, lines = 0, []
    for number, step in enumerate(program.steps):
        note = f"  # {notes[number]}" if number < len(notes) else ""
        lines.append(f"{number:3} {'    ' * depth}{step}{note}")
        depth = max(0, depth + _deeper(step))
    return "\n" + "\n".join(lines)


def _deeper(step: Step) -> int:
    match step:
        case Enter():
            return 1
        case Leave():
            return -1
        case _:
            return 0
