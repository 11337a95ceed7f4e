"""Entities from records as people write them: dicts, with Python names or attribute names, of plain data."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Generic, TypeVar

from marshmallow import ValidationError
from marshmallow import missing as missing_value

from persistence.errors import ValidationFailed
from persistence.mapping.containers import ListOf, MapOf
from persistence.mapping.declaration import subject_of
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.schema import MappingSchema, mapping_of
from persistence.mapping.wrapping import Nullable, Validated

T = TypeVar("T")


class PlainRecords(Generic[T]):
    """Reads the entities of one mapping from plain records.

    Args:
        schema: the mapping.

    Raises:
        MappingError: it can't be used as it is declared.
    """

    def __init__(self, schema: type[MappingSchema[T]]) -> None:
        mapping = mapping_of(schema)
        self._entity_type = mapping.entity_type
        self._plan = mapping.plan
        self._schema = schema()
        self._construction = subject_of(schema).construction
        # What the constructor demands; hooks may make it of something else.
        self._needed = {
            field.attribute: field.name
            for field in mapping.plan.fields
            if field.argument and field.default is None and _has_no_default(field.field)
            if not mapping.plan.hooked
        }
        self._names = {field.attribute: field.name for field in mapping.plan.fields}

    def read(self, record: Mapping[str, Any]) -> T:
        """Build the entity that a record describes.

        Args:
            record: field or attribute name -> what marshmallow loads for it, such as texts of datetimes;
                binary data may be base64. A value that holds dataclasses is taken as it is.

        Raises:
            ValidationFailed: unknown or missing names, and values that the fields refuse.
        """
        made = {name: value for name, value in record.items() if _holds_entities(value)}
        plain = {name: value for name, value in record.items() if name not in made}
        data = _by_attribute(self._plan, plain)
        given = {self._names.get(name, name): value for name, value in made.items()}
        missing = {
            name: ["Missing data for required field."]
            for attribute, name in self._needed.items()
            if attribute not in data and name not in given
        }
        try:
            if not missing and not given:
                entity: T = self._schema.load(data)
                return entity
            # A plain dict is given, of which names may be missing; unknown ones are found when it is built.
            loaded = dict(self._schema.load(data, partial=(*given, *missing)))
        except ValidationError as error:
            raise self._refusal(error.messages, missing) from error
        if missing:
            raise self._refusal({}, missing)
        return self._built({**loaded, **given})

    def _built(self, values: Mapping[str, Any]) -> T:
        unknown = [name for name in values if name not in self._construction.names]
        if unknown:
            raise self._refusal({name: ["Unknown field."] for name in unknown}, {})
        entity: T = self._construction.build(values)
        return entity

    def _refusal(self, messages: Any, missing: Mapping[str, list[str]]) -> ValidationFailed:
        found = messages if isinstance(messages, Mapping) else {"_schema": messages}
        named = {self._names.get(name, name): texts for name, texts in found.items()}
        return ValidationFailed(self._entity_type, {**named, **missing})


def _has_no_default(field: Any) -> bool:
    return field.load_default is missing_value


def _by_attribute(plan: RecordPlan, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record under the names that marshmallow loads."""
    attributes = {field.name: field.attribute for field in plan.fields}
    nodes = {field.attribute: field.node for field in plan.fields}
    data: dict[str, Any] = {}
    for name, value in record.items():
        attribute = name if name in nodes else attributes.get(name, name)
        node = nodes.get(attribute)
        data[attribute] = value if node is None else _loadable(node, value)
    return data


def _loadable(node: Node, value: Any) -> Any:
    match node, value:
        case ((Nullable() | Validated()), _):
            return _loadable(node.inner, value)
        case HookedRecord(), _:
            return value
        case Record(), Mapping():
            return _by_attribute(node.plan, value)
        case ListOf(), list() | tuple():
            return [_loadable(node.inner, part) for part in value]
        case MapOf(), Mapping():
            return {name: _loadable(node.inner, part) for name, part in value.items()}
        case Scalar(tag="B"), str():
            return _decoded(value)
        case _:
            return value


def _decoded(text: str) -> bytes | str:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return text  # the field refuses it


def _holds_entities(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_entities, value.values()))
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes | bytearray):
        return any(map(_holds_entities, value))
    return is_dataclass(value)
