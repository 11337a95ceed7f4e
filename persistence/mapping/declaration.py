"""Schemas that are bound to a dataclass: declared fields, inferred ones for the rest, entities on loading."""

from __future__ import annotations

import copy
import dataclasses
import sys
import threading
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, ForwardRef, Generic, TypeVar, cast, get_args

from marshmallow import Schema

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping.construction import Construction, construction_of
from persistence.mapping.hints import (
    Hint,
    class_of,
    declared_bases,
    field_hints,
    named,
    origin_of,
    without_none,
)
from persistence.mapping.inference import Inference
from persistence.mapping.options import MappingOptions, check_options, own_options
from persistence.mapping.scopes import Scope, names_for, scopes_around

T = TypeVar("T")

HOOKS = ("pre_load", "post_load", "pre_dump", "post_dump")

_lock = threading.RLock()


@dataclasses.dataclass(frozen=True)
class Subject:
    """The dataclass behind a schema.

    Attributes:
        entity: the dataclass as it was named, perhaps a generic one with arguments.
        hints: field name -> resolved type hint.
        construction: how its entities are built.
        inferred: fields made from hints, by name.
    """

    entity: Hint
    hints: Mapping[str, Hint]
    construction: Construction
    inferred: Mapping[str, fields.Field[Any]]

    @property
    def entity_type(self) -> type[Any]:
        """The dataclass itself."""
        return self.construction.entity_type


