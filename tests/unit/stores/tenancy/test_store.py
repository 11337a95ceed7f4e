"""Stores of one tenant: what they pass on, what they keep, and what stands around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from dependency_injector import providers

from persistence import (
    AsyncMemoryStore,
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    PersistenceContainer,
    Repository,
    UnitOfWork,
)
from persistence.errors import (
    ConfigurationError,
    ForeignTenant,
    InvalidRequest,
    MappingError,
    UnitOfWorkStateError,
)
from persistence.expressions import AttributeExists, Compare, KeyCondition, Path, Size, Value
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    DescribeTable,
    GetItem,
    Operation,
    Page,
    PutItem,
    QueryPage,
    ScanPage,
)
from persistence.outbox import OutboxMapping, OutboxRelay
from persistence.query import AccessPath
from persistence.serverless import lambda_init, starting
from persistence.store import AWS_LIMITS, AsyncStore, Limits, Store, tenant_of
from persistence.stores.layers import HotPartitions, Layer, Meter, layered
from persistence.stores.tenancy import TenantStore, for_tenant
from persistence.table import Table

THINGS = Table("things", "id", tenant_scoped=True)
SHARED = Table("shared", "id")


@dataclass
class Thing:
    id: str
    name: str = ""


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")
        tenant_scoped = True


def key(name: str) -> dict[str, Any]:
    return {"id": {"S": name}}


class Scripted:
    """A store that gives what it was told, and keeps what it was asked."""

    limits = AWS_LIMITS

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    def perform(self, operation: Operation[Any]) -> Any:
        self.asked.append(operation)
        answer = self.answers.pop(0)
        return answer(operation) if callable(answer) else answer


class TestAStoreOfATenant:
    def test_is_a_store_with_the_limits_of_the_one_below(self) -> None:
        limits = Limits(transaction_actions=7, concurrent_requests=1)

        store = MemoryStore(limits=limits).for_tenant("acme")
        awaited = AsyncMemoryStore(limits=limits).for_tenant("acme")

        assert isinstance(store, Store)
        assert isinstance(awaited, AsyncStore)
        assert store.limits == awaited.limits == limits
        assert store.tenant == awaited.tenant == "acme"

    def test_passes_on_what_is_no_tenants(self) -> None:
        below = Scripted(None, None)
        operations: list[Operation[Any]] = [GetItem(SHARED, key("1")), DescribeTable("things")]

        for operation in operations:
            TenantStore(below, "acme").perform(operation)

        assert all(mine is theirs for mine, theirs in zip(below.asked, operations, strict=True))

    def test_is_no_other_tenants(self) -> None:
        store = MemoryStore().for_tenant("acme")
        makers: list[Callable[[], object]] = [
            lambda: store.for_tenant("globex"),
            lambda: for_tenant(store, "globex"),
            lambda: layered(store, Layer()).for_tenant("globex"),
            lambda: AsyncMemoryStore().for_tenant("acme").for_tenant("acme"),
        ]
        for make in makers:
            with pytest.raises(ConfigurationError, match="tenant 'acme'"):
                make()

    def test_is_made_of_a_store(self) -> None:
        with pytest.raises(UnitOfWorkStateError):
            for_tenant(object(), "acme")  # type: ignore[call-overload]
        with pytest.raises(ConfigurationError, match="for_tenant takes a store"):
            for_tenant(lambda: MemoryStore(), "acme")  # type: ignore[call-overload]

    def test_sends_the_same_each_time(self) -> None:
        below = Scripted(None, None)
        put = PutItem(THINGS, {**key("1"), "name": {"S": "x"}})

        for _ in range(2):
            TenantStore(below, "acme").perform(put)

        assert below.asked[0] == below.asked[1]
        assert put.item == {**key("1"), "name": {"S": "x"}}

    def test_names_what_is_unprocessed_as_it_was_asked_for(self) -> None:
        gets = tuple(GetItem(THINGS, key(name)) for name in "abc")
        writes = tuple(PutItem(THINGS, key(name)) for name in "abc")
        below = Scripted(
            lambda asked: BatchGetResult((key("acme#a"), None, None), asked.gets[1:]),
            lambda asked: BatchWriteResult((replace(asked.writes[1]),)),
        )
        store = TenantStore(below, "acme")

        read = store.perform(BatchGetItems(gets))
        written = store.perform(BatchWriteItems(writes))

        assert (read.items, read.unprocessed) == ((key("a"), None, None), gets[1:])
        assert written.unprocessed == (writes[1],)

    @pytest.mark.parametrize(
        "malformed", [{"S": "a", "N": "1"}, {}, "a"], ids=["two types", "none", "a text"]
    )
    def test_leaves_a_malformed_key_to_be_refused(self, malformed: Any) -> None:
        """It takes no part of it for a key."""
        store = MemoryStore().for_tenant("acme")

        with pytest.raises(InvalidRequest):
            store.perform(PutItem(THINGS, {"id": malformed}))
        with pytest.raises(InvalidRequest):
            store.perform(GetItem(THINGS, {"id": malformed}))

    def test_leaves_a_malformed_size_to_be_refused(self) -> None:
        condition = Compare(">", Size(Path.of("id")), Value({"N": "x"}))

        with pytest.raises(InvalidRequest, match="numeric value"):
            MemoryStore().for_tenant("acme").perform(PutItem(THINGS, key("1"), condition))


class TestQueries:
    TABLE = Table("things", "id", indexes=(GlobalIndex("by-name", Key("name", "id")),), tenant_scoped=True)

    def asked(self, *names: str) -> QueryPage:
        projection = tuple(map(Path.of, names)) or None
        return QueryPage(
            self.TABLE, KeyCondition(("name", {"S": "n"})), index="by-name", projection=projection
        )

    def test_give_what_a_projection_asks_for(self) -> None:
        store = MemoryStore().for_tenant("acme")
        store.perform(PutItem(self.TABLE, {**key("1"), "name": {"S": "n"}, "size": {"N": "3"}}))

        asked = {names: store.perform(self.asked(*names)).items for names in [("size",), ("id",), ("name",)]}

        assert asked == {
            ("size",): ({"size": {"N": "3"}},),
            ("id",): (key("1"),),
            ("name",): ({"name": {"S": "n"}},),
        }

    @pytest.mark.parametrize("names", [(), ("size",), ("size", "name")])
    def test_do_not_give_what_was_written_into_an_index_past_the_tenant(self, names: tuple[str, ...]) -> None:
        """Not even where the projection leaves out the key that tells whose it is."""
        below = MemoryStore()
        foreign = {**key("globex#1"), "name": {"S": "acme#n"}, "size": {"N": "999"}}
        below.perform(PutItem(self.TABLE.structure, foreign))

        with pytest.raises(ForeignTenant):
            below.for_tenant("acme").perform(self.asked(*names))

    @pytest.mark.parametrize("sort", ["id", "size", None])
    def test_count_what_is_the_tenants(self, sort: str | None) -> None:
        """What was written into an index past the tenant is left out, and no more is read for it."""
        index = GlobalIndex("by-name", Key("name") if sort is None else Key("name", sort))
        table = Table("things", "id", indexes=(index,), types={"size": "N"}, tenant_scoped=True)
        below = MemoryStore()
        store = below.for_tenant("acme")
        for name in ("1", "2"):
            store.perform(PutItem(table, {**key(name), "name": {"S": "n"}, "size": {"N": "3"}}))
        for owner in ("acm", "acme2", "globex"):
            foreign = {**key(f"{owner}#1"), "name": {"S": "acme#n"}, "size": {"N": "999"}}
            below.perform(PutItem(table.structure, foreign))
        counting = QueryPage(table, KeyCondition(("name", {"S": "n"})), index="by-name", count_only=True)

        page = store.perform(counting)
        filtered = store.perform(replace(counting, filter=AttributeExists(Path.of("more"))))

        assert (page.count, page.items) == (2, ())
        assert filtered.count == 0

    def test_count_where_the_partition_key_of_an_index_has_that_of_the_table(self) -> None:
        """It is demanded there already: the index has no sort key that could be asked for."""
        index = GlobalIndex("by-name", Key(("name", "id")))
        table = Table("things", "id", indexes=(index,), tenant_scoped=True)
        store = MemoryStore().for_tenant("acme")
        store.perform(PutItem(table, {**key("1"), "name": {"S": "n"}}))
        wanted = KeyCondition(("name", {"S": "n"}), also=(("id", {"S": "1"}),))

        page = store.perform(QueryPage(table, wanted, index="by-name", count_only=True))

        assert page.count == 1


class TestScans:
    """A page of the service may end behind another tenant's item, whose key is never given."""

    @staticmethod
    def page(last: str | None, *found: str, read: int = 5) -> Page:
        return Page(
            tuple(key(f"acme#{name}") for name in found), key(last) if last else None, len(found), read
        )

    def test_end_behind_the_last_item_that_they_give(self) -> None:
        below = Scripted(self.page("globex#9", "1", "2"))

        page = TenantStore(below, "acme").perform(ScanPage(THINGS))

        assert (page.items, page.last_key) == ((key("1"), key("2")), key("2"))

    def test_go_on_from_where_a_page_ended_that_has_nothing(self) -> None:
        below = Scripted(self.page("globex#1"), self.page("globex#2"), self.page(None, "7"))

        page = TenantStore(below, "acme").perform(ScanPage(THINGS, limit=1))

        assert (page.items, page.last_key, page.scanned_count) == ((key("7"),), None, 15)
        assert [asked.start for asked in below.asked] == [None, key("globex#1"), key("globex#2")]
        assert [asked.limit for asked in below.asked] == [25, 100, 400]

    def test_end_where_the_service_did_behind_an_own_item(self) -> None:
        below = Scripted(self.page("acme#5"))

        page = TenantStore(below, "acme").perform(ScanPage(THINGS))

        assert (page.items, page.last_key) == ((), key("5"))

    def test_give_no_more_than_the_limit(self) -> None:
        below = Scripted(self.page(None, "1", "2", "3"))

        page = TenantStore(below, "acme").perform(ScanPage(THINGS, limit=2))

        assert (page.items, page.last_key, page.count) == ((key("1"), key("2")), key("2"), 2)

    def test_count_without_giving(self) -> None:
        below = Scripted(self.page("globex#1", "1", "2"), self.page(None, "3"))
        store = TenantStore(below, "acme")

        first = store.perform(ScanPage(THINGS, count_only=True))
        second = store.perform(ScanPage(THINGS, count_only=True, start=first.last_key))

        assert (first.items, first.count, first.last_key) == ((), 2, key("2"))
        assert (second.count, second.last_key) == (1, None)
        assert below.asked[1].start == key("acme#2")

    def test_are_advised_against(self) -> None:
        things = Repository(ThingMapping, UnitOfWork(MemoryStore().for_tenant("acme")))

        path: AccessPath = things.scan().explain()

        assert "scan_of_all_tenants" in [advice.code for advice in path.advice]
        assert "tenant: 'acme', whose name and # partition keys begin with" in str(path)


