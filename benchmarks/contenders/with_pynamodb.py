"""PynamoDB: its models are the entities, so they are what is encoded and decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.constants import NUMBER, STRING
from pynamodb.models import Model

from benchmarks.contenders.wire import WireCodec
from benchmarks.shapes import Complex, Line, Simple, Status, Wide


class DecimalAttribute(Attribute[Decimal]):
    """PynamoDB has floats only."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        return Decimal(value)


class StatusAttribute(Attribute[Status]):
    attr_type = STRING

    def serialize(self, value: Status) -> str:
        return str(value.value)

    def deserialize(self, value: str) -> Status:
        return Status(value)


class _SimpleModel(Model):
    class Meta:
        table_name = "simple"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    age = NumberAttribute()
    active = BooleanAttribute()
    balance = DecimalAttribute()
    created_at = UTCDateTimeAttribute()


class LineMap(MapAttribute[str, Any]):
    sku = UnicodeAttribute()
    title = UnicodeAttribute()
    quantity = NumberAttribute()
    price = DecimalAttribute()


class _ComplexModel(Model):
    class Meta:
        table_name = "complex"

    id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute()
    placed_at = UTCDateTimeAttribute()
    status = StatusAttribute()
    total = DecimalAttribute()
    lines = ListAttribute(of=LineMap)
    labels: MapAttribute[str, str] = MapAttribute()  # type: ignore[no-untyped-call]  # it has no types
    tags = UnicodeSetAttribute(null=True)
    note = UnicodeAttribute(null=True)
    discount = DecimalAttribute(null=True)
    version = NumberAttribute(default=0)


class _WideMeta:
    table_name = "wide"


_NUMBERS = range(1, 21)
_WideModel: type[Model] = type(
    "_WideModel",
    (Model,),
    {"Meta": _WideMeta}
    | {f"text_{number:02}": UnicodeAttribute(hash_key=number == 1) for number in _NUMBERS}
    | {f"count_{number:02}": NumberAttribute() for number in _NUMBERS},
)


def values_of(entity: Any) -> dict[str, Any]:
    return {field.name: getattr(entity, field.name) for field in fields(entity)}


def _complex_model(order: Complex) -> Model:
    make_line: Callable[..., LineMap] = LineMap
    lines = [make_line(**values_of(line)) for line in order.lines]
    return _ComplexModel(**values_of(order) | {"lines": lines})


def _complex_plain(model: Any) -> Complex:
    values = {field.name: getattr(model, field.name) for field in fields(Complex)}
    lines = [Line(*(getattr(line, field.name) for field in fields(Line))) for line in model.lines]
    return Complex(**values | {"lines": lines, "labels": model.labels.as_dict()})


def _flat(model: type[Model], entity_type: type[Any]) -> WireCodec:
    def native(entity: Any) -> Model:
        return model(**values_of(entity))

    def plain(made: Any) -> Any:
        return entity_type(*(getattr(made, field.name) for field in fields(entity_type)))

    return _codec(model, native, plain)


def _codec(model: type[Model], native: Callable[[Any], Any], plain: Callable[[Any], Any]) -> WireCodec:
    return WireCodec(model.serialize, model.from_raw_data, native, plain)


CODECS: Mapping[str, WireCodec] = {
    "simple": _flat(_SimpleModel, Simple),
    "complex": _codec(_ComplexModel, _complex_model, _complex_plain),
    "wide": _flat(_WideModel, Wide),
}
