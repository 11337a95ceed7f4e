"""What the warehouse is about; it knows of no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


class OutOfStock(Exception):
    """There is less of an article than is asked for."""


@dataclass
class Article:
    sku: str
    price: Decimal
    in_stock: int = 0
    version: int = 0

    def reserve(self, quantity: int) -> None:
        if quantity > self.in_stock:
            raise OutOfStock(self.sku)
        self.in_stock -= quantity


@dataclass
class OrderLine:
    sku: str
    quantity: int


@dataclass
class Order:
    id: str
    customer_id: str
    lines: list[OrderLine] = field(default_factory=list)
    total: Decimal = Decimal(0)
    placed_at: datetime | None = None
    version: int = 0


@dataclass
class Cart:
    customer_id: str
    lines: list[OrderLine] = field(default_factory=list)
    expires_at: datetime | None = None
