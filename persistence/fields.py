"""Fields for mappings: marshmallow's own, each with `omit_empty`, and those that DynamoDB needs besides.

```python
class OrderMapping(MappingSchema[Order]):
    customer_id = fields.String(data_key="customerId", validate=fields.validate.Length(min=1))
    note = fields.String(omit_empty=True)  # "" is left out of the item, and read back as ""
    labels = fields.StringSet()
    version = fields.Version()
    expires_at = fields.TimeToLive()  # datetime in Python, epoch seconds in the table
```

A field with `dump_only=True` is written and never read: the entity gets its default, so it must have one. One
with `load_only=True` is read and never written.

Any other marshmallow field works as well; what it gives is stored as the plain value that it is. A foreign
field says `metadata={"omit_empty": True}`.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from decimal import Decimal as _Decimal
from typing import Any

from marshmallow import ValidationError, validate
from marshmallow import fields as _fields
from marshmallow.fields import Field

__all__ = [
    "IP",
    "URL",
    "UUID",
    "AwareDateTime",
    "Binary",
    "BinarySet",
    "Bool",
    "Boolean",
    "Constant",
    "Converted",
    "CreatedAt",
    "Date",
    "DateTime",
    "Decimal",
    "DeletedAt",
    "Dict",
    "Email",
    "Encrypted",
    "Enum",
    "Field",
    "Float",
    "Function",
    "IPInterface",
    "IPv4",
    "IPv4Interface",
    "IPv6",
    "IPv6Interface",
    "Int",
    "Integer",
    "List",
    "Mapping",
    "Method",
    "NaiveDateTime",
    "Nested",
    "Number",
    "NumberSet",
    "Pluck",
    "Raw",
    "Str",
    "String",
    "StringSet",
    "Time",
    "TimeDelta",
    "TimeToLive",
    "Tuple",
    "UpdatedAt",
    "Url",
    "Version",
    "utc_text",
    "validate",
]

MILLISECONDS_FROM = 10**11
"""Epoch seconds from here on (the year 5138) are taken for milliseconds, and refused."""

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)


def utc_text(value: dt.datetime) -> str:
    """Write an aware datetime as fixed-width UTC ISO-8601 text, which sorts by time.

    Args:
        value: an aware datetime.

    Returns:
        Text such as `2026-01-02T03:04:05.000006Z`.

    Raises:
        ValidationError: the datetime is naive, or out of range once it is converted to UTC.
    """
    if value.tzinfo is not _UTC:
        value = _as_utc(value)
    return f"{value.date().isoformat()}T{value.time().isoformat('microseconds')}Z"


def _as_utc(value: dt.datetime) -> dt.datetime:
    if value.utcoffset() is None:
        raise ValidationError("Naive datetime; give it a time zone, such as datetime.now(timezone.utc).")
    try:
        return value.astimezone(_UTC)
    except OverflowError as error:
        raise ValidationError("Out of the range of datetimes in UTC.") from error


class _OmitEmpty(Field[Any]):
    """Adds `omit_empty`: an empty value, such as `""` or `[]`, is left out of the item."""

    def __init__(self, *args: Any, omit_empty: bool = False, **kwargs: Any) -> None:
        if omit_empty:
            kwargs["metadata"] = {**(kwargs.get("metadata") or {}), "omit_empty": True}
        super().__init__(*args, **kwargs)


class Raw(_OmitEmpty, _fields.Raw):
    """marshmallow's `Raw`: plain data, stored as it is."""


class Nested(_OmitEmpty, _fields.Nested):
    """marshmallow's `Nested`; with a `MappingSchema` it holds that mapping's entity."""


class Pluck(_OmitEmpty, _fields.Pluck):
    """marshmallow's `Pluck`."""


class List(_OmitEmpty, _fields.List[Any]):
    """marshmallow's `List`."""


class Tuple(_OmitEmpty, _fields.Tuple):
    """marshmallow's `Tuple`."""


