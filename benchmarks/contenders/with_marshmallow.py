"""The usual hand-made pair of layers: marshmallow for the entity, boto3's serializers for the type tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from marshmallow import Schema, fields, post_dump, post_load

from benchmarks.contenders.wire import WireCodec
from benchmarks.shapes import Complex, Line, Simple, Status, Wide
from persistence.attributes import Item

_serialize: Callable[[Any], Any] = TypeSerializer().serialize
_deserialize: Callable[[Any], Any] = TypeDeserializer().deserialize


class _TextSet(fields.Field[set[str]]):
    """A set, which boto3's serializer stores as a string set."""

    def _serialize(self, value: set[str] | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> set[str]:
        return set(value)


class _SimpleSchema(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    age = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    balance = fields.Decimal(required=True)
    created_at = fields.AwareDateTime(required=True)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Simple:
        return Simple(**data)


class _LineSchema(Schema):
    sku = fields.String(required=True)
    title = fields.String(required=True)
    quantity = fields.Integer(required=True)
    price = fields.Decimal(required=True)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Line:
        return Line(**data)


class _ComplexSchema(Schema):
    id = fields.String(required=True)
    customer_id = fields.String(required=True)
    placed_at = fields.AwareDateTime(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    total = fields.Decimal(required=True)
    lines = fields.List(fields.Nested(_LineSchema), required=True)
    labels = fields.Dict(fields.String(), fields.String(), required=True)
    tags = _TextSet(load_default=set)
    note = fields.String(load_default=None)
    discount = fields.Decimal(load_default=None)
    version = fields.Integer(load_default=0)

    @post_dump
    def _without_absent(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Complex:
        return Complex(**data)


class _WideBase(Schema):
    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Wide:
        return Wide(**data)


_NUMBERS = range(1, 21)
_WideSchema = _WideBase.from_dict(
    {f"text_{number:02}": fields.String(required=True) for number in _NUMBERS}
    | {f"count_{number:02}": fields.Integer(required=True) for number in _NUMBERS}
)


def _codec(schema: Schema) -> WireCodec:
    def encode(entity: Any) -> Item:
        return {name: _serialize(value) for name, value in schema.dump(entity).items()}

    def decode(item: Item) -> Any:
        return schema.load({name: _deserialize(stored) for name, stored in item.items()})

    return WireCodec(encode, decode)


CODECS: Mapping[str, WireCodec] = {
    "simple": _codec(_SimpleSchema()),
    "complex": _codec(_ComplexSchema()),
    "wide": _codec(_WideSchema()),
}
