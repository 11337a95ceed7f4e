"""What is stored where.

Fields that a dataclass has and a mapping does not declare are taken from the type hints. No class of the
domain has a version or a timestamp of its writes: those live in the tables only, and every write checks or
sets them.

| table           | partition key  | sort key                | index by-customer             |
|-----------------|----------------|-------------------------|-------------------------------|
| shop-customers  | id             |                         |                               |
| shop-products   | code           |                         |                               |
| shop-orders     | `ORDER#` id    | `#ORDER`, `LINES#` no.  | customer_id, placed_at        |
| shop-refunds    | id             |                         | customer_id, refunded_at      |
| shop-deliveries | id             |                         |                               |

An order and its lines share a partition of `shop-orders`, in items of their own: an order of hundreds of
lines is booked in several units of work, and each of them rewrites the small item only. Only orders have
`customer_id` and `placed_at`, and those of guests have no `customer_id`: the index holds neither lines nor
guests.
"""

from __future__ import annotations

from domain_example.domain import Customer, Delivery, Order, OrderLines, Product, Refund
from persistence import GlobalIndex, Key, MappingSchema, Table, fields

BY_CUSTOMER = "by-customer"

ORDERS = Table(
    "shop-orders",
    partition="PK",
    sort="SK",
    indexes=(GlobalIndex(BY_CUSTOMER, Key("customer_id", "placed_at")),),
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
