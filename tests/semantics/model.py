"""Plain entities and their mappings, one per rule that has to be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Projection, Table, fields
from persistence.outbox import OutboxMapping


@dataclass
class Author:
    """Stored as a map inside its note."""

    name: str
    city: str | None = None


@dataclass
class Line:
    """Stored as an element of a list."""

    sku: str
    quantity: int = 1


@dataclass
class Note:
    """Has a version and timestamps, which its class shows."""

    id: str
    title: str = "untitled"
    body: str | None = None
    author: Author | None = None
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    score: Decimal = Decimal(0)
    extra: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    title = fields.String(validate=fields.validate.Length(max=20))
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


@dataclass
class OldAuthor:
    name: str


@dataclass
class OldNote:
    """What an older version of the application knows of notes."""

    id: str
    title: str = "untitled"
    author: OldAuthor | None = None
    lines: list[Line] = field(default_factory=list)
    version: int = 0


class OldNoteMapping(MappingSchema[OldNote]):
    class Meta:
        table = "notes"
        key = Key("id")

    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


@dataclass
class Setting:
    """Has no version."""

    id: str
    value: str = "none"
    author: Author | None = None
    lines: list[Line] = field(default_factory=list)


class SettingMapping(MappingSchema[Setting]):
    class Meta:
        table = "settings"
        key = Key("id")


class ComparedSettingMapping(MappingSchema[Setting]):
    class Meta:
        table = "compared-settings"
        key = Key("id")
        concurrency = "compare"


@dataclass(frozen=True)
class Account:
    """A frozen entity."""

    id: str
    balance: int = 0
    version: int = 0


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "accounts"
        key = Key("id")

    version = fields.Version()


@dataclass
class Hidden:
    """Its version and timestamps live in the table only."""

    id: str
    value: str = "none"


class HiddenMapping(MappingSchema[Hidden]):
    class Meta:
        table = "hidden"
        key = Key("id")

    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


@dataclass
class Reading:
    """Has a key of two numbers."""

    sensor: Decimal
    at: int
    value: Decimal = Decimal(0)
    version: int = 0


class ReadingMapping(MappingSchema[Reading]):
    class Meta:
        table = "readings"
        key = Key("sensor", "at")

    version = fields.Version()


class OrderStatus(Enum):
    OPEN = "open"
    SHIPPED = "shipped"


@dataclass
class Order:
    """Has a sort key, two global indexes and a local one."""

    customer_id: str
    number: int
    placed_at: datetime | None = None
    status: OrderStatus = OrderStatus.OPEN
    total: Decimal = Decimal(0)
    courier: str | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("customer_id", "number")
        indexes = (
            GlobalIndex("by-status", Key("status", "placed_at")),
            GlobalIndex("by-courier", Key("courier", "total")),
            GlobalIndex("keys-of-couriers", Key("courier"), Projection.keys_only()),
            LocalIndex("by-date", sort="placed_at"),
        )

    customer_id = fields.String(data_key="customerId")
    version = fields.Version()


SHOP = Table(
    "shop",
    partition="PK",
    sort="SK",
    indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),),
)


@dataclass
class Buyer:
    id: str
    name: str = "nobody"
    version: int = 0


class BuyerMapping(MappingSchema[Buyer]):
    class Meta:
        table = SHOP
        key = Key("BUYER#{id}", "PROFILE")

    version = fields.Version()


@dataclass
class Purchase:
    buyer_id: str
    number: int
    day: str | None
    total: Decimal = Decimal(0)
    version: int = 0


class PurchaseMapping(MappingSchema[Purchase]):
    class Meta:
        table = SHOP
        key = Key("BUYER#{buyer_id}", "PURCHASE#{number:05d}")
        index_keys = {"GSI1": Key("DAY#{day}", "{number:05d}")}  # noqa: RUF012  # marshmallow's Meta is plain data

    version = fields.Version()


class PurchaseAsBuyerMapping(MappingSchema[Purchase]):
    """Claims the items of purchases as if they were of another type."""

    class Meta:
        table = SHOP
        key = Key("BUYER#{buyer_id}", "PURCHASE#{number:05d}")
        discriminator = "SomethingElse"

    version = fields.Version()


@dataclass
class Seat:
    """Its version is guarded by an incarnation."""

    id: str
    holder: str = "nobody"
    version: int = 0


class SeatMapping(MappingSchema[Seat]):
    class Meta:
        table = "seats"
        key = Key("id")

    version = fields.Version(incarnation=True)


@dataclass(frozen=True)
class Moved:
    """A domain event."""

    id: str
    to: str


@dataclass
class Parcel:
    """Keeps the events that it raises until they are committed."""

    id: str
    place: str = "here"
    version: int = 0
    domain_events: list[object] = field(init=False, repr=False, compare=False, default_factory=list)

    def move(self, place: str) -> None:
        self.place = place
        self.domain_events.append(Moved(self.id, place))


class ParcelMapping(MappingSchema[Parcel]):
    class Meta:
        table = "parcels"
        key = Key("id")

    version = fields.Version()


class ParcelOutbox(OutboxMapping):
    class Meta:
        table = "outbox"

    events = (Moved,)
