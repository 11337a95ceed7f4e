"""The entities that are encoded and decoded: simple, complex and wide, as plain dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any


@dataclass
class Simple:
    """Six fields of different types."""

    id: str
    name: str
    age: int
    active: bool
    balance: Decimal
    created_at: datetime


class Status(Enum):
    """Where an order is."""

    OPEN = "open"
    SHIPPED = "shipped"


@dataclass
class Line:
    """A line of an order."""

    sku: str
    title: str
    quantity: int
    price: Decimal


@dataclass
class Complex:
    """Eleven fields: five nested dataclasses, a map, a set, an enum, optional ones, numbers."""

    id: str
    customer_id: str
    placed_at: datetime
    status: Status
    total: Decimal
    lines: list[Line]
    labels: dict[str, str]
    tags: set[str] = field(default_factory=set)
    note: str | None = None
    discount: Decimal | None = None
    version: int = 0


@dataclass
class Wide:
    """Forty fields, text and numbers."""

    text_01: str
    text_02: str
    text_03: str
    text_04: str
    text_05: str
    text_06: str
    text_07: str
    text_08: str
    text_09: str
    text_10: str
    text_11: str
    text_12: str
    text_13: str
    text_14: str
    text_15: str
    text_16: str
    text_17: str
    text_18: str
    text_19: str
    text_20: str
    count_01: int
    count_02: int
    count_03: int
    count_04: int
    count_05: int
    count_06: int
    count_07: int
    count_08: int
    count_09: int
    count_10: int
    count_11: int
    count_12: int
    count_13: int
    count_14: int
    count_15: int
    count_16: int
    count_17: int
    count_18: int
    count_19: int
    count_20: int


SIMPLE = Simple(
    "c-000017",
    "Ada Lovelace",
    36,
    True,
    Decimal("1204.56"),
    datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
)
COMPLEX = Complex(
    id="o-000042",
    customer_id="c-000017",
    placed_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    status=Status.SHIPPED,
    total=Decimal("187.35"),
    lines=[Line(f"sku-{n:04}", f"Article number {n}", n, Decimal(n) + Decimal("0.99")) for n in range(1, 6)],
    labels={"channel": "web", "campaign": "spring", "country": "de", "language": "en", "device": "phone"},
    tags={"gift", "express", "fragile"},
    note=None,
    discount=Decimal("12.5"),
    version=7,
)


def _wide() -> Wide:
    numbers = range(1, 21)
    texts: dict[str, Any] = {f"text_{number:02}": f"text value {number:02}" for number in numbers}
    counts: dict[str, Any] = {f"count_{number:02}": number * 7919 for number in numbers}
    return Wide(**texts, **counts)


WIDE = _wide()

ENTITIES: Mapping[str, Any] = {"simple": SIMPLE, "complex": COMPLEX, "wide": WIDE}
"""One entity of each shape, by the shape's name."""
