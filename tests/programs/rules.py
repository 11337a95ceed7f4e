"""What is written of an entity, and what that demands of the stored item: the model's rules for one item.

Nothing here comes from the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.programs.kinds import Kind
from tests.programs.values import DEFAULTS, MANAGED, UPDATED, VERSION, Values, roles, stored

Path = tuple[str | int, ...]
Demand = Callable[[Values | None], bool]
Changes = list[tuple[Path, Any]]
"""Paths and their new values; None removes what is there."""


@dataclass(eq=False)
class Thing:
    """An entity: an object with values, which may change. Two with the same values are two."""

    kind: Kind
    values: Values


@dataclass(frozen=True)
class Loaded:
    """What a unit knows of an item.

    Attributes:
        item: the item, as far as it is known.
        snapshot: the item as the entity would have been stored when it was loaded.
        complete: whether all of the item is known, or only what the unit wrote.
    """

    item: Values
    snapshot: Values
    complete: bool = True


@dataclass(frozen=True)
class Detached:
    """The entity is from elsewhere; it was at this version when it was given to the unit."""

    version: Any


@dataclass(eq=False)
class Entry:
    """An entity of a unit.

    Attributes:
        kind, key: whose item it is.
        thing: the entity.
        intent: watch, create, replace, overwrite, remove, or expired: only the table knows its version, so
            that it has to be read again.
        origin: what is known of the item; None if there is none.
        superseded: versions that commits of this unit have moved on from.
        read: what was loaded, where the entity is written without regard to it.
    """

    kind: Kind
    key: str
    thing: Thing
    intent: str
    origin: Loaded | Detached | None
    superseded: list[Any] = field(default_factory=list)
    read: Loaded | None = None

    @property
    def place(self) -> tuple[Kind, str]:
        """Where the item is."""
        return self.kind, self.key

    @property
    def changed(self) -> bool:
        """Whether the entity differs from what was loaded."""
        return not isinstance(self.origin, Loaded) or bool(differences(self))

    @property
    def moved(self) -> bool:
        """Whether the key of the entity was changed."""
        return bool(self.thing.values["id"] != self.key)

    @property
    def last_read(self) -> Loaded | None:
        """What the unit has read of the item."""
        if self.read is not None or self.intent == "expired":
            return self.read
        return self.origin if isinstance(self.origin, Loaded) else None

    def detach(self, version: Any) -> None:
        """Write the entity without regard to what was loaded."""
        self.read = self.last_read
        self.origin = Detached(version)


def differences(entry: Entry) -> Changes:
    """Give the paths at which an entity differs from what was loaded, with their new values."""
    origin = entry.origin
    assert isinstance(origin, Loaded)
    by_index = entry.kind.compared or has_version(entry.kind, origin)
    found: Changes = []
    sides = (origin.item, origin.snapshot, stored(entry.thing.values))
    for path, item, before, after in _entries((), *sides):
        if path[0] not in MANAGED:
            found.extend(_differences(path, item, before, after, by_index=by_index))
    return found


def has_version(kind: Kind, origin: Loaded | Detached | None) -> bool:
    """Tell whether a write can demand the version of what was loaded; older items may have none."""
    return kind.versioned and isinstance(origin, Loaded) and VERSION in origin.item


def _entries(path: Path, *sides: Values) -> Iterator[tuple[Path, Any, Any, Any]]:
    item, before, after = sides
    for name in dict.fromkeys([*after, *before]):
        yield (*path, name), item.get(name), before.get(name), after.get(name)


def _differences(path: Path, item: Any, before: Any, after: Any, *, by_index: bool) -> Iterator[Any]:
    """Nested dataclasses are changed by path, and by index in lists that are surely as they were."""
    sides = (item, before, after)
    if before == after:
        return
    if _is_record(path) and all(isinstance(side, dict) for side in sides):
        for entry in _entries(path, *sides):
            yield from _differences(*entry, by_index=by_index)
    elif path == ("lines",) and by_index and len({_length(side) for side in sides}) == 1:
        for index, elements in enumerate(zip(*sides, strict=True)):
            yield from _differences((*path, index), *elements, by_index=by_index)
    elif item is not None or after is not None:
        yield path, after


def _is_record(path: Path) -> bool:
    return path == ("author",) or (path[0] == "lines" and len(path) == 2)


def _length(side: Any) -> int | None:
    return len(side) if isinstance(side, list) else None


def everything(kind: Kind) -> Changes:
    """Give all that a mapping knows of an item, its key apart, as removed."""
    return [((name,), None) for name in (*DEFAULTS, *roles(kind))]


def value_at(item: Values, path: Path) -> Any:
    """Give what an item holds at a path, None for nothing."""
    value: Any = item
    for segment in path:
        try:
            value = value[segment]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def absent(item: Values | None) -> bool:
    """Demand that there is no item."""
    return item is None


def present(item: Values | None) -> bool:
    """Demand that there is an item."""
    return item is not None


def whatever(item: Values | None) -> bool:
    """Demand nothing."""
    return True


def both(first: Demand, second: Demand) -> Demand:
    """Demand two things."""
    return lambda item: first(item) and second(item)


def unchanged(
    kind: Kind,
    origin: Loaded | Detached | None,
    changes: Iterable[tuple[Path, Any]] = (),
    *,
    reads: bool = False,
) -> Demand:
    """Demand that the item exists and is what the entity was made from.

    Args:
        kind: the entity's kind.
        origin: what is known of the item.
        changes: what is to be changed.
        reads: demand that nothing that was read has changed, also where no version says so.
    """
    changes = list(changes)
    parts = list(_version_demands(kind, origin))
    if isinstance(origin, Loaded):
        everything_read = reads and not has_version(kind, origin)
        compared = everything(kind) if everything_read else []
        if kind.compared or everything_read:
            compared += changes
        parts += [_holds(origin.item, path) for path in _whole_lists(compared)]
        if not has_version(kind, origin):
            parts += [_has(path[:-1]) for path, after in changes if after is not None and len(path) > 1]
    return lambda item: item is not None and all(part(item) for part in parts)


def _version_demands(kind: Kind, origin: Loaded | Detached | None) -> Iterator[Callable[[Values], bool]]:
    if not kind.versioned:
        return
    match origin:
        case Detached(version):
            yield is_version(version)
        case Loaded(item, complete=complete):
            # Versions repeat when an item is made anew; the rest does not.
            kept = [name for name in roles(kind) if name != UPDATED] if complete else [VERSION]
            yield from (_holds(item, (name,)) for name in kept)
        case None:
            pass


def is_version(version: Any) -> Callable[[Values], bool]:
    """Demand a version; what never had one counts as version 0, so that its first writer adopts it."""
    return lambda item: bool(item.get(VERSION, 0 if version == 0 else None) == version)


def _holds(item: Values, path: Path) -> Callable[[Values], bool]:
    expected = value_at(item, path)
    return lambda now: bool(value_at(now, path) == expected)


def _has(path: Path) -> Callable[[Values], bool]:
    return lambda now: value_at(now, path) is not None


def _whole_lists(changes: Changes) -> list[Path]:
    """Others may shift the elements of a list, so that it is compared as a whole."""
    return list(dict.fromkeys(path[:1] if path[0] == "lines" else path for path, _ in changes))