class TestLayers:
    def test_pass_the_tenant_on(self) -> None:
        store = MemoryStore()

        assert tenant_of(layered(store.for_tenant("acme"), Layer(), Layer())) == "acme"
        assert tenant_of(layered(AsyncMemoryStore().for_tenant("acme"), Layer())) == "acme"
        assert tenant_of(layered(store, Layer())) is None
        assert layered(store, Layer()).for_tenant("acme").tenant == "acme"

    def test_below_see_keys_as_they_are_stored_and_above_as_the_tenant_knows_them(self) -> None:
        below, above, meter = HotPartitions(), HotPartitions(), Meter()
        store = layered(layered(MemoryStore(), below, meter).for_tenant("acme"), above)

        store.perform(PutItem(THINGS, key("1")))

        assert [row.key for row in below.report().rows] == ["'acme#1'"]
        assert [row.key for row in above.report().rows] == ["'1'"]
        assert meter.totals["PutItem"].calls == 1


class TestMappingsOfOneTable:
    class UnscopedMapping(MappingSchema[Thing]):
        class Meta:
            table = "things"
            key = Key("id")

    @pytest.mark.parametrize("first", [ThingMapping, UnscopedMapping])
    def test_that_disagree_on_tenants_are_refused_in_one_unit_of_work(
        self, first: type[MappingSchema[Thing]]
    ) -> None:
        """Without the tenant's name in keys one of them would read what is everybody's."""
        uow = UnitOfWork(MemoryStore().for_tenant("acme"))
        second = self.UnscopedMapping if first is ThingMapping else ThingMapping
        Repository(first, uow)

        with pytest.raises(
            MappingError, match="'things' belong to tenants by ThingMapping, and to nobody by Un"
        ):
            Repository(second, uow)
        Repository(first, uow)

    def test_are_everybodys_in_a_unit_of_work_of_its_own(self) -> None:
        """As a tool has it that works on the items of all tenants."""
        memory = MemoryStore()
        Repository(ThingMapping, UnitOfWork(memory.for_tenant("acme"))).add(Thing("1", "anvil"))

        everybodys = Repository(self.UnscopedMapping, UnitOfWork(memory))

        assert everybodys.get("acme#1") == Thing("acme#1", "anvil")


