"""JSON Schema of mappings: what is written accepts what the mapping dumps, and refuses what it refuses."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest

from domain_example.mappings import MAPPINGS
from persistence import Key, MappingError, MappingSchema, MemoryStore, SchemaService, fields
from persistence.fields import validate
from tests.unit.schema.documents.json_schemas import assert_is_schema, is_valid

SERVICE = SchemaService(MemoryStore())
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Status(Enum):
    OPEN = "open"
    SHIPPED = "shipped"


@dataclass
class Line:
    """A line of an order.

    Attributes:
        sku: the article.
        quantity: how many pieces,
            at least one.
    """

    sku: str
    quantity: int = 1
    parts: list[Line] = field(default_factory=list)


@dataclass
class Order:
    id: str
    at: datetime
    lines: list[Line]
    main: Line | None = None
    status: Status = Status.OPEN
    kind: Literal["a", "b"] = "a"
    total: Decimal = Decimal("1.50")
    tags: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    place: tuple[float, float] = (0.0, 0.0)
    photo: bytes = b""
    day: date | None = None
    moment: time | None = None
    took: timedelta | None = None
    reference: UUID | None = None
    anything: Any = None
    paid: bool = False
    expires_at: datetime | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")

    at = fields.DateTime(data_key="placedAt", metadata={"description": "When it was placed."})
    expires_at = fields.TimeToLive()
    version = fields.Version()
    created_at = fields.CreatedAt()


@dataclass
class Checked:
    id: str
    name: str = ""
    email: str = ""
    count: int = 1
    share: float = 0.5
    code: str = "AB"
    codes: list[str] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    shown: str = ""


class CheckedMapping(MappingSchema[Checked]):
    class Meta:
        table = "checked"
        key = Key("id")

    name = fields.String(validate=[validate.Length(min=1, max=3), validate.NoneOf(["bad"])])
    email = fields.Email()
    count = fields.Integer(validate=validate.Range(min=1, max=9))
    share = fields.Float(validate=validate.Range(0, 1, min_inclusive=False, max_inclusive=False))
    code = fields.String(validate=[validate.Regexp("[A-Z]{2}"), validate.Regexp("(?P<x>A)")])
    codes = fields.List(fields.String(validate=validate.OneOf(["x", "y"])), validate=validate.Length(max=2))
    colours = fields.List(fields.String(), validate=validate.ContainsOnly(["red", "blue"]))
    words = fields.Dict(keys=fields.String(validate=validate.Length(equal=2)), values=fields.String())
    secret = fields.String(load_only=True)
    shown = fields.String(dump_only=True)


def plain(value: Any) -> Any:
    """Give what a mapping dumps as JSON has it."""
    match value:
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case set() | frozenset():
            return sorted(map(plain, value))
        case Decimal():
            return float(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


class TestSchemas:
    @pytest.mark.parametrize("mapping", [OrderMapping, CheckedMapping, *MAPPINGS])
    def test_are_valid_json_data(self, mapping: type[MappingSchema[Any]]) -> None:
        schema = SERVICE.json_schema(mapping)

        assert_is_schema(schema)
        assert json.loads(json.dumps(schema)) == schema
        assert json.dumps(SERVICE.json_schema(mapping)) == json.dumps(schema)

    def test_describe_what_is_dumped(self) -> None:
        line = Line("a", 2, [Line("b")])
        full = Order(
            "1", NOON, [line], line, Status.SHIPPED, "b", Decimal("2.5"), {"x", "y"}, {"s": 1}, (1.5, 2)
        )
        full.photo, full.day, full.moment = b"\x00\xff", date(2026, 1, 2), time(3, 4)
        full.took, full.reference, full.expires_at = timedelta(seconds=1.5), UUID(int=1), NOON
        schema = SERVICE.json_schema(OrderMapping)

        for order in (Order("1", NOON, []), full):
            assert is_valid(plain(OrderMapping().dump(order)), schema)

    def test_are_written_in_the_words_of_the_standard(self) -> None:
        schema = SERVICE.json_schema(OrderMapping)

        assert {name: schema[name] for name in ("$schema", "title", "type", "required")} == {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Order",
            "type": "object",
            "required": ["id", "lines", "placedAt"],
        }
        assert "description" not in schema  # a dataclass without docstring
        assert schema["properties"] == {
            "anything": {},
            "day": {"type": ["string", "null"], "format": "date"},
            "expires_at": {"type": ["integer", "null"], "description": "Epoch seconds."},
            "id": {"type": "string"},
            "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "main": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}]},
            "moment": {"type": ["string", "null"], "format": "time"},
            "paid": {"type": "boolean", "default": False},
            "photo": {"type": "string", "contentEncoding": "base64"},
            "place": {
                "type": "array",
                "prefixItems": [{"type": "number"}, {"type": "number"}],
                "items": False,
                "minItems": 2,
                "maxItems": 2,
            },
            "placedAt": {"type": "string", "format": "date-time", "description": "When it was placed."},
            "reference": {"type": ["string", "null"], "format": "uuid"},
            "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
            "status": {"type": "string", "enum": ["open", "shipped"], "default": "open"},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "took": {"type": ["number", "null"], "description": "Seconds."},
            "total": {"type": "number", "default": 1.5},
            "version": {"type": "integer", "default": 0, "readOnly": True},
        }

    def test_take_descriptions_from_docstrings(self) -> None:
        line = SERVICE.json_schema(OrderMapping)["$defs"]["Line"]

        assert line == {
            "title": "Line",
            "description": "A line of an order.",
            "type": "object",
            "properties": {
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "quantity": {
                    "type": "integer",
                    "description": "how many pieces, at least one.",
                    "default": 1,
                },
                "sku": {"type": "string", "description": "the article."},
            },
            "required": ["sku"],
        }

    def test_refer_to_themselves_where_an_entity_holds_its_own_kind(self) -> None:
        class LineMapping(MappingSchema[Line]):
            class Meta:
                table = "lines"
                key = Key("sku")

        schema = SERVICE.json_schema(LineMapping)

        assert is_valid({"sku": "a", "parts": [{"sku": "b", "parts": []}]}, schema)
        assert not is_valid({"sku": "a", "parts": [{"sku": 1}]}, schema)

    def test_refuse_a_class_that_is_no_mapping(self) -> None:
        with pytest.raises(MappingError):
            SERVICE.json_schema(Order)  # type: ignore[arg-type]  # which is the point


class TestValidators:
    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            ("name", ["a", "abc"], ["", "abcd", "bad"]),
            ("email", ["a@b.c"], ["ab"]),
            ("count", [1, 9], [0, 10]),
            ("share", [0.1], [0, 1]),
            ("code", ["AB", "ABc"], ["ab", "1AB"]),
            ("codes", [[], ["x", "y"]], [["z"], ["x", "x", "x"]]),
            ("colours", [[], ["red"]], [["green"]]),
            ("words", [{}, {"de": "x"}], [{"deu": "x"}]),
        ],
    )
    def test_are_told(self, name: str, good: list[object], bad: list[object]) -> None:
        schema = SERVICE.json_schema(CheckedMapping)

        assert [is_valid({"id": "1", name: value}, schema) for value in good] == [True] * len(good)
        assert [is_valid({"id": "1", name: value}, schema) for value in bad] == [False] * len(bad)

    def test_of_pythons_own_dialect_are_left_out(self) -> None:
        code = SERVICE.json_schema(CheckedMapping)["properties"]["code"]

        assert code == {"type": "string", "pattern": "^(?:[A-Z]{2})", "default": "AB"}

    def test_say_which_way_a_value_goes(self) -> None:
        properties = SERVICE.json_schema(CheckedMapping)["properties"]

        assert properties["secret"] == {"type": "string", "default": "", "writeOnly": True}
        assert properties["shown"] == {"type": "string", "default": "", "readOnly": True}
