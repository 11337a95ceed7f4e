"""Two tenants in one table, through units of work and repositories: neither ever meets the other's."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    EntityExists,
    EntityNotFound,
    GlobalIndex,
    InvalidCursor,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    StaleEntity,
    StoreUnavailable,
    Table,
    UnitOfWork,
    UnitOfWorkStateError,
    fields,
)
from persistence.attributes import Item
from persistence.errors import ConfigurationError, ForeignTenant
from persistence.mapping import mapping_of
from persistence.operations import Operation, PutItem, ScanPage, TransactWrite
from persistence.query import Query
from persistence.stores.tenancy import TenantStore, for_tenant
from tests.semantics.model import Note, NoteMapping
from tests.semantics.world import Recording, World

SHOP = Table(
    "tenants-shop", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),), tenant_scoped=True
)
KEYS = [f"k{number:02d}" for number in range(12)]


@dataclass
class Customer:
    id: str
    name: str
    version: int = 0


@dataclass
class Order:
    id: str
    customer_id: str
    total: int = 0
    note: str | None = None
    version: int = 0


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{id}", "PROFILE")

    version = fields.Version()


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "ORDER#{id}")
        index_keys = {"GSI1": Key("ORDERS", "{id}")}  # noqa: RUF012  # as in the documentation

    version = fields.Version()


class ArticleMapping(MappingSchema[Note]):
    class Meta:
        table = "tenants-articles"
        key = Key("id")
        indexes = (GlobalIndex("by-title", Key("title")),)
        tenant_scoped = True

    version = fields.Version()
    deleted_at = fields.DeletedAt()


@dataclass
class Tenants:
    """The worlds of two tenants over one store."""

    acme: World
    globex: World
    below: Recording

    def orders(self, world: World) -> Repository[Order]:
        return world.repository(OrderMapping, create=False)

    def stored(self) -> list[Item]:
        """Everything that the table holds."""
        return list(self.below.below.perform(ScanPage(SHOP.structure, consistent=True)).items)


@pytest.fixture
def tenants(world: World) -> Tenants:
    world.repository(OrderMapping)
    world.repository(ArticleMapping)

    def of(name: str) -> World:
        awaited = None if world.store.awaited is None else for_tenant(world.store.awaited, name)
        return World(Recording(for_tenant(world.store.below, name), awaited), world.clock, task=world.task)

    return Tenants(of("acme"), of("globex"), world.store)


@pytest.fixture
def both(tenants: Tenants) -> tuple[Repository[Order], Repository[Order]]:
    """The orders of two tenants, which have the same keys."""
    pair = tenants.orders(tenants.acme), tenants.orders(tenants.globex)
    for orders, total in zip(pair, (1, 1000), strict=True):
        with orders.bulk() as bulk:
            for number, key in enumerate(KEYS):
                bulk.add(Order(key, "c", total + number))
    return pair


Both = tuple[Repository[Order], Repository[Order]]


class TestReads:
    def test_give_the_tenants_own(self, both: Both) -> None:
        acme, globex = both

        assert acme.get("c", "k01").total == 2
        assert globex.get("c", "k01").total == 1001
        assert [each.total for each in acme.get_many([("c", "k03"), ("c", "k00")])] == [4, 1]
        assert globex.find("other", "k00") is None

    def test_by_queries_of_table_and_index(self, both: Both) -> None:
        acme, globex = both

        assert [each.total for each in acme.query(lambda o: o.customer_id == "c")] == list(range(1, 13))
        of_globex = globex.where("id", "begins_with", "k").index("GSI1").order_by("id").all()
        assert [each.total for each in of_globex] == list(range(1000, 1012))

    def test_by_scans_of_table_and_index(self, both: Both) -> None:
        acme, globex = both

        assert sorted(each.total for each in acme.scan()) == list(range(1, 13))
        assert sorted(each.total for each in globex.scan().index("GSI1")) == list(range(1000, 1012))
        assert sorted(each.total for each in globex.scan().parallel(3)) == list(range(1000, 1012))
        assert acme.scan(lambda o: o.total > 10).count() == 2
        assert len(globex.scan().limit(5).all()) == 5
        assert sorted(row.total for row in acme.scan().select("total")) == list(range(1, 13))

    def test_by_pages_whose_cursors_are_the_tenants(self, both: Both) -> None:
        acme, globex = both
        queries: tuple[Callable[[Repository[Order]], Query[Order]], ...] = (
            lambda orders: orders.query(lambda o: o.customer_id == "c"),
            lambda orders: orders.scan(),
        )
        for query in queries:
            first = query(acme).page(size=5)
            second = query(acme).page(size=20, after=first.cursor)

            assert sorted(each.total for each in (*first, *second)) == list(range(1, 13))
            with pytest.raises(InvalidCursor):
                query(globex).page(size=5, after=first.cursor)

    def test_as_a_snapshot(self, tenants: Tenants, both: Both) -> None:
        _, globex = both

        found = tenants.globex.uow.snapshot(globex.key("c", "k00"), globex.key("c", "none"))

        assert [each and each.total for each in found] == [1000, None]


class TestWrites:
    def test_of_a_unit_of_work_change_one_tenant_alone(self, tenants: Tenants, both: Both) -> None:
        acme, globex = both
        with tenants.acme.uow:
            acme.get("c", "k00").total = -1
            acme.remove(acme.get("c", "k01"))
            acme.add(Order("new", "c"))
            acme.save(Order("k02", "c", -2))

        assert (acme.get("c", "k00").total, acme.get("c", "k02").total) == (-1, -2)
        assert acme.find("c", "k01") is None
        assert [each.total for each in globex.query(lambda o: o.customer_id == "c")] == list(
            range(1000, 1012)
        )

    def test_by_patches(self, both: Both) -> None:
        acme, globex = both

        updated = acme.patch("c", "k00").increment("total", 5).execute(returning="new")

        assert updated is not None
        assert (updated.total, updated.customer_id) == (6, "c")
        assert globex.get("c", "k00").total == 1000

    def test_in_bulk_and_by_queries(self, both: Both) -> None:
        acme, globex = both

        acme.query(lambda o: (o.customer_id == "c") & (o.id < "k06")).delete()
        with acme.bulk(overwrite=True) as bulk:
            bulk.remove_key("c", "k06")

        assert [each.id for each in acme.query(lambda o: o.customer_id == "c")] == KEYS[7:]
        assert len(globex.scan().all()) == 12

    def test_store_keys_that_begin_with_the_tenant_as_policies_demand(
        self, tenants: Tenants, both: Both
    ) -> None:
        stored = tenants.stored()

        assert {item["PK"]["S"] for item in stored} == {"acme#CUSTOMER#c", "globex#CUSTOMER#c"}
        assert {item["GSI1PK"]["S"] for item in stored} == {"acme#ORDERS", "globex#ORDERS"}
        assert {item["SK"]["S"] for item in stored} == {f"ORDER#{key}" for key in KEYS}

    def test_of_checks_concern_the_tenants_own(self, tenants: Tenants, both: Both) -> None:
        """Serializable units check what they read, and what they found absent."""
        acme, globex = both
        with pytest.raises(CommitConflict), tenants.acme.uow(isolation="serializable"):
            acme.get("c", "k00")
            assert acme.find("c", "absent") is None
            acme.add(Order("x", "c"))
            tenants.orders(World(tenants.acme.store)).add(Order("absent", "c"))
        globex.add(Order("absent", "c"))

        with tenants.globex.uow(isolation="serializable"):
            assert globex.get("c", "k00").total == 1000
            globex.add(Order("x", "c"))

        assert (acme.find("c", "x"), globex.get("c", "x").total) == (None, 0)

    def test_of_what_is_marked_as_deleted(self, tenants: Tenants) -> None:
        acme, globex = (
            world.repository(ArticleMapping, create=False) for world in (tenants.acme, tenants.globex)
        )
        article = acme.add(Note("1", "Big"))
        globex.add(Note("1", "Big"))

        acme.remove(article)

        assert acme.find("1") is None
        assert acme.where("title", "=", "Big").all() == []
        assert globex.get("1").title == "Big"
        assert [each.title for each in globex.where("title", "=", "Big")] == ["Big"]


class TestConflicts:
    def test_show_the_stored_entity_as_the_tenant_knows_it(self, tenants: Tenants, both: Both) -> None:
        acme, _ = both
        late = Order("k00", "c", 7, version=9)

        with pytest.raises(StaleEntity) as stale:
            acme.update(late)
        with pytest.raises(EntityExists) as exists:
            acme.add(Order("k00", "c"))

        assert stale.value.found in (None, Order("k00", "c", 1))
        assert exists.value.found in (None, Order("k00", "c", 1))
        assert exists.value.key == ("c", "k00")
        assert "acme" not in f"{stale.value}{exists.value}"

    def test_do_not_arise_between_tenants(self, tenants: Tenants, both: Both) -> None:
        acme, globex = both

        with tenants.acme.uow:
            acme.get("c", "k00").total = 5
            globex.patch("c", "k00").increment("total").execute()

        assert (acme.get("c", "k00").total, globex.get("c", "k00").total) == (5, 1001)

    def test_missing_entities_are_named_without_the_tenant(self, both: Both) -> None:
        acme, _ = both
        with pytest.raises(EntityNotFound) as missing:
            acme.get("c", "none")

        assert missing.value.key == ("c", "none")
        assert "acme" not in str(missing.value)


class TestWithoutTenant:
    def test_nothing_is_sent_for_a_scoped_mapping(self, world: World) -> None:
        orders = world.repository(OrderMapping)
        world.forget()
        calls: list[Any] = [
            lambda: orders.get("c", "1"),
            lambda: orders.get_many([("c", "1"), ("c", "2")]),
            lambda: orders.add(Order("1", "c")),
            lambda: orders.save(Order("1", "c")),
            lambda: orders.patch("c", "1").set("total", 1).execute(),
            lambda: orders.patch("c", "1").set("total", 1).execute(returning="new"),
            lambda: orders.query(lambda o: o.customer_id == "c").all(),
            lambda: orders.scan().all(),
            lambda: orders.scan().count(),
            lambda: world.uow.snapshot(orders.key("c", "1")),
        ]
        for call in calls:
            with pytest.raises(ConfigurationError, match=r"for_tenant"):
                call()

        assert list(world.store.below.perform(ScanPage(SHOP.structure)).items) == []

    def test_other_mappings_work_as_always(self, world: World, tenants: Tenants) -> None:
        world.repository(NoteMapping).add(Note("1", "shared"))

        for each in (tenants.acme, tenants.globex):
            assert each.repository(NoteMapping, create=False).get("1").title == "shared"
        shared = world.stored(NoteMapping, "1")
        assert shared is not None
        assert shared["id"] == {"S": "1"}

    def test_their_cursors_are_everybodys(self, world: World, tenants: Tenants) -> None:
        notes = world.repository(NoteMapping)
        for key in "123":
            notes.add(Note(key))
        acme, globex = (
            each.repository(NoteMapping, each.unit_of_work(cursor_keys="k" * 32), create=False)
            for each in (tenants.acme, tenants.globex)
        )

        first = acme.scan().page(size=1)

        assert len(globex.scan().page(size=5, after=first.cursor)) == 2

    def test_a_unit_may_hold_both(self, tenants: Tenants, world: World) -> None:
        notes, orders = (
            tenants.acme.repository(NoteMapping, create=False),
            tenants.orders(tenants.acme),
        )
        world.repository(NoteMapping)
        with tenants.acme.uow:
            notes.add(Note("1"))
            orders.add(Order("1", "c"))

        assert [item["PK"]["S"] for item in tenants.stored()] == ["acme#CUSTOMER#c"]
        assert world.repository(NoteMapping).get("1").id == "1"


class TestForeignItems:
    def test_are_refused_wherever_they_are_met(self, tenants: Tenants, both: Both) -> None:
        """Somebody has stored an item past the library, into the index partition of a tenant."""
        acme, _ = both
        item = mapping_of(OrderMapping).codec.encode(Order("evil", "c"))
        forged = {**item, "PK": {"S": "globex#CUSTOMER#c"}, "GSI1PK": {"S": "acme#ORDERS"}}
        tenants.below.below.perform(PutItem(SHOP.structure, forged))

        with pytest.raises(ForeignTenant):
            acme.where("id", "=", "evil").index("GSI1").all()

        assert len(acme.scan().all()) == 12


def lost() -> Exception:
    return StoreUnavailable("the answer was lost")


class TestOutcomes:
    def unknown(self, store: MemoryStore, uow: UnitOfWork) -> CommitOutcomeUnknown:
        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            Repository(OrderMapping, uow).add(Order("1", "c"))
        return unknown.value

    @pytest.fixture
    def uow(self) -> UnitOfWork:
        self.memory = MemoryStore()
        self.failing = True
        self.tenant = ContextVar("tenant", default="acme")
        outer = self

        class Lossy:
            limits = self.memory.limits

            def perform(self, operation: Operation[Any]) -> Any:
                if outer.failing and isinstance(operation, TransactWrite):
                    raise lost()
                return outer.memory.perform(operation)

        return UnitOfWork(lambda: TenantStore(Lossy(), self.tenant.get()), deadline=0.01)

    def test_can_be_resumed_by_their_tenant_only(self, uow: UnitOfWork) -> None:
        unknown = self.unknown(self.memory, uow)
        assert unknown.tenant == "acme"
        self.failing = False

        self.tenant.set("globex")
        for outcome in (unknown, unknown.token):
            with pytest.raises(UnitOfWorkStateError, match="another tenant"):
                uow.resume(outcome)
        with pytest.raises(UnitOfWorkStateError, match="another tenant"):
            UnitOfWork(self.memory.for_tenant("globex")).resume(unknown)
        with pytest.raises(UnitOfWorkStateError, match="another tenant"):
            UnitOfWork(self.memory).resume(unknown)

        self.tenant.set("acme")
        uow.resume(unknown)
        assert Repository(OrderMapping, uow).get("c", "1").total == 0

    def test_can_be_resumed_elsewhere_by_their_tenant(self, uow: UnitOfWork) -> None:
        unknown = self.unknown(self.memory, uow)

        UnitOfWork(self.memory.for_tenant("acme")).resume(unknown)

        assert [key for (key, *_) in _keys(self.memory)] == ["acme#CUSTOMER#c"]


def _keys(memory: MemoryStore) -> list[tuple[str, str]]:
    items = memory.perform(ScanPage(SHOP.structure)).items
    return [(item["PK"]["S"], item["SK"]["S"]) for item in items]


class TestTenantsOfRequests:
    """One unit of work serves all requests: its store is that of the tenant whose request it is."""

    @pytest.fixture
    def tenant(self) -> ContextVar[str]:
        return ContextVar("tenant", default="acme")

    @pytest.fixture
    def uow(self, tenant: ContextVar[str]) -> UnitOfWork:
        memory = MemoryStore()
        return UnitOfWork(lambda: memory.for_tenant(tenant.get()), cursor_keys="k" * 32)

    def test_each_call_is_its_own_tenants(self, uow: UnitOfWork, tenant: ContextVar[str]) -> None:
        orders = Repository(OrderMapping, uow)
        orders.add(Order("1", "c"))
        tenant.set("globex")

        assert orders.find("c", "1") is None

    def test_a_unit_keeps_its_tenant(self, uow: UnitOfWork, tenant: ContextVar[str]) -> None:
        orders = Repository(OrderMapping, uow)
        with uow:
            tenant.set("globex")
            orders.add(Order("1", "c"))
        tenant.set("acme")

        assert orders.get("c", "1").id == "1"

    def test_a_query_is_never_read_on_for_another(self, uow: UnitOfWork, tenant: ContextVar[str]) -> None:
        orders = Repository(OrderMapping, uow)
        for name in ("acme", "globex"):
            tenant.set(name)
            with orders.bulk() as bulk:
                for number in range(40):
                    bulk.add(Order(f"{number:03d}", "c", note="x" * 60_000))
        tenant.set("acme")
        results = iter(orders.query(lambda o: o.customer_id == "c"))
        assert next(results).id == "000"
        tenant.set("globex")

        with pytest.raises(UnitOfWorkStateError, match="another one's"):
            list(results)

    def test_a_bulk_keeps_its_tenant(self, uow: UnitOfWork, tenant: ContextVar[str]) -> None:
        orders = Repository(OrderMapping, uow)
        with orders.bulk(buffer=1) as bulk:
            bulk.add(Order("1", "c"))
            tenant.set("globex")
            bulk.add(Order("2", "c"))

        assert orders.scan().all() == []
