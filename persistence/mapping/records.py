"""All fields of a schema as they are stored: the sure way to encode and decode whole entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from marshmallow import EXCLUDE, ValidationError

from persistence.attributes import AttributeValue, Item
from persistence.mapping.construction import Construction
from persistence.mapping.containers import Collected
from persistence.mapping.declaration import Declaration, has_hooks, subject_of
from persistence.mapping.fieldplan import ABSENT, FieldPlan, PlainView
from persistence.mapping.nodes import Node, Output, content_of
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.pruning import pruned_entity
from persistence.mapping.refusal import Refused, Unreadable


class Plans(Protocol):
    """Gives the plan of each schema of a mapping."""

    def plan(self, kind: type[Declaration[Any]]) -> RecordPlan:
        """Give the plan of a schema, made once."""
        ...


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
        parts = Collected()
        item = self.collect(entity, parts, validate=validate)
        parts.close()
        return item

    def collect(self, entity: Any, parts: Collected, *, validate: bool) -> Item:
        """Give the attributes that an entity's fields have, and note what is wrong with the others."""
        checked = {} if has_hooks(type(self.schema), "pre_dump") else self._checked(entity, parts, validate)
        if validate:
            self.run_methods(entity, parts)
        if not self.hooked or parts.problems:
            return checked
        return self._dumped(entity, parts)

    def _checked(self, entity: Any, parts: Collected, validate: bool) -> Item:
        item: Item = {}
        for field in self.fields:
            if field.stored:
                stored = parts.attempt(
                    field.key, partial(field.encode, entity, self.schema, validate=validate)
                )
                if stored is not None:
                    item[field.attribute] = stored
        return item

    def run_methods(self, entity: Any, parts: Collected) -> None:
        """Run the validators that are methods of the schema, and note what they say."""
        values = {
            field.name: getattr(entity, field.name) for field in self.fields if hasattr(entity, field.name)
        }
        known = {field.key: field for field in self.fields}
        for method, names in self.field_validators:
            for field in (known[name] for name in names if name in known):
                value = values.get(field.name)
                if value is not None:
                    _note(parts, field.key, partial(method, value, data_key=field.attribute))
        for method, options in self.entity_validators:
            if not (parts.problems and options.get("skip_on_field_errors", True)):
                data: Any = [values] if options["many"] else values
                arguments = (data, entity) if options.get("pass_original") else (data,)
                _note(parts, None, partial(method, *arguments, partial=False, many=False, unknown=EXCLUDE))

    def _dumped(self, entity: Any, parts: Collected) -> Item:
        plain = pruned_entity(self.schema, self.schema.dump(entity))
        if not isinstance(plain, Mapping):
            parts.problems["_schema"] = [f"Its hooks gave {type(plain).__name__} instead of a dict."]
            return {}
        stored = {name: parts.attempt(name, partial(tagged, each)) for name, each in plain.items()}
        return {name: value for name, value in stored.items() if value is not None}

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
        messages: Any = error.messages
        found = messages if isinstance(messages, dict) else {name or error.field_name: messages}
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
        return self.plans.plan(type(self.schema))

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on the schema
        """What is stored, in words."""
        return f"a {subject_of(type(self.schema)).entity_type.__name__} as map (M)"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        return {"M": self.plan.encode(value, validate=validate)}

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        return self.plan.decode(content_of(stored, "M", self.expected))

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return ""

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return f'{{"M": {out.function(self.plan, "encode")}({name})}}'

    def write_each(self, out: Output, name: str) -> str:
        """Give one function for the whole list, so that none is called for each."""
        return f"{out.function(self.plan, 'encode_each')}({name})"

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f'{out.function(self.plan, "decode")}({stored}["M"])'