class TestContainer:
    def test_gives_units_the_tenant_that_it_is_told_of(self) -> None:
        container = PersistenceContainer()
        present: list[str | None] = [None]
        container.tenant.override(providers.Callable(lambda: present[0]))
        things = Repository(ThingMapping, container.uow())

        with pytest.raises(ConfigurationError):
            things.add(Thing("1"))
        for tenant in ("acme", "globex"):
            present[0] = tenant
            things.add(Thing("1", tenant))

        present[0] = "acme"
        assert things.get("1").name == "acme"

    def test_gives_asynchronous_units_the_same(self) -> None:
        container = PersistenceContainer()
        container.tenant.override("acme")
        things = Repository(ThingMapping, container.uow())
        things.add(Thing("1"))

        async def found() -> Thing:
            thing: Thing = await container.async_repository(ThingMapping).get("1")
            return thing

        assert asyncio.run(found()) == Thing("1")


@dataclass
class Happened:
    what: str


class TenantsOutbox(OutboxMapping):
    class Meta:
        table = "outbox"
        tenant_scoped = True

    events = (Happened,)


def test_an_outbox_may_be_each_tenants_own() -> None:
    store = MemoryStore()
    for name in ("acme", "globex"):
        uow = UnitOfWork(store.for_tenant(name), outbox=TenantsOutbox)
        with uow:
            uow.record(Happened(name))
    handed_on: list[object] = []

    relay = OutboxRelay(
        store.for_tenant("acme"), TenantsOutbox, lambda delivery: handed_on.append(delivery.event)
    )
    relay.poll()

    assert handed_on == [Happened("acme")]


def test_a_function_connects_without_a_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    """What warms up the connection reads nothing of anybody."""
    monkeypatch.setattr(starting, "_PROCESS", type(starting._PROCESS)())
    runtime = lambda_init(ThingMapping, store=MemoryStore())

    assert runtime.connect()
