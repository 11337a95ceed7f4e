"""Tables of plain items: an action demands something of an item and has an effect on it.

A transaction does all of its actions or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.programs.kinds import Kind
from tests.programs.rules import Changes, Demand, Entry, Path, value_at
from tests.programs.steps import Change
from tests.programs.values import CREATED, INCARNATION, LINE, VERSION, Values, copied

Effect = Callable[[Values | None], Values | None]


class BadPath(Exception):
    """An update leads nowhere in the item that it meets, or finds there what it can't work with."""


@dataclass(frozen=True)
class Action:
    """What a commit does with one item.

    Attributes:
        verb: in a word.
        kind, key: whose item.
        demand: what must hold, or nothing is done.
        effect: gives the item after it; raises `BadPath` where that can't be.
        entry: the entity; None where there is none.
        shown: what the entity shows of version and times afterwards.
        item: the item as the unit will know it; None if it does not.
        expected: the version that is demanded.
        changes: the paths that the unit changed in a loaded entity.
        by_caller: tells of an item whether it fails what the caller demanded of it, rather than the unit.
    """

    verb: str
    kind: Kind
    key: str
    demand: Demand
    effect: Effect = lambda item: item
    entry: Entry | None = None
    shown: Values = field(default_factory=dict)
    item: Values | None = None
    expected: Any = None
    changes: tuple[Path, ...] = ()
    by_caller: Demand = lambda item: False


def put(item: Values) -> Effect:
    """Store an item in the place of another one or of none."""
    return lambda _: item


def delete(_: Values | None) -> None:
    """Leave nothing."""


def update(key: str, changes: Changes) -> Effect:
    """Set what has a value and remove what has none."""
    return lambda item: updated({"id": key} if item is None else item, changes)


def updated(item: Values, changes: Changes) -> Values:
    """Give an item after changes of paths that don't overlap.

    Raises:
        BadPath: a path leads nowhere.
    """
    after: Values = copied(item)
    for path, value in changes:
        _change(value_at(after, path[:-1]), path[-1], copied(value))
    return after


def _change(above: Any, segment: str | int, value: Any) -> None:
    match above, segment:
        case dict(), str() if value is None:
            above.pop(segment, None)
        case dict(), str():
            above[segment] = value
        case list(), int() if segment >= len(above):
            above.append(value)
        case list(), int():
            above[segment] = value
        case _:
            raise BadPath(segment)


def stepped(old: Values, changes: Changes, managed: Values, *, first: int) -> Values:
    """Give an item after changes that hold whatever is stored.

    Args:
        old: the item.
        changes: what is set and removed.
        managed: what a new item would get; its version steps from what it is, what was made stays.
        first: the version of an item that had none.

    Raises:
        BadPath: a path leads nowhere, or the version is none.
    """
    now = dict(managed)
    if VERSION in now:
        before = old.get(VERSION, first - 1)
        if not isinstance(before, int):
            raise BadPath(VERSION)
        now[VERSION] = before + 1
    now |= {name: old[name] for name in (CREATED, INCARNATION) if name in now and name in old}
    return updated(old, changes) | now


def patched(old: Values, changes: Iterable[Change]) -> Values:
    """Give an item after the changes of a patch; see `values.PATCHES`.

    Raises:
        BadPath: a path leads nowhere.
    """
    after: Values = copied(old)
    for change in changes:
        verb, name = change.what.split()
        match verb, change.value:
            case "append", sku:
                after.setdefault(name, []).append({**LINE, "sku": sku})
            case "add_to_set", member:
                after[name] = after.get(name, frozenset()) | {member}
            case "discard_from_set", member:
                after = updated(after, [((name,), (after.get(name, frozenset()) - {member}) or None)])
            case "set", str(text) if name == "author":
                after[name] = {"name": text}
            case _, value:
                after = updated(after, [(tuple(name.split(".")), value)])
    return after


def patched_path(change: Change) -> Path:
    """Give the path that a change of a patch is about."""
    return tuple(change.what.split()[1].split("."))


@dataclass(frozen=True)
class Failure:
    """Why an action of a transaction was not done.

    Attributes:
        action: the action.
        item: the item that it met, if its demand failed there.
        refused: its effect was impossible.
    """

    action: Action
    item: Values | None = None
    refused: bool = False


@dataclass
class Tables:
    """All items.

    Attributes:
        refuses_whole: an impossible effect is an error of the whole request rather than of its action, as
            it is on Amazon's local server.
        items: place -> item.
    """

    refuses_whole: bool = False
    items: dict[tuple[Kind, str], Values] = field(default_factory=dict)

    def transact(self, actions: Iterable[Action]) -> list[Failure]:
        """Do all actions or none.

        Returns:
            The failures; none if everything was done. An impossible effect hides all other failures.
        """
        failures: list[Failure] = []
        after = dict(self.items)
        for action in actions:
            place = action.kind, action.key
            item = self.items.get(place)
            if not action.demand(item):
                failures.append(Failure(action, item))
                continue
            try:
                _set(after, place, action.effect(item))
            except BadPath:
                failures.append(Failure(action, refused=True))
        if not failures:
            self.items = after
        return [failure for failure in failures if failure.refused][:1] or failures

    def set(self, kind: Kind, key: str, item: Values | None) -> None:
        """Store an item, or delete it."""
        _set(self.items, (kind, key), item)


def _set(items: dict[tuple[Kind, str], Values], place: tuple[Kind, str], item: Values | None) -> None:
    if item is None:
        items.pop(place, None)
    else:
        items[place] = item
