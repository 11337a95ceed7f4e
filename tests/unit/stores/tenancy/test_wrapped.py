"""Stores around a tenant's store pass on whose it is, so that cursors and outcomes stay bound to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork
from persistence.errors import CommitOutcomeUnknown, InvalidCursor, UnitOfWorkStateError
from persistence.operations import TransactWrite
from persistence.schema.migrations.lease import LeasedStore
from persistence.store import Store, tenant_of
from persistence.stores.layers import Layer, layered
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract.views import SyncView
from persistence.testing.expecting import AsyncExpectingStore, ExpectingStore
from persistence.testing.faults import AsyncFaultyStore, FaultyStore, LostAnswer, Rule
from persistence.testing.tapping import tapped


@dataclass
class Item:
    code: str
    in_stock: int = 0


class ItemMapping(MappingSchema[Item]):
    class Meta:
        table = "items"
        key = Key("code")
        tenant_scoped = True


class Held:
    """A lease that is held."""

    def check(self) -> None:
        pass


@contextmanager
def seen_below_a_tap(store: Store) -> Iterator[Store]:
    with tapped(store, Layer()):
        tap = cast("Any", store.perform).__self__
        yield tap._below


AROUND: dict[str, Callable[[Store], Store]] = {
    "layered": lambda store: layered(store, Layer()),
    "faults": lambda store: FaultyStore(store, []),
    "expecting": lambda store: ExpectingStore(otherwise=store),
    "leased": lambda store: LeasedStore(store, cast("Any", Held())),
}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_a_cursor_of_another_tenant_is_refused(around: Callable[[Store], Store]) -> None:
    memory = MemoryStore()

    def items(name: str) -> Repository[Item]:
        store = around(memory.for_tenant(name))
        return Repository(ItemMapping, UnitOfWork(store, scan_policy="allow", cursor_keys=b"c" * 32))

    for name in ("acme", "globex"):
        for each in "abc":
            items(name).add(Item(each))
    cursor = items("acme").scan().page(2).cursor
    assert cursor is not None

    with pytest.raises(InvalidCursor):
        items("globex").scan().page(2, after=cursor)
    assert len(items("acme").scan().page(2, after=cursor).items) == 1


def test_a_commit_below_faults_is_resumed_for_its_tenant_only() -> None:
    memory, tenant = MemoryStore(), "acme"
    losing = [Rule(LostAnswer(), (TransactWrite,), count=1000)]
    uow = UnitOfWork(lambda: FaultyStore(memory.for_tenant(tenant), losing), deadline=0.05)
    with pytest.raises(CommitOutcomeUnknown) as caught:
        Repository(ItemMapping, uow).add(Item("a"))
    assert caught.value.tenant == "acme"

    tenant = "globex"
    with pytest.raises(UnitOfWorkStateError, match="another tenant"):
        uow.resume(caught.value)


def test_they_name_the_tenant() -> None:
    below, asynchronous = MemoryStore().for_tenant("acme"), AsyncMemoryStore().for_tenant("acme")

    with seen_below_a_tap(below) as seen, SyncView(asynchronous) as view:
        stores = [around(below) for around in AROUND.values()]
        stores += [seen, view]
        awaited = [AsyncFaultyStore(asynchronous, []), AsyncExpectingStore(otherwise=asynchronous)]
        assert {tenant_of(store) for store in [*stores, *awaited]} == {"acme"}
    assert tenant_of(ExpectingStore()) is None
    assert tenant_of(FaultyStore(MemoryStore(), [])) is None
