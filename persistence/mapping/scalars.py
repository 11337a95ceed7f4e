"""The nodes of single values: a table of what Python types are stored as, and how."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded, Underflow
from types import MappingProxyType
from typing import Any, TypeVar

from persistence import fields
from persistence.attributes import (
    NUMBER_DIGITS,
    NUMBER_EXPONENT,
    NUMBER_LEAST_EXPONENT,
    NumberRefused,
    number_text,
    parse_number,
)
from persistence.mapping.nodes import Scalar, leave_fast_way
from persistence.mapping.plain import float_text, integral_or_decimal, number, storable_text
from persistence.mapping.refusal import Refused

V = TypeVar("V")

_MICROSECOND = dt.timedelta(microseconds=1)
# A text of 38 characters has no more digits than DynamoDB takes; what is longer is looked at more closely.
_INT_SOURCE = 'text if len(text := f"{{{v}}}") <= 38 else {number_text}({v})'
# The same for a number without exponent, and without a zero at its end that would have to be cut off.
_DECIMAL_SOURCE = (
    'text if (text := str({v}))[-1] != "0" and len(text) <= 38 and "E" not in text and {v}.is_finite() '
    "else {number_text}({v})"
)
# Reads what fits exactly, and fails for other numbers, which are looked at more closely.
_exactly = Context(
    prec=NUMBER_DIGITS,
    Emin=NUMBER_LEAST_EXPONENT,
    Emax=NUMBER_EXPONENT,
    traps=[Inexact, InvalidOperation, Overflow, Rounded, Underflow],
).create_decimal


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("Not a valid string.")
    return storable_text(value)


def _integer(value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("Not a valid integer.")
    return number_text(int(value))


def whole_number(value: object) -> int | None:
    """Give the int that a float or Decimal is, or None where it is none or out of DynamoDB's range."""
    if not isinstance(value, float | Decimal):
        return None
    try:
        return parse_integer(number(value))
    except (Refused, NumberRefused):
        return None


def parse_integer(text: str) -> int:
    """Read the text of an integer.

    Raises:
        NumberRefused: it is none, or one that DynamoDB can't hold.
    """
    read = integral_or_decimal(text)
    if read != int(read):
        raise NumberRefused("it has a fraction")
    return int(read)


def _decimal(value: Any) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_text(int(value))
    raise Refused("Not a valid decimal number; expected Decimal or int.")


