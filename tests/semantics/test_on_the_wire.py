"""Commits as they are seen between client and server: every repetition is the same bytes under one token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from persistence import (
    AsyncDynamoStore,
    AsyncRepository,
    AsyncUnitOfWork,
    DynamoStore,
    Key,
    MappingSchema,
    Repository,
    SchemaService,
    UnitOfWork,
    fields,
)
from persistence.operations import PutItem, TransactWrite, UpdateItem
from persistence.testing.faults import (
    Abandoned,
    Fault,
    FaultProxy,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
)
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for


@dataclass
class Meter:
    """Has a set, whose order must not alter a request."""

    id: str
    reading: int = 0
    tags: frozenset[str] = frozenset({"a", "b", "c", "d"})
    version: int = 0


def mapping_to(name: str) -> type[MappingSchema[Meter]]:
    class MeterMapping(MappingSchema[Meter]):
        class Meta:
            table = name
            key = Key("id")

        version = fields.Version(incarnation=True)

    return MeterMapping


@dataclass
class Site:
    """A meter on a local server, and a proxy before it."""

    endpoint: str
    mapping: type[MappingSchema[Meter]]

    def stored(self) -> Meter:
        return Repository(self.mapping, UnitOfWork(self.store(self.endpoint))).get("m1")

    def store(self, endpoint: str) -> DynamoStore:
        return DynamoStore(client_for(endpoint), limits=DYNAMODB_LOCAL_2020_LIMITS)


@pytest.fixture
def site(dynamodb_local: str) -> Iterator[Site]:
    site = Site(dynamodb_local, mapping_to(f"meters-{uuid4().hex}"))
    store = site.store(dynamodb_local)
    SchemaService(store).ensure_table(site.mapping)
    Repository(site.mapping, UnitOfWork(store)).add(Meter("m1"))
    yield site
    SchemaService(store).delete_table(site.mapping)


def read_in_threads(site: Site, proxy: FaultProxy, single_write: str) -> None:
    uow = UnitOfWork(site.store(proxy.endpoint_url), single_write=single_write, deadline=60)  # type: ignore[arg-type]  # one of the words
    meters = Repository(site.mapping, uow)
    with uow:
        meter = meters.get("m1")
        meter.reading, meter.tags = 7, frozenset({"d", "e", "a"})


def read_in_tasks(site: Site, proxy: FaultProxy, single_write: str) -> None:
    async def work() -> None:
        async with AsyncDynamoStore(site.store(proxy.endpoint_url)) as store:
            uow = AsyncUnitOfWork(store, single_write=single_write, deadline=60)  # type: ignore[arg-type]  # one of the words
            meters = AsyncRepository(site.mapping, uow)
            async with uow:
                meter = await meters.get("m1")
                meter.reading, meter.tags = 7, frozenset({"d", "e", "a"})

    asyncio.run(work())


TROUBLES = [
    pytest.param(LostAnswer(), id="answers lost after apply"),
    pytest.param(Abandoned(), id="reset after send"),
    pytest.param(LostRequest(), id="reset before apply"),
    pytest.param(LateArrival(after=1), id="requests that arrive late"),
    pytest.param(ServerError(applied=True), id="500 after apply"),
    pytest.param(ServerError(applied=False), id="500 before apply"),
]


@pytest.mark.parametrize("read", [read_in_threads, read_in_tasks])
@pytest.mark.parametrize("fault", TROUBLES)
class TestACommit:
    def test_is_repeated_byte_by_byte(
        self, site: Site, read: Callable[[Site, FaultProxy, str], None], fault: Fault
    ) -> None:
        """Every retry is byte-identical with one token: success, version + 1, nothing applied twice."""
        with FaultProxy(site.endpoint, [Rule(fault, (TransactWrite,), count=2)]) as proxy:
            read(site, proxy, "transaction")
            commits = [each for each in proxy.requests if each.operation is TransactWrite]
            proxy.settle()

        assert len(commits) == 3
        assert len({each.body for each in commits}) == 1
        assert len({each.token for each in commits}) == 1
        assert site.stored() == Meter("m1", 7, frozenset({"a", "d", "e"}), 1)

    def test_without_a_transaction_is_applied_once(
        self, site: Site, read: Callable[[Site, FaultProxy, str], None], fault: Fault
    ) -> None:
        """A conditional write is repeated only under its condition, the same each time."""
        with FaultProxy(site.endpoint, [Rule(fault, (PutItem, UpdateItem), count=2)]) as proxy:
            read(site, proxy, "conditional")
            writes = [each.body for each in proxy.requests if each.operation is UpdateItem]
            proxy.settle()

        assert len(set(writes)) == 1
        assert site.stored() == Meter("m1", 7, frozenset({"a", "d", "e"}), 1)
