"""The example of the documentation's first page, as it is written there, from declaration to query."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import pytest

from persistence import (
    GlobalIndex,
    Key,
    LocalIndex,
    MappingSchema,
    MemoryStore,
    Projection,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.errors import InvalidRequest
from persistence.fields import validate
from persistence.mapping import mapping_of
from persistence.operations import CreateTable


class OrderStatus(Enum):
    OPEN = "open"
    SHIPPED = "shipped"


@dataclass
class OrderLine:
    sku: str
    quantity: int
    price: Decimal


@dataclass
class Order:
    id: str
    customer_id: str
    placed_at: datetime
    status: OrderStatus = OrderStatus.OPEN
    lines: list[OrderLine] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    note: str | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (
            GlobalIndex("by-customer", Key("customer_id", "placed_at")),
            LocalIndex("by-status", sort="status", projection=Projection.keys_only()),
        )

    customer_id = fields.String(data_key="customerId", validate=validate.Length(min=1))
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()
    expires_at = fields.TimeToLive()


MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def order() -> Order:
    return Order("o-1", "c-1", MONDAY, lines=[OrderLine("a", 2, Decimal("1.5"))], tags={"new"})


class TestPageExample:
    def test_works_as_pasted(self) -> None:
        orders = Repository(OrderMapping, UnitOfWork(MemoryStore()))

        orders.add(order())
        found = orders.query(lambda o: (o.customer_id == "c-1") & (o.placed_at >= MONDAY)).all()

        assert orders.get("o-1") == order()
        assert found == [order()]

    def test_is_no_table_that_the_service_would_make(self) -> None:
        """Local indexes need a sort key of the table: tables that are made by request have to have one."""
        store = MemoryStore()

        with pytest.raises(InvalidRequest, match="Table KeySchema does not have a range key"):
            store.perform(CreateTable(mapping_of(OrderMapping).table))
