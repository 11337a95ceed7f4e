"""From schemas to plans: each declared and inferred field is matched with the entity's attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, missing

from persistence import fields
from persistence.attributes import ATTRIBUTE_NAME_LIMIT
from persistence.encryption import EncryptedAttribute
from persistence.errors import MappingError
from persistence.mapping.construction import default_source
from persistence.mapping.declaration import HOOKS, Declaration, did_you_mean, has_hooks, subject_of
from persistence.mapping.encrypted import encrypted_attribute
from persistence.mapping.fieldnodes import FieldNodes
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.hints import Hint, allows_none, origin_of, without_none
from persistence.mapping.nodes import NO_EMPTY, Node
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.rolehints import ROLES, refuse_role
from persistence.mapping.silence import silenced, silenced_field
from persistence.mapping.untyped import Foreign


class RecordPlans:
    """Makes the plans of a mapping and of all schemas nested in it, each once.

    Args:
        compiled: False makes marshmallow's fields convert their own values.
    """

    def __init__(self, *, compiled: bool = True) -> None:
        self._nodes = FieldNodes(self._record, compiled=compiled)
        self._plans: dict[type[Declaration[Any]], RecordPlan] = {}

    def plan(self, kind: type[Declaration[Any]]) -> RecordPlan:
        """Give the plan of a schema, made once.

        Raises:
            MappingError: its entity type can't be mapped.
        """
        if kind not in self._plans:
            self._plans[kind] = self._made(kind)
        return self._plans[kind]

    def _record(self, schema: Schema) -> Node | None:
        if not isinstance(schema, Declaration):
            return None
        return HookedRecord(self, schema) if has_hooks(type(schema), *HOOKS) else Record(self, schema)

    def _made(self, kind: type[Declaration[Any]]) -> RecordPlan:
        schema, hooked = _instance(kind), has_hooks(kind, *HOOKS)
        made = Planner(schema, self._nodes).planned()
        reader = _reader(kind, made) if hooked else schema
        return RecordPlan(schema, reader, subject_of(kind).construction, made, hooked)


def _reader(kind: type[Declaration[Any]], made: tuple[FieldPlan, ...]) -> Declaration[Any]:
    reader = silenced(_instance(kind))
    for plan in made:
        if plan.default is not None and plan.key in reader.load_fields:
            reader.load_fields[plan.key].required = False
            reader.load_fields[plan.key].load_default = plan.default
    return reader


def _instance(kind: type[Declaration[Any]]) -> Declaration[Any]:
    _refuse_twins(kind)
    try:
        schema = kind()
    except ValueError as error:
        raise MappingError(f"{kind.__name__}: {error}") from error
    hints = subject_of(kind).hints
    for name, field in schema.fields.items():
        if isinstance(field, fields.TimeToLive) and field.as_seconds is None:
            field.as_seconds = without_none(hints.get(field.attribute or name, Any))[0] is int
    return schema


def _refuse_twins(kind: type[Declaration[Any]]) -> None:
    known = {**subject_of(kind).inferred, **kind._declared_fields}
    seen: dict[str, str] = {}
    for name, field in known.items():
        attribute = name if field.data_key is None else field.data_key
        twin = seen.setdefault(attribute, name)
        if twin != name and not {twin, name} & set(kind.opts.exclude):
            raise MappingError(
                f"{kind.__name__} stores both {twin!r} and {name!r} as attribute {attribute!r}; give one of "
                "them another data_key"
            )


class Planner:
    """Plans the fields of one schema."""

    def __init__(self, schema: Declaration[Any], nodes: FieldNodes) -> None:
        self._schema = schema
        self._nodes = nodes
        self._subject = subject_of(type(schema))
        self._by_name = {field.name: field for field in self._subject.construction.fields}

    @property
    def _entity_name(self) -> str:
        return self._subject.entity_type.__name__

    def planned(self) -> tuple[FieldPlan, ...]:
        """Plan the fields of the schema.

        Raises:
            MappingError: fields that contradict the entity or each other.
        """
        plans = tuple(self._plan(name, field) for name, field in self._schema.fields.items())
        self._refuse_missing(plans)
        return plans

    def _plan(self, key: str, field: fields.Field[Any]) -> FieldPlan:
        encrypted = self._encrypted(key, field)
        name = field.attribute or key
        hint = self._subject.hints.get(name, Any)
        role = isinstance(field, ROLES)
        known = self._by_name.get(name)
        self._refuse_stranger(key, name, field, role)
        if known is not None:
            refuse_role(f"{type(self._schema).__name__}.{key}", field, f"{self._entity_name}.{name}", hint)
        optional = role or self._takes_none(name, field, hint)
        node = self._nodes.node(field, hint)
        omit_empty = bool(field.metadata.get("omit_empty"))
        default = self._default(field, name, hint, node, omit_empty)
        attribute = field.data_key if field.data_key is not None else key
        self._refuse_name(key, attribute)
        return FieldPlan(
            name=name,
            key=key,
            attribute=attribute,
            node=node,
            field=field,
            reader=silenced_field(field) if isinstance(node, Foreign) else field,
            optional=optional,
            omit_empty=omit_empty,
            null=optional and not role and known is not None and (default is None or default() is not None),
            default=default,
            on_entity=known is not None or hasattr(self._subject.entity_type, name),
            argument=known is not None and known.init,
            stored=not field.load_only,
            loaded=not field.dump_only and known is not None,
            role=role,
            encrypted=encrypted,
        )

    def _encrypted(self, key: str, field: fields.Field[Any]) -> EncryptedAttribute | None:
        return encrypted_attribute(f"{type(self._schema).__name__}.{key}", field, self._subject.entity_type)

    def _takes_none(self, name: str, field: fields.Field[Any], hint: Hint) -> bool:
        """Tell whether None may stand for a value; a field that is declared as required says no by that."""
        required = field.required and name not in self._subject.inferred
        return field.allow_none is True or (allows_none(hint) and not required)

    def _refuse_name(self, key: str, attribute: str) -> None:
        size = len(attribute.encode(errors="surrogatepass"))
        if not 1 <= size <= ATTRIBUTE_NAME_LIMIT or size != len(attribute.encode(errors="replace")):
            raise MappingError(
                f"{type(self._schema).__name__}.{key} has a data_key of {size} bytes; names of attributes "
                f"are valid text of 1 to {ATTRIBUTE_NAME_LIMIT} bytes"
            )

    def _default(
        self, field: fields.Field[Any], name: str, hint: Hint, node: Node, omit_empty: bool
    ) -> Callable[[], Any] | None:
        known = self._by_name.get(name)
        empty = node.empty
        inner = field.inner if isinstance(field, fields.Encrypted) else field
        if isinstance(inner, SETS):
            return frozenset if inner.frozen or origin_of(hint) is frozenset else set
        if field.required and name not in self._subject.inferred:
            return None
        given = field.load_default
        if given is not missing and name not in self._subject.inferred:
            return given if callable(given) else lambda: given
        made = default_source(known) if known is not None else None
        if made is not None:
            return made
        if omit_empty and empty is not NO_EMPTY:
            return lambda: node.empty
        nullable = allows_none(hint) or field.allow_none is True
        return (lambda: None) if known is not None and nullable else None

    def _refuse_stranger(self, key: str, name: str, field: fields.Field[Any], role: bool) -> None:
        entity = self._subject.entity_type
        free = role or not field._CHECK_ATTRIBUTE or has_hooks(type(self._schema), "pre_dump", "post_dump")
        if "." in name:
            raise MappingError(
                f"{type(self._schema).__name__}.{key} reads {name!r}; an attribute inside another one can't "
                "be mapped. Use fields.Nested or fields.Function"
            )
        if not free and name not in self._by_name and not hasattr(entity, name) and not field.load_only:
            raise MappingError(
                f"{type(self._schema).__name__} declares the field {name!r}, but {entity.__name__} has no "
                f"such attribute; {did_you_mean(name, list(self._by_name))}"
            )

    def _refuse_missing(self, plans: tuple[FieldPlan, ...]) -> None:
        loaded = {plan.name for plan in plans if plan.loaded}
        for name, field in self._by_name.items():
            if name not in loaded and field.init and default_source(field) is None:
                raise MappingError(
                    f"{self._subject.entity_type.__name__}.{name} is excluded from "
                    f"{type(self._schema).__name__}, or "
                    "never loaded, but has no default, so that the entity can't be built; give it a default "
                    "or map it"
                )


SETS = (fields.StringSet, fields.NumberSet, fields.BinarySet)
"""Fields whose absence means that they are empty: DynamoDB has no empty sets."""
