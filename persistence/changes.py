"""What changed in an entity since it was loaded, as update actions.

Compared are two encodings by the same mapping, so that attributes which the mapping does not know are in
neither and stay untouched. Nested dataclasses that are stored as maps are compared entry by entry, lists of
them element by element where the caller allows it and the length is the same; all else is replaced whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from operator import ne
from types import MappingProxyType

import persistence.expressions as expressions
from persistence.attributes import AttributeValue, Item, same
from persistence.expressions import Path
from persistence.mapping import ListShape, MapShape, RecordShape, Shape
from persistence.quick_init import made_quickly


@made_quickly
@dataclass(frozen=True, slots=True)
class Change:
    """One path whose value differs; None stands for an absent value.

    Attributes:
        path: where.
        stored: the value in the table when the entity was loaded.
        after: the value to store.
    """

    path: Path
    stored: AttributeValue | None
    after: AttributeValue | None

    @property
    def action(self) -> expressions.Set | expressions.Remove:
        """The update action that makes the change."""
        return (
            expressions.Remove(self.path)
            if self.after is None
            else expressions.Set(self.path, expressions.Value(self.after))
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """One place in the three documents that are held against each other."""

    at: tuple[str | int, ...]
    stored: AttributeValue | None
    before: AttributeValue | None
    after: AttributeValue | None

    def all_have(self, tag: str) -> bool:
        return all(value is not None and tag in value for value in (self.stored, self.before, self.after))

    def entries(self) -> Iterator[_Side]:
        """Step into the maps of a place where all sides have one."""
        assert self.stored is not None
        assert self.before is not None
        assert self.after is not None
        yield from _entries(self.at, self.stored["M"], self.before["M"], self.after["M"])

    def same_entries(self) -> bool:
        return self.all_have("M") and bool(
            self.before and self.after and self.before["M"].keys() == self.after["M"].keys()
        )

    def same_length(self) -> bool:
        assert self.stored is not None
        assert self.before is not None
        assert self.after is not None
        return len(self.stored["L"]) == len(self.before["L"]) == len(self.after["L"])

    def elements(self) -> Iterator[_Side]:
        assert self.stored is not None
        assert self.before is not None
        assert self.after is not None
        parts = zip(self.stored["L"], self.before["L"], self.after["L"], strict=True)
        for index, (stored, before, after) in enumerate(parts):
            yield _Side((*self.at, index), stored, before, after)


_NO_PATHS: Mapping[str, Path] = MappingProxyType({})


def changes(
    stored: Item,
    before: Item,
    after: Item,
    shape: RecordShape,
    *,
    ignoring: Collection[str] = (),
    by_index: bool = False,
    paths: Mapping[str, Path] = _NO_PATHS,
) -> tuple[Change, ...]:
    """Compare an entity with what was loaded.

    Args:
        stored: the item as it was loaded.
        before: the entity's encoding right after it was loaded.
        after: its encoding now.
        shape: where the mapping has nested dataclasses.
        ignoring: top-level attributes that are not compared.
        by_index: whether elements of lists may be addressed by their index, which is safe only while nobody
            else can have changed the list.
        paths: paths of attributes that were made before, by their names.

    Returns:
        The differing paths, none overlapping, in the order of `after` with vanished ones last.
    """
    found: list[Change] = []
    # Most attributes are the very same, which dicts tell at once; only the others are looked into.
    differing = list(compress(after, map(ne, after.values(), map(before.get, after))))
    if not before.keys() <= after.keys():
        differing += [name for name in before if name not in after]
    for name in differing:
        if name in ignoring:
            continue
        within, was, now = shape.fields.get(name), before.get(name), after.get(name)
        if within is not None:
            found.extend(_changes(_Side((name,), stored.get(name), was, now), within, by_index))
        elif not same(was, now) and (now is not None or name in stored):
            path = paths[name] if name in paths else Path((name,))
            found.append(Change(path, stored.get(name), now))
    return tuple(found)


def replaced_attributes(before: Item, after: Item, *, ignoring: Collection[str] = ()) -> tuple[Change, ...]:
    """Compare two items attribute by attribute; what differs is replaced whole.

    Args:
        before: the item as it is stored.
        after: the item as it shall be.
        ignoring: attributes that are not compared.
    """
    names = dict.fromkeys((*after, *before))
    return tuple(
        Change(Path.of(name), before.get(name), after.get(name))
        for name in names
        if name not in ignoring and not same(before.get(name), after.get(name))
    )


def _entries(
    at: tuple[str | int, ...],
    stored: Mapping[str, AttributeValue],
    before: Mapping[str, AttributeValue],
    after: Mapping[str, AttributeValue],
) -> Iterator[_Side]:
    for name in (*after, *(name for name in before if name not in after)):
        yield _Side((*at, name), stored.get(name), before.get(name), after.get(name))


def _changes(side: _Side, shape: Shape, by_index: bool) -> Iterator[Change]:
    if same(side.before, side.after):
        return
    match shape:
        case RecordShape() if side.all_have("M"):
            for entry in side.entries():
                yield from _changes(entry, shape.fields.get(str(entry.at[-1])), by_index)
        case MapShape() if side.same_entries():
            for entry in side.entries():
                yield from _changes(entry, shape.value, by_index)
        case ListShape() if by_index and side.all_have("L") and side.same_length():
            for element in side.elements():
                yield from _changes(element, shape.element, by_index)
        case _:
            if side.stored is not None or side.after is not None:
                yield Change(Path(side.at), side.stored, side.after)
