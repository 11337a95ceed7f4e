"""What a write demands of the stored item, so that nobody else's change is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

from persistence.attributes import AttributeValue, Item
from persistence.changes import Change
from persistence.errors import UnitOfWorkStateError, ValidationFailed
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    Path,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, RoleField
from persistence.render import EXPRESSION_OPERATORS
from persistence.table import Table
from persistence.tracking import (
    Detached,
    Intent,
    Loaded,
    LoadedOld,
    Tracked,
    demands_version,
    identity_of,
    key_part,
)

T = TypeVar("T")

_UNREAD = object()

FIRST_VERSION = 0
"""The version of a new item."""


class Expectation(Generic[T]):
    """What a write demands of the stored item, from what was loaded or what the entity carries.

    Args:
        tracked: the entity.
        reads: demand that nothing of what was read has changed, also where no version says so.

    Attributes:
        tracked: as it was given.
    """

    def __init__(self, tracked: Tracked[T], *, reads: bool = False) -> None:
        self.tracked = tracked
        self._reads = reads
        self._mapping = tracked.mapping
        self._role = tracked.mapping.roles.version
        self._version: object = _UNREAD
        origin = tracked.origin
        self._demands_version = isinstance(origin, Loaded) and demands_version(tracked.mapping, origin.item)

    @property
    def version(self) -> object:
        """The version demanded, in Python; None if there is none."""
        if self._role is None:
            return None
        if self._version is _UNREAD:
            self._version = self._read_version()
        return self._version

    def _read_version(self) -> object:
        match self.tracked.origin:
            case Loaded(item):
                return None if self._role is None else self._mapping.read_role(self._role, item)
            case Detached(version):
                return version
            case _:
                return None

    @property
    def next_version(self) -> int:
        """The version after the write; an item without one is taken for a new one."""
        version = self._version_stepped
        if version is None:
            return FIRST_VERSION + 1
        if isinstance(version, int | Decimal):
            return int(version) + 1
        raise ValidationFailed(
            self._mapping.entity_type,
            {self._role.name or self._role.attribute if self._role else "version": ["Not an integer."]},
            self.tracked.key_values,
        )

    @property
    def _version_stepped(self) -> object:
        """The version that the write moves on from; an upcast may have found it in another attribute."""
        origin = self.tracked.origin
        if self._role is not None and isinstance(origin, LoadedOld):
            return self._mapping.read_role(self._role, origin.upcast)
        return self.version

    def condition(self, changed: Iterable[Change] = (), *, rewriting: bool = False) -> Condition:
        """Demand that the item exists and is what the entity was made from.

        Args:
            changed: what the write changes.
            rewriting: whether it makes the item one of the mapping's schema version.
        """
        if self._demands_version:
            # Whoever changes an item moves its version on, so that nothing else has to be compared.
            conditions = [*self._version_conditions(), *self._creation_conditions()]
            return conditions[0] if len(conditions) == 1 else And(tuple(conditions))
        changed = tuple(changed)
        if self.demands_existence_only and not any(len(change.path.segments) > 1 for change in changed):
            return self._mapping.exists
        conditions = [
            *self._version_conditions(),
            *self._creation_conditions(),
            *self._type_conditions(),
        ]
        compared = (*all_loaded(self.tracked), *changed) if self._reads else changed
        if self._reads or self._mapping.concurrency == "compare":
            conditions += [_unchanged(change) for change in _by_whole_lists(compared, self.tracked)]
        if rewriting or self._reads:
            conditions += [each for each in self._schema_conditions(changed) if each not in conditions]
        conditions += [mark for mark in self._mark_conditions() if mark not in conditions]
        if not any(isinstance(condition, Compare) for condition in conditions):
            conditions.insert(0, self._mapping.exists)
        conditions += _parents_exist(changed)
        self._refuse_too_many(conditions)
        return _joined(conditions)

    @property
    def demands_existence_only(self) -> bool:
        """Whether nothing but the item's existence is demanded where whole attributes change."""
        mapping = self._mapping
        unmarked = (
            mapping.discriminator is None and mapping.versions is None and mapping.roles.deleted_at is None
        )
        return self._role is None and mapping.concurrency == "exists" and unmarked and not self._reads

    def _refuse_too_many(self, conditions: Sequence[Condition]) -> None:
        """Refuse what no expression holds: each comparison is an operator, and so is each AND between two."""
        if 2 * len(conditions) - 1 > EXPRESSION_OPERATORS:
            raise UnitOfWorkStateError(
                f"{self.tracked} has no version, and {len(conditions)} attributes to be compared instead, "
                f"more than an expression of {EXPRESSION_OPERATORS} operators holds; give "
                f"{self._mapping.name} a fields.Version()"
            )

    def _version_conditions(self) -> list[Condition]:
        if self._role is None:
            return []
        match self.tracked.origin:
            case Loaded(item):
                return [equals(self._role.path, item.get(self._role.attribute))]
            case Detached(version):
                return [is_version(self._role, version)]
            case _:
                return []

    def _creation_conditions(self) -> list[Condition]:
        """Demand what does not repeat when an item is deleted and made anew, as its version does."""
        roles = self._mapping.roles
        match self.tracked.origin:
            case Loaded(item, complete=True) if self._role is not None:
                pinned = (roles.created_at, roles.incarnation)
                return [equals(role.path, item.get(role.attribute)) for role in pinned if role is not None]
            case _:
                return []

    def _mark_conditions(self) -> list[Condition]:
        """Demand the mark of a deletion, or its absence, as it was read, where no version tells of it."""
        role = self._mapping.roles.deleted_at
        if role is None or self._role is not None:
            return []
        origin = self.tracked.origin
        item = origin.item if isinstance(origin, Loaded) else {}
        return [equals(Path.of(role.attribute), item.get(role.attribute))]

    def _schema_conditions(self, changed: Iterable[Change]) -> list[Condition]:
        """Demand that an item is of the schema version that it had, where no version tells of a change.

        An upcast made the entity of all of an older item, so that all of it has to be as it was read.
        """
        origin, versions = self.tracked.origin, self._mapping.versions
        if versions is None or not isinstance(origin, Loaded):
            return []
        names = list(versions.attributes)
        if isinstance(origin, LoadedOld):
            names += [*origin.item, *(change.path.attribute for change in changed)]
        keys = self._mapping.table.key_names()
        return [
            equals(Path.of(name), origin.item.get(name)) for name in dict.fromkeys(names) if name not in keys
        ]

    def _type_conditions(self) -> list[Condition]:
        """Demand the right type where no version says so: keys of two types may coincide."""
        condition = type_condition(self._mapping)
        return [] if condition is None else [condition]


