"""Units of work over faulty stores: the memory store with a layer, DynamoDB Local behind a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import pytest

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    SchemaService,
    Store,
    StoreUnavailable,
    UnitOfWork,
    fields,
)
from persistence.errors import EntityGone, TransactionBusy
from persistence.operations import Operation, TransactWrite
from persistence.testing.faults import (
    Cancellation,
    Fault,
    FaultProxy,
    FaultyStore,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
    Unreachable,
)
from persistence.timing import Timing
from tests.unit.testing.faulted import single_shot_store_at, store_at

R = TypeVar("R")

BUSY = Cancellation(("TransactionConflict", None))


@dataclass
class Account:
    id: str
    balance: int = 0
    version: int = 0


def mapping_to(table_name: str) -> type[MappingSchema[Account]]:
    """Make a mapping to a table that no other test uses."""

    class AccountMapping(MappingSchema[Account]):
        class Meta:
            table = table_name
            key = Key("id")

        version = fields.Version()

    return AccountMapping


Sent = Callable[[], list[tuple[str | None, object]]]
"""Tells token and content of every transaction that arrived, in their order."""


@dataclass
class Bank:
    """Two accounts with 100 each, at version 0, and a unit of work over a store that fails."""

    store: Store
    below: Store
    mapping: type[MappingSchema[Account]]
    sent: Sent

    def __post_init__(self) -> None:
        self.pauses: list[float] = []
        timing = Timing(monotonic=lambda: sum(self.pauses), sleep=self.pauses.append, chance=lambda: 0.5)
        self.uow = UnitOfWork(self.store, timing=timing)
        self.accounts = Repository(self.mapping, self.uow)

    def move(self, amount: int) -> tuple[Account, Account]:
        """Move money from account a to account b, as one unit."""
        with self.uow:
            source, target = self.accounts.get_many(["a", "b"])
            source.balance -= amount
            target.balance += amount
        return source, target

    def stored(self) -> list[Account]:
        """Give both accounts as they are stored, past all faults."""
        return Repository(self.mapping, UnitOfWork(self.below)).get_many(["a", "b"])


@dataclass
class MemoryBehindLayer:
    below: Store

    def __call__(self, *plan: Rule) -> tuple[Store, Sent]:
        store = FaultyStore(self.below, plan)
        return store, lambda: [(each.token, each) for each in store.transactions]


@dataclass
class LocalBehindProxy:
    below: Store
    endpoint_url: str
    stack: ExitStack

    def __call__(self, *plan: Rule) -> tuple[Store, Sent]:
        proxy = self.stack.enter_context(FaultProxy(self.endpoint_url, plan))
        store = single_shot_store_at(proxy.endpoint_url)
        self.stack.callback(store.client.close)

        def sent() -> list[tuple[str | None, object]]:
            return [(each.token, each.body) for each in proxy.requests if each.operation is TransactWrite]

        return store, sent


@pytest.fixture
def memory_faults() -> MemoryBehindLayer:
    return MemoryBehindLayer(MemoryStore())


@pytest.fixture
def local_faults(dynamodb_local: str) -> Iterator[LocalBehindProxy]:
    with ExitStack() as stack:
        below = store_at(dynamodb_local)
        stack.callback(below.client.close)
        yield LocalBehindProxy(below, dynamodb_local, stack)


@pytest.fixture(
    params=["memory_faults", pytest.param("local_faults", marks=pytest.mark.dynamodb_local)],
    ids=["layer", "proxy"],
)
def bank(request: pytest.FixtureRequest) -> Callable[..., Bank]:
    """Open a bank whose store follows rules."""
    faults: MemoryBehindLayer | LocalBehindProxy = request.getfixturevalue(request.param)

    def open_bank(*plan: Rule) -> Bank:
        mapping = mapping_to(f"accounts-{uuid4().hex}")
        store, sent = faults(*plan)
        SchemaService(faults.below, [mapping]).create_table(mapping)
        accounts = Repository(mapping, UnitOfWork(faults.below))
        for name in ("a", "b"):
            accounts.add(Account(name, 100))
        return Bank(store, faults.below, mapping, sent)

    return open_bank


MOVED = [Account("a", 70, 1), Account("b", 130, 1)]
UNTOUCHED = [Account("a", 100, 0), Account("b", 100, 0)]

Open = Callable[..., Bank]


class TestCommit:
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(LostAnswer(), id="answer lost"),
            pytest.param(LostRequest(), id="request lost"),
            pytest.param(LateArrival(), id="arrives late"),
            pytest.param(ServerError(applied=True), id="500 after apply"),
            pytest.param(ServerError(), id="500 before apply"),
            pytest.param(InProgress(), id="in progress"),
            pytest.param(Throttling(), id="throttled"),
            pytest.param(BUSY, id="busy"),
            pytest.param(Cancellation((None, "ThrottlingError")), id="an action throttled"),
        ],
    )
    def test_succeeds_once_after_failing_twice(self, bank: Open, fault: Fault) -> None:
        """Every repetition is the same request, byte by byte, with one token; it takes effect once."""
        opened = bank(Rule(fault, (TransactWrite,), count=2))

        moved = opened.move(30)

        assert opened.stored() == MOVED
        assert list(moved) == MOVED
        sent = opened.sent()
        assert len(sent) == 3
        assert sent[0][0] is not None
        assert sent == [sent[0]] * 3

    def test_repeats_without_reading_again(self, bank: Open) -> None:
        """A busy item says nothing about what was read."""
        opened = bank(Rule(BUSY, count=2))
        reads: list[str] = []
        watched = Watched(opened.store, reads)

        Bank(watched, opened.below, opened.mapping, opened.sent).move(30)

        assert reads == ["BatchGetItems", "TransactWrite", "TransactWrite", "TransactWrite"]

    def test_waits_longer_each_time(self, bank: Open) -> None:
        opened = bank(Rule(LostAnswer(), (TransactWrite,), count=3))

        opened.move(30)

        assert opened.pauses == [0.025, 0.05, 0.1]

    def test_is_a_conflict_for_mixed_reasons(self, bank: Open) -> None:
        """One condition that fails decides; each action that failed has its reason, with its entity."""
        opened = bank(Rule(Cancellation(("TransactionConflict", "ConditionalCheckFailed"))))

        with pytest.raises(CommitConflict) as refused:
            opened.move(30)

        busy, gone = refused.value.reasons
        assert (type(busy), busy.entity_type, busy.key) == (TransactionBusy, Account, ("a",))
        assert (type(gone), gone.entity_type, gone.key) == (EntityGone, Account, ("b",))
        assert opened.stored() == UNTOUCHED
        assert len(opened.sent()) == 1

    @pytest.mark.parametrize(
        ("fault", "stored"), [(LostAnswer(), MOVED), (LostRequest(), UNTOUCHED)], ids=["done", "not done"]
    )
    def test_is_unknown_when_no_answer_ever_comes(
        self, bank: Open, fault: Fault, stored: list[Account]
    ) -> None:
        """It is never guessed: the error is the same whether it took effect or not."""
        opened = bank(Rule(fault, (TransactWrite,)))

        with pytest.raises(CommitOutcomeUnknown) as unknown:
            opened.move(30)

        assert {token for token, _ in opened.sent()} == {unknown.value.token}
        assert unknown.value.keys == (("Account", ("a",)), ("Account", ("b",)))
        assert opened.stored() == stored

    def test_stays_unknown_when_only_the_last_attempts_were_certain(self, bank: Open) -> None:
        """A lost answer is not made up for by later refusals that say nothing about it."""
        opened = bank(Rule(LostAnswer(), (TransactWrite,), count=1), Rule(BUSY))

        with pytest.raises(CommitOutcomeUnknown):
            opened.move(30)

        assert opened.stored() == MOVED

    def test_is_known_to_have_failed_when_nothing_was_sent(self) -> None:
        """Without a connection there is no doubt; a network can't show that, so only the layer does."""
        below = MemoryStore()
        mapping = mapping_to("accounts")
        store = FaultyStore(below, [Rule(Unreachable(), (TransactWrite,), after=1)])
        bank = Bank(store, below, mapping, list)
        bank.accounts.add(Account("a", 100))

        with pytest.raises(StoreUnavailable) as failed:
            bank.accounts.add(Account("b", 100))

        assert failed.value.ambiguous is False

    def test_holds_in_a_storm(self, bank: Open) -> None:
        """Money is neither made nor lost, and every commit that returned is there once."""
        opened = bank(
            Rule(LostAnswer(), (TransactWrite,), probability=0.2),
            Rule(LateArrival(), (TransactWrite,), probability=0.2),
            Rule(ServerError(applied=True), (TransactWrite,), probability=0.2),
            Rule(BUSY, probability=0.2),
        )

        for _ in range(20):
            opened.move(1)

        assert opened.stored() == [Account("a", 80, 20), Account("b", 120, 20)]


class Watched:
    """A layer that notes the names of operations."""

    def __init__(self, store: Store, names: list[str]) -> None:
        self._store = store
        self._names = names
        self.limits = store.limits

    def perform(self, operation: Operation[R]) -> R:
        self._names.append(type(operation).__name__)
        return self._store.perform(operation)
