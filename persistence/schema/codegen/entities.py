"""The entity types of a table, each with its class, its keys, and the roles of its fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from persistence.attributes import Item
from persistence.fields import MILLISECONDS_FROM
from persistence.schema.codegen.grouping import Group
from persistence.schema.codegen.inference import Inference
from persistence.schema.codegen.keying import Keying
from persistence.schema.codegen.kinds import (
    BINARY,
    DECIMAL,
    INSTANT,
    INTEGER,
    TEXT,
    Enumeration,
    Field,
    Kind,
    Presence,
    Record,
    Scalar,
    Written,
)
from persistence.schema.codegen.names import Names, field_name
from persistence.table import ScalarType, Table

_KEY_TYPES: Mapping[str, ScalarType] = {
    **dict.fromkeys(("String", "UUID", "Date", "DateTime"), "S"),
    **dict.fromkeys(("Integer", "Decimal"), "N"),
    "Binary": "B",
}
_UNSEEN: Mapping[ScalarType, Kind] = {"S": TEXT, "N": DECIMAL, "B": BINARY}


@dataclass(frozen=True, slots=True)
class Roles:
    """The attributes that the unit of work may keep.

    Attributes:
        version: that of the version, if an item has it.
        created_at, updated_at: those of the times of writing.
    """

    version: str | None = "version"
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity type.

    Attributes:
        record: its class.
        sources: key attribute -> the template that makes it; others are fields of their own.
        mark: the value of the discriminator, where the mapping writes it.
    """

    record: Record
    sources: Mapping[str, str]
    mark: str | None

    def part(self, attribute: str) -> str | None:
        """Give what stands for an attribute in a `Key`, a template or a field; None where nothing does."""
        by_attribute = {field.attribute: field.name for field in self.record.fields if not field.of_key}
        return self.sources.get(attribute) or by_attribute.get(attribute)

    def fits(self, table: Table, attribute: str) -> bool:
        """Tell whether a key attribute is stored as the table's declaration says, or not at all."""
        if attribute in self.sources:
            return True
        known = [each for each in self.record.fields if each.attribute == attribute and not each.of_key]
        return all(
            key_type(each.kind) == table.type_of(attribute) and each.presence in ("always", "sometimes")
            for each in known
        )


def key_type(kind: Kind) -> ScalarType | None:
    """Give the type of a key attribute that is of a kind, if it can be one."""
    match kind:
        case Scalar():
            return _KEY_TYPES.get(kind.field)
        case Written() | Enumeration():
            return "S"
        case _:
            return None


def entity_of(
    table: Table,
    group: Group,
    name: str,
    inference: Inference,
    roles: Roles,
    discriminator: str | None,
    plain: Mapping[str, int],
    *,
    alone: bool,
) -> Entity:
    """Find the class and the keys of one entity type.

    Args:
        table: its table.
        group: its items.
        name: its class.
        inference: finds the fields.
        roles: which attributes have one.
        discriminator: the attribute that names the types of the table.
        plain: attribute -> how plain it has to be.
        alone: the table has no other entity types.
    """
    found = inference.fields_of(group.items, name, plain)
    fields = {
        field.attribute: _with_role(field, group.items, table, roles, plain.get(field.attribute, 0))
        for field in found
    }
    keying = Keying(table, group.items, name, fields, {*plain, discriminator or ""})
    sources = keying.sources
    dropped = {*sources, *([discriminator] if sources and discriminator else [])}
    kept = [field for attribute, field in fields.items() if attribute not in dropped]
    if alone and not sources:
        kept += _unseen(table, fields, kept)
    ordered = sorted((*keying.made, *kept), key=lambda field: _rank(field, table.key.names, sources))
    doc = f"An item of table {table.name!r}."
    return Entity(Record(name, tuple(ordered), doc), sources, group.mark if sources else None)


def _rank(field: Field, names: Sequence[str], sources: Mapping[str, str]) -> int:
    """Give the place of a field: those of the key come first, partition key before sort key."""
    for place, attribute in enumerate(names):
        filled = re.search(rf"{{{field.name}\b", sources.get(attribute, ""))
        if filled or field.attribute == attribute:
            return place
    return len(names)


def _unseen(table: Table, seen: Collection[str], fields: Sequence[Field]) -> Iterator[Field]:
    """Make fields for key attributes, and a time to live, that no sampled item has."""
    names = Names(*(field.name for field in fields))
    for attribute, kind in table.key_types.items():
        if attribute not in seen:
            presence: Presence = "always" if attribute in table.key.names else "sometimes"
            name = names.free(field_name(attribute))
            yield Field(
                name, attribute, _UNSEEN[kind], presence, note="in no sampled item; the table says its type"
            )
    expiry = table.time_to_live
    if expiry is not None and expiry not in {*seen, *table.key_types}:
        name = names.free(field_name(expiry))
        yield Field(
            name,
            expiry,
            INTEGER,
            "sometimes",
            "TimeToLive",
            note="in no sampled item; the table's time to live",
        )


def _with_role(field: Field, items: Sequence[Item], table: Table, roles: Roles, plain: int) -> Field:
    """Give a field the role that its name says, if its values can have it."""
    wanted = {
        table.time_to_live: "TimeToLive",
        roles.version: "Version",
        roles.created_at: "CreatedAt",
        roles.updated_at: "UpdatedAt",
    }.get(field.attribute)
    if wanted is None:
        return field
    instant = wanted in ("CreatedAt", "UpdatedAt")
    fitting = field.kind == (INSTANT if instant else INTEGER) and field.presence in ("always", "sometimes")
    numbers = [
        Decimal(item[field.attribute]["N"])
        for item in items
        if field.attribute in item and fitting and not instant
    ]
    if plain or not fitting or not all(0 <= number < MILLISECONDS_FROM for number in numbers):
        return replace(field, note=field.note or f"no {wanted}: not all values can be one")
    note = "taken for the version that guards against lost updates" if wanted == "Version" else None
    return replace(field, role=wanted, note=note)
