"""How it is stored."""

from __future__ import annotations

from persistence import GlobalIndex, Key, MappingSchema, Query, Repository, fields
from warehouse.domain import Article, Cart, Order


class ArticleMapping(MappingSchema[Article]):
    class Meta:
        table = "articles"
        key = Key("sku")

    in_stock = fields.Integer(validate=fields.validate.Range(min=0))
    version = fields.Version()


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer_id", "placed_at")),)

    customer_id = fields.String(data_key="customerId", validate=fields.validate.Length(min=1))
    placed_at = fields.CreatedAt()
    version = fields.Version()


class CartMapping(MappingSchema[Cart]):
    class Meta:
        table = "carts"
        key = Key("customer_id")

    expires_at = fields.TimeToLive()


class Orders(Repository[Order]):
    mapping = OrderMapping

    def of(self, customer_id: str) -> Query[Order]:
        return self.query(lambda order: order.customer_id == customer_id).order_by("placed_at")