def _float(value: Any) -> str:
    if isinstance(value, float):
        return float_text(float(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return number_text(int(value))
    raise Refused("Not a valid number; expected float or int.")


def _parse_float(text: str) -> float:
    return float(parse_number(text))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("Not a valid boolean.")
    return value


def _parse_boolean(content: Any) -> bool:
    return _boolean(content)


def _binary(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise Refused("Not bytes.")
    return bytes(value)


def _datetime(value: Any) -> str:
    if not isinstance(value, dt.datetime):
        raise Refused("Not a valid datetime.")
    return fields.utc_text(value)


def read_datetime(text: str) -> dt.datetime:
    """Read ISO-8601 text with a UTC offset.

    Raises:
        ValueError: it is something else.
    """
    read = dt.datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("it has no UTC offset")
    return read


def _date(value: Any) -> str:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise Refused("Not a valid date.")
    return value.isoformat()


def _time(value: Any) -> str:
    if not isinstance(value, dt.time):
        raise Refused("Not a valid time.")
    return value.isoformat()


def _timedelta(value: Any) -> str:
    if not isinstance(value, dt.timedelta):
        raise Refused("Not a valid period of time.")
    return number_text(Decimal(value // _MICROSECOND).scaleb(-6))


def _parse_timedelta(text: str) -> dt.timedelta:
    return dt.timedelta(microseconds=int(parse_number(text).scaleb(6)))


def _uuid(value: Any) -> str:
    if not isinstance(value, uuid.UUID):
        raise Refused("Not a valid UUID.")
    return str(value)


def _helpers(**helpers: object) -> Mapping[str, object]:
    return MappingProxyType(helpers)


STRING = Scalar(
    "a string (S)",
    "S",
    _text,
    _text,
    # What is no ASCII is encoded to see whether it can be.
    "type({v}) is not str or not ({v}.isascii() or {v}.encode())",
    empty="",
)
INTEGER = Scalar(
    "an integer (N)",
    "N",
    _integer,
    parse_integer,
    "type({v}) is not int",
    _INT_SOURCE,
    "int(text) if len(text := {c}) <= 38 else {read_integer}(text)",
    _helpers(number_text=number_text, read_integer=parse_integer),
    empty=0,
)
DECIMAL = Scalar(
    "a number (N)",
    "N",
    _decimal,
    parse_number,
    "type({v}) is not {Decimal}",
    _DECIMAL_SOURCE,
    "{exactly}({c})",
    _helpers(Decimal=Decimal, number_text=number_text, exactly=_exactly),
    empty=Decimal(0),
)
FLOAT = Scalar(
    "a number (N)",
    "N",
    _float,
    _parse_float,
    "type({v}) is not float",
    "{float_text}({v})",
    "number if -1e126 < (number := float({c})) < 1e126 else {leave}()",
    _helpers(float_text=float_text, leave=leave_fast_way),
    empty=0.0,
)
NUMBER = Scalar(
    "a number (N)",
    "N",
    _decimal,
    integral_or_decimal,
    "type({v}) is not int",
    _INT_SOURCE,
    "{parse}({c})",
    _helpers(number_text=number_text, parse=integral_or_decimal),
)
BOOLEAN = Scalar("a boolean (BOOL)", "BOOL", _boolean, _parse_boolean, "type({v}) is not bool", empty=False)
BINARY = Scalar("bytes (B)", "B", _binary, _binary, "type({v}) is not bytes", empty=b"")
DATETIME = Scalar(
    "an ISO-8601 datetime with a UTC offset (S)",
    "S",
    _datetime,
    read_datetime,
    "type({v}) is not {datetime}",
    # Date and time apart: isoformat of an aware datetime spends most of its time on the offset.
    """f'{{{v}.date().isoformat()}}T{{{v}.time().isoformat("microseconds")}}Z' """
    "if {v}.tzinfo is {utc} else {utc_text}({v})",
    "moment if (moment := {from_text}({c})).tzinfo is not None else {leave}()",
    _helpers(
        datetime=dt.datetime,
        utc=dt.UTC,
        utc_text=fields.utc_text,
        from_text=dt.datetime.fromisoformat,
        leave=leave_fast_way,
    ),
    unescaped=True,
)
DATE = Scalar(
    "an ISO-8601 date (S)",
    "S",
    _date,
    dt.date.fromisoformat,
    "type({v}) is not {date}",
    "{v}.isoformat()",
    "{parse}({c})",
    _helpers(date=dt.date, parse=dt.date.fromisoformat),
    unescaped=True,
)
TIME = Scalar(
    "an ISO-8601 time (S)",
    "S",
    _time,
    dt.time.fromisoformat,
    "type({v}) is not {time}",
    "{v}.isoformat()",
    "{parse}({c})",
    _helpers(time=dt.time, parse=dt.time.fromisoformat),
    unescaped=True,
)
TIMEDELTA = Scalar(
    "a number of seconds (N)",
    "N",
    _timedelta,
    _parse_timedelta,
    "type({v}) is not {timedelta}",
    "{write}({v})",
    "{parse}({c})",
    _helpers(timedelta=dt.timedelta, write=_timedelta, parse=_parse_timedelta),
    empty=dt.timedelta(0),
)
UUID = Scalar(
    "a UUID (S)",
    "S",
    _uuid,
    uuid.UUID,
    "type({v}) is not {UUID}",
    "str({v})",
    "{UUID}({c})",
    _helpers(UUID=uuid.UUID),
    unescaped=True,
)


def time_to_live(field: fields.TimeToLive) -> Scalar:
    """Make the node of a time to live: a datetime or int in Python, epoch seconds in the table."""

    def accept(value: Any) -> str:
        return str(field._serialize(value, None, None))

    def parse(text: str) -> Any:
        return field._deserialize(integral_or_decimal(text), None, None)

    return Scalar(
        "a time to live in epoch seconds (N)",
        "N",
        accept,
        parse,
        "False",
        "{accept}({v})",
        "{parse}({c})",
        _helpers(accept=accept, parse=parse),
    )
