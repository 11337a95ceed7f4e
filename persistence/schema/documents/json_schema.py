"""JSON Schema of the entities of a mapping (draft 2020-12)."""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from persistence import fields
from persistence.mapping import EntityMapping
from persistence.mapping.constraints import Constraints, constraints_of
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.declaration import subject_of
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.hints import allows_none
from persistence.mapping.inference import Choice
from persistence.mapping.nodes import Node
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.scalars import (
    BINARY,
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    FLOAT,
    INTEGER,
    NUMBER,
    STRING,
    TIME,
    TIMEDELTA,
    UUID,
)
from persistence.mapping.wrapping import Nullable, Validated

DIALECT = "https://json-schema.org/draft/2020-12/schema"

JsonSchema = dict[str, Any]

_SCALARS: Mapping[Node, Mapping[str, str]] = MappingProxyType(
    {
        STRING: {"type": "string"},
        INTEGER: {"type": "integer"},
        DECIMAL: {"type": "number"},
        FLOAT: {"type": "number"},
        NUMBER: {"type": "number"},
        BOOLEAN: {"type": "boolean"},
        BINARY: {"type": "string", "contentEncoding": "base64"},
        DATETIME: {"type": "string", "format": "date-time"},
        DATE: {"type": "string", "format": "date"},
        TIME: {"type": "string", "format": "time"},
        TIMEDELTA: {"type": "number", "description": "Seconds."},
        UUID: {"type": "string", "format": "uuid"},
    }
)
_KEPT = (fields.Version, fields.CreatedAt, fields.UpdatedAt, fields.DeletedAt)
_NOT_PORTABLE = re.compile(r"\(\?[^:=!]|\\[AZpPk]|\{,|[*+?}]\+")
"""What Python's regular expressions have and those of ECMA-262 have not, or read in another way."""

_SECTION = re.compile(r"^(?:Args|Attributes|Example|Examples|Note|Raises|Returns):[ ]*$", re.MULTILINE)
_ATTRIBUTES = re.compile(r"^Attributes:[ ]*\n(?P<entries>(?:[ ]+.*\n?|[ ]*\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^[ ]{1,4}(\w+(?:, *\w+)*)(?: \([^)]*\))?: *(.*(?:\n[ ]{5,}.*)*)", re.MULTILINE)


def json_schema_of(mapping: EntityMapping[Any]) -> JsonSchema:
    """Describe the entities of a mapping as JSON data.

    Args:
        mapping: the compiled mapping.
    """
    writer = _Writer(mapping)
    described = writer.record(mapping.plan)
    definitions = {name: writer.definitions[name] for name in sorted(writer.definitions)}
    return {"$schema": DIALECT, **described, **({"$defs": definitions} if definitions else {})}


class _Writer:
    """Describes records, and collects those that others hold."""

    def __init__(self, mapping: EntityMapping[Any]) -> None:
        self._root = mapping.plan
        self._names: dict[RecordPlan, str] = {}
        self.definitions: dict[str, JsonSchema] = {}

    def record(self, plan: RecordPlan) -> JsonSchema:
        """Describe the fields that an entity has itself; what exists in the table only is left out."""
        known = [each for each in plan.fields if each.on_entity]
        required = sorted(each.attribute for each in known if _is_required(each))
        doc = _summary(plan.entity_type)
        docs = _field_docs(plan.entity_type)
        defaults = {each.name: each.default for each in plan.construction.fields}
        hints = subject_of(type(plan.schema)).hints
        nullable = {each.name: each.optional for each in known}
        # Roles may always be absent from an item, but None is what the hint says.
        nullable |= {each.name: allows_none(hints.get(each.name, Any)) for each in known if each.role}
        properties = {
            each.attribute: self._property(each, docs.get(each.name), defaults, nullable) for each in known
        }
        return {
            "title": plan.entity_type.__name__,
            **({"description": doc} if doc else {}),
            "type": "object",
            "properties": dict(sorted(properties.items())),
            **({"required": required} if required else {}),
        }

    def _property(
        self, each: FieldPlan, doc: str | None, defaults: Mapping[str, Any], nullable: Mapping[str, bool]
    ) -> JsonSchema:
        inner = each.field.inner if isinstance(each.field, fields.Encrypted) else each.field
        described = self._value(each.node, inner)
        if nullable[each.name]:
            described = _or_null(described)
        description = each.field.metadata.get("description") or doc
        if description:
            described["description"] = str(description)
        default = _default(each, defaults.get(each.name))
        if default is not None:
            described["default"] = default
        if each.field.dump_only or isinstance(each.field, _KEPT):
            described["readOnly"] = True
        if each.field.load_only:
            described["writeOnly"] = True
        return described

    def _value(self, node: Node, field: Any) -> JsonSchema:
        described: JsonSchema
        match node:
            case Nullable():
                return _or_null(self._value(node.inner, field))
            case Validated():
                return self._value(node.inner, field)
            case Record() if not isinstance(node, HookedRecord):
                return self._reference(node)
            case ListOf():
                many = isinstance(field, fields.Nested)
                items = self._value(node.inner, field if many else field.inner)
                described = {"type": "array", "items": items}
            case TupleOf():
                described = self._tuple(node, field)
            case MapOf():
                described = self._map(node, field)
            case SetOf():
                items = self._value(node.inner, field.inner)
                described = {"type": "array", "items": items, "uniqueItems": True}
            case _:
                described = _scalar(node, field)
        found = constraints_of(field)
        if found.members is not None and "items" in described:
            described["items"] = {**described["items"], "enum": [_plain(each) for each in found.members]}
        return {**described, **_demands(found, described.get("type"))}

    def _tuple(self, node: TupleOf, field: Any) -> JsonSchema:
        pairs = zip(node.inner, field.tuple_fields, strict=True)
        places = [self._value(inner, inside) for inner, inside in pairs]
        count = len(places)
        return {"type": "array", "prefixItems": places, "items": False, "minItems": count, "maxItems": count}

    def _map(self, node: MapOf, field: Any) -> JsonSchema:
        described: JsonSchema = {"type": "object"}
        if field.value_field is not None:
            described["additionalProperties"] = self._value(node.inner, field.value_field)
        if field.key_field is not None:
            names = _demands(constraints_of(field.key_field), "string")
            described |= {"propertyNames": names} if names else {}
        return described

    def _reference(self, node: Record) -> JsonSchema:
        plan = node.plan
        if plan is self._root:
            return {"$ref": "#"}
        if plan not in self._names:
            name = self._free_name(plan.entity_type.__name__)
            self._names[plan] = name
            self.definitions[name] = self.record(plan)
        return {"$ref": f"#/$defs/{self._names[plan]}"}

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._names.values():
            number += 1
            name = f"{wanted}{number}"
        return name


