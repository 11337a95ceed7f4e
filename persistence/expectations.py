"""What a write demands of the stored item, so that nobody else's change is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

from persistence.attributes import AttributeValue, Item
from persistence.changes import Change
from persistence.errors import UnitOfWorkStateError, ValidationFailed
from persistence.expressions import (
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
from persistence.tracking import Detached, Loaded, Tracked, demands_version

T = TypeVar("T")

FIRST_VERSION = 0
"""The version of a new item."""


class Expectation(Generic[T]):
    """What a write demands of the stored item, from what was loaded or what the entity carries.

    Args:
        tracked: the entity.
        reads: demand that nothing of what was read has changed, also where no version says so.
    """

    def __init__(self, tracked: Tracked[T], *, reads: bool = False) -> None:
        self._tracked = tracked
        self._reads = reads
        self._mapping = tracked.mapping
        self._role = tracked.mapping.roles.version

    @property
    def version(self) -> object:
        """The version demanded, in Python; None if there is none."""
        match self._tracked.origin:
            case Loaded(item) if self._role is not None:
                return self._mapping.read_role(self._role, item)
            case Detached(version):
                return version
            case _:
                return None

    @property
    def next_version(self) -> int:
        """The version after the write; an item without one is taken for a new one."""
        version = self.version
        if version is None:
            return FIRST_VERSION + 1
        if isinstance(version, int | Decimal):
            return int(version) + 1
        raise ValidationFailed(
            self._mapping.entity_type,
            {self._role.name or self._role.attribute if self._role else "version": ["Not an integer."]},
            self._tracked.key_values,
        )

    def condition(self, changed: Iterable[Change] = ()) -> Condition:
        """Demand that the item exists and is what the entity was made from."""
        changed = tuple(changed)
        conditions = [
            *self._version_conditions(),
            *self._creation_conditions(),
            *self._type_conditions(),
        ]
        compared = (*all_loaded(self._tracked), *changed) if self._compares_reads else changed
        if self._compares_reads or self._mapping.concurrency == "compare":
            conditions += [_unchanged(change) for change in _by_whole_lists(compared, self._tracked)]
        conditions += [mark for mark in self._mark_conditions() if mark not in conditions]
        if not any(isinstance(condition, Compare) for condition in conditions):
            conditions.insert(0, AttributeExists(partition_path(self._tracked.mapping)))
        if not self._demands_version:
            conditions += _parents_exist(changed)
        self._refuse_too_many(conditions)
        result = all_of(*conditions)
        assert result is not None
        return result

    def _refuse_too_many(self, conditions: Sequence[Condition]) -> None:
        """Refuse what no expression holds: each comparison is an operator, and so is each AND between two."""
        if 2 * len(conditions) - 1 > EXPRESSION_OPERATORS:
            raise UnitOfWorkStateError(
                f"{self._tracked} has no version, and {len(conditions)} attributes to be compared instead, "
                f"more than an expression of {EXPRESSION_OPERATORS} operators holds; give "
                f"{self._mapping.name} a fields.Version()"
            )

    @property
    def _compares_reads(self) -> bool:
        return self._reads and not self._demands_version

    @property
    def _demands_version(self) -> bool:
        origin = self._tracked.origin
        return isinstance(origin, Loaded) and demands_version(self._mapping, origin.item)

    def _version_conditions(self) -> list[Condition]:
        if self._role is None:
            return []
        match self._tracked.origin:
            case Loaded(item):
                path = Path.of(self._role.attribute)
                return [equals(path, item.get(self._role.attribute))]
            case Detached(version):
                return [is_version(self._role, version)]
            case _:
                return []

    def _creation_conditions(self) -> list[Condition]:
        """Demand what does not repeat when an item is deleted and made anew, as its version does."""
        roles = self._mapping.roles
        match self._tracked.origin:
            case Loaded(item, complete=True) if self._role is not None:
                return [
                    equals(Path.of(role.attribute), item.get(role.attribute))
                    for role in (roles.created_at, roles.incarnation)
                    if role is not None
                ]
            case _:
                return []

    def _mark_conditions(self) -> list[Condition]:
        """Demand the mark of a deletion, or its absence, as it was read, where no version tells of it."""
        role = self._mapping.roles.deleted_at
        if role is None or self._role is not None:
            return []
        origin = self._tracked.origin
        item = origin.item if isinstance(origin, Loaded) else {}
        return [equals(Path.of(role.attribute), item.get(role.attribute))]

    def _type_conditions(self) -> list[Condition]:
        """Demand the right type where no version says so: keys of two types may coincide."""
        if self._demands_version:
            return []
        condition = type_condition(self._mapping)
        return [] if condition is None else [condition]


def is_version(role: RoleField, version: object) -> Condition:
    """Demand a version that an application knows; None for none."""
    path = Path.of(role.attribute)
    if version is None:
        return AttributeNotExists(path)
    demanded = equals(path, role.encode(version))
    # An item that never had a version reads as version 0: its first writer adopts it.
    return demanded | AttributeNotExists(path) if version == FIRST_VERSION else demanded


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
    return Path.of(mapping.table.partition)