class String(_OmitEmpty, _fields.String):
    """marshmallow's `String`."""


class UUID(_OmitEmpty, _fields.UUID):
    """marshmallow's `UUID`, stored as text."""


class Number(_OmitEmpty, _fields.Number[Any]):
    """marshmallow's abstract `Number`."""


class Integer(_OmitEmpty, _fields.Integer):
    """marshmallow's `Integer`; a value with a fraction is refused, never cut."""


class Float(_OmitEmpty, _fields.Float):
    """marshmallow's `Float`, stored through its shortest text; accepts an int."""


class Decimal(_OmitEmpty, _fields.Decimal):
    """marshmallow's `Decimal`, stored exactly; accepts an int."""


class Boolean(_OmitEmpty, _fields.Boolean):
    """marshmallow's `Boolean`."""


class DateTime(_OmitEmpty, _fields.DateTime):
    """A datetime, stored as fixed-width UTC text (`2026-01-02T03:04:05.000006Z`) by default.

    Aware values are demanded; any ISO-8601 form with a UTC offset is read back. Another `format` is
    marshmallow's business.
    """

    # marshmallow declares such tables as variables of instances, so that they can't be ClassVars here.
    SERIALIZATION_FUNCS = {**_fields.DateTime.SERIALIZATION_FUNCS, "utc": utc_text}  # noqa: RUF012  # as marshmallow declares it
    DESERIALIZATION_FUNCS = {  # noqa: RUF012  # as marshmallow declares it
        **_fields.DateTime.DESERIALIZATION_FUNCS,
        "utc": dt.datetime.fromisoformat,
    }
    DEFAULT_FORMAT = "utc"

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dt.datetime:
        read = super()._deserialize(value, attr, data, **kwargs)
        if self.format in (None, "utc") and read.utcoffset() is None:
            raise self.make_error("invalid_awareness", awareness="aware", obj_type=self.OBJ_TYPE)
        return read


class NaiveDateTime(_OmitEmpty, _fields.NaiveDateTime):
    """marshmallow's `NaiveDateTime`."""


class AwareDateTime(_OmitEmpty, _fields.AwareDateTime):
    """marshmallow's `AwareDateTime`."""


class Time(_OmitEmpty, _fields.Time):
    """marshmallow's `Time`, stored as ISO-8601 text."""


class Date(_OmitEmpty, _fields.Date):
    """marshmallow's `Date`, stored as ISO-8601 text."""


class TimeDelta(_OmitEmpty, _fields.TimeDelta):
    """A duration, stored as an exact number of seconds, or of the unit that `precision` says."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        if value is None or self.precision != "seconds":
            return super()._serialize(value, attr, obj, **kwargs)
        return _Decimal(value // dt.timedelta(microseconds=1)).scaleb(-6)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dt.timedelta:
        if self.precision != "seconds" or not isinstance(value, int | _Decimal):
            return super()._deserialize(value, attr, data, **kwargs)
        try:
            return dt.timedelta(microseconds=int(_Decimal(value).scaleb(6)))
        except (ArithmeticError, ValueError) as error:
            raise self.make_error("invalid") from error


class Mapping(_OmitEmpty, _fields.Mapping[Any]):
    """marshmallow's abstract `Mapping`."""


class Dict(_OmitEmpty, _fields.Dict):
    """marshmallow's `Dict`; DynamoDB's maps have text for keys."""


class Url(_OmitEmpty, _fields.Url):
    """marshmallow's `Url`."""


class Email(_OmitEmpty, _fields.Email):
    """marshmallow's `Email`."""


class IP(_OmitEmpty, _fields.IP):
    """marshmallow's `IP`."""


class IPv4(_OmitEmpty, _fields.IPv4):
    """marshmallow's `IPv4`."""


class IPv6(_OmitEmpty, _fields.IPv6):
    """marshmallow's `IPv6`."""


class IPInterface(_OmitEmpty, _fields.IPInterface):
    """marshmallow's `IPInterface`."""


