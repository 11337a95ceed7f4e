"""A small validator of JSON Schema, draft 2020-12: the keywords that are written, and no others."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
FORMATS: Mapping[str, Callable[[str], object]] = {
    "date-time": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "uuid": uuid.UUID,
    "email": lambda text: text.index("@"),
    "uri": lambda text: text.index(":"),
}
ANNOTATIONS = {
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "readOnly",
    "writeOnly",
    "contentEncoding",
}
COUNTS = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}


def assert_is_schema(schema: Any, root: Any = None) -> None:
    """Refuse what is no JSON Schema, or says something in a word that has no meaning there."""
    root = schema if root is None else root
    for word, value in schema.items():
        match word:
            case "type":
                kinds = value if isinstance(value, list) else [value]
                assert set(kinds) <= TYPES.keys()
                assert len(set(kinds)) == len(kinds)
            case "properties" | "$defs":
                for inner in value.values():
                    assert_is_schema(inner, root)
            case "items" if value is False:
                assert "prefixItems" in schema
            case "items" | "additionalProperties" | "propertyNames" | "not":
                assert_is_schema(value, root)
            case "prefixItems" | "anyOf" | "allOf":
                for inner in value:
                    assert_is_schema(inner, root)
            case "required" | "enum":
                assert isinstance(value, list)
                assert len(value) > 0
            case "pattern":
                re.compile(value)
            case "format":
                assert value in FORMATS
            case "$ref":
                resolved(value, root)
            case "uniqueItems":
                assert value is True
            case _:
                assert word in ANNOTATIONS | COUNTS | BOUNDS.keys(), word


def resolved(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        found = found[part]
    return found


def is_valid(value: Any, schema: Any, root: Any = None) -> bool:
    root = schema if root is None else root
    return all(_holds(value, schema, root))


def _holds(value: Any, schema: Any, root: Any) -> Iterator[bool]:
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    yield not kinds or any(TYPES[kind](value) for kind in kinds)
    yield "enum" not in schema or value in schema["enum"]
    yield "$ref" not in schema or is_valid(value, resolved(schema["$ref"], root), root)
    yield "anyOf" not in schema or any(is_valid(value, each, root) for each in schema["anyOf"])
    yield all(is_valid(value, each, root) for each in schema.get("allOf", []))
    yield "not" not in schema or not is_valid(value, schema["not"], root)
    if isinstance(value, str):
        yield schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        yield "pattern" not in schema or re.search(schema["pattern"], value) is not None
        yield "format" not in schema or _has_format(value, schema["format"])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield all(holds(value, schema[word]) for word, holds in BOUNDS.items() if word in schema)
    elif isinstance(value, list):
        yield schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        yield "uniqueItems" not in schema or all(
            each not in value[:place] for place, each in enumerate(value)
        )
        places = schema.get("prefixItems", [])
        yield all(is_valid(each, inner, root) for each, inner in zip(value, places, strict=False))
        rest = schema.get("items", {})
        yield rest is not False or len(value) <= len(places)
        yield rest is False or all(is_valid(each, rest, root) for each in value[len(places) :])
    elif isinstance(value, dict):
        yield set(schema.get("required", [])) <= value.keys()
        known = schema.get("properties", {})
        yield all(is_valid(each, known[name], root) for name, each in value.items() if name in known)
        rest = schema.get("additionalProperties", {})
        yield all(is_valid(each, rest, root) for name, each in value.items() if name not in known)
        yield all(is_valid(name, schema.get("propertyNames", {}), root) for name in value)


def _has_format(text: str, name: str) -> bool:
    try:
        FORMATS[name](text)
    except ValueError:
        return False
    return True