def _joined(conditions: Sequence[Condition]) -> Condition:
    result = all_of(*conditions)
    assert result is not None
    return result


def is_version(role: RoleField, version: object) -> Condition:
    """Demand a version that an application knows; None for none."""
    path = role.path
    if version is None:
        return AttributeNotExists(path)
    demanded = equals(path, role.encode(version))
    # An item that never had a version reads as version 0: its first writer adopts it.
    return demanded | AttributeNotExists(path) if version == FIRST_VERSION else demanded


def still_as_read(mapping: EntityMapping[Any], item: Item, changed: Iterable[Change]) -> Condition:
    """Demand that an item is as it was read: by its version, or else by all of its attributes.

    Args:
        mapping: its mapping.
        item: as it was read, whole.
        changed: what is to be written.

    Raises:
        UnitOfWorkStateError: it has no version, and more attributes than an expression can compare.
    """
    if not demands_version(mapping, item):
        return unchanged(mapping.table, item, changed)
    key = key_part(mapping, item)
    tracked = Tracked(mapping, identity_of(mapping, key), key, None, Intent.WATCH, Loaded(item, {}))
    return Expectation(tracked).condition()


def unchanged(table: Table, item: Item, changed: Iterable[Change]) -> Condition:
    """Demand that an item has the attributes that it had when it was read.

    Args:
        table: its table.
        item: as it was read, whole.
        changed: what is to be written; what is new in it must still be absent.

    Raises:
        UnitOfWorkStateError: it has more attributes than an expression can compare.
    """
    names = dict.fromkeys((*item, *(change.path.attribute for change in changed)))
    conditions: list[Condition] = [AttributeExists(Path.of(table.partition))]
    conditions += [equals(Path.of(name), item.get(name)) for name in names if name not in table.key_names()]
    if 2 * len(conditions) - 1 > EXPRESSION_OPERATORS:
        raise UnitOfWorkStateError(
            f"an item of table {table.name!r} has no version, and {len(names)} attributes to be compared "
            f"instead, more than an expression of {EXPRESSION_OPERATORS} operators holds"
        )
    return _joined(conditions)


def type_condition(mapping: EntityMapping[Any]) -> Condition | None:
    """Demand that an item is marked as an entity of this mapping; None where items carry no mark."""
    if mapping.discriminator is None:
        return None
    attribute, value = mapping.discriminator
    return equals(Path.of(attribute), value)


def _unchanged(change: Change) -> Condition:
    return equals(change.path, change.stored)


def _by_whole_lists(changed: Iterable[Change], tracked: Tracked[Any]) -> list[Change]:
    """Compare a list as a whole where an element of it changed, since others may shift its elements."""
    if not isinstance(tracked.origin, Loaded):
        return []
    widened: dict[Path, Change] = {}
    for change in changed:
        segments = change.path.segments
        at = next((i for i, segment in enumerate(segments) if isinstance(segment, int)), None)
        if at is None:
            widened[change.path] = change
        else:
            path = Path(segments[:at])
            widened[path] = Change(path, _value_at(tracked.origin.item, path), None)
    return list(widened.values())


def _value_at(item: Item, path: Path) -> AttributeValue:
    value: AttributeValue = {"M": item}
    for segment in path.segments:
        value = value["M"][segment]
    return value


def _parents_exist(changed: Iterable[Change]) -> list[Condition]:
    """Demand the parents of nested changes, which fail without; no version rules their absence out."""
    parents = dict.fromkeys(
        Path(change.path.segments[:-1]) for change in changed if len(change.path.segments) > 1
    )
    return [AttributeExists(parent) for parent in parents]


def all_loaded(tracked: Tracked[Any]) -> tuple[Change, ...]:
    """Take a deletion for a change of everything that the mapping knows, absent attributes included."""
    if not isinstance(tracked.origin, Loaded):
        return ()
    keys = tracked.mapping.table.key_names()
    known = (name for name in tracked.mapping.attributes if name not in keys)
    return tuple(Change(Path.of(name), tracked.origin.item.get(name), None) for name in known)


def partition_path(mapping: EntityMapping[Any]) -> Path:
    """Give the path of the partition key, which every stored item has."""
    return mapping.partition_path