def _is_required(each: FieldPlan) -> bool:
    return each.loaded and each.argument and each.default is None and not isinstance(each.field, _KEPT)


def _or_null(described: JsonSchema) -> JsonSchema:
    kind = described.get("type")
    if not described or kind == "null":
        return described
    if isinstance(kind, str) and "enum" not in described and "const" not in described:
        return {**described, "type": [kind, "null"]}
    return {"anyOf": [described, {"type": "null"}]}


def _scalar(node: Node, field: Any) -> JsonSchema:
    if isinstance(field, fields.TimeToLive):
        return {"type": "integer", "description": "Epoch seconds."}
    if isinstance(field, fields.Enum):
        kind: type[enum.Enum] = field.enum
        return _choices([_enum_value(field, member) for member in kind])
    if isinstance(field, Choice):
        return _choices(list(field.values))
    if node in _SCALARS:
        return dict(_SCALARS[node])
    if isinstance(field, fields.Number):
        return {"type": "string" if field.as_string else "number"}
    texts = (fields.String, fields.IP, fields.IPInterface)
    return {"type": "string"} if isinstance(field, texts) else {}


def _enum_value(field: fields.Enum, member: enum.Enum) -> Any:
    return member.name if field.by_value is False else member.value


def _choices(values: list[Any]) -> JsonSchema:
    plain = [_plain(value) for value in values]
    if any(value is None for value in plain):
        return {}
    names = {bool: "boolean", str: "string", int: "integer", float: "number"}
    kinds = {names[type(value)] for value in plain}
    return {**({"type": kinds.pop()} if len(kinds) == 1 else {}), "enum": plain}


def _demands(found: Constraints, kind: object) -> JsonSchema:
    """Write constraints in the words that belong to a type."""
    demanded: JsonSchema = {}
    length = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
    length["object"] = ("minProperties", "maxProperties")
    if isinstance(kind, str) and kind in length:
        shortest, longest = length[kind]
        demanded |= {shortest: found.shortest, longest: found.longest}
    if kind in ("integer", "number"):
        demanded |= {"minimum": found.least, "maximum": found.most}
        demanded |= {"exclusiveMinimum": found.above, "exclusiveMaximum": found.below}
    if found.choices is not None:
        demanded["enum"] = [_plain(value) for value in found.choices]
    if found.excluded:
        demanded["not"] = {"enum": [_plain(value) for value in found.excluded]}
    if kind == "string":
        demanded |= _patterns(found.patterns) | {"format": found.text_format}
    return {name: _plain(value) for name, value in demanded.items() if value is not None}


def _patterns(patterns: tuple[str, ...]) -> JsonSchema:
    """Write regular expressions that match from the beginning; those of Python's own dialect are left out."""
    portable = [f"^(?:{pattern})" for pattern in patterns if not _NOT_PORTABLE.search(pattern)]
    if len(portable) < 2:
        return {"pattern": portable[0]} if portable else {}
    return {"allOf": [{"pattern": pattern} for pattern in portable]}


def _default(each: FieldPlan, value: Any) -> Any:
    """Give a default that is one plain value, as it is dumped; None where there is no such default."""
    if isinstance(value, enum.Enum) and isinstance(each.field, fields.Enum):
        value = _enum_value(each.field, value)
    return None if isinstance(value, dt.timedelta) else _plain(value)


def _plain(value: Any) -> Any:
    """Give a value as JSON has it, as the mapping would dump it; None where it can't be told."""
    match value:
        case enum.Enum():
            return _plain(value.value)
        case bool() | str() | int():
            return value
        case Decimal() | float():
            number = float(value)
            return int(number) if number.is_integer() else number
        case dt.datetime():
            return fields.utc_text(value) if value.tzinfo else value.isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case list() | dict():
            return value
        case _:
            return None


def _class_doc(entity_type: type) -> str:
    """Give the docstring of a class; what a dataclass writes by itself is none."""
    doc = inspect.cleandoc(entity_type.__dict__.get("__doc__") or "")
    return "" if doc.startswith(f"{entity_type.__name__}(") else doc


def _summary(entity_type: type) -> str:
    return _SECTION.split(_class_doc(entity_type), maxsplit=1)[0].strip()


def _field_docs(entity_type: type) -> dict[str, str]:
    """Give what the `Attributes:` section of a docstring says of each field."""
    found = _ATTRIBUTES.search(_class_doc(entity_type))
    if found is None:
        return {}
    docs: dict[str, str] = {}
    for names, text in _ENTRY.findall(found["entries"]):
        docs |= dict.fromkeys(re.split(r",\s*", names), " ".join(text.split()))
    return docs
