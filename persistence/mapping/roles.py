"""The fields of a mapping that the unit of work and the service keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from persistence import fields
from persistence.attributes import NUMBER_DIGITS, AttributeValue
from persistence.errors import MappingError, QueryError
from persistence.expressions import Path
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node
from persistence.mapping.records import RecordPlan
from persistence.mapping.refusal import Refused, said
from persistence.mapping.scalars import INTEGER, STRING
from persistence.mapping.tables import Placement


@dataclass(frozen=True, eq=False)
class RoleField:
    """A field that the unit of work or the service keeps.

    Attributes:
        name: the entity's attribute, or None where it exists in the table only.
        attribute: the attribute in the table.
    """

    name: str | None
    attribute: str
    owner: type = field(repr=False)
    node: Node = field(repr=False)

    @cached_property
    def path(self) -> Path:
        """The path of its attribute."""
        return Path.of(self.attribute)

    def encode(self, value: object) -> AttributeValue:
        """Give the attribute value of a Python value.

        Raises:
            QueryError: the value can't be stored there.
        """
        try:
            return self.node.encode(value, validate=False)
        except Refused as refused:
            raise QueryError(
                f"{self.owner.__name__}: {self.attribute}: {said(refused.messages)}"
            ) from refused

    def decode(self, stored: AttributeValue) -> object:
        """Give the Python value of an attribute value.

        Raises:
            Unreadable: something else is stored.
        """
        if (
            self.node is INTEGER
            and len(text := stored.get("N", "")) <= NUMBER_DIGITS
            and text.isascii()
            and text.isdecimal()
        ):
            return int(text)
        return self.node.decode(stored)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that fields of a mapping have; None where it has no such field.

    Attributes:
        incarnation: the random id beside the version, in the table only.
        former_time_to_live: beside the mark of a deletion that set the time to live, what that was before; in
            the table only.
    """

    version: RoleField | None = None
    incarnation: RoleField | None = None
    created_at: RoleField | None = None
    updated_at: RoleField | None = None
    time_to_live: RoleField | None = None
    deleted_at: RoleField | None = None
    former_time_to_live: RoleField | None = None

    @property
    def managed(self) -> tuple[RoleField, ...]:
        """The fields that the unit of work writes by itself: version, timestamps, and what is with them."""
        managed = (
            self.version,
            self.incarnation,
            self.created_at,
            self.updated_at,
            self.deleted_at,
            self.former_time_to_live,
        )
        return tuple(role for role in managed if role is not None)


_INCARNATION = "_incarnation"
_FORMER_TIME_TO_LIVE = "_former_time_to_live"

_ROLES: Mapping[str, type[fields.Field[Any]]] = MappingProxyType(
    {
        "version": fields.Version,
        "created_at": fields.CreatedAt,
        "updated_at": fields.UpdatedAt,
        "time_to_live": fields.TimeToLive,
        "deleted_at": fields.DeletedAt,
    }
)


def roles_of(plan: RecordPlan, placement: Placement) -> Roles:
    """Find the fields that have a role, and what is stored beside them.

    Args:
        plan: the mapping's fields.
        placement: its keys.

    Raises:
        MappingError: two fields have one role, or one is declared in a way in which it can't be kept.
    """
    having = {role: found for role, kind in _ROLES.items() if (found := _only(plan, kind)) is not None}
    roles = Roles(**{role: _role(plan, found) for role, found in having.items()})
    version, deleted_at = having.get("version"), having.get("deleted_at")
    if version is not None and isinstance(version.field, fields.Version) and version.field.incarnation:
        roles = replace(roles, incarnation=_beside(plan, version, _INCARNATION, STRING))
    if deleted_at is not None:
        _refuse_unkept(plan, placement, deleted_at, roles)
        expiry = having.get("time_to_live")
        if expiry is not None:
            former = _beside(plan, deleted_at, _FORMER_TIME_TO_LIVE, expiry.node)
            roles = replace(roles, former_time_to_live=former)
    return roles


def purge_after(plan: RecordPlan) -> timedelta | None:
    """Give how long a removed entity is kept before the service deletes it; None for ever.

    Raises:
        MappingError: it is no duration, or there is no field to keep it.
    """
    found = _only(plan, fields.DeletedAt)
    after = found.field.purge_after if found and isinstance(found.field, fields.DeletedAt) else None
    if found is None or after is None:
        return None
    where = f"{type(plan.schema).__name__}.{found.name}: DeletedAt(purge_after=...)"
    if not isinstance(after, timedelta) or after <= timedelta(0):
        raise MappingError(f"{where} takes a timedelta of more than 0")
    if _only(plan, fields.TimeToLive) is None:
        raise MappingError(
            f"{where} needs a field fields.TimeToLive(), by which DynamoDB deletes items; declare one (it "
            "may exist in the table only), or leave purge_after out and purge what was removed"
        )
    return after


def beside_others(plan: RecordPlan, roles: Roles, taken: Collection[str]) -> tuple[str, ...]:
    """Give the attributes that roles store beside their own.

    Args:
        plan: the mapping's fields.
        roles: their roles.
        taken: the attributes that are stored otherwise.

    Raises:
        MappingError: one of them is taken.
    """
    reasons = (
        (roles.incarnation, "Version(incarnation=True) keeps its random id"),
        (roles.former_time_to_live, "DeletedAt keeps the time to live that a deletion replaces"),
    )
    for role, reason in reasons:
        if role is not None and role.attribute in taken:
            raise MappingError(
                f"{type(plan.schema).__name__} stores another field as {role.attribute!r}, where {reason}; "
                "give that field another data_key"
            )
    return tuple(role.attribute for role, _ in reasons if role is not None)


def _only(plan: RecordPlan, kind: type[fields.Field[Any]]) -> FieldPlan | None:
    having = [field for field in plan.fields if isinstance(field.field, kind)]
    if len(having) > 1:
        raise MappingError(
            f"{type(plan.schema).__name__} has two {kind.__name__} fields, {having[0].name!r} and "
            f"{having[1].name!r}; an entity has one"
        )
    return having[0] if having else None


def _role(plan: RecordPlan, having: FieldPlan) -> RoleField:
    name = having.name if having.on_entity else None
    return RoleField(name, having.attribute, plan.entity_type, having.node)


def _beside(plan: RecordPlan, having: FieldPlan, suffix: str, node: Node) -> RoleField:
    return RoleField(None, f"{having.attribute}{suffix}", plan.entity_type, node)


def _refuse_unkept(plan: RecordPlan, placement: Placement, deleted_at: FieldPlan, roles: Roles) -> None:
    """Refuse a mark that can't be set or taken away without writing the whole entity."""
    where = f"{type(plan.schema).__name__}.{deleted_at.name}"
    if deleted_at.argument and (deleted_at.default is None or deleted_at.default() is not None):
        raise MappingError(
            f"{where} is a DeletedAt, which an entity that is not removed does not have; write "
            f"`{deleted_at.name}: datetime | None = None` in {plan.entity_type.__name__}, or declare it "
            "under a name that the entity does not have: it may exist in the table only"
        )
    kept = {role.name for role in (_role(plan, deleted_at), roles.time_to_live) if role is not None}
    for index, parts in placement.parts.items():
        for part in parts:
            if kept & set(part.fields) and (part.template is not None or index is None):
                raise MappingError(
                    f"{where} is a DeletedAt, so that a removal sets it and the time to live alone; but the "
                    f"key attribute {part.attribute!r} is made of {', '.join(part.fields)}. Let the field "
                    "itself be the key of an index"
                )
