"""Schemas without their validators: reading must not fail for a rule that is younger than the item."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from marshmallow import Schema, fields

S = TypeVar("S", bound=Schema)

_VALIDATING_HOOKS = ("validates", "validates_schema")


def silenced(schema: S) -> S:
    """Take the validators out of a schema instance that nobody else uses.

    Args:
        schema: a new instance.

    Returns:
        The same instance.
    """
    _Silencer().schema(schema)
    return schema


def silenced_field(field: fields.Field[Any]) -> fields.Field[Any]:
    """Give a copy of a bound field that has no validators, nor have the fields inside it."""
    quiet: fields.Field[Any] = _Silencer().field(field)
    return quiet


class _Silencer:
    def __init__(self) -> None:
        self._done: dict[tuple[object, ...], Schema] = {}

    def schema(self, schema: Schema) -> None:
        hooks = {tag: found for tag, found in schema._hooks.items() if tag not in _VALIDATING_HOOKS}
        # marshmallow looks every kind of hook up; an instance attribute hides those of the class.
        schema._hooks = {**{tag: [] for tag in _VALIDATING_HOOKS}, **_all_kinds(hooks)}
        for name, field in list(schema.fields.items()):
            quiet = self.field(field)
            schema.fields[name] = quiet
            if name in schema.load_fields:
                schema.load_fields[name] = quiet

    def field(self, field: Any) -> Any:
        quiet = copy.copy(field)
        quiet.validators = []
        quiet._validate = _accept
        match quiet:
            case fields.Nested():
                self._nested(quiet)
            case fields.List():
                quiet.inner = self.field(quiet.inner)
            case fields.Tuple():
                quiet.tuple_fields = [self.field(inner) for inner in quiet.tuple_fields]
            case fields.Dict():
                quiet.key_field = quiet.key_field and self.field(quiet.key_field)
                quiet.value_field = quiet.value_field and self.field(quiet.value_field)
            case _:
                if isinstance(getattr(quiet, "inner", None), fields.Field):
                    quiet.inner = self.field(quiet.inner)
        return quiet

    def _nested(self, field: fields.Nested) -> None:
        schema = copy.copy(field.schema)
        schema.fields, schema.load_fields = dict(schema.fields), dict(schema.load_fields)
        kind = (type(schema), _frozen(schema.only), _frozen(schema.exclude), schema.many)
        # Schemas may hold their own kind: each is silenced once, and put in its own place.
        known = self._done.get(kind)
        if known is None:
            self._done[kind] = known = schema
            self.schema(schema)
        field._schema = known


def _all_kinds(hooks: dict[str, Any]) -> dict[str, Any]:
    return {**{kind: [] for kind in ("pre_load", "post_load", "pre_dump", "post_dump")}, **hooks}


def _frozen(names: Any) -> object:
    return None if names is None else frozenset(names)


def _accept(value: object) -> None:
    """Accept every value."""
