"""Compile declarations to mappings."""

from __future__ import annotations

from typing import TypeVar

from persistence.attributes import AttributeValue
from persistence.errors import MappingError
from persistence.mapping.codec import Codec, SureWay, key_fields
from persistence.mapping.compiled import Concurrency, EntityMapping
from persistence.mapping.declaration import Declaration
from persistence.mapping.encrypted import refuse_encrypted_parts
from persistence.mapping.planner import RecordPlans
from persistence.mapping.quick_keys import quick_key
from persistence.mapping.records import RecordPlan
from persistence.mapping.roles import Roles, beside_others, purge_after, roles_of
from persistence.mapping.shapes import shape_of
from persistence.mapping.tables import Placement, placed
from persistence.mapping.upcasting import SchemaVersions, versions_of
from persistence.mapping.walking import parts_of

T = TypeVar("T")


def compile_mapping(schema: type[Declaration[T]], *, compiled: bool = True) -> EntityMapping[T]:
    """Compile a declaration.

    Args:
        schema: the declaration.
        compiled: False makes marshmallow's fields convert their own values and generates no source: slow and
            sure.

    Raises:
        MappingError: it can't be used as it is declared.
    """
    plans = RecordPlans(compiled=compiled)
    plan = plans.plan(schema)
    _plan_everything(plan)
    placement = placed(plan)
    sure = SureWay(plan, placement)
    roles = roles_of(plan, placement)
    versions = _versions(plan, placement)
    attributes = _attributes(plan, placement, roles)
    parts = placement.parts[None]
    _refuse_taken(plan, versions, attributes)
    return EntityMapping(
        schema=schema,
        entity_type=plan.entity_type,
        name=plan.entity_type.__name__,
        table=placement.table,
        attributes=attributes if versions is None else (*attributes, *versions.attributes),
        codec=Codec(plan, placement, sure, fast=compiled, versions=versions),
        concurrency=_concurrency(plan, roles),
        roles=roles,
        hide_expired=_hide_expired(plan, roles),
        purge_after=purge_after(plan),
        shape=shape_of(plan),
        discriminator=_discriminator(placement),
        versions=versions,
        _plan=plan,
        _placement=placement,
        _sure=sure,
        _quick=quick_key(parts, key_fields(parts)) if compiled else None,
    )


def _plan_everything(plan: RecordPlan) -> None:
    """Plan all nested schemas, so that whatever can't be mapped is known before anything is stored."""
    for each in parts_of(plan):
        if isinstance(each, RecordPlan):
            _refuse_versions(plan, each)
            refuse_encrypted_parts(plan, each)


def _refuse_versions(plan: RecordPlan, each: RecordPlan) -> None:
    """Refuse schema versions of what is nested: only items say theirs."""
    if each is not plan and each.schema.opts.schema_version is not None:
        raise MappingError(
            f"{type(each.schema).__name__}.Meta has a schema_version, but its entities are stored inside of "
            f"{plan.entity_type.__name__}; give {type(plan.schema).__name__} the version, and upcasts that "
            "reach into its items"
        )


def _versions(plan: RecordPlan, placement: Placement) -> SchemaVersions | None:
    options = plan.schema.opts
    return versions_of(
        type(plan.schema),
        plan.entity_type,
        current=options.schema_version,
        compatible_from=options.schema_compatible_from,
        attribute=options.schema_version_attribute,
        keys=placement.table.key_names(),
        discriminator=placement.discriminator,
    )


def _refuse_taken(plan: RecordPlan, versions: SchemaVersions | None, attributes: tuple[str, ...]) -> None:
    if versions is None:
        return
    for name in versions.attributes:
        if name in attributes:
            raise MappingError(
                f"{type(plan.schema).__name__} stores something else as {name!r}, where the schema version "
                "is kept; write Meta.schema_version_attribute = ... with another name"
            )


def _attributes(plan: RecordPlan, placement: Placement, roles: Roles) -> tuple[str, ...]:
    own = [field.attribute for field in plan.fields if field.stored]
    keys = [part.attribute for parts in placement.parts.values() for part in parts]
    marks = [placement.discriminator[0]] if placement.discriminator else []
    beside = beside_others(plan, roles, {*own, *keys, *marks})
    return tuple(dict.fromkeys((*own, *keys, *marks, *beside)))


def _discriminator(placement: Placement) -> tuple[str, AttributeValue] | None:
    if placement.discriminator is None:
        return None
    attribute, value = placement.discriminator
    return attribute, {"S": value}


def _hide_expired(plan: RecordPlan, roles: Roles) -> bool:
    hidden = plan.schema.opts.hide_expired
    if hidden and roles.time_to_live is None:
        name = type(plan.schema).__name__
        raise MappingError(
            f"{name}.Meta.hide_expired is True, but {name} has no field fields.TimeToLive(), so that nothing "
            "ever expires"
        )
    return hidden


def _concurrency(plan: RecordPlan, roles: Roles) -> Concurrency:
    wanted = plan.schema.opts.concurrency
    name = type(plan.schema).__name__
    if roles.version is not None:
        if wanted not in (None, "version"):
            raise MappingError(
                f"{name}.Meta.concurrency is {wanted!r}, but {name} has a Version field; leave one of them "
                "out"
            )
        return "version"
    if wanted == "version":
        raise MappingError(f"{name}.Meta.concurrency is 'version', but {name} has no field fields.Version()")
    return "compare" if wanted == "compare" else "exists"
