"""A plain entity with a field of every kind that conditions tell apart, and its mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from persistence import Key, MappingSchema, Table, fields


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass
class Address:
    city: str
    zip: int = 0
    note: str | None = None


@dataclass
class Thing:
    id: str = "1"
    text: str = "text"
    other: str | None = None
    named: str | None = "named"
    count: int = 0
    least: int = 0
    price: Decimal = Decimal(0)
    data: bytes = b"\x00"
    flag: bool = False
    status: Status = Status.OPEN
    at: datetime | None = None
    tags: set[str] = field(default_factory=set)
    marks: set[int] = field(default_factory=set)
    words: list[str | None] = field(default_factory=list)
    pair: tuple[str, int] = ("a", 1)
    address: Address | None = None
    places: list[Address] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")


class TerseThingMapping(MappingSchema[Thing]):
    """Stores the same otherwise."""

    class Meta:
        table = Table("terse-things", partition="PK")
        key = Key("THING#{id}")

    text = fields.String(data_key="t", omit_empty=True)
    count = fields.Integer(data_key="c", omit_empty=True)
    price = fields.Converted(lambda price: str(price), Decimal)
