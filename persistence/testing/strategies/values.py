"""The values of one field: by how it is stored, and what its validators demand."""

from __future__ import annotations

import datetime as dt
import enum
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, ResolutionFailed

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping import scalars as stored_scalars
from persistence.mapping.constraints import Constraints, constraints_of
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.hints import without_none
from persistence.mapping.inference import Choice
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import Record, RecordPlan
from persistence.mapping.untyped import Plain
from persistence.mapping.wrapping import Nullable, Validated
from persistence.testing.strategies import scalars
from persistence.testing.strategies.scalars import Strategy

Field = fields.Field[Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a value beside its field.

    Attributes:
        record: gives the strategy of a nested entity.
        where: the field, for messages.
        hint: the type hint of the entity's attribute.
        forbidden: characters that its text can't have, since they separate the parts of a key.
        in_key: whether it is part of a key, so that it is never empty.
        digits: how many digits a key has for it; None for any number.
    """

    record: Callable[[RecordPlan], Strategy]
    where: str
    hint: Any = Any
    forbidden: str = ""
    in_key: bool = False
    digits: int | None = None


def values_of(node: Node, declared: Field | None, around: Surroundings) -> Strategy:
    """Give the values of a field.

    Args:
        node: how they are stored.
        declared: the marshmallow field; None where there is none, as for the elements of plain data.
        around: what is known beside that.

    Raises:
        MappingError: nothing says what its values are.
    """
    demanded = Constraints() if declared is None else constraints_of(declared)
    if demanded.choices is not None:
        made = scalars.chosen(demanded.choices)
    else:
        made = _by_node(node, declared, demanded, around)
    return made.filter(lambda value: value not in demanded.excluded) if demanded.excluded else made


def _by_node(node: Node, declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    match node:
        case Nullable(inner):
            return st.none() | _by_node(inner, declared, demanded, around)
        case Validated(inner):
            return _by_node(inner, declared, demanded, around)
        case Record():
            return around.record(node.plan)
        case ListOf(inner, build):
            return _lists(inner, declared, demanded, around).map(build)
        case TupleOf(inner):
            parts = getattr(declared, "tuple_fields", (None,) * len(inner))
            return st.tuples(*(values_of(*pair, _within(around)) for pair in zip(inner, parts, strict=True)))
        case MapOf(inner):
            return _maps(inner, declared, demanded, around)
        case SetOf(inner, build):
            members = values_of(inner, getattr(declared, "inner", None), _within(around))
            return st.sets(members, **scalars.sizes(demanded)).map(build)
        case Plain():
            return scalars.plain()
        case Scalar():
            return _scalar(node, declared, demanded, around)
        case _:
            return _foreign(declared, demanded, around)


def _within(around: Surroundings) -> Surroundings:
    return Surroundings(around.record, around.where)


def _lists(inner: Node, declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    if demanded.members is not None:
        members = scalars.chosen(demanded.members)
    else:
        members = values_of(inner, getattr(declared, "inner", None), _within(around))
    return st.lists(members, **scalars.sizes(demanded))


def _maps(inner: Node, declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    key, value = getattr(declared, "key_field", None), getattr(declared, "value_field", None)
    keys = scalars.entry_names()
    if key is not None:
        keys = values_of(stored_scalars.STRING, key, replace(_within(around), in_key=True))
    return st.dictionaries(keys, values_of(inner, value, _within(around)), **scalars.sizes(demanded))


def _scalar(node: Scalar, declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    known = _BY_NODE.get(id(node))
    if known is not None:
        return known(declared, demanded, around)
    match declared:
        case Choice(values=values):
            return scalars.chosen(values)
        case fields.Enum(enum=kind):
            return members(kind)
        case fields.TimeToLive(as_seconds=as_seconds):
            return scalars.lives(as_seconds=_in_seconds(as_seconds, around.hint))
        case _:
            return _foreign(declared, demanded, around)


def _in_seconds(as_seconds: bool | None, hint: Any) -> bool:
    return without_none(hint)[0] is int if as_seconds is None else as_seconds


def members(kind: type[enum.Enum]) -> Strategy:
    """Give the members of an enum, and of flags all combinations."""
    if not issubclass(kind, enum.Flag):
        return scalars.chosen(kind)
    return st.sets(scalars.chosen(kind)).map(lambda chosen: _joined(kind, chosen))


def _joined(kind: type[enum.Flag], chosen: set[Any]) -> enum.Flag:
    flags = kind(0)
    for flag in chosen:
        flags |= flag
    return flags


def _text(declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    shortest = 1 if around.in_key else 0
    for pattern in _patterns(declared):
        return scalars.matching(pattern, demanded, around.forbidden, shortest)
    return scalars.texts(demanded, around.forbidden, shortest)


def _patterns(declared: Field | None) -> Iterator[re.Pattern[str]]:
    for validator in [] if declared is None else declared.validators:
        regex: Any = getattr(validator, "regex", None)
        if isinstance(regex, re.Pattern) and isinstance(regex.pattern, str):
            yield regex


def _integers(declared: Field | None, demanded: Constraints, around: Surroundings) -> Strategy:
    if isinstance(declared, fields.Version):
        return scalars.integers(demanded, 0, 10**9)
    if around.digits is not None:
        return scalars.integers(demanded, 0, 10**around.digits - 1)
    return scalars.integers(demanded)


Maker = Callable[[Field | None, Constraints, Surroundings], Strategy]

_BY_NODE: Mapping[int, Maker] = MappingProxyType(
    {
        id(stored_scalars.STRING): _text,
        id(stored_scalars.INTEGER): _integers,
        id(stored_scalars.NUMBER): _integers,
        id(stored_scalars.DECIMAL): lambda declared, demanded, around: scalars.decimals(demanded),
        id(stored_scalars.FLOAT): lambda declared, demanded, around: scalars.floats(demanded),
        id(stored_scalars.BOOLEAN): lambda declared, demanded, around: st.booleans(),
        id(stored_scalars.BINARY): lambda declared, demanded, around: scalars.byte_strings(
            demanded, 1 if around.in_key else 0
        ),
        id(stored_scalars.DATETIME): lambda declared, demanded, around: scalars.datetimes(demanded),
        id(stored_scalars.DATE): lambda declared, demanded, around: scalars.dates(demanded),
        id(stored_scalars.TIME): lambda declared, demanded, around: scalars.times(demanded),
        id(stored_scalars.TIMEDELTA): lambda declared, demanded, around: scalars.timedeltas(demanded),
        id(stored_scalars.UUID): lambda declared, demanded, around: st.uuids(),
    }
)


def _foreign(declared: Any, demanded: Constraints, around: Surroundings) -> Strategy:
    """Give the values of a field that converts them in its own way: by what it is, or by the type hint."""
    if type(declared).__module__.partition(".")[0] in ("marshmallow", "persistence"):
        found = _by_field(declared, demanded, around)
        if found is not None:
            return found
    return _by_hint(without_none(around.hint)[0], declared, demanded, around)


def _by_field(declared: Any, demanded: Constraints, around: Surroundings) -> Strategy | None:
    match declared:
        case fields.Integer():
            return _integers(declared, demanded, around)
        case fields.Decimal():
            return scalars.decimals(demanded, _places(declared))
        case fields.Float():
            return scalars.floats(demanded)
        case fields.Enum(enum=kind):
            return members(kind)
        case fields.IPv4():
            return st.ip_addresses(v=4)
        case fields.IPv6():
            return st.ip_addresses(v=6)
        case fields.IP():
            return st.ip_addresses()
        case fields.NaiveDateTime():
            return scalars.datetimes(demanded).map(lambda moment: moment.replace(tzinfo=None, microsecond=0))
        case fields.DateTime(format="timestamp" | "timestamp_ms"):  # never below 0
            moments = scalars.datetimes(demanded).filter(lambda moment: moment.timestamp() >= 0)
            return moments.map(lambda moment: moment.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0))
        case fields.DateTime() | fields.AwareDateTime():
            return scalars.datetimes(demanded).map(lambda moment: moment.replace(microsecond=0))
        case fields.TimeDelta():
            return st.integers(-1000, 1000).map(lambda number: dt.timedelta(**{declared.precision: number}))
        case _:
            return None


def _places(declared: Any) -> int | None:
    places = declared.places
    return None if places is None else -int(places.as_tuple().exponent)


def _by_hint(hint: Any, declared: Any, demanded: Constraints, around: Surroundings) -> Strategy:
    known = _BY_HINT.get(hint) if isinstance(hint, type) else None
    if known is not None:
        return known(declared, demanded, around)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return members(hint)
    if hint is not Any and hint is not object and not isinstance(hint, typing.TypeVar):
        try:
            found: Strategy = st.from_type(hint)
            found.validate()
        except (InvalidArgument, ResolutionFailed, TypeError, NameError):
            pass
        else:
            return found
    raise MappingError(
        f"{around.where}: {type(declared).__name__} converts its values in its own way, so that nothing says "
        f"what they are; pass a strategy: {around.where.rpartition('.')[2]}=st..."
    )


_BY_HINT: Mapping[type, Maker] = MappingProxyType(
    {
        str: _text,
        int: _integers,
        Decimal: lambda declared, demanded, around: scalars.decimals(demanded, 2),
        float: lambda declared, demanded, around: scalars.floats(demanded),
        bool: lambda declared, demanded, around: st.booleans(),
        bytes: lambda declared, demanded, around: scalars.byte_strings(demanded),
        dt.datetime: lambda declared, demanded, around: scalars.datetimes(demanded),
        dt.date: lambda declared, demanded, around: scalars.dates(demanded),
        dt.time: lambda declared, demanded, around: scalars.times(demanded),
        dt.timedelta: lambda declared, demanded, around: scalars.timedeltas(demanded),
        UUID: lambda declared, demanded, around: st.uuids(),
    }
)
