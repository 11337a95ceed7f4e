"""What stores of every kind have in common, so that one can be put in the place of another."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from persistence import (
    AsyncDynamoStore,
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    DynamoStore,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    UnitOfWork,
)
from persistence.errors import ConfigurationError
from persistence.schema.migrations.lease import LeasedStore
from persistence.store import Limits, tenant_of
from persistence.stores.layers import Layer, Metered, layered
from persistence.stores.layers.metering import AsyncMetered
from persistence.testing.expecting import AsyncExpectingStore, ExpectingStore
from persistence.testing.faults import AsyncFaultyStore, FaultyStore
from persistence.testing.recordings import AsyncReplayStore, Recorder, Recording, ReplayStore


@dataclass
class Thing:
    id: str
    name: str = ""


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")
        tenant_scoped = True


class Held:
    """A lease that is held."""

    def check(self) -> None:
        pass


def leased(store: object) -> LeasedStore:
    return LeasedStore(cast("Any", store), cast("Any", Held()))


EMPTY = Recording((), Limits(), False)

STORES: dict[str, Callable[[], Any]] = {
    "memory": MemoryStore,
    "dynamodb": lambda: DynamoStore(region="eu-central-1"),
    "layered": lambda: layered(MemoryStore(), Layer()),
    "metered": lambda: Metered(MemoryStore()),
    "faulty": lambda: FaultyStore(MemoryStore(), []),
    "leased": lambda: leased(MemoryStore()),
    "expecting": ExpectingStore,
    "replay": lambda: ReplayStore(EMPTY),
    "async memory": AsyncMemoryStore,
    "async dynamodb": lambda: AsyncDynamoStore(region="eu-central-1"),
    "async layered": lambda: layered(AsyncMemoryStore(), Layer()),
    "async metered": lambda: AsyncMetered(AsyncMemoryStore()),
    "async faulty": lambda: AsyncFaultyStore(AsyncMemoryStore(), []),
    "async expecting": AsyncExpectingStore,
    "async replay": lambda: AsyncReplayStore(EMPTY),
}


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
def test_each_can_be_that_of_a_tenant_once(make: Callable[[], Any]) -> None:
    """With the limits and the colour that it has; a tenant's store is nobody else's."""
    store = make()

    owned = store.for_tenant("acme")

    assert (tenant_of(store), tenant_of(owned)) == (None, "acme")
    assert owned.limits == store.limits
    assert inspect.iscoroutinefunction(owned.perform) is inspect.iscoroutinefunction(store.perform)
    with pytest.raises(ConfigurationError):
        owned.for_tenant("globex")
    with pytest.raises(ConfigurationError):
        store.for_tenant("no blanks")


@pytest.mark.parametrize(
    "around", [lambda store: FaultyStore(store, []), leased, lambda store: layered(store, Layer())]
)
def test_what_stands_around_a_store_keeps_tenants_apart(around: Callable[[MemoryStore], Any]) -> None:
    """As its own store does."""
    memory = MemoryStore()
    repository = Repository(ThingMapping, UnitOfWork(around(memory).for_tenant("acme")))

    repository.add(Thing("1", "anvil"))

    assert Repository(ThingMapping, UnitOfWork(memory.for_tenant("acme"))).get("1") == Thing("1", "anvil")
    assert Repository(ThingMapping, UnitOfWork(memory.for_tenant("globex"))).find("1") is None


def test_a_lock_around_a_store_without_the_method_says_what_to_use() -> None:
    class Own:
        limits = Limits()

    with pytest.raises(ConfigurationError, match=r"not Own; use persistence\.stores\.tenancy\.for_tenant"):
        leased(Own()).for_tenant("acme")


class TestExpectationsOfATenantsStore:
    def test_are_those_of_the_store_and_name_no_tenant(self) -> None:
        with ExpectingStore() as mock:
            mock.expect_get(ThingMapping, "1").will_return(Thing("1", "anvil"))

            found = Repository(ThingMapping, UnitOfWork(mock.for_tenant("acme"))).get("1")

        assert found == Thing("1", "anvil")

    def test_leave_what_nothing_expects_to_the_tenants_part_of_the_other_store(self) -> None:
        memory = MemoryStore()
        mock = ExpectingStore(otherwise=memory).for_tenant("acme")

        Repository(ThingMapping, UnitOfWork(mock)).add(Thing("1", "anvil"))

        assert Repository(ThingMapping, UnitOfWork(memory.for_tenant("acme"))).get("1") == Thing("1", "anvil")


def test_a_recording_of_a_tenants_store_is_replayed_for_that_tenant() -> None:
    recorder = Recorder()
    recorded = Repository(ThingMapping, UnitOfWork(layered(MemoryStore(), recorder).for_tenant("acme")))
    assert recorded.find("1") is None

    replayed = Repository(ThingMapping, UnitOfWork(ReplayStore(recorder.recording()).for_tenant("acme")))

    assert replayed.find("1") is None


class TestClosing:
    def test_a_store_in_memory_stands_in_for_one_that_is_closed(self) -> None:
        """Code that closes its store needs no special case, and finds the items afterwards."""
        with MemoryStore() as store:
            Repository(ThingMapping, UnitOfWork(store.for_tenant("acme"))).add(Thing("1"))
        store.close()

        assert Repository(ThingMapping, UnitOfWork(store.for_tenant("acme"))).get("1") == Thing("1")

    def test_an_asynchronous_one_too(self) -> None:
        async def used() -> Thing:
            async with AsyncMemoryStore() as store:
                await AsyncRepository(ThingMapping, AsyncUnitOfWork(store.for_tenant("acme"))).add(Thing("1"))
            await store.aclose()
            store.close()
            return await AsyncRepository(ThingMapping, AsyncUnitOfWork(store.for_tenant("acme"))).get("1")

        assert asyncio.run(used()) == Thing("1")

    def test_a_store_over_boto3_is_closed_at_the_end_of_its_block(self) -> None:
        """As the asynchronous one is; used again, it makes another client."""
        with DynamoStore(region="eu-central-1", endpoint_url="http://localhost:1") as store:
            client = store.client

        assert store.client is not client
