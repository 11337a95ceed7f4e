"""Single values of stored entities, read without the rest of their items.

A value is what the whole entity would have in that place: where nothing is stored, its default. What only the
whole item can tell is refused when it is asked for, and never guessed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.errors import DecodeError, QueryError
from persistence.expressions import Path
from persistence.mapping.compiled import EntityMapping
from persistence.mapping.containers import ListOf, MapOf, TupleOf
from persistence.mapping.fieldplan import ABSENT, FieldPlan, PlainView
from persistence.mapping.keys import KeyPart
from persistence.mapping.nodes import Node, content_of
from persistence.mapping.paths import bare
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.refusal import Unreadable
from persistence.mapping.untyped import Foreign, Plain
from persistence.mapping.wrapping import Nullable

Step = FieldPlan | str | int
"""A step down a path: to a field of an entity, an entry of a map, or an element of a list."""


class _LooksAround(Exception):
    """A field that converts its own values asked for other attributes than its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """One value of an entity.

    Attributes:
        mapping: the entity's mapping.
        names: where it is, in Python names.
        path: what has to be read for it: its own path, or a part of that where less would not tell enough;
            None where only the key holds it.
        node: how it is stored.
        key_part: the part of the table's key that holds it too, where a template makes one of it.
        steps: the way to it, from a field of the entity down.
    """

    mapping: EntityMapping[Any]
    names: tuple[str | int, ...]
    path: Path | None
    node: Node
    key_part: KeyPart | None
    steps: tuple[Step, ...]

    def read(self, item: Item) -> Any:
        """Give the value, from an item or a part of one that has what lies at `path` and the key.

        Raises:
            DecodeError: it is stored as something else, or absent where nothing may stand for it.
            QueryError: its field looks at other attributes while it is read.
        """
        try:
            return self._value(item)
        except Unreadable as problem:
            if isinstance(problem.__cause__, _LooksAround):
                raise QueryError(self._looks_around()) from problem
            raise self._unreadable(problem, item) from (problem.__cause__ or problem)

    def _value(self, item: Item) -> Any:
        field, *rest = self.steps
        assert isinstance(field, FieldPlan)
        part = self.key_part
        if part is not None and field.attribute not in item and part.attribute in item:
            return part.read(item[part.attribute])[field.name]
        return _of_field(field, item, rest, _Alone(item, field.attribute))

    def _unreadable(self, problem: Unreadable, item: Item) -> DecodeError:
        where = str(Path(problem.path))
        key = _known_key(self.mapping, item)
        return DecodeError(self.mapping.entity_type, where, problem.expected, problem.found, key)

    def _looks_around(self) -> str:
        name = self.names[0]
        return (
            f"{self.mapping.name}.{name} can't be read alone: {bare(self.node).expected} depends on other "
            "attributes. Ask for whole entities and take the value from them"
        )


def pick(mapping: EntityMapping[Any], names: tuple[str | int, ...]) -> Pick:
    """Find a value that can be read without the rest of its entity.

    Args:
        mapping: the entity's mapping.
        names: such as `("address", "city")` or `("lines", 0, "sku")`.

    Raises:
        QueryError: there is no such path, or only the whole entity can tell what is there.
    """
    found = mapping.resolve(names)
    _refuse_hooked(mapping)
    steps = tuple(_steps(mapping, names))
    field = steps[0]
    assert isinstance(field, FieldPlan)
    part = next((part for part in mapping.key_parts() if part.template and field.name in part.fields), None)
    path = None if part is not None and not field.stored else _narrowed(found.path, steps)
    return Pick(mapping, names, path, found.node, part, steps)


