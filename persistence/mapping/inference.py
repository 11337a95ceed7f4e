"""Fields from type hints: what a dataclass field is stored as when the mapping does not declare it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, MutableSet, Sequence, Set
from decimal import Decimal
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args

from marshmallow import Schema, ValidationError

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping.hints import Hint, named, origin_of, unwrapped, without_none

NestedSchema = Callable[[Hint], type[Schema]]
"""Gives the schema of a nested dataclass."""

_SCALARS: Mapping[Any, type[fields.Field[Any]]] = MappingProxyType(
    {
        str: fields.String,
        bool: fields.Boolean,
        int: fields.Integer,
        float: fields.Float,
        Decimal: fields.Decimal,
        bytes: fields.Binary,
        dt.datetime: fields.DateTime,
        dt.date: fields.Date,
        dt.time: fields.Time,
        dt.timedelta: fields.TimeDelta,
        uuid.UUID: fields.UUID,
        Any: fields.Raw,
    }
)
_LISTS = (list, Sequence, MutableSequence)
_SETS = (set, frozenset, Set, MutableSet)
_MAPS = (dict, Mapping, MutableMapping)


class TupleList(fields.List):
    """A list that is a tuple in Python."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class Choice(fields.Raw):
    """One of the values of a Literal."""

    def __init__(self, values: tuple[Any, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.values = values

    @property
    def refusal(self) -> str:
        """What is said of another value."""
        count = len(self.values)
        return (
            f"Must be one of the {count} values of its Literal."
            if count > 1
            else "Must be its Literal's value."
        )

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else self._known(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return self._known(value)

    def _known(self, value: Any) -> Any:
        for known in self.values:
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return known
        raise ValidationError(self.refusal)


class Inference:
    """Makes the field of one dataclass field.

    Args:
        place: where the hint stands, as `Order.lines`, for errors.
        nested: gives the schema of a nested dataclass.
    """

    def __init__(self, place: str, nested: NestedSchema) -> None:
        self._place = place
        self._nested = nested

    def field(self, hint: Hint, **arguments: Any) -> fields.Field[Any]:
        """Make the field for a hint.

        Args:
            hint: a resolved type hint.
            arguments: further arguments of the field.

        Raises:
            MappingError: the hint can't be mapped.
        """
        inner, optional = without_none(hint)
        if optional:
            arguments.setdefault("allow_none", True)
        if inner is Any:
            return fields.Raw(**{"allow_none": True, **arguments})
        if inner in _SCALARS:
            return _SCALARS[inner](**arguments)
        return self._composed(inner, arguments)

    def _composed(self, hint: Hint, arguments: dict[str, Any]) -> fields.Field[Any]:
        origin = origin_of(hint)
        if origin is Literal:
            return self._literal(get_args(hint), arguments)
        if isinstance(origin, type) and issubclass(origin, enum.Enum):
            return fields.Enum(origin, by_value=True, **arguments)
        if isinstance(origin, type) and dataclasses.is_dataclass(origin):
            return fields.Nested(lambda: self._nested(hint), **arguments)
        if origin is tuple:
            return self._tuple(hint, arguments)
        if origin in _LISTS:
            return fields.List(self._element(hint, 0), **arguments)
        if origin in _SETS:
            return self._set(hint, arguments)
        if origin in _MAPS:
            return self._map(hint, arguments)
        raise self._unmappable(hint)

    def _element(self, hint: Hint, place: int) -> fields.Field[Any]:
        arguments = get_args(hint)
        return self.field(arguments[place] if arguments else Any)

    def _literal(self, values: tuple[Any, ...], arguments: dict[str, Any]) -> fields.Field[Any]:
        if None in values:
            arguments = {"allow_none": True, **arguments}
        present = tuple(value for value in values if value is not None)
        if any(isinstance(value, enum.Enum) for value in present):
            return fields.Enum(type(present[0]), by_value=True, **arguments)
        return Choice(present, **arguments)

    def _tuple(self, hint: Hint, arguments: dict[str, Any]) -> fields.Field[Any]:
        parts = get_args(hint)
        if not parts or parts[-1] is Ellipsis:
            return TupleList(self._element(hint, 0), **arguments)
        return fields.Tuple([self.field(part) for part in parts], **arguments)

    def _set(self, hint: Hint, arguments: dict[str, Any]) -> fields.Field[Any]:
        member, optional = without_none(get_args(hint)[0]) if get_args(hint) else (Any, False)
        union = origin_of(member) in (Union, UnionType)
        inner = None if optional or union or member is Any else self.field(member)
        kind = None if inner is None else _set_kind(inner)
        if kind is None or inner is None:
            raise MappingError(
                f"{self._place}: {named(hint)} can't be stored as a set; DynamoDB's sets hold text, numbers "
                "or bytes, of one type and without None. Use a list, or declare the field: "
                "fields.Converted(to_attribute, from_attribute)"
            )
        return kind(inner, frozen=origin_of(hint) is frozenset, **arguments)

    def _map(self, hint: Hint, arguments: dict[str, Any]) -> fields.Field[Any]:
        if not get_args(hint):
            return fields.Dict(**arguments)
        key = unwrapped(get_args(hint)[0])
        texts = origin_of(key) is Literal and all(isinstance(value, str) for value in get_args(key))
        if key is not str and not texts:
            raise MappingError(
                f"{self._place}: {named(hint)} has keys that are no text, but DynamoDB's maps have text for "
                "keys. Use dict[str, ...], or declare the field: fields.Converted(to_attribute, "
                "from_attribute)"
            )
        return fields.Dict(values=self._element(hint, 1), **arguments)

    def _unmappable(self, hint: Hint) -> MappingError:
        if isinstance(hint, TypeVar):
            return MappingError(
                f"{self._place}: the type variable {hint} is not bound; map the class with its argument, as "
                f"in MappingSchema[{self._place.split('.')[0]}[str]], or declare the field in the mapping"
            )
        if origin_of(hint) in (Union, UnionType):
            return MappingError(
                f"{self._place}: {named(hint)} is a union of several types, and the stored value would not "
                "tell which. Declare the field in the mapping: fields.Converted(to_attribute, "
                "from_attribute)"
            )
        return MappingError(
            f"{self._place}: the type {named(hint)} can't be mapped. Declare the field in the mapping, with "
            "a field of persistence.fields, a Field subclass, or fields.Converted(to_attribute, "
            "from_attribute)"
        )


def _set_kind(inner: fields.Field[Any]) -> Callable[..., fields.Field[Any]] | None:
    match inner:
        case fields.Enum():
            values = {type(member.value) for member in cast("type[enum.Enum]", inner.enum)}
            return {frozenset({str}): fields.StringSet, frozenset({int}): fields.NumberSet}.get(
                frozenset(values)
            )
        case Choice():
            values = {type(value) for value in inner.values}
            return {frozenset({str}): fields.StringSet, frozenset({int}): fields.NumberSet}.get(
                frozenset(values)
            )
        case fields.String() | fields.UUID() | fields.DateTime() | fields.Date() | fields.Time():
            return fields.StringSet
        case fields.Integer() | fields.Decimal() | fields.Float():
            return fields.NumberSet
        case fields.Binary():
            return fields.BinarySet
        case _:
            return None