class Declaration(Schema, Generic[T]):
    """A marshmallow schema for the entities of a dataclass."""

    OPTIONS_CLASS = MappingOptions
    opts: MappingOptions

    _own_meta: ClassVar[type | None] = None
    _entity: ClassVar[Hint] = None
    _nested: ClassVar[dict[Hint, type[Schema]]]
    _scopes: ClassVar[dict[Scope, Mapping[str, Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._own_meta = cls.__dict__.get("Meta")
        options = _merged_options(cls)
        check_options(cls.__name__, options)
        cls.Meta = type("Meta", (Schema.Meta,), options)  # type: ignore[assignment,misc]  # read next
        if "_scopes" not in cls.__dict__:
            cls._scopes = _scopes_of(cls)

    @property
    def declared_fields(self) -> dict[str, fields.Field[Any]]:
        """Declared and inferred fields; marshmallow knows the declared ones only."""
        return cast("dict[str, fields.Field[Any]]", vars(self)["declared_fields"])

    @declared_fields.setter
    def declared_fields(self, declared: dict[str, fields.Field[Any]]) -> None:
        subject = subject_of(type(self))
        inferred = copy.deepcopy(dict(subject.inferred))
        for name, field in declared.items():
            if isinstance(field, fields.Encrypted) and field.inner is None:
                field.inner = _inferred_inside(type(self), subject, field.attribute or name)
        known = [name for name in subject.hints if name in declared or name in inferred]
        ordered = {name: declared.get(name) or inferred[name] for name in known}
        vars(self)["declared_fields"] = {**ordered, **declared}

    def load(self, data: Any, *, many: bool | None = None, partial: Any = None, unknown: Any = None) -> Any:
        """Give the entity, or a list of entities, that the data describe.

        Args:
            data: plain data, as `dump` gives it.
            many: the data are a list; by default as the schema says.
            partial: fields that may be missing; then a plain dict is given instead of an entity.
            unknown: what to do with unknown names.

        Raises:
            marshmallow.ValidationError: the data are not valid.
        """
        loaded = super().load(data, many=many, partial=partial, unknown=unknown)
        if partial or self.partial:
            return loaded
        if self.many if many is None else many:
            return [self._built(each) for each in cast("list[Any]", loaded)]
        return self._built(loaded)

    def _built(self, loaded: Any) -> Any:
        construction = subject_of(type(self)).construction
        return construction.build(loaded) if isinstance(loaded, dict) else loaded


def _scopes_of(cls: type[Declaration[Any]]) -> dict[Scope, Mapping[str, Any]]:
    entity = origin_of(_bound(cls))
    inherited = [each._scopes for each in cls.__mro__[1:] if issubclass(each, Declaration)]
    known = {scope: names for scopes in reversed(inherited) for scope, names in scopes.items()}
    return {**known, **scopes_around([cls, entity] if isinstance(entity, type) else [cls])}


def _merged_options(cls: type[Declaration[Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        meta = each.__dict__.get("_own_meta") if issubclass(each, Declaration) else each.__dict__.get("Meta")
        if meta is not None and meta is not Schema.Meta:
            merged.update(own_options(meta))
    return merged


def entity_of(schema: type[Declaration[Any]]) -> Hint:
    """Find the entity type that a schema is bound to, through generic parents too.

    Raises:
        MappingError: it is bound to none.
    """
    entity = schema.__dict__.get("_entity") or _bound(schema)
    if isinstance(entity, str | ForwardRef):
        entity = _looked_up(schema, named(ForwardRef(entity) if isinstance(entity, str) else entity))
    if entity is None or isinstance(entity, TypeVar):
        raise MappingError(
            f"{schema.__name__} is bound to no entity type; write `class "
            f"{schema.__name__}(MappingSchema[Entity])`"
        )
    return entity


def _bound(schema: type) -> Hint:
    """Find the argument of `MappingSchema[...]`: what a class itself says wins over what its parents say."""
    bases = [base for base in declared_bases(schema) if _is_declaration(origin_of(base))]
    own = [argument for argument in map(_own_argument, bases) if argument is not None]
    inherited = (_inherited(origin_of(base)) for base in bases)
    return own[0] if own else next((entity for entity in inherited if entity is not None), None)


def _is_declaration(base: object) -> bool:
    return isinstance(base, type) and issubclass(base, Declaration)


def _own_argument(base: Hint) -> Hint:
    """Give what is bound by the arguments of a base, such as `Order` by `MappingSchema[Order]`."""
    origin = origin_of(base)
    if origin is Declaration:
        return get_args(base)[0] if get_args(base) else None
    arguments: dict[Any, Hint] = dict(
        zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False)
    )
    free = _bound(origin)
    return arguments.get(free) if isinstance(free, TypeVar) else None


def _inherited(schema: type) -> Hint:
    entity = schema.__dict__.get("_entity") or _bound(schema)
    return None if isinstance(entity, TypeVar) else entity


def _looked_up(schema: type[Declaration[Any]], name: str) -> Hint:
    known = {**vars(sys.modules[schema.__module__]), **names_for(schema, schema._scopes)}
    try:
        return known[name]
    except KeyError:
        raise MappingError(
            f"{schema.__name__} is bound to {name!r}, which module {schema.__module__!r} does not have"
        ) from None


def subject_of(schema: type[Declaration[Any]]) -> Subject:
    """Look at the dataclass behind a schema, once.

    Raises:
        MappingError: it can't be mapped.
    """
    known = schema.__dict__.get("_subject")
    if known is None:
        with _lock:
            known = schema.__dict__.get("_subject") or _subject(schema)
            schema._subject = known  # type: ignore[attr-defined]  # cached on the class that it describes
    return cast("Subject", known)


def _subject(schema: type[Declaration[Any]]) -> Subject:
    entity = entity_of(schema)
    entity_type = class_of(entity)
    hints = field_hints(entity, names_for(entity_type, schema._scopes))
    construction = construction_of(entity_type)
    declared = {field.attribute or name for name, field in schema._declared_fields.items()}
    excluded = set(schema.opts.exclude)
    only = set(schema.opts.fields) or set(hints) | set(schema._declared_fields)
    inferred = {
        field.name: _inferred(schema, field, hints[field.name])
        for field in construction.fields
        if field.name not in declared and field.name not in excluded and field.name in only and field.init
    }
    # marshmallow demands that what is excluded exists; what it would be stored as is nobody's business.
    inferred |= {name: fields.Raw() for name in excluded if name in hints and name not in declared}
    return Subject(entity, hints, construction, inferred)


def _inferred(schema: type[Declaration[Any]], field: dataclasses.Field[Any], hint: Hint) -> fields.Field[Any]:
    place = f"{class_of(entity_of(schema)).__name__}.{field.name}"
    arguments: dict[str, Any] = {}
    if field.default_factory is not dataclasses.MISSING:
        arguments["load_default"] = field.default_factory
    elif field.default is not dataclasses.MISSING:
        default = field.default
        arguments["load_default"] = (lambda: default) if callable(default) else default
    elif without_none(hint)[1]:
        arguments["load_default"] = None
    inference = Inference(place, lambda nested: nested_schema(schema, nested))
    made = inference.field(hint, **arguments)
    # DynamoDB has no empty sets: where one is absent it was empty, whatever the dataclass's default.
    made.required = not arguments and not isinstance(
        made, fields.StringSet | fields.NumberSet | fields.BinarySet
    )
    return made


def _inferred_inside(schema: type[Declaration[Any]], subject: Subject, name: str) -> fields.Field[Any] | None:
    """Give the field that a type hint stands for, inside one that is declared without."""
    if name not in subject.hints:
        return None  # that the entity has no such attribute is told with the others
    place = f"{subject.entity_type.__name__}.{name}"
    inference = Inference(place, lambda nested: nested_schema(schema, nested))
    return inference.field(without_none(subject.hints[name])[0])


def nested_schema(schema: type[Declaration[Any]], entity: Hint) -> type[Declaration[Any]]:
    """Give the schema of a nested dataclass that has none: inferred, one per outermost mapping."""
    with _lock:
        family = schema.__dict__.get("_nested")
        if family is None:
            family = schema._nested = {}
        if entity not in family:
            name = f"{class_of(entity).__name__}Mapping"
            made = type(
                name,
                (Declaration,),
                {
                    "_entity": entity,
                    "_nested": family,
                    "_scopes": schema._scopes,
                    "__module__": schema.__module__,
                },
            )
            family[entity] = made
        return cast("type[Declaration[Any]]", family[entity])


def has_hooks(schema: type[Schema], *names: str) -> bool:
    """Tell whether a schema has methods decorated as these hooks."""
    return any(schema._hooks.get(name) for name in names)


def did_you_mean(name: str, known: list[str]) -> str:
    """Give the end of a message about an unknown name."""
    close = get_close_matches(name, known, 1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known) or 'none'}"
