"""The fields of a schema as they are stored: the sure way to encode and decode whole entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from marshmallow import EXCLUDE, Schema, ValidationError, missing

from persistence import fields
from persistence.attributes import AttributeValue, Item
from persistence.errors import MappingError
from persistence.mapping.construction import Construction, default_source
from persistence.mapping.containers import Collected, Foreign, decoded_part, run_validators
from persistence.mapping.declaration import HOOKS, Declaration, did_you_mean, has_hooks, subject_of
from persistence.mapping.fieldnodes import FieldNodes, has_validators
from persistence.mapping.hints import Hint, without_none
from persistence.mapping.nodes import NO_EMPTY, Node, Output, content_of
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.refusal import Refused, Unreadable
from persistence.mapping.silence import silenced

ABSENT: Any = object()
"""Marks a value that neither the item nor a default gives."""


@dataclass(frozen=True, eq=False)
class FieldPlan:
    """One field of a mapping.

    Attributes:
        name: the entity's attribute.
        key: the field's name in the schema, by which problems are reported.
        attribute: the name in the table.
        node: how its value is stored.
        field: the marshmallow field.
        optional: None may stand for its value, and is left out.
        omit_empty: an empty value is left out.
        null: None is stored as NULL, because an absent attribute reads as a default that is another value.
        default: makes the value where the attribute is absent; None where it must be there.
        on_entity: the entity has such an attribute.
        argument: it is given to the entity's constructor.
        stored, loaded: whether it is written to items and read from them.
        role: it is kept by the unit of work.
    """

    name: str
    key: str
    attribute: str
    node: Node
    field: fields.Field[Any]
    optional: bool
    omit_empty: bool
    null: bool
    default: Callable[[], Any] | None
    on_entity: bool
    argument: bool
    stored: bool
    loaded: bool
    role: bool

    @property
    def foreign(self) -> bool:
        """Tell whether marshmallow's field converts the values."""
        return isinstance(self.node, Foreign)

    @property
    def validated(self) -> bool:
        """Tell whether there are validators to run on the value itself."""
        return has_validators(self.field)

    @property
    def is_set(self) -> bool:
        """Tell whether an empty value can't be stored at all."""
        return isinstance(self.node.empty, set | frozenset)

    def encode(self, entity: Any, schema: Schema, *, validate: bool) -> AttributeValue | None:
        """Give the attribute value of an entity's field, or None to leave it out.

        Raises:
            Refused: the value can't be stored.
        """
        value = self._value(entity, schema)
        if value is missing:
            return None
        if value is not None and validate and self.validated:
            run_validators(self.field._validate, value)
        if self.foreign:
            return self._foreign(value, entity, schema)
        if value is None:
            return self._none()
        return None if self.is_empty(value) else self.node.encode(value, validate=validate)

    def _value(self, entity: Any, schema: Schema) -> Any:
        if self.on_entity:
            try:
                return getattr(entity, self.name)
            except AttributeError:
                if self.role or self.optional:
                    return missing
                raise Refused("Missing data for required field.") from None
        if self.role:
            return getattr(entity, self.name, missing)
        return (
            None
            if not self.field._CHECK_ATTRIBUTE
            else self.field.get_value(entity, self.key, schema.get_attribute)
        )

    def _none(self) -> AttributeValue | None:
        if not self.optional:
            raise Refused("Field may not be null.")
        return {"NULL": True} if self.null else None

    def is_empty(self, value: Any) -> bool:
        """Tell whether a value is left out because it is empty."""
        if not self.omit_empty:
            return self.is_set and not value
        return self.node.empty is not NO_EMPTY and value == self.node.empty or (self.foreign and not value)

    def _foreign(self, value: Any, entity: Any, schema: Schema) -> AttributeValue | None:
        if value is None and self.field._CHECK_ATTRIBUTE and not self.optional:
            raise Refused("Field may not be null.")
        if self.omit_empty and value is not None and not value:
            return None
        node = replace(
            self.node, serialize=lambda _: self.field.serialize(self.key, entity, schema.get_attribute)
        )  # type: ignore[type-var]
        plain = node.plain(value)  # type: ignore[attr-defined]
        return None if _left_out(plain) else tagged(pruned(self.field, plain))

    def decode(self, item: Item, data: Mapping[str, Any]) -> Any:
        """Give the Python value of the attribute in an item, or `ABSENT`.

        Args:
            item: an item or map of attribute values.
            data: the same as plain data, for fields that look around.

        Raises:
            Unreadable: the attribute is missing or can't be read.
        """
        stored = item.get(self.attribute)
        if stored is None or ("NULL" in stored and self.optional):
            return self.missing(null=stored is not None)
        if not isinstance(self.node, Foreign):
            return decoded_part(self.attribute, self.node, stored)
        node = replace(
            self.node, deserialize=lambda plain: self.field.deserialize(plain, self.attribute, data)
        )
        return decoded_part(self.attribute, node, stored)

    def missing(self, *, null: bool) -> Any:
        """Give the value of an attribute that is absent or NULL.

        Raises:
            Unreadable: nothing may stand for it.
        """
        if null:
            return None
        if self.default is not None:
            return self.default()
        if not self.argument:
            return ABSENT
        raise Unreadable(self.node.expected, "nothing").inside(self.attribute)


