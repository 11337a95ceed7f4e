"""What tests say of writes: `Put`, `Update`, `Delete` and `Check`, in Python names and values.

They describe single writes of a commit. They are no operations: those are `PutItem`, `UpdateItem` and so on,
in stored terms, in `persistence.operations`. What is left out of a description is not compared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from persistence.errors import QueryError
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.refusal import Refused, said
from persistence.mapping.schema import mapping_of
from persistence.query.edits import Edit, Verb, addition, edit
from persistence.query.names import parsed
from persistence.testing.expecting.declared import is_mapping_class, mapping_for
from persistence.testing.expecting.wanted import (
    Wanted,
    WantedCheck,
    WantedDelete,
    WantedEdit,
    WantedPut,
    WantedUpdate,
)

Schema = type[MappingSchema[Any]]


class Any_(Enum):  # noqa: N801  # the word for it is taken, by typing
    """What stands for any value."""

    ANY = "any"

    def __repr__(self) -> str:
        return self.value


ANY = Any_.ANY
"""Stands for any key, or any value of a field that is set."""


def check_changes(changes: object) -> None:
    """Refuse what is no list of descriptions.

    Raises:
        QueryError: with the remedy.
    """
    if isinstance(changes, Change) or not isinstance(changes, Iterable):
        raise QueryError(f"a list of changes is expected, such as [Put(order)], not {type(changes).__name__}")
    for change in changes:
        if not isinstance(change, Change):
            raise QueryError(
                "a change is described by Put, Update, Delete or Check of persistence.testing, not by "
                f"{type(change).__name__}"
            )


class Change(ABC):
    """One write, or check, of a commit, as a test describes it."""

    @abstractmethod
    def wanted(self, known: Iterable[EntityMapping[Any]] = ()) -> Wanted:
        """Put it into stored terms.

        Args:
            known: mappings that come first where the mapping of an entity is not said.

        Raises:
            MappingError: no mapping maps the entity, or several do.
            QueryError: there are no such fields, or a value can't be stored in one.
        """


@dataclass(frozen=True)
class Put(Change):
    """A whole entity is written: a new one, or one that replaces another.

    Compared are all its fields, but for those that the unit of work keeps: version and times.

    Attributes:
        entity: the entity.
        mapping: its mapping, where several map such entities.
        ignoring: fields that are not compared, such as ids that are made at random. If one is part of the
            key, any key will do.
    """

    entity: object
    mapping: Schema | None = None
    ignoring: Iterable[str] = ()

    def wanted(self, known: Iterable[EntityMapping[Any]] = ()) -> Wanted:
        """See `Change.wanted`."""
        mapping = mapping_for(self.entity, self.mapping, known)
        ignored = frozenset([self.ignoring] if isinstance(self.ignoring, str) else self.ignoring)
        any_key = not ignored.isdisjoint(mapping.key_fields)
        key = None if any_key else mapping.key_of(self.entity)
        return WantedPut(mapping, key, mapping.codec.snapshot(self.entity), _attributes(mapping, ignored))


@dataclass(frozen=True)
class Update(Change):
    """Attributes of an item are changed.

    `Update(OrderMapping, "o-1", set={"status": Status.PAID}, removed=["note"])`

    Attributes:
        of: the mapping; or the entity itself, whose key is taken.
        key: the values of the key as `get` takes them, several as a tuple; `ANY` for any item.
        set: path -> value: fields, or parts of them such as "address.city" or "lines[0].sku". `ANY` stands
            for any value. None is what is left out of items, so that the attribute is removed.
        removed: paths whose attributes are removed.
        incremented: path -> by how much, for patches that increment.
        added: path -> a number or a set, for patches that add.
        appended: path -> elements, for patches that append to a list.
        exact: whether nothing else of the item may change; what the unit of work keeps always may.
        mapping: the mapping of an entity, where several map such entities.
    """

    of: object
    key: object = ANY
    set: Mapping[str, object] = field(default_factory=dict)
    removed: Iterable[str] = ()
    incremented: Mapping[str, int | float | Decimal] = field(default_factory=dict)
    added: Mapping[str, object] = field(default_factory=dict)
    appended: Mapping[str, Sequence[object]] = field(default_factory=dict)
    exact: bool = False
    mapping: Schema | None = None

    def __post_init__(self) -> None:
        for name in ("set", "incremented", "added", "appended"):
            if not isinstance(getattr(self, name), Mapping):
                raise QueryError(f'Update(..., {name}=...) takes a dict, such as {{"status": Status.PAID}}')

    def wanted(self, known: Iterable[EntityMapping[Any]] = ()) -> Wanted:
        """See `Change.wanted`."""
        mapping = _mapping(self.of, self.mapping, known)
        removed = [self.removed] if isinstance(self.removed, str) else self.removed
        edits = [_set(mapping, name, value) for name, value in self.set.items()]
        edits += [_edited(mapping, "remove", name) for name in removed]
        edits += [_edited(mapping, "increment", name, by) for name, by in self.incremented.items()]
        edits += [_edited(mapping, "append", name, tuple(each)) for name, each in self.appended.items()]
        edits += [
            _stored(mapping, name, addition(mapping, parsed(name), value))
            for name, value in self.added.items()
        ]
        return WantedUpdate(mapping, _key(mapping, self.of, self.key), tuple(edits), self.exact)


@dataclass(frozen=True)
class Delete(Change):
    """An item is deleted. Where removing only marks an entity as deleted, that is an `Update`.

    Attributes:
        of: the mapping; or the entity itself, whose key is taken.
        key: the values of the key as `get` takes them, several as a tuple; `ANY` for any item.
        mapping: the mapping of an entity, where several map such entities.
    """

    of: object
    key: object = ANY
    mapping: Schema | None = None

    def wanted(self, known: Iterable[EntityMapping[Any]] = ()) -> Wanted:
        """See `Change.wanted`."""
        mapping = _mapping(self.of, self.mapping, known)
        return WantedDelete(mapping, _key(mapping, self.of, self.key))


@dataclass(frozen=True)
class Check(Change):
    """Something is demanded of an item that is not written, as serializable units do of what they read.

    Attributes:
        of: the mapping; or the entity itself, whose key is taken.
        key: the values of the key as `get` takes them, several as a tuple; `ANY` for any item.
        mapping: the mapping of an entity, where several map such entities.
    """

    of: object
    key: object = ANY
    mapping: Schema | None = None

    def wanted(self, known: Iterable[EntityMapping[Any]] = ()) -> Wanted:
        """See `Change.wanted`."""
        mapping = _mapping(self.of, self.mapping, known)
        return WantedCheck(mapping, _key(mapping, self.of, self.key))


def _mapping(of: Any, schema: Schema | None, known: Iterable[EntityMapping[Any]]) -> EntityMapping[Any]:
    return mapping_of(of) if is_mapping_class(of) else mapping_for(of, schema, known)


def _key(mapping: EntityMapping[Any], of: object, key: object) -> dict[str, Any] | None:
    if not is_mapping_class(of):
        return mapping.key_of(of) if key is ANY else mapping.key_from(as_key(key), {})
    return None if key is ANY else mapping.key_from(as_key(key), {})


def as_key(key: object) -> tuple[object, ...]:
    """Give the values of a key from what stands for it: a tuple of them, or the only one."""
    return key if isinstance(key, tuple) else (key,)


def _attributes(mapping: EntityMapping[Any], names: Iterable[str]) -> frozenset[str]:
    """Give the attributes that hold fields, or are made of them."""
    ignored = frozenset(names)
    direct = {mapping.resolve((name,)).path.attribute for name in ignored}
    indexes = (None, *(index.name for index in mapping.table.indexes))
    parts = (part for index in indexes for part in mapping.key_parts(index))
    return frozenset(direct | {part.attribute for part in parts if not ignored.isdisjoint(part.fields)})


def _set(mapping: EntityMapping[Any], name: str, value: object) -> WantedEdit:
    if value is ANY:
        return WantedEdit(name, mapping.resolve(parsed(name)).path)
    return _edited(mapping, "set", name, value)


def _edited(mapping: EntityMapping[Any], verb: Verb, name: str, operand: Any = None) -> WantedEdit:
    return _stored(mapping, name, edit(mapping, verb, parsed(name), operand))


def _stored(mapping: EntityMapping[Any], name: str, change: Edit) -> WantedEdit:
    try:
        return WantedEdit(name, change.action())
    except Refused as refused:
        raise QueryError(f"{mapping.name} can't have such a {name}: {said(refused.messages)}") from refused
