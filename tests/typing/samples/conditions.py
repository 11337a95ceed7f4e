"""What type checkers see of conditions; lines that are wrong say which of them find it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import assert_type

from persistence import AsyncRepository, Query, Repository
from persistence.query import (
    AsyncQuery,
    PatchBuilder,
    Specification,
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    raw,
    size,
    value,
)


class Status(Enum):
    OPEN = "open"


@dataclass
class Address:
    city: str


@dataclass
class Order:
    id: str
    total: Decimal
    count: int
    paid: bool
    status: Status
    placed_at: datetime
    shipped_at: datetime | None = None
    address: Address | None = None
    tags: set[str] = field(default_factory=set)


@dataclass
class Customer:
    name: str


MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def queries(orders: Repository[Order], later: AsyncRepository[Order]) -> None:
    assert_type(orders.query(lambda o: o.total > 5), Query[Order])
    assert_type(orders.query(lambda o: (o.id == "1") & o.paid).matching(lambda o: not_(o.paid)), Query[Order])
    assert_type(orders.query(lambda o: (o.count > 1) | (o.total < Decimal(5))).all(), list[Order])
    assert_type(orders.scan(lambda o: o.status == Status.OPEN).first(), Order | None)
    assert_type(later.query(lambda o: o.total > 5), AsyncQuery[Order])
    assert_type(orders.patch("1").if_(lambda o: o.paid), PatchBuilder[Order])

    orders.query(lambda o: o.totl > 5)  # error: mypy, pyright
    orders.query(lambda o: o.total > "5")  # error: mypy, pyright
    orders.query(lambda o: o.placed_at < 5)  # error: mypy, pyright
    orders.query(lambda o: o.count == "5")  # error: mypy
    orders.query(lambda o: o.status == "open")  # error: mypy
    orders.query(lambda o: o.shipped_at > MONDAY)  # error: mypy, pyright
    orders.query(lambda o: o.total)  # error: mypy, pyright
    orders.query(lambda o: None)  # error: mypy, pyright
    orders.query(lambda: True)  # error: mypy, pyright
    orders.query("o.total > 5")  # error: mypy, pyright
    orders.query(lambda o: o.address.city == "Graz")  # error: mypy, pyright
    orders.query().matching(lambda o: o.totl > 5)  # error: mypy, pyright
    orders.patch("1").if_(lambda o: o.totl > 5)  # error: mypy, pyright


def helpers(orders: Repository[Order]) -> None:
    orders.query(lambda o: between(o.total, 1, 2) & between(o.total, Decimal(1), o.count))
    orders.query(lambda o: between(o.placed_at, MONDAY, MONDAY) | between(MONDAY, o.placed_at, MONDAY))
    orders.query(lambda o: between(size(o.tags), 1, o.count))
    orders.query(lambda o: is_in(o.status, [Status.OPEN]) & is_in(o.count, range(3)))
    orders.query(lambda o: contains(o.tags, "a") & contains(o.id, "a") & contains(o.tags, o.id))
    orders.query(lambda o: begins_with(o.id, "a") & o.id.startswith("b") & begins_with(o.placed_at, "2026"))
    orders.query(lambda o: exists(o.shipped_at) | not_exists(o.address) | attribute_type(o.total, "N"))
    orders.query(lambda o: (value(o.shipped_at) > MONDAY) & (value(o.address).city == "Graz"))
    orders.query(lambda o: not_(o.paid) & not_(size(o.tags) > 3))
    assert_type(size({1}), int)
    assert_type(value(MONDAY if size({1}) else None), datetime)

    orders.query(lambda o: between(o.total, "a", "b"))  # error: mypy, pyright
    orders.query(lambda o: between(o.placed_at, 1, 2))  # error: mypy, pyright
    orders.query(lambda o: between(o.status, Status.OPEN, Status.OPEN))  # error: mypy, pyright
    orders.query(lambda o: between(o.shipped_at, MONDAY, MONDAY))  # error: mypy, pyright
    orders.query(lambda o: contains(o.count, 1))  # error: mypy, pyright
    orders.query(lambda o: begins_with(o.id, 5))  # error: mypy, pyright
    orders.query(lambda o: is_in(o.count, 5))  # error: mypy, pyright
    orders.query(lambda o: attribute_type(o.total, "NUMBER"))  # error: mypy, pyright
    orders.query(lambda o: size(o.count) > 1)  # error: mypy, pyright
    orders.query(lambda o: size(o.tags) > "1")  # error: mypy, pyright
    orders.query(lambda o: not_(o.count))  # error: mypy, pyright
    orders.query(lambda o: value(o.shipped_at) > 5)  # error: mypy, pyright


def specifications(orders: Repository[Order], order: Order, customer: Customer) -> None:
    large = assert_type(Specification[Order](lambda o: o.total > 5, name="large"), Specification[Order])
    paid = Specification[Order](lambda o: o.paid)
    ann = Specification[Customer](lambda c: c.name == "Ann")
    in_graz = Specification[Address](lambda a: a.city == "Graz")

    assert_type(large & paid, Specification[Order])
    assert_type(large | ~paid, Specification[Order])
    assert_type(large & (lambda o: o.count > 3), Specification[Order])
    assert_type(large.named("big"), Specification[Order])
    assert_type(large.is_satisfied_by(order), bool)
    assert_type(list(filter(large, [order])), list[Order])
    assert_type(orders.query(large & paid), Query[Order])
    assert_type(orders.query().matching(~large), Query[Order])
    assert_type(orders.patch("1").if_(large), PatchBuilder[Order])
    assert_type(orders.query(lambda o: large(o) & in_graz(value(o.address))), Query[Order])
    assert_type(Specification[Order](raw("total > :x", x=5)), Specification[Order])

    Specification[Order](lambda o: o.totl > 5)  # error: mypy, pyright
    Specification[Order](lambda o: o.total > "5")  # error: mypy, pyright
    Specification[Order](lambda o: o.count == "5")  # error: mypy
    large & ann  # error: mypy, pyright
    large | ann  # error: mypy, pyright
    large & True  # error: mypy, pyright
    large & (lambda o: o.totl > 5)  # error: mypy
    large.is_satisfied_by(customer)  # error: mypy, pyright
    orders.query(ann)  # error: mypy, pyright
    orders.query(lambda o: ann(o))  # error: mypy, pyright
    orders.query(lambda o: in_graz(o.address))  # error: mypy, pyright
    orders.patch("1").if_(ann)  # error: mypy, pyright
