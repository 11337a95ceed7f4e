"""Mappings with everything that fields can be."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Literal, NewType

from persistence import GlobalIndex, Key, MappingSchema, Table, fields
from persistence.fields import validate


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    BIG = 20


class Mixed(enum.Enum):
    TEXT = "t"
    NUMBER = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


Sku = NewType("Sku", str)


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: Decimal | None = None
    inner: Point | None = None


@dataclass
class Everything:
    id: str
    sku: Sku
    count: int
    ratio: float
    price: Decimal
    paid: bool
    raw: bytes
    at: dt.datetime
    on: dt.date
    when: dt.time
    lasting: dt.timedelta
    ref: uuid.UUID
    color: Color
    size: Size
    rights: Rights
    kind: Literal["a", "b"]
    point: Point
    points: list[Point]
    pair: tuple[int, str]
    many: tuple[int, ...]
    named: dict[str, Decimal]
    tags: set[str]
    numbers: frozenset[int]
    blobs: set[bytes]
    anything: Any = None
    note: str | None = "none"
    mark: str | None = None
    maybe: list[int | None] = field(default_factory=list)
    made: str = field(default="made", init=False)
    version: int = 0
    expires_at: dt.datetime | None = None
    gone_at: dt.datetime | None = None


class EverythingMapping(MappingSchema[Everything]):
    class Meta:
        table = "everything"
        key = Key("id", "count")
        indexes = (GlobalIndex("by-sku", Key("sku", "at")), GlobalIndex("by-mark", Key("mark")))

    made = fields.String()
    version = fields.Version(incarnation=True)
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()
    expires_at = fields.TimeToLive()
    gone_at = fields.DeletedAt()


@dataclass
class Demanding:
    id: str
    email: str
    url: str
    code: str
    grade: str
    share: float
    price: Decimal
    number: int
    bits: list[str]
    tags: set[str]
    names: dict[str, int]
    address: ipaddress.IPv4Address
    mixed: Mixed
    money: Decimal
    stamp: dt.datetime
    since: dt.datetime


LONG_AGO, LATELY = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


class DemandingMapping(MappingSchema[Demanding]):
    class Meta:
        table = "demanding"
        key = Key("id")

    id = fields.String(validate=validate.Length(equal=4))
    email = fields.Email()
    url = fields.Url()
    code = fields.String(validate=[validate.Regexp(r"[A-Z]{2}-\d{1,4}"), validate.Length(max=6)])
    grade = fields.String(validate=[validate.OneOf(["a", "b", "c"]), validate.NoneOf(["b"])])
    share = fields.Float(validate=validate.Range(0, 1, min_inclusive=False))
    price = fields.Decimal(validate=validate.Range(min=Decimal("0.01"), max=Decimal("0.05")))
    number = fields.Integer(validate=validate.And(validate.Range(min=3), validate.Range(max=5.5)))
    bits = fields.List(
        fields.String(validate=validate.Length(min=1)), validate=validate.ContainsOnly(["x", "y"])
    )
    tags = fields.StringSet(validate=validate.Length(min=2, max=3))
    names = fields.Dict(fields.String(validate=validate.Length(max=2)), fields.Integer())
    address = fields.IPv4()
    money = fields.Decimal(places=2)
    stamp = fields.DateTime(format="timestamp")
    since = fields.DateTime(validate=validate.Range(LONG_AGO, LATELY))


@dataclass
class Placed:
    customer: str
    number: int
    day: dt.date
    name: str


class PlacedMapping(MappingSchema[Placed]):
    class Meta:
        table = Table("placed", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("G1", "G2")),))
        key = Key("CUSTOMER#{customer}", "ORDER#{number:05d}#{name}")
        index_keys: ClassVar = {"GSI1": Key("DAY#{day}", "{name}@{customer}")}


@dataclass
class Even:
    id: str
    number: int
    half: int = 0

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")
        self.half = self.number // 2


class EvenMapping(MappingSchema[Even]):
    class Meta:
        table = "even"
        key = Key("id")


@dataclass
class Foreign:
    id: str
    four: ipaddress.IPv4Address
    six: ipaddress.IPv6Address
    either: ipaddress.IPv4Address | ipaddress.IPv6Address
    naive: dt.datetime
    stamp: dt.datetime
    mail: dt.datetime
    lasting: dt.timedelta
    price: Decimal
    rough: float
    whole: int
    color: Color


class ForeignMapping(MappingSchema[Foreign]):
    """Has fields that convert in their own way."""

    class Meta:
        table = "foreign"
        key = Key("id")

    four = fields.IPv4()
    six = fields.IPv6()
    either = fields.IP()
    naive = fields.NaiveDateTime()
    stamp = fields.DateTime(format="timestamp")
    mail = fields.AwareDateTime(format="rfc")
    lasting = fields.TimeDelta(precision="minutes")
    price = fields.Decimal(places=2, as_string=True)
    rough = fields.Float(as_string=True)
    whole = fields.Integer(strict=True)
    color = fields.Enum(Color, by_value=True)
