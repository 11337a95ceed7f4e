"""Entities are written in one way, but for those of which something is validated."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import new_class
from typing import Any

import pytest
from marshmallow import validate, validates_schema

from persistence import fields
from persistence.errors import ValidationFailed
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.table import Key

NEVER = validate.Length(min=100)


@dataclass
class Part:
    name: str = "p"


@dataclass
class Whole:
    id: str
    names: list[str] = field(default_factory=lambda: ["n"])
    counts: dict[str, int] = field(default_factory=lambda: {"c": 1})
    parts: list[Part] = field(default_factory=lambda: [Part()])
    by_name: dict[str, Part] = field(default_factory=dict)


class PartMapping(MappingSchema[Part]):
    name = fields.String(validate=NEVER)


def refuse(self: Any, data: Any, **_more: Any) -> None:
    NEVER(data["names"])


VALIDATED: dict[str, dict[str, Any]] = {
    "attribute": {"id": fields.String(validate=NEVER)},
    "element": {"names": fields.List(fields.String(validate=NEVER))},
    "name in a map": {"counts": fields.Dict(fields.String(validate=NEVER), fields.Integer())},
    "value in a map": {
        "counts": fields.Dict(fields.String(), fields.Integer(validate=validate.Range(min=9)))
    },
    "nested entity": {"parts": fields.List(fields.Nested(PartMapping))},
    "several nested entities": {"parts": fields.Nested(PartMapping, many=True)},
    "whole entity": {"refuse": validates_schema(refuse)},
}


def mapping_for(**declared: Any) -> EntityMapping[Any]:
    bound: Any = MappingSchema[Whole]
    meta = type("Meta", (), {"table": "wholes", "key": Key("id")})
    return mapping_of(
        new_class("WholeMapping", (bound,), {}, lambda body: body.update(Meta=meta, **declared))
    )


class TestValidators:
    @pytest.mark.parametrize("declared", VALIDATED.values(), ids=VALIDATED)
    def test_run_on_what_is_written_and_never_on_snapshots(self, declared: dict[str, Any]) -> None:
        codec = mapping_for(**declared).codec

        with pytest.raises(ValidationFailed):
            codec.encode(Whole("1"))

        assert codec.snapshot(Whole("1")) == mapping_for().codec.encode(Whole("1"))

    def test_are_not_looked_for_where_there_are_none(self) -> None:
        codec = mapping_for().codec

        assert codec.snapshot is codec.encode