def _left_out(plain: Any) -> bool:
    return plain is None or plain is missing or (isinstance(plain, set | frozenset) and not plain)


def pruned(field: Any, plain: Any) -> Any:
    """Take out of dumped entities what is left out of items: None, and empty sets."""
    if plain is None:
        return None
    match field:
        case fields.Nested():
            schema = field.schema
            if not isinstance(schema, Declaration):
                return plain
            many = field.many or schema.many
            return [pruned_entity(schema, each) for each in plain] if many else pruned_entity(schema, plain)
        case fields.List():
            return [pruned(field.inner, each) for each in plain]
        case fields.Tuple():
            return [pruned(inner, each) for inner, each in zip(field.tuple_fields, plain, strict=True)]
        case fields.Dict() if field.value_field:
            return {name: pruned(field.value_field, each) for name, each in plain.items()}
        case _:
            return plain


def pruned_entity(schema: Schema, plain: Any) -> Any:
    """Take out of a dumped entity what is left out of items."""
    if not isinstance(plain, Mapping):
        return plain
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    return {
        name: pruned(known.get(name), each)
        for name, each in plain.items()
        if not _left_out(each) and not _omitted(known.get(name), each)
    }


def _omitted(field: Any, plain: Any) -> bool:
    return field is not None and bool(field.metadata.get("omit_empty")) and not plain


