"""Dumped entities without what is left out of items: None, empty sets, and what `omit_empty` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, missing

from persistence.mapping.declaration import Declaration


def left_out(plain: Any) -> bool:
    """Tell whether a plain value is never stored."""
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
        if not left_out(each) and not _omitted(known.get(name), each)
    }


def _omitted(field: Any, plain: Any) -> bool:
    return field is not None and bool(field.metadata.get("omit_empty")) and not plain
