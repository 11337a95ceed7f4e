"""What is stored where.

Fields that a dataclass has and a mapping does not declare are taken from the type hints. No class of the
domain has a version or a timestamp of its writes: those live in the tables only, and every write checks or
sets them.

| table           | partition key  | sort key               | index by-customer        | index by-status   |
|-----------------|----------------|------------------------|--------------------------|-------------------|
| shop-customers  | id             |                        |                          |                   |
| shop-products   | code           |                        |                          |                   |
| shop-orders     | `ORDER#` id    | `#ORDER`, `LINES#` no. | customer_id, placed_at   | status, placed_at |
| shop-refunds    | id             |                        | customer_id, refunded_at |                   |
| shop-deliveries | id             |                        |                          |                   |

An order and its lines share a partition of `shop-orders`, in items of their own: an order of hundreds of
lines is booked in several units of work, and each of them rewrites the small item only.

An index holds no item that lacks one of its key attributes. Only orders have `customer_id`, `status` and
`placed_at`, so neither index holds lines; those of guests have no `customer_id`, so `by-customer` holds
none of guests.

`by-status` holds no whole orders, but what lists and sums show of them. How many lines are booked is not
among that, so booking a part of a long order leaves the index alone. It costs one write more for each order,
and two more when its status changes: one entry goes, another comes. All confirmed orders share one partition
of it, which takes about 1,000 writes a second: a shop that sells more has to spread them, by the day for
example.
"""

from __future__ import annotations

from domain_example.domain import Customer, Delivery, Order, OrderLines, Product, Refund
from persistence import GlobalIndex, Key, MappingSchema, Projection, Table, fields
from persistence.table import DEFAULT_DISCRIMINATOR

BY_CUSTOMER = "by-customer"
BY_STATUS = "by-status"

ORDERS = Table(
    "shop-orders",
    partition="PK",
    sort="SK",
    indexes=(
        GlobalIndex(BY_CUSTOMER, Key("customer_id", "placed_at")),
        GlobalIndex(
            BY_STATUS,
            Key("status", "placed_at"),
            Projection.include(DEFAULT_DISCRIMINATOR, "customer_id", "country", "total"),
        ),
    ),
)


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = "shop-customers"
        key = Key("id")

    created_at = fields.CreatedAt()


class ProductMapping(MappingSchema[Product]):
    class Meta:
        table = "shop-products"
        key = Key("code")

    description = fields.String(omit_empty=True)
    in_stock = fields.Integer(validate=fields.validate.Range(min=0))
    version = fields.Version()
    updated_at = fields.UpdatedAt()


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = ORDERS
        key = Key("ORDER#{id}", "#ORDER")

    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


class OrderLinesMapping(MappingSchema[OrderLines]):
    class Meta:
        table = ORDERS
        key = Key("ORDER#{order_id}", "LINES#{first:05d}")


class RefundMapping(MappingSchema[Refund]):
    class Meta:
        table = "shop-refunds"
        key = Key("id")
        indexes = (GlobalIndex(BY_CUSTOMER, Key("customer_id", "refunded_at")),)

    version = fields.Version()


class DeliveryMapping(MappingSchema[Delivery]):
    class Meta:
        table = "shop-deliveries"
        key = Key("id")

    version = fields.Version()


MAPPINGS = (CustomerMapping, ProductMapping, OrderMapping, OrderLinesMapping, RefundMapping, DeliveryMapping)