class IPv4Interface(_OmitEmpty, _fields.IPv4Interface):
    """marshmallow's `IPv4Interface`."""


class IPv6Interface(_OmitEmpty, _fields.IPv6Interface):
    """marshmallow's `IPv6Interface`."""


class Enum(_OmitEmpty, _fields.Enum[Any]):
    """marshmallow's `Enum`: by name, or with `by_value=True` by value as inferred fields do."""


class Method(_OmitEmpty, _fields.Method):
    """marshmallow's `Method`."""


class Function(_OmitEmpty, _fields.Function):
    """marshmallow's `Function`."""


class Constant(_OmitEmpty, _fields.Constant[Any]):
    """marshmallow's `Constant`."""


class Binary(_OmitEmpty):
    """Bytes, stored as DynamoDB's binary type."""

    default_error_messages = {"invalid": "Not bytes."}  # noqa: RUF012  # as marshmallow declares it

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> bytes | None:
        return None if value is None else bytes(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bytes:
        if not isinstance(value, bytes | bytearray):
            raise self.make_error("invalid")
        return bytes(value)


class _Set(_OmitEmpty):
    """A set of one member type; DynamoDB has no empty sets, so an empty one is left out."""

    default_error_messages = {"invalid": "Not a set."}  # noqa: RUF012  # as marshmallow declares it

    def __init__(self, inner: Field[Any], *, frozen: bool = False, **kwargs: Any) -> None:
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", frozenset if frozen else set)
        super().__init__(**kwargs)
        self.inner = inner
        self.frozen = frozen

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> set[Any] | None:
        return None if value is None else {self.inner._serialize(each, attr, obj, **kwargs) for each in value}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> set[Any] | frozenset[Any]:
        if not isinstance(value, set | frozenset | list | tuple):
            raise self.make_error("invalid")
        members = (self.inner.deserialize(each, attr, data, **kwargs) for each in value)
        return frozenset(members) if self.frozen else set(members)


class StringSet(_Set):
    """A set of strings, stored as DynamoDB's string set.

    Args:
        inner: the field of its members; it must give text. `String()` by default.
        frozen: read it as a `frozenset`.
    """

    def __init__(self, inner: Field[Any] | None = None, *, frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(inner or String(), frozen=frozen, **kwargs)


class NumberSet(_Set):
    """A set of numbers, stored as DynamoDB's number set.

    Args:
        inner: the field of its members; it must give numbers. `Decimal()` by default.
        frozen: read it as a `frozenset`.
    """

    def __init__(self, inner: Field[Any] | None = None, *, frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(inner or Decimal(), frozen=frozen, **kwargs)


class BinarySet(_Set):
    """A set of bytes, stored as DynamoDB's binary set.

    Args:
        inner: the field of its members; it must give bytes. `Binary()` by default.
        frozen: read it as a `frozenset`.
    """

    def __init__(self, inner: Field[Any] | None = None, *, frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(inner or Binary(), frozen=frozen, **kwargs)


class Converted(_OmitEmpty):
    """A value that two functions convert.

    Args:
        to_attribute: Python value -> plain value to store: text, a number, bool, bytes, or lists, maps and
            sets of them.
        from_attribute: the reverse; numbers come as int or Decimal.
    """

    def __init__(
        self, to_attribute: Callable[[Any], Any], from_attribute: Callable[[Any], Any], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.to_attribute = to_attribute
        self.from_attribute = from_attribute

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else self.to_attribute(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return self.from_attribute(value)


class Encrypted(_OmitEmpty):
    """A value that is encrypted before it is sent, and bound to its table, item and attribute.

    The store needs a layer that does it, `layered(store, Encrypting(keys))`; without one nothing is sent.
    What is encrypted can't be part of a key, compared, counted up or changed in parts; it is written whole.

    Args:
        inner: the field of the value; None for what the entity's type hint says.
        accept_plaintext: read what was stored before the field was encrypted; by default that is a
            `DecodeError`.
    """

    def __init__(
        self, inner: Field[Any] | None = None, *, accept_plaintext: bool = False, **kwargs: Any
    ) -> None:
        if inner is not None:
            kwargs = {**_outer_arguments(inner), **kwargs}
        super().__init__(**kwargs)
        self.inner = inner
        self.accept_plaintext = accept_plaintext

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        if self.inner is not None:
            self.inner = copy.deepcopy(self.inner)
            self.inner._bind_to_schema(field_name, self)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value if self.inner is None else self.inner._serialize(value, attr, obj, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return value if self.inner is None else self.inner.deserialize(value, attr, data, **kwargs)


def _outer_arguments(inner: Field[Any]) -> dict[str, Any]:
    """Give what the field inside says of the attribute, which is the outer field's to say."""
    return {
        "load_default": inner.load_default,
        "dump_default": inner.dump_default,
        "data_key": inner.data_key,
        "attribute": inner.attribute,
        "required": inner.required,
        "allow_none": inner.allow_none or None,
        "load_only": inner.load_only,
        "dump_only": inner.dump_only,
        "metadata": inner.metadata,
    }


class Version(Integer):
    """The version that protects an entity against lost updates: 0 when new, plus one with every write.

    It may exist only in the table: the entity needs no such attribute, but then it can't be updated detached.

    Args:
        incarnation: store a random id beside the version, in an attribute of its name and `_incarnation`, and
            check it with every write of an entity that was read. Versions repeat when an item is deleted and
            made anew; the id does not.
    """

    def __init__(self, *, incarnation: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.incarnation = incarnation


class CreatedAt(DateTime):
    """When the entity was created; set by the unit of work from its clock. It may exist only in the table."""


class UpdatedAt(DateTime):
    """When the entity was last written; set by the unit of work. It may exist only in the table."""


class DeletedAt(DateTime):
    """When the entity was removed: the unit of work marks removed entities with it instead of deleting them.

    Readers don't see marked entities, unless they ask for them. It may exist only in the table; on the
    entity it is None until the entity is removed.

    Args:
        purge_after: how long a removed entity is kept: its time to live is set to that, so that DynamoDB
            deletes it then. It needs a `TimeToLive` field. By default removed entities are kept until they
            are purged.
    """

    def __init__(self, *, purge_after: dt.timedelta | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.purge_after = purge_after


class TimeToLive(_OmitEmpty):
    """When the item expires: an aware datetime in Python, epoch seconds in the table.

    An int counts as epoch seconds; on an attribute that is hinted as int it is read back as such.
    Milliseconds are refused, since DynamoDB would keep the item for millennia (developer guide, "Time to
    Live").

    Args:
        as_seconds: read epoch seconds instead of a datetime; by default as the entity's type hint says.
    """

    default_error_messages = {  # noqa: RUF012  # as marshmallow declares it
        "invalid": "Not a time to live; expected an aware datetime, or an int of epoch seconds.",
        "milliseconds": "Not epoch seconds: a number this large looks like milliseconds.",
    }

    def __init__(self, *, as_seconds: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.as_seconds = as_seconds

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, dt.datetime):
            return (_as_utc(value) - _EPOCH) // dt.timedelta(seconds=1)
        if type(value) is not int:
            raise self.make_error("invalid")
        if abs(value) > MILLISECONDS_FROM:
            raise self.make_error("milliseconds")
        return value

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dt.datetime | int:
        if isinstance(value, dt.datetime):
            return value
        if type(value) is bool or not isinstance(value, int | float | _Decimal):
            raise self.make_error("invalid")
        try:
            return int(value) if self.as_seconds else _EPOCH + dt.timedelta(seconds=int(value))
        except (ArithmeticError, ValueError) as error:
            raise self.make_error("invalid") from error


URL = Url
Str = String
Bool = Boolean
Int = Integer
