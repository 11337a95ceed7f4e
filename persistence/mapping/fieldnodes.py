"""From marshmallow fields to nodes: what the compiler knows, it compiles; for the rest it calls the field.

A subclass that converts nothing in its own way, but adds validators for example, is as fast as its parent;
one with a `_serialize` or `_deserialize` of its own is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from persistence import fields
from persistence.mapping import enums, scalars
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.hints import Hint, origin_of, without_none
from persistence.mapping.inference import Choice, TupleList
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.pruning import pruned
from persistence.mapping.silence import silenced_field
from persistence.mapping.untyped import Foreign, Plain
from persistence.mapping.wrapping import Nullable, Validated
from persistence.table import ScalarType

Field = fields.Field[Any]
RecordNode = Callable[[Schema], Node | None]
"""Gives the node of a nested schema, or None where only the schema itself can convert its values."""


class FieldNodes:
    """Finds the node of each field of a mapping.

    Args:
        record: gives the node of a nested schema.
        compiled: False makes every field convert its own values, which is slow and sure.
    """

    def __init__(self, record: RecordNode, *, compiled: bool = True) -> None:
        self._record = record
        self._compiled = compiled

    def node(self, field: Field, hint: Hint = Any) -> Node:
        """Give the node of a field.

        Args:
            field: a field that is bound to a schema.
            hint: the type hint of the entity's attribute, which tells tuples from lists.
        """
        made = self._known(field, without_none(hint)[0]) if self._compiled else None
        return made or foreign(field)

    def _known(self, field: Field, hint: Hint) -> Node | None:
        if field.pre_load or field.post_load:
            return None
        for kind in type(field).__mro__:
            if kind in _KNOWN:
                return _KNOWN[kind](self, field, hint)
            if not _CONVERSIONS.isdisjoint(vars(kind)):
                return None
        return None

    def element(self, field: Field) -> Node:
        """Give the node of a field inside another one, with its validators and its None."""
        node = self.node(field)
        if has_validators(field):
            node = Validated(node, field._validate)
        return Nullable(node) if field.allow_none and not isinstance(node, Plain) else node

    def nested(self, field: marshmallow_fields.Nested) -> Node | None:
        """Give the node of a nested schema, unless the field changes what the schema does."""
        schema = field.schema
        if field.only is not None or field.exclude or schema.only is not None or field.unknown is not None:
            return None
        node = self._record(schema)
        return ListOf(node) if node and (field.many or schema.many) else node


def has_validators(field: Field) -> bool:
    """Tell whether a field has validators, or validates in a way of its own."""
    return bool(field.validators) or type(field)._validate is not fields.Field._validate


def foreign(field: Field) -> Foreign:
    """Make the node of a field that converts its own values, outside of any entity."""
    name, reader = field.name, silenced_field(field)

    def serialize(value: Any) -> Any:
        return pruned(field, field._serialize(value, name, None))

    def deserialize(value: Any) -> Any:
        return reader.deserialize(value, name, None)

    return Foreign(serialize, deserialize, type(field).__name__)


def foreign_key_type(field: Field) -> ScalarType:
    """Tell the type of key that a field which converts its own values gives."""
    return "N" if isinstance(field, marshmallow_fields.Number) and not field.as_string else "S"


Maker = Callable[[FieldNodes, Any, Hint], Node | None]


def _always(node: Node) -> Maker:
    return lambda nodes, field, hint: node


def _number(node: Node) -> Maker:
    def make(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
        return None if field.as_string or getattr(field, "places", None) is not None else node

    return make


def _temporal(node: Node, *formats: str | None) -> Maker:
    return lambda nodes, field, hint: node if field.format in formats else None


def _timedelta(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return scalars.TIMEDELTA if field.precision == "seconds" else None


def _enum(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return enums.enumeration(field)


def _choice(nodes: FieldNodes, field: Choice, hint: Hint) -> Node | None:
    return enums.choice(field.values, field.refusal)


def _time_to_live(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return scalars.time_to_live(field)


def _list(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return ListOf(nodes.element(field.inner), tuple if origin_of(hint) is tuple else list)


def _tuple_list(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return ListOf(nodes.element(field.inner), tuple)


def _tuple(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return TupleOf(tuple(map(nodes.element, field.tuple_fields)))


def _map(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    key = field.key_field
    if key is not None and nodes.node(key) is not scalars.STRING:
        return None
    inner = nodes.element(field.value_field) if field.value_field else Plain()
    return MapOf(inner, key._validate if key is not None and has_validators(key) else None)


def _set(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    inner = nodes.node(field.inner)
    wanted = {fields.StringSet: "S", fields.NumberSet: "N", fields.BinarySet: "B"}
    tag = next((tag for kind, tag in wanted.items() if isinstance(field, kind)), None)
    if not isinstance(inner, Scalar) or inner.tag != tag or has_validators(field.inner):
        return None
    return SetOf(inner, frozenset if field.frozen or origin_of(hint) is frozenset else set)


def _encrypted(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    inner = field.inner
    if inner is None or isinstance(inner, marshmallow_fields.Constant) or not inner._CHECK_ATTRIBUTE:
        return None
    node = nodes.node(inner, hint)
    return Validated(node, inner._validate) if has_validators(inner) else node


def _nested(nodes: FieldNodes, field: Any, hint: Hint) -> Node | None:
    return nodes.nested(field)


_ISO: tuple[str | None, ...] = (None, "iso", "iso8601")
_DATETIMES = (*_ISO, "utc")

_KNOWN: Mapping[type, Maker] = MappingProxyType(
    {
        marshmallow_fields.String: _always(scalars.STRING),
        marshmallow_fields.Integer: _number(scalars.INTEGER),
        marshmallow_fields.Float: _number(scalars.FLOAT),
        marshmallow_fields.Decimal: _number(scalars.DECIMAL),
        marshmallow_fields.UUID: _always(scalars.UUID),
        marshmallow_fields.Boolean: _always(scalars.BOOLEAN),
        marshmallow_fields.DateTime: _temporal(scalars.DATETIME, *_DATETIMES),
        marshmallow_fields.Date: _temporal(scalars.DATE, *_ISO),
        marshmallow_fields.Time: _temporal(scalars.TIME, *_ISO),
        marshmallow_fields.TimeDelta: _timedelta,
        marshmallow_fields.Enum: _enum,
        marshmallow_fields.List: _list,
        marshmallow_fields.Tuple: _tuple,
        marshmallow_fields.Dict: _map,
        marshmallow_fields.Nested: _nested,
        marshmallow_fields.Raw: _always(Plain()),
        fields.DateTime: _temporal(scalars.DATETIME, *_DATETIMES),
        fields.TimeDelta: _timedelta,
        fields.Binary: _always(scalars.BINARY),
        fields.StringSet: _set,
        fields.NumberSet: _set,
        fields.BinarySet: _set,
        fields.TimeToLive: _time_to_live,
        fields.Encrypted: _encrypted,
        Choice: _choice,
        TupleList: _tuple_list,
    }
)
_CONVERSIONS = frozenset(
    {
        "serialize",
        "deserialize",
        "get_value",
        "_serialize",
        "_deserialize",
        "_validated",
        "_format_num",
        "_make_object_from_format",
    }
)
