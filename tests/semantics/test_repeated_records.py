"""Events that come twice, late or out of order: a delivery says enough to take each once, and in order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.operations import Operation, Page, QueryPage
from persistence.outbox import Delivery, OutboxMapping, OutboxRelay

R = TypeVar("R")


@dataclass
class Account:
    id: str
    balance: int = 0
    version: int = 0


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "accounts"
        key = Key("id")

    version = fields.Version()


@dataclass
class Balanced:
    account: str
    balance: int


class AccountOutbox(OutboxMapping):
    class Meta:
        table = "outbox"

    events = (Balanced,)


@dataclass
class Consumer:
    """A read model that takes deliveries as they come: by id once, by version never an older one."""

    balances: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)

    def take(self, delivery: Delivery) -> None:
        entry, event = delivery.entry, delivery.event
        assert isinstance(event, Balanced)
        assert entry.aggregate_version is not None
        if entry.id in self.seen:
            return
        self.seen.add(entry.id)
        self.taken.append(entry.id)
        (key,) = entry.aggregate_key
        if entry.aggregate_version >= self.versions.get(key, -1):
            self.versions[key], self.balances[key] = entry.aggregate_version, event.balance


class Doubling:
    """A store that gives every item of a page twice, as an at-least-once consumer sees it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.limits = store.limits

    def perform(self, operation: Operation[R]) -> R:
        answer = self._store.perform(operation)
        if isinstance(operation, QueryPage) and isinstance(answer, Page):
            items = [item for each in answer.items for item in (each, dict(each))]
            answer = replace(answer, items=items, count=len(items))
        return answer


class Unremoving:
    """A store that loses every removal, as where a relay is killed between handing on and removing."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.limits = store.limits
        self.losing = True

    def perform(self, operation: Operation[R]) -> R:
        if self.losing and not isinstance(operation, QueryPage):
            raise ConnectionError
        return self._store.perform(operation)


ACCOUNTS = ("a", "b", "c")


@pytest.fixture
def store() -> MemoryStore:
    """Accounts with five changes each, all of which are in the outbox."""
    store = MemoryStore()
    uow = UnitOfWork(store, outbox=AccountOutbox)
    accounts = Repository(AccountMapping, uow)
    for step in range(5):
        for name in ACCOUNTS:
            with uow:
                account = accounts.find(name) or accounts.add(Account(name))
                account.balance += step + ord(name)
                uow.record(Balanced(name, account.balance), account)
    return store


def stored(store: MemoryStore) -> dict[str, int]:
    return {each.id: each.balance for each in Repository(AccountMapping, UnitOfWork(store)).scan()}


def handed_on(store: MemoryStore) -> list[Delivery]:
    deliveries: list[Delivery] = []
    OutboxRelay(store, AccountOutbox, deliveries.append).poll()
    return deliveries


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_and_any_number_they_end_in_what_is_stored(store: MemoryStore, seed: int) -> None:
    deliveries = handed_on(store)
    chance = random.Random(seed)
    records = [*deliveries, *chance.choices(deliveries, k=20)]
    chance.shuffle(records)
    consumer = Consumer()

    for record in records:
        consumer.take(record)

    assert len(deliveries) == len(consumer.taken) == 15
    assert consumer.balances == stored(store)


def test_that_come_twice_in_a_page_do_no_harm(store: MemoryStore) -> None:
    consumer = Consumer()
    relay = OutboxRelay(Doubling(store), AccountOutbox, consumer.take)

    polled = relay.poll()

    assert polled.failed == ()
    assert len(consumer.taken) == 15
    assert consumer.balances == stored(store)
    assert handed_on(store) == []


def test_that_could_not_be_removed_come_again_as_the_same(store: MemoryStore) -> None:
    below = Unremoving(store)
    first, again = Consumer(), Consumer()
    with pytest.raises(ConnectionError):
        OutboxRelay(below, AccountOutbox, first.take).poll()
    below.losing = False

    OutboxRelay(below, AccountOutbox, again.take).poll()

    assert set(first.taken) <= set(again.taken)
    assert len(again.taken) == 15
    assert again.balances == stored(store)


def test_have_names_of_their_own(store: MemoryStore) -> None:
    deliveries = handed_on(store)

    assert len({each.id for each in deliveries}) == len(deliveries) == 15
