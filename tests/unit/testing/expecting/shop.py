"""What the tests of expectations are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from persistence import GlobalIndex, Key, MappingSchema, Table, fields


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass
class Address:
    street: str
    city: str


@dataclass
class Order:
    id: str
    customer_id: str = "c1"
    status: Status = Status.OPEN
    total: int = 0
    tags: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    address: Address | None = None
    note: str | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer_id", "total")),)

    customer_id = fields.String(data_key="customerId")
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


@dataclass
class Item:
    code: str
    in_stock: int = 0


class ItemMapping(MappingSchema[Item]):
    class Meta:
        table = "items"
        key = Key("code")


@dataclass
class Visit:
    customer: str
    at: datetime
    place: str
    seconds: int = 0


@dataclass
class Profile:
    customer: str
    name: str = ""


SHARED = Table("shared", partition="PK", sort="SK")


class VisitMapping(MappingSchema[Visit]):
    class Meta:
        table = SHARED
        key = Key("CUSTOMER#{customer}", "VISIT#{at}#{place}")


class ProfileMapping(MappingSchema[Profile]):
    class Meta:
        table = SHARED
        key = Key("CUSTOMER#{customer}", "PROFILE")


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
