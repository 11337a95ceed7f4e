"""All fields of a schema as they are stored: the sure way to encode and decode whole entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from marshmallow import EXCLUDE, ValidationError, missing

from persistence.attributes import AttributeValue, Item
from persistence.mapping.collecting import Collected
from persistence.mapping.construction import Construction
from persistence.mapping.declaration import Declaration, has_hooks, subject_of
from persistence.mapping.fieldplan import ABSENT, FieldPlan, PlainView, attribute_of
from persistence.mapping.nodes import Node, Output, Text, content_of, slow_write
from persistence.mapping.plain import tagged, untagged_part
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
        reader: another one, without validators, where marshmallow reads whole entities; else the same.
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
    def by_name(self) -> Mapping[str, FieldPlan]:
        """The fields by their Python names."""
        return {field.name: field for field in self.fields}

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
        if type(entity) is not self.entity_type:
            raise Refused(self._stranger(entity))
        parts = Collected()
        item = self.collect(entity, parts, validate=validate)
        parts.close()
        return item

    def _stranger(self, entity: Any) -> str:
        wanted = self.entity_type.__name__
        if isinstance(entity, self.entity_type):
            return (
                f"Not a {wanted} itself, but a {type(entity).__name__}: it would be read back as a {wanted}."
            )
        return f"Not a valid {wanted}."

    def collect(self, entity: Any, parts: Collected, *, validate: bool) -> Item:
        """Give the attributes that an entity's fields have, and note what is wrong with the others."""
        given = self._prepared(entity, parts)
        if given is None:
            return {}
        checked = self._checked(given, parts, validate)
        if validate:
            self.run_methods(given, parts)
        if not self.hooked or parts.problems:
            return checked
        return self._dumped(entity, given, parts)

    def _prepared(self, entity: Any, parts: Collected) -> Any:
        """Give what the hooks want to be dumped instead of an entity, or None where they refuse it."""
        if not has_hooks(type(self.schema), "pre_dump"):
            return entity
        return self._hook("pre_dump", entity, entity, parts)

    def _hook(self, kind: str, data: Any, entity: Any, parts: Collected) -> Any:
        given: list[Any] = []

        def run() -> None:
            given.append(self.schema._invoke_dump_processors(kind, data, many=False, original_data=entity))

        with noting(f"{kind} of {type(self.schema).__name__}"):
            _note(parts, None, run)
        return given[0] if given else None

    def _checked(self, entity: Any, parts: Collected, validate: bool) -> Item:
        item: Item = {}
        for field in self.fields:
            if field.stored:
                with noting(f"{self.entity_type.__name__}.{field.name}"):
                    stored = parts.attempt(
                        field.key, partial(field.encode, entity, self.schema, validate=validate)
                    )
                if stored is not None:
                    item[field.attribute] = stored
        return item

    def run_methods(self, entity: Any, parts: Collected) -> None:
        """Run the validators that are methods of the schema, and note what they say."""
        read = {field.name: attribute_of(entity, field.name) for field in self.fields}
        values = {name: value for name, value in read.items() if value is not missing}
        known = {field.key: field for field in self.fields if field.key not in parts.problems}
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

    def _dumped(self, entity: Any, given: Any, parts: Collected) -> Item:
        dumped = self._hook("post_dump", self.schema._serialize(given, many=False), entity, parts)
        plain = pruned_entity(self.schema, dumped)
        if parts.problems:
            return {}
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
        try:
            return self.construction.build(values)
        except Exception as error:  # the entity's own code may refuse values in any way
            raise Unreadable(
                f"values that {self.entity_type.__name__} accepts",
                f"others: its constructor raised {type(error).__name__}",
            ) from error

    def _loaded(self, item: Item) -> Any:
        plain = {name: untagged_part(name, stored) for name, stored in item.items()}
        try:
            return self.reader.load(plain, unknown=EXCLUDE)
        except ValidationError as error:
            raise self._unreadable(error, item) from error
        except Exception as error:  # hooks, fields and the entity are the user's code
            raise Unreadable(
                f"what {type(self.schema).__name__} reads", f"other: {type(error).__name__} was raised"
            ) from error

    def _unreadable(self, error: ValidationError, item: Item) -> Unreadable:
        messages = error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}
        name = str(next(iter(messages)))
        known = {field.attribute: field.node.expected for field in self.fields}
        found = next(iter(item[name])) if name in item else "nothing"
        return Unreadable(known.get(name, "what its hooks read"), found).inside(name)


@contextmanager
def noting(place: str) -> Iterator[None]:
    """Tell where an error of the user's code was raised, which is his to handle."""
    try:
        yield
    except (Refused, RecursionError):
        raise
    except Exception as error:  # passed on as it is, with the place beside it
        error.add_note(f"raised while {place} was being stored")
        raise


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
        return f"a map (M) with the fields of {subject_of(type(self.schema)).entity_type.__name__}"

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

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text; see `Node`."""
        return Text('{"M":', f"{out.function(self.plan, 'text')}({name})", "}")

    def write_texts(self, out: Output, name: str) -> str:
        """Give one function for the whole list, so that none is called for each."""
        return f"{out.function(self.plan, 'text_each')}({name})"

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f'{out.function(self.plan, "decode")}({stored}["M"])'

    def read_each(self, out: Output, content: str) -> str:
        """Give one function for the whole list, so that none is called for each."""
        return f"{out.function(self.plan, 'decode_each')}({content})"


@dataclass(frozen=True, eq=False)
class HookedRecord(Record):
    """A nested entity whose schema has hooks: nobody knows how its attributes are stored."""

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return slow_write(self, out, name)

    def write_each(self, out: Output, name: str) -> str:
        """Give the source for a list; see `Node`."""
        return f"[{self.write(out, 'each')} for each in {name}]"

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f"{out.bind(self.decode, 'decode')}({stored})"

    def read_each(self, out: Output, content: str) -> str:
        """Give the source for a list; see `Node`."""
        return f"[{self.read(out, 'each')} for each in {content}]"