def without_overlaps(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Leave out paths that are given already, or that lie inside of others: the service refuses both."""
    distinct = tuple(dict.fromkeys(paths))
    return tuple(path for path in distinct if not any(_inside(path, other) for other in distinct))


def _inside(path: Path, other: Path) -> bool:
    return path != other and path.segments[: len(other.segments)] == other.segments


def _refuse_hooked(mapping: EntityMapping[Any]) -> None:
    if mapping.plan.hooked:
        raise QueryError(
            f"single fields of {mapping.name} can't be read: {mapping.schema.__name__} has hooks, which make "
            "the entity of the whole item. Ask for whole entities and take the values from them"
        )


def _steps(mapping: EntityMapping[Any], names: tuple[str | int, ...]) -> Iterator[Step]:
    owner: RecordPlan | Node = mapping.plan
    for place, name in enumerate(names, 1):
        if isinstance(owner, Foreign | HookedRecord):
            raise QueryError(_converted(mapping, names[: place - 1], owner))
        step = _field(owner, str(name)) if isinstance(owner, RecordPlan) else name
        yield step
        owner = _within(step.node if isinstance(step, FieldPlan) else mapping.resolve(names[:place]).node)


def _field(plan: RecordPlan, name: str) -> FieldPlan:
    return next(field for field in plan.fields if field.name == name)


def _within(node: Node) -> RecordPlan | Node:
    """Give what tells how the parts of a value are stored."""
    inner = bare(node)
    return inner.plan if isinstance(inner, Record) and not isinstance(inner, HookedRecord) else inner


def _converted(mapping: EntityMapping[Any], names: tuple[str | int, ...], owner: Node) -> str:
    whole = mapping.resolve(names).name
    by = owner.converter if isinstance(owner, Foreign) else "the hooks of its schema"
    return (
        f"{whole} is converted as a whole by {by}, so that nobody knows how its parts are stored; ask for "
        f"{whole} and take the part from it"
    )


# What has to be read


def _narrowed(path: Path, steps: Sequence[Step]) -> Path:
    """Give the longest beginning of a path that, when it is absent, leaves no doubt about the value.

    What lies in a list is read with the whole list: projected elements lose their places (developer guide,
    "Projection expressions"). What lies in an entity is, where its own absence means another value.
    """
    absent, segments = _outcome(steps, {}), path.segments
    longest = 1
    for length in range(1, len(segments)):
        around = segments[:length]
        known = (absent, _UNREADABLE)
        if isinstance(segments[length], int) or _outcome(steps, _holding({"M": {}}, around)) != absent:
            break
        if _outcome(steps, _holding({"NULL": True}, around)) not in known:
            break
        longest = length + 1
    last = steps[-1]
    if isinstance(last, FieldPlan) and last.foreign:  # its field may look at what is beside it
        longest = max(1, min(longest, len(segments) - 1))
    return Path(segments[:longest])


_UNREADABLE = (None, "can't be read")


def _outcome(steps: Sequence[Step], item: Item) -> tuple[type | None, Any]:
    field, *rest = steps
    assert isinstance(field, FieldPlan)
    try:
        value = _of_field(field, item, rest, PlainView(item))
    except Unreadable:
        return _UNREADABLE
    return type(value), value


def _holding(value: AttributeValue, segments: Sequence[str | int]) -> Item:
    """Make an item that holds nothing but a value at a path."""
    first, *rest = segments
    return {str(first): {"M": _holding(value, rest)} if rest else value}


# Reading


def _of_field(
    field: FieldPlan, item: Item, steps: Sequence[Step], data: Mapping[str, Any] | None = None
) -> Any:
    stored = item.get(field.attribute)
    if stored is None or ("NULL" in stored and field.optional):
        value = field.missing(null=stored is not None)
        return _part_of(None if value is ABSENT else value, steps)
    if not steps:
        return field.decode(item, PlainView(item) if data is None else data)
    return _below(field.attribute, field.node, stored, steps)


def _below(name: str | int, node: Node, stored: AttributeValue, steps: Sequence[Step]) -> Any:
    """Read what is inside of a stored value, which has a name to be told by."""
    try:
        return _inner(node, stored, steps)
    except Unreadable as problem:
        raise problem.inside(name) from problem.__cause__


def _inner(node: Node, stored: AttributeValue, steps: Sequence[Step]) -> Any:
    if not steps or (isinstance(node, Nullable) and "NULL" in stored):
        return _part_of(node.decode(stored), steps)
    step, rest = steps[0], steps[1:]
    if isinstance(step, FieldPlan):
        return _of_field(step, content_of(stored, "M", node.expected), rest)
    match bare(node):
        case Plain() as plain:
            return _part_of(plain.decode(stored), steps)
        case ListOf() as many:
            return _element(content_of(stored, "L", many.expected), many.inner, int(step), rest)
        case TupleOf() as parts:
            content = content_of(stored, "L", parts.expected)
            if len(content) != len(parts.inner):
                raise Unreadable(parts.expected, f"a list of {len(content)} (L)")
            return _below(step, parts.inner[int(step)], content[int(step)], rest)
        case MapOf() as entries:
            entry = content_of(stored, "M", entries.expected).get(step)
            return None if entry is None else _below(step, entries.inner, entry, rest)
        case other:
            raise AssertionError(f"nothing is inside of {other.expected}")


def _element(content: Sequence[AttributeValue], node: Node, index: int, steps: Sequence[Step]) -> Any:
    return _below(index, node, content[index], steps) if index < len(content) else None


def _part_of(value: Any, steps: Sequence[Step]) -> Any:
    """Give a part of a Python value, such as a default; None where there is none."""
    for step in steps:
        if isinstance(step, FieldPlan):
            value = getattr(value, step.name, None) if dataclasses.is_dataclass(value) else None
        elif isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = None
    return value


def _known_key(mapping: EntityMapping[Any], item: Item) -> tuple[object, ...] | None:
    try:
        return mapping.key_values(item)
    except DecodeError as unread:
        return unread.key


class _Alone(PlainView):
    """One attribute of an item as plain data; the others may not have been read."""

    def __init__(self, item: Item, name: str) -> None:
        super().__init__(item)
        self._name = name

    def __getitem__(self, name: str) -> Any:
        if name != self._name:
            raise _LooksAround
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        raise _LooksAround

    def __len__(self) -> int:
        raise _LooksAround
