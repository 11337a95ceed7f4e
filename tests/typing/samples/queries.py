"""What type checkers see of results; lines that are wrong say which of them find it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, assert_type

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    Key,
    MappingSchema,
    Query,
    Repository,
    Table,
    UnitOfWork,
)
from persistence.bulk import AsyncBulk, Bulk
from persistence.errors import BulkReport
from persistence.query import (
    AccessPath,
    AsyncGrouping,
    AsyncPatchBuilder,
    AsyncQuery,
    Grouping,
    PatchBuilder,
    ResultPage,
    Row,
    Specification,
    collection,
    count_of,
    sum_of,
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
    ratio: float
    paid: bool
    status: Status
    placed_at: datetime
    lasting: timedelta
    shipped_at: datetime | None = None
    discount: Decimal | None = None
    address: Address | None = None
    tags: set[str] = field(default_factory=set)


@dataclass
class Customer:
    id: str
    name: str


SHOP = Table("shop", partition="PK", sort="SK")


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = SHOP
        key = Key("ORDER#{id}", "ORDER")


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{id}", "CUSTOMER")


MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def results(orders: Repository[Order]) -> None:
    query = assert_type(orders.query(lambda o: o.paid), Query[Order])
    assert_type(query.all(), list[Order])
    assert_type(iter(query), Iterator[Order])
    assert_type(query.first(), Order | None)
    assert_type(query.one(), Order)
    assert_type(query.count(), int)
    assert_type(query.exists(), bool)
    assert_type(query.explain(), AccessPath)
    assert_type(query.delete(), BulkReport)
    assert_type(query.page(20), ResultPage[Order])
    assert_type(query.page(20).items, list[Order])
    assert_type(query.page(20).cursor, str | None)
    assert_type(query.page(20).has_more, bool)
    assert_type(iter(query.page(20)), Iterator[Order])
    assert_type(
        query.where("total", ">", 5).filter("total > :x", x=5).order_by("id").limit(5).index("i"),
        Query[Order],
    )
    assert_type(query.hydrate().consistent().untracked().live().including_deleted(), Query[Order])
    assert_type(query.after("cursor").segment(0, of=2).sorted_in_memory(), Query[Order])
    assert_type(orders.scan().parallel(segments=8), Query[Order])
    assert_type(orders.including_deleted(), Repository[Order])

    str(query.one().totl)  # error: mypy, pyright
    str(query.first().total)  # error: mypy, pyright
    query.limit("5")  # error: mypy, pyright
    str(query.page(20).items[0].totl)  # error: mypy, pyright
    query.page("20")  # error: mypy, pyright
    query.after(5)  # error: mypy, pyright


async def results_later(orders: AsyncRepository[Order]) -> None:
    query = assert_type(orders.query(lambda o: o.paid), AsyncQuery[Order])
    assert_type(await query.all(), list[Order])
    assert_type(aiter(query), AsyncIterator[Order])
    assert_type(await query.first(), Order | None)
    assert_type(await query.one(), Order)
    assert_type(await query.count(), int)
    assert_type(await query.exists(), bool)
    assert_type(await query.delete(), BulkReport)
    assert_type(await query.page(20), ResultPage[Order])
    assert_type(query.where("total", ">", 5).order_by("id").limit(5).index("i").hydrate(), AsyncQuery[Order])
    assert_type(query.select(lambda o: (o.id, o.total)), AsyncQuery[tuple[str, Decimal]])
    assert_type(await query.select(lambda o: o.id).all(), list[str])
    assert_type(await query.select("id", "total").one(), Row)
    assert_type(await query.select(lambda o: o.id).page(5), ResultPage[str])
    assert_type(await query.sum(lambda o: o.total), Decimal)
    assert_type(await query.max(lambda o: o.placed_at), datetime | None)
    assert_type(await query.avg(lambda o: o.count), Decimal | None)
    assert_type(query.group_by(lambda o: o.status), AsyncGrouping[Order, Status])
    assert_type(await query.group_by(lambda o: o.status).sum(lambda o: o.total), dict[Status, Decimal])

    str(query.all().count)  # error: mypy, pyright
    orders.query(lambda o: o.totl > 5)  # error: mypy, pyright
    query.select(lambda o: o.totl)  # error: mypy, pyright
    await query.sum(lambda o: o.totl)  # error: mypy, pyright
    await query.sum(lambda o: o.id)  # error: mypy, pyright
    query.group_by(lambda o: o.totl)  # error: mypy, pyright


def selections(orders: Repository[Order]) -> None:
    query = orders.query()
    assert_type(query.select(lambda o: (o.id, o.total)), Query[tuple[str, Decimal]])
    assert_type(query.select(lambda o: o.total), Query[Decimal])
    assert_type(query.select(lambda o: (o.id, o.shipped_at)), Query[tuple[str, datetime | None]])
    assert_type(query.select(lambda o: value(o.address).city), Query[str])
    assert_type(query.select("id", "address.city"), Query[Row])
    assert_type(query.select("id").all(), list[Row])
    assert_type(query.select(lambda o: (o.id, o.total)).one(), tuple[str, Decimal])
    assert_type(query.select(lambda o: o.total).first(), Decimal | None)
    assert_type(query.select(lambda o: o.id).page(5).items, list[str])
    assert_type(query.select("id").one().as_dict(), dict[str, Any])

    query.select(lambda o: o.totl)  # error: mypy, pyright
    query.select(lambda o: (o.id, o.totl))  # error: mypy, pyright
    query.select(lambda o: o.address.city)  # error: mypy, pyright
    str(query.select(lambda o: o.total).one().city)  # error: mypy, pyright
    query.select(5)  # error: mypy, pyright
    query.select()  # error: mypy, pyright
    query.select(lambda o: o.total).matching(lambda t: t.id == "1")  # error: mypy, pyright


def aggregates(orders: Repository[Order]) -> None:
    query = orders.query()
    assert_type(query.sum(lambda o: o.total), Decimal)
    assert_type(query.sum(lambda o: o.count), int)
    assert_type(query.sum(lambda o: o.ratio), float)
    assert_type(query.sum(lambda o: o.lasting), timedelta)
    assert_type(query.sum(lambda o: o.discount), Decimal)
    assert_type(query.min(lambda o: o.placed_at), datetime | None)
    assert_type(query.max(lambda o: o.shipped_at), datetime | None)
    assert_type(query.avg(lambda o: o.total), Decimal | None)
    assert_type(query.avg(lambda o: o.count), Decimal | None)
    assert_type(query.avg(lambda o: o.ratio), float | None)
    assert_type(query.avg(lambda o: o.lasting), timedelta | None)
    assert_type(query.avg(lambda o: o.discount), Decimal | None)
    assert_type(query.aggregate(number=count_of(), total=sum_of("total")), Row)

    query.sum(lambda o: o.totl)  # error: mypy, pyright
    query.sum(lambda o: o.id)  # error: mypy, pyright
    query.sum(lambda o: o.placed_at)  # error: mypy, pyright
    query.min(lambda o: o.totl)  # error: mypy, pyright
    query.avg(lambda o: o.id)  # error: mypy, pyright
    query.aggregate(total="total")  # error: mypy, pyright


def groups(orders: Repository[Order]) -> None:
    query = orders.query()
    assert_type(query.group_by(lambda o: o.status), Grouping[Order, Status])
    assert_type(query.group_by(lambda o: (o.status, o.paid)), Grouping[Order, tuple[Status, bool]])
    assert_type(query.group_by(lambda o: o.status).count(), dict[Status, int])
    assert_type(query.group_by(lambda o: o.status).sum(lambda o: o.total), dict[Status, Decimal])
    assert_type(query.group_by(lambda o: o.id).max(lambda o: o.count), dict[str, int | None])
    assert_type(query.group_by(lambda o: o.id).avg(lambda o: o.count), dict[str, Decimal | None])
    assert_type(query.group_by(lambda o: o.id).aggregate(n=count_of()), dict[str, Row])

    query.group_by(lambda o: o.totl)  # error: mypy, pyright
    query.group_by(lambda o: o.status).sum(lambda o: o.totl)  # error: mypy, pyright
    query.group_by(lambda o: o.status).sum(lambda o: o.id)  # error: mypy, pyright
    query.group_by(lambda o: o.status, at_most="5")  # error: mypy, pyright


def patches(orders: Repository[Order]) -> None:
    patch = assert_type(orders.patch("1").increment("count").set("paid", True), PatchBuilder[Order])
    assert_type(patch.add("total", Decimal(1)).append("lines", 1).if_version(3), PatchBuilder[Order])
    patch.execute()
    patch.execute(returning="none")
    assert_type(patch.execute(returning="old"), Order | None)
    assert_type(patch.execute(returning="new"), Order | None)
    assert_type(patch.execute(returning="updated_old"), dict[str, Any])
    assert_type(patch.execute(returning="updated_new"), dict[str, Any])

    patch.execute(returning="newest")  # error: mypy, pyright
    patch.if_(lambda o: o.total > "5")  # error: mypy, pyright
    patch.if_version("3")  # error: mypy, pyright
    patch.increment("count", "1")  # error: mypy, pyright
    patch.add("total", "1")  # error: mypy, pyright


async def patches_later(orders: AsyncRepository[Order]) -> None:
    patch = assert_type(orders.patch("1").increment("count").if_exists(), AsyncPatchBuilder[Order])
    await patch.execute()
    assert_type(await patch.execute(returning="old"), Order | None)
    assert_type(await patch.execute(returning="updated_new"), dict[str, Any])

    await patch.execute(returning="newest")  # error: mypy, pyright
    patch.if_(lambda o: o.totl > 5)  # error: mypy, pyright


def collections(uow: UnitOfWork, later: AsyncUnitOfWork) -> None:
    shop = collection(OrderMapping, CustomerMapping)
    assert_type(shop.of(uow).partition("1"), Query[Order | Customer])
    assert_type(shop.of(uow).query().all(), list[Order | Customer])
    assert_type(shop.of(uow).scan().page(5), ResultPage[Order | Customer])
    assert_type(shop.of(later).partition("1"), AsyncQuery[Order | Customer])

    collection(OrderMapping, Customer)  # error: mypy, pyright
    str(shop.of(uow).query().one().name)  # error: mypy, pyright
    shop.of(uow).query(lambda e: e.nothing == 1)  # error: mypy, pyright


def bulks(orders: Repository[Order], order: Order, customer: Customer) -> None:
    with orders.bulk() as bulk:
        assert_type(bulk, Bulk[Order])
        bulk.add(order)
        bulk.add(customer)  # error: mypy, pyright
    assert_type(bulk.report, BulkReport)
    assert_type(orders.get_many(["1"]), list[Order])
    assert_type(orders.find_many(["1"]), list[Order | None])

    orders.add(customer)  # error: mypy, pyright
    orders.bulk(buffer="5")  # error: mypy, pyright


async def bulks_later(orders: AsyncRepository[Order], order: Order, customer: Customer) -> None:
    async with orders.bulk() as bulk:
        assert_type(bulk, AsyncBulk[Order])
        await bulk.add(order)
        await bulk.add(customer)  # error: mypy, pyright
    assert_type(await orders.get_many(["1"]), list[Order])


def entities(orders: Repository[Order], customers: Repository[Customer]) -> None:
    named = Specification[Customer](lambda c: c.name == "Ann")
    late = Specification[Order](lambda o: o.placed_at < MONDAY)
    assert_type(orders.query(late).select(lambda o: o.id), Query[str])
    assert_type(customers.query(named).all(), list[Customer])

    orders.query(named)  # error: mypy, pyright
    customers.query(late)  # error: mypy, pyright
    orders.scan(named)  # error: mypy, pyright
    orders.query().matching(named)  # error: mypy, pyright
    orders.query(lambda o: o.count < "5")  # error: mypy, pyright
    orders.query(lambda o: o.id == 5)  # error: mypy
    orders.query(lambda o: o.status == "open")  # error: mypy
