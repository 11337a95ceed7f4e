"""A small domain for the tests of the testing kit, also as the text of a user's module."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from persistence import GlobalIndex, Key, MappingSchema, Repository, fields


@dataclass
class Line:
    sku: str
    quantity: int = 1
    seal: bytes | None = None


@dataclass
class Order:
    id: str
    customer_id: str
    total: Decimal = Decimal(0)
    lines: list[Line] = field(default_factory=list)
    placed_at: datetime | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer_id")),)

    customer_id = fields.String(data_key="customerId", validate=fields.validate.Length(min=1))
    placed_at = fields.CreatedAt()
    version = fields.Version()


class Orders(Repository[Order]):
    mapping = OrderMapping


@dataclass(frozen=True)
class Customer:
    id: str
    version: int = 0


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = "customers"
        key = Key("id")

    version = fields.Version()