class PlainView(Mapping[str, Any]):
    """An item as plain data, converted when asked for."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def __getitem__(self, name: str) -> Any:
        return untagged(self._item[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._item)

    def __len__(self) -> int:
        return len(self._item)


class Plans(Protocol):
    """Gives the plan of each schema of a mapping."""

    def plan(self, schema: Schema) -> RecordPlan:
        """Give the plan of a schema, made once."""


@dataclass(frozen=True, eq=False)
class RecordPlan:
    """The fields of one schema, and how its entities are built.

    Attributes:
        schema: an instance of the schema.
        reader: another one, without validators.
        construction: how entities are built.
        fields: its fields in order.
        hooked: the schema has hooks, so that marshmallow converts whole entities.
    """

    schema: Declaration[Any]
    reader: Declaration[Any]
    construction: Construction
    fields: tuple[FieldPlan, ...]
    hooked: bool

    @property
    def entity_type(self) -> type[Any]:
        """The dataclass."""
        return self.construction.entity_type

    @cached_property
    def field_validators(self) -> tuple[tuple[Callable[..., Any], tuple[str, ...]], ...]:
        """The methods decorated with `@validates`, and the names of their fields."""
        hooks = self.schema._hooks.get("validates", ())
        return tuple((getattr(self.schema, name), tuple(kwargs["field_names"])) for name, _, kwargs in hooks)

    @cached_property
    def entity_validators(self) -> tuple[tuple[Callable[..., Any], Mapping[str, Any]], ...]:
        """The methods decorated with `@validates_schema`, and how."""
        hooks = self.schema._hooks.get("validates_schema", ())
        return tuple((getattr(self.schema, name), {**kwargs, "many": many}) for name, many, kwargs in hooks)

    @property
    def has_validators(self) -> bool:
        """Tell whether validators have to run, nested entities apart."""
        return bool(
            self.field_validators or self.entity_validators or any(field.validated for field in self.fields)
        )

    def encode(self, entity: Any, *, validate: bool) -> Item:
        """Give the attributes of an entity.

        Raises:
            Refused: with the messages of all its fields.
        """
        if not isinstance(entity, self.entity_type):
            raise Refused(f"Not a valid {self.entity_type.__name__}.")
        item = self._checked(entity, validate=validate)
        return self._dumped(entity) if self.hooked else item

    def _checked(self, entity: Any, *, validate: bool) -> Item:
        parts = Collected()
        item: Item = {}
        if has_hooks(type(self.schema), "pre_dump"):
            return item
        for field in self.fields:
            if field.stored:
                stored = parts.attempt(
                    field.key, lambda field=field: field.encode(entity, self.schema, validate=validate)
                )  # type: ignore[misc]
                if stored is not None:
                    item[field.attribute] = stored
        if validate:
            self.run_methods(entity, parts)
        parts.close()
        return item

    def run_methods(self, entity: Any, parts: Collected) -> None:
        """Run the validators that are methods of the schema, and note what they say."""
        values = {
            field.name: getattr(entity, field.name) for field in self.fields if hasattr(entity, field.name)
        }
        known = {field.key: field for field in self.fields}
        for method, names in self.field_validators:
            for name in names:
                if name in known and values.get(known[name].name) is not None:
                    key = known[name].attribute
                    _note(parts, name, lambda m=method, v=values[known[name].name], k=key: m(v, data_key=k))  # type: ignore[misc]
        for method, options in self.entity_validators:
            if not (parts.problems and options.get("skip_on_field_errors", True)):
                data: Any = [values] if options["many"] else values
                arguments = (data, entity) if options.get("pass_original") else (data,)
                _note(
                    parts,
                    None,
                    lambda m=method, a=arguments: m(*a, partial=False, many=False, unknown=EXCLUDE),
                )  # type: ignore[misc]

    def _dumped(self, entity: Any) -> Item:
        plain = pruned_entity(self.schema, self.schema.dump(entity))
        if not isinstance(plain, Mapping):
            raise Refused(
                f"The hooks of {type(self.schema).__name__} gave {type(plain).__name__}, not a dict."
            )
        parts = Collected()
        item = {name: parts.attempt(name, lambda each=each: tagged(each)) for name, each in plain.items()}  # type: ignore[misc]
        parts.close()
        return item

    def decode(self, item: Item) -> Any:
        """Build the entity that an item or map describes.

        Raises:
            Unreadable: an attribute is missing or can't be read.
        """
        return self._loaded(item) if self.hooked else self._build(self._values(item))

    def _values(self, item: Item) -> dict[str, Any]:
        data = PlainView(item)
        read = ((field, field.decode(item, data)) for field in self.fields if field.loaded)
        return {field.name: value for field, value in read if value is not ABSENT and field.on_entity}

    def _build(self, values: Mapping[str, Any]) -> Any:
        return self.construction.build(values)

    def _loaded(self, item: Item) -> Any:
        plain = {name: untagged(stored) for name, stored in item.items()}
        try:
            loaded = self.reader.load(plain, unknown=EXCLUDE)
        except ValidationError as error:
            raise self._unreadable(error, item) from error
        return loaded

    def _unreadable(self, error: ValidationError, item: Item) -> Unreadable:
        messages = error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}
        name = str(next(iter(messages)))
        known = {field.attribute: field.node.expected for field in self.fields}
        found = next(iter(item[name])) if name in item else "nothing"
        return Unreadable(known.get(name, "what its hooks read"), found).inside(name)


def _note(parts: Collected, name: str | None, work: Callable[[], Any]) -> None:
    try:
        work()
    except ValidationError as error:
        messages = error.normalized_messages() if name is None else error.messages
        found = messages if isinstance(messages, dict) else {name or "_schema": messages}
        for key, texts in found.items():
            known = parts.problems.get(key)
            parts.problems[key] = (
                [*known, *texts] if isinstance(known, list) and isinstance(texts, list) else texts
            )


@dataclass(frozen=True, eq=False)
class Record(Node):
    """A nested entity, stored as a map."""

    plans: Plans
    schema: Declaration[Any]

    @cached_property
    def plan(self) -> RecordPlan:
        """The plan of its schema; found late, since entities may hold their own kind."""
        return self.plans.plan(self.schema)

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on the schema
        return f"a {subject_of(type(self.schema)).entity_type.__name__} as map (M)"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        return {"M": self.plan.encode(value, validate=validate)}

    def decode(self, stored: AttributeValue) -> Any:
        return self.plan.decode(content_of(stored, "M", self.expected))

    def guard(self, out: Output, name: str) -> str:
        return ""

    def write(self, out: Output, name: str) -> str:
        return f'{{"M": {out.function(self.plan, "encode")}({name})}}'

    def read(self, out: Output, stored: str) -> str:
        return f'{out.function(self.plan, "decode")}({stored}["M"])'


class RecordPlans:
    """Makes the plans of a mapping and of all schemas nested in it, each once.

    Args:
        compiled: False makes marshmallow's fields convert their own values.
    """

    def __init__(self, *, compiled: bool = True) -> None:
        self._nodes = FieldNodes(self._record, compiled=compiled)
        self._plans: dict[type[Schema], RecordPlan] = {}

    def plan(self, schema: Schema) -> RecordPlan:
        """Give the plan of a schema, made once.

        Raises:
            MappingError: its entity type can't be mapped.
        """
        kind = type(schema)
        if kind not in self._plans:
            self._plans[kind] = self._made(kind)
        return self._plans[kind]

    def _record(self, schema: Schema) -> Node | None:
        if not isinstance(schema, Declaration) or has_hooks(type(schema), *HOOKS):
            return None
        return Record(self, schema)

    def _made(self, kind: type[Declaration[Any]]) -> RecordPlan:
        schema, subject = _instance(kind), subject_of(kind)
        reader = silenced(_instance(kind))
        made = Planner(schema, reader, self._nodes).fields()
        for plan in made:
            if plan.default is not None and plan.key in reader.load_fields:
                reader.load_fields[plan.key].required = False
                reader.load_fields[plan.key].load_default = plan.default
        return RecordPlan(schema, reader, subject.construction, made, has_hooks(kind, *HOOKS))


def _instance(kind: type[Declaration[Any]]) -> Declaration[Any]:
    try:
        schema = kind()
    except ValueError as error:
        raise MappingError(f"{kind.__name__}: {error}") from error
    hints = subject_of(kind).hints
    for name, field in schema.fields.items():
        if isinstance(field, fields.TimeToLive) and field.as_seconds is None:
            field.as_seconds = without_none(hints.get(field.attribute or name, Any))[0] is int
    return schema


class Planner:
    """Plans the fields of one schema."""

    def __init__(self, schema: Declaration[Any], reader: Declaration[Any], nodes: FieldNodes) -> None:
        self._schema = schema
        self._reader = reader
        self._nodes = nodes
        self._subject = subject_of(type(schema))
        self._by_name = {field.name: field for field in self._subject.construction.fields}

    def fields(self) -> tuple[FieldPlan, ...]:
        """Plan the fields of the schema.

        Raises:
            MappingError: fields that contradict the entity or each other.
        """
        plans = tuple(self._plan(name, field) for name, field in self._schema.fields.items())
        self._refuse_twins(plans)
        self._refuse_missing(plans)
        return plans

    def _plan(self, key: str, field: fields.Field[Any]) -> FieldPlan:
        name = field.attribute or key
        hint = self._subject.hints.get(name, Any)
        role = isinstance(field, ROLES)
        known = self._by_name.get(name)
        self._refuse_stranger(key, name, field, role)
        optional = (
            role or field.allow_none is True or without_none(hint)[1] or (known is None and hint is Any)
        )
        node = self._node(key, field, hint)
        omit_empty = bool(field.metadata.get("omit_empty"))
        default = self._default(field, name, hint, node, omit_empty)
        return FieldPlan(
            name=name,
            key=key,
            attribute=field.data_key if field.data_key is not None else key,
            node=node,
            field=field,
            optional=optional,
            omit_empty=omit_empty,
            null=optional and not role and default is not None and default() is not None,
            default=default,
            on_entity=known is not None or hasattr(self._subject.entity_type, name),
            argument=known is not None and known.init,
            stored=not field.load_only,
            loaded=not field.dump_only and known is not None,
            role=role,
        )

    def _node(self, key: str, field: fields.Field[Any], hint: Hint) -> Node:
        node = self._nodes.node(field, hint)
        if isinstance(node, Foreign) and key in self._reader.fields:
            reader = self._reader.fields[key]
            return replace(node, deserialize=lambda plain: reader.deserialize(plain, key, None))
        return node

    def _default(
        self, field: fields.Field[Any], name: str, hint: Hint, node: Node, omit_empty: bool
    ) -> Callable[[], Any] | None:
        known = self._by_name.get(name)
        empty = node.empty
        if isinstance(empty, set | frozenset):
            return lambda: node.empty
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
        return (lambda: None) if known is not None and without_none(hint)[1] else None

    def _refuse_stranger(self, key: str, name: str, field: fields.Field[Any], role: bool) -> None:
        entity = self._subject.entity_type
        free = role or not field._CHECK_ATTRIBUTE or has_hooks(type(self._schema), "pre_dump", "post_dump")
        if "." in name:
            raise MappingError(
                f"{type(self._schema).__name__}.{key} reads {name!r}; an attribute inside another one can't be mapped. "
                "Use fields.Nested or fields.Function"
            )
        if not free and name not in self._by_name and not hasattr(entity, name) and not field.load_only:
            raise MappingError(
                f"{type(self._schema).__name__} declares the field {name!r}, but {entity.__name__} has no such "
                f"attribute; {did_you_mean(name, list(self._by_name))}"
            )

    def _refuse_twins(self, plans: tuple[FieldPlan, ...]) -> None:
        seen: dict[str, FieldPlan] = {}
        for plan in plans:
            twin = seen.setdefault(plan.attribute, plan)
            if twin is not plan:
                raise MappingError(
                    f"{type(self._schema).__name__} stores both {twin.name!r} and {plan.name!r} as attribute "
                    f"{plan.attribute!r}; give one of them another data_key"
                )

    def _refuse_missing(self, plans: tuple[FieldPlan, ...]) -> None:
        loaded = {plan.name for plan in plans if plan.loaded}
        for name, field in self._by_name.items():
            if name not in loaded and field.init and default_source(field) is None:
                raise MappingError(
                    f"{self._subject.entity_type.__name__}.{name} is excluded from {type(self._schema).__name__}, or "
                    "never loaded, but has no default, so that the entity can't be built; give it a default or map it"
                )


ROLES = (fields.Version, fields.CreatedAt, fields.UpdatedAt, fields.TimeToLive)
"""Fields that are kept by the unit of work or the service, and may be absent from the entity."""
