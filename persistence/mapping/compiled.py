"""Compiled mappings: all that is known of how an entity type is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import persistence.expressions as expressions
from persistence import fields
from persistence.attributes import AttributeValue, Item, NormalisedKey
from persistence.errors import DecodeError, QueryError
from persistence.expressions import Path
from persistence.mapping.codec import Codec, SureWay, key_fields, read_key
from persistence.mapping.declaration import Declaration, did_you_mean
from persistence.mapping.keys import KeyPart
from persistence.mapping.paths import MappedPath, resolved
from persistence.mapping.quick_keys import QuickKey, identifier
from persistence.mapping.records import RecordPlan
from persistence.mapping.refusal import Unreadable
from persistence.mapping.roles import RoleField, Roles
from persistence.mapping.scalars import INTEGER, whole_number
from persistence.mapping.shapes import RecordShape
from persistence.mapping.tables import Placement
from persistence.mapping.upcasting import SchemaVersions
from persistence.mapping.walking import encodes_by_field, encodes_own_key
from persistence.table import Table

T = TypeVar("T")

Concurrency = Literal["version", "compare", "exists"]

PATHS_KEPT = 1024
"""How many paths a mapping remembers what is stored at; entries of maps may have any names."""


@dataclass(frozen=True, eq=False)
class EntityMapping(Generic[T]):
    """A compiled mapping: everything that is known of how one entity type is stored.

    Attributes:
        schema: the declaration.
        entity_type: the dataclass.
        name: its name.
        table: the table, in attribute names.
        attributes: the names of all attributes that the mapping writes.
        codec: converts entities to items and back.
        concurrency: how a lost update is noticed: by version, by comparing what changed, or not at all.
        roles: the fields that the unit of work and the service keep.
        hide_expired: whether readers don't see items whose time to live has passed.
        purge_after: how long after its removal a marked item is deleted by the service; None for never.
        shape: where nested entities are.
        discriminator: the attribute that marks this type in a shared table, and its value.
        versions: the versions of what is stored, and how older items are upcast; None without.
    """

    schema: type[Declaration[T]]
    entity_type: type[T]
    name: str
    table: Table
    attributes: tuple[str, ...]
    codec: Codec[T]
    concurrency: Concurrency
    roles: Roles
    hide_expired: bool
    purge_after: timedelta | None
    shape: RecordShape
    discriminator: tuple[str, AttributeValue] | None
    versions: SchemaVersions | None
    _plan: RecordPlan = field(repr=False)
    _placement: Placement = field(repr=False)
    _sure: SureWay = field(repr=False)
    _quick: QuickKey | None = field(repr=False)
    _resolved: dict[tuple[str | int, ...], MappedPath] = field(init=False, repr=False, default_factory=dict)

    @cached_property
    def row_readers(self) -> dict[object, Any]:
        """Functions that read some of its values at once, where they are kept; see `rows.py`."""
        return {}

    @cached_property
    def steps(self) -> dict[str | None, Any]:
        """What writes of its items have in common by their version, where that is kept; see `commit_plan`."""
        return {}

    @property
    def plan(self) -> RecordPlan:
        """The fields, in order: how each is stored, and what stands for it where it is absent."""
        return self._plan

    def key_parts(self, index: str | None = None) -> tuple[KeyPart, ...]:
        """Give the key parts of the table or of an index, partition key first.

        Args:
            index: name of an index, or None for the table.

        Returns:
            The parts; none for an index that never holds these entities.

        Raises:
            QueryError: the table has no such index.
        """
        try:
            return self._placement.parts[index]
        except KeyError:
            known = [name for name in self._placement.parts if name is not None]
            raise QueryError(
                f"table {self.table.name!r} has no index {index!r}; {did_you_mean(str(index), known)}"
            ) from None

    def key_split(self, index: str | None = None) -> tuple[tuple[KeyPart, ...], tuple[KeyPart, ...]]:
        """Give the key parts as `key_parts` does: those of the partition key, and those of the sort key."""
        parts = self.key_parts(index)
        partitions = len(self.table.index_key(index).partitions)
        return parts[:partitions], parts[partitions:]

    def key_of(self, entity: T) -> Item:
        """Give the stored key of an entity: the key attributes of the table only.

        Raises:
            ValidationFailed: a value of the key is None, empty, too long or of a wrong type.
        """
        if self._quick is not None and type(entity) is self.entity_type:
            key = self._quick.of_entity(entity)
            if key is not None:
                return key
        return self._sure.key(entity)

    @cached_property
    def key_fields(self) -> tuple[str, ...]:
        """The names of the key's fields in the order of their first appearance."""
        return key_fields(self._placement.parts[None])

    def key_from(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Item:
        """Give the stored key for the arguments of `get`.

        Args:
            args: values of the key's fields in the order of their first appearance.
            kwargs: the same by name, for those that are left.

        Raises:
            QueryError: too few or too many arguments, unknown names, or values that can't be part of a key.
        """
        if self._quick is not None and not kwargs and len(args) == len(self._quick.fields):
            key = self._quick.of(args)
            if key is not None:
                return key
        names = self.key_fields
        given = dict(zip(names, args, strict=False))
        twice = [name for name in kwargs if name in given]
        unknown = [name for name in kwargs if name not in names]
        if len(args) > len(names) or twice or unknown or len(given) + len(kwargs) < len(names):
            raise QueryError(self._key_problem(len(args), list(kwargs)))
        values = {**given, **kwargs}
        if any(isinstance(value, float | Decimal) for value in values.values()):
            values = self._as_stored(values)
        return {part.attribute: part.encode(values) for part in self._placement.parts[None]}

    def _as_stored(self, values: Mapping[str, object]) -> dict[str, object]:
        """Give `1.0` and `Decimal("1E0")` as 1 where the key is an int: to the service they are one."""
        whole = {
            name: value
            for part in self._placement.parts[None]
            for name in part.fields
            if part.node_of(name) is INTEGER and (value := whole_number(values[name])) is not None
        }
        return {**values, **whole}

    def _key_problem(self, positional: int, named: list[str]) -> str:
        came = f"{positional} positional" + (f" and {', '.join(named)}" if named else "")
        signature = f"({', '.join(self.key_fields)})"
        return f"the key of {self.name} is {signature}, to be given in this order or by name; got {came}"

    def key_values(self, key: Item) -> tuple[object, ...]:
        """Give the Python values of the key's fields in the order of their first appearance.

        Args:
            key: a stored key, or an item that has one.

        Raises:
            DecodeError: it is no key of this mapping.
        """
        parts = self._placement.parts[None]
        for part in parts:
            if part.attribute not in key:
                raise self._decode_error(Unreadable("a key attribute", "nothing").inside(part.attribute), key)
        try:
            values = read_key(parts, key)
        except Unreadable as problem:
            raise self._decode_error(problem, key) from problem
        return tuple(values[name] for name in self.key_fields)

    def _decode_error(self, problem: Unreadable, item: Item) -> DecodeError:
        where = str(Path(problem.path))
        return DecodeError(
            self.entity_type, where, problem.expected, problem.found, self._sure.known_key(item)
        )

    def resolve(self, names: tuple[str | int, ...]) -> MappedPath:
        """Find what is stored at a path in Python names.

        Args:
            names: such as `("address", "city")` or `("lines", 0, "sku")`.

        Raises:
            QueryError: there is no such path.
        """
        found = self._resolved.get(names)
        if found is None:
            found = resolved(self._plan, names)
            if len(self._resolved) >= PATHS_KEPT:
                self._resolved.clear()
            self._resolved[names] = found
        return found

    @cached_property
    def field_names(self) -> frozenset[str]:
        """The Python names of the fields that the mapping stores or loads."""
        return frozenset(field.name for field in self._plan.fields)

    @cached_property
    def optional_names(self) -> frozenset[str]:
        """The Python names of the fields that None may stand for."""
        return frozenset(field.name for field in self._plan.fields if field.optional)

    @cached_property
    def steps_plainly(self) -> bool:
        """Whether a change of a loaded item is what differs in its encoding, and what the unit of work keeps.

        So it is where no validators run, and where items say neither a schema version nor a deletion.
        """
        return self.encodes_by_field and self.versions is None and self.roles.deleted_at is None

    def may_be_absent(self, name: str) -> bool:
        """Tell whether items may lack a field, because None or an empty value is left out."""
        found = next(field for field in self._plan.fields if field.name == name)
        if isinstance(found.field, fields.Version | fields.CreatedAt | fields.UpdatedAt):
            return False
        return found.optional or found.omit_empty

    def read_role(self, role: RoleField, item: Item) -> object:
        """Read the attribute of a role from an item.

        Returns:
            Its Python value, or None where it is absent.

        Raises:
            DecodeError: something else is stored.
        """
        stored = item.get(role.attribute)
        if stored is None or "NULL" in stored:
            return None
        try:
            return role.decode(stored)
        except Unreadable as problem:
            raise self._decode_error(problem.inside(role.attribute), item) from problem

    def current(self, item: Item) -> Item:
        """Give an item as the current schema version would have stored it: the item itself, unless it is old.

        Raises:
            DecodeError: it is of a later version that this one can't read, or an upcast failed.
        """
        return item if self.versions is None else self.versions.upcast(item, self._sure.known_key)

    def assign(self, entity: T, values: Mapping[str, object]) -> T:
        """Set attributes of an entity.

        Args:
            entity: the entity; it is changed, unless its class is frozen.
            values: attribute name -> value; names that the class does not have are skipped.

        Returns:
            The entity itself, or a changed copy where its class is frozen.
        """
        construction = self._plan.construction
        names = construction.names
        known = values if names.issuperset(values) else [name for name in values if name in names]
        if not known:
            return entity
        if not construction.frozen:
            for name in known:
                setattr(entity, name, values[name])
            return entity
        target: T = construction.copy(entity)
        for name in known:
            construction.set(target, name, values[name])
        return target

    def copied(self, entity: T) -> T:
        """Make a shallow copy of an entity."""
        copy: T = self._plan.construction.copy(entity)
        return copy

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The names of the table's key attributes."""
        return self.table.key_names()

    @cached_property
    def identity(self) -> Callable[[Mapping[str, AttributeValue]], tuple[str, NormalisedKey]]:
        """Give the identity of a key, or of an item that has it: the table's name and the normalised key."""
        return identifier(self.table)

    @cached_property
    def managed_attributes(self) -> frozenset[str]:
        """The attributes that the unit of work writes by itself."""
        return frozenset(role.attribute for role in self.roles.managed)

    @cached_property
    def partition_path(self) -> Path:
        """The path of the partition key, which every stored item has."""
        return Path.of(self.table.partition)

    @cached_property
    def kept_apart(self) -> frozenset[str]:
        """The attributes that a write of all the others leaves to itself: keys, versions, times and marks."""
        marks = () if self.versions is None else self.versions.attributes
        return frozenset((*self.key_names, *marks, *self.managed_attributes))

    @cached_property
    def paths(self) -> Mapping[str, Path]:
        """The paths of its attributes, by their names."""
        return {name: Path.of(name) for name in self.attributes}

    @cached_property
    def is_free(self) -> expressions.Condition:
        """The condition that nothing is stored under a key: one for all, so that it is rendered once."""
        return expressions.AttributeNotExists(self.partition_path)

    @cached_property
    def exists(self) -> expressions.Condition:
        """The condition that something is stored under a key: one for all, as `is_free` is."""
        return expressions.AttributeExists(self.partition_path)

    @cached_property
    def encodes_own_key(self) -> bool:
        """Whether the encoding of an entity surely has its key, as `key_of` gives it."""
        return encodes_own_key(self._plan)

    @cached_property
    def encodes_by_field(self) -> bool:
        """Whether what the unit of work keeps can be put into an encoding afterwards; see `walking`."""
        return encodes_by_field(self._plan, self._placement, self.roles)
