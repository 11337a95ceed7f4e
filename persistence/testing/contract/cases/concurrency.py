"""Threads: nothing acknowledged is lost, nothing half done is seen."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from persistence.attributes import Item
from persistence.errors import ConditionFailed, TransactionBusy, TransactionCancelled
from persistence.expressions import Add, AttributeNotExists, Plus, Set, Value
from persistence.operations import (
    GetItem,
    PutItem,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import at, compare, key, number, put, put_rows, read

T = TypeVar("T")

THREADS = 4
ACCOUNTS = ("a", "b", "c")
OPENING = 100


def _in_threads(work: Callable[[int], T], calls: Iterable[int] = range(THREADS)) -> list[T]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, calls))


class ConcurrencyContract(Contract):
    """Several threads at one store."""

    def test_no_addition_is_lost(self, store: Store, table: Table) -> None:
        """Every ADD counts, however many come at once [run]."""

        def work(thread: int) -> None:
            for _ in range(25):
                store.perform(UpdateItem(table, key("counter"), (Add(at("n"), Value(number(1))),)))

        _in_threads(work)

        assert read(store, table, key("counter")) == {**key("counter"), "n": number(25 * THREADS)}

    def test_of_many_creators_one_succeeds(self, store: Store, table: Table) -> None:
        """A condition and its write are one step [aws]."""
        free = AttributeNotExists(at("pk"))

        def create(call: int) -> bool:
            try:
                store.perform(
                    PutItem(table, {**key(f"{call // THREADS}"), "by": number(call % THREADS)}, free)
                )
            except ConditionFailed:
                return False
            return True

        created = _in_threads(create, range(10 * THREADS))

        assert [sum(created[call : call + THREADS]) for call in range(0, 10 * THREADS, THREADS)] == [1] * 10

    def test_versions_order_writers(self, store: Store, table: Table) -> None:
        """Of the writers that read one version one gets through: no step is lost or done twice [aws]."""
        put(store, table, key("a"), version=number(0))

        def work(thread: int) -> int:
            return sum(_step(store, table) for _ in range(25))

        succeeded = sum(_in_threads(work))

        assert read(store, table, key("a")) == {**key("a"), "version": number(succeeded)}
        assert succeeded >= 1

    def test_transfers_keep_the_sum(self, store: Store, table: Table) -> None:
        """Transactions take money from one account and give it to another; none appears or vanishes [run]."""
        for name in ACCOUNTS:
            put(store, table, key(name), balance=number(OPENING))

        _in_threads(lambda thread: _transfer(store, table, random.Random(thread)))

        balances = [_balance(read(store, table, key(name))) for name in ACCOUNTS]
        assert sum(balances) == OPENING * len(ACCOUNTS)
        assert all(balance >= 0 for balance in balances)

    def test_a_snapshot_shows_no_half_transaction(self, store: Store, table: Table) -> None:
        """A `TransactGet` sees all of a transaction or nothing of it [aws]."""
        both = (key("a"), key("b"))
        for one in both:
            put(store, table, one, n=number(0))
        look = TransactGet(tuple(GetItem(table, one) for one in both))
        step = TransactWrite(tuple(UpdateItem(table, one, (Add(at("n"), Value(number(1))),)) for one in both))

        def work(thread: int) -> list[tuple[Item | None, ...]]:
            return [found for _ in range(15) if (found := _look_or_step(store, step if thread % 2 else look))]

        seen = [items for found in _in_threads(work) for items in found]

        assert seen
        assert all(first and second and first["n"] == second["n"] for first, second in seen)

    def test_a_scan_beside_writers_sees_what_was_there_before(self, store: Store, series: Table) -> None:
        """What was acknowledged before a consistent scan began is in it, whatever is written [aws]."""
        put_rows(store, series, "before", range(20))

        def work(thread: int) -> int:
            if thread % 2:
                put_rows(store, series, f"thread-{thread}", range(20))
                return 20
            page = store.perform(ScanPage(series, consistent=True))
            return sum(item["pk"]["S"] == "before" for item in page.items)

        assert _in_threads(work) == [20] * THREADS


def _step(store: Store, table: Table) -> bool:
    found = read(store, table, key("a"))
    assert found is not None
    next_one = (Set(at("version"), Plus(at("version"), Value(number(1)))),)
    try:
        store.perform(UpdateItem(table, key("a"), next_one, compare("version", "=", found["version"])))
    except ConditionFailed:
        return False
    return True


def _transfer(store: Store, table: Table, chance: random.Random) -> None:
    for _ in range(15):
        giver, taker = chance.sample(ACCOUNTS, 2)
        amount = chance.randint(1, 40)
        enough = compare("balance", ">=", number(amount))
        give = UpdateItem(table, key(giver), (Add(at("balance"), Value(number(-amount))),), enough)
        take = UpdateItem(table, key(taker), (Add(at("balance"), Value(number(amount))),))
        # Refused for want of money, or because another transfer was quicker: either way nothing was moved.
        with contextlib.suppress(TransactionCancelled):
            store.perform(TransactWrite((give, take)))


def _balance(account: Item | None) -> int:
    assert account is not None
    return int(account["balance"]["N"])


def _look_or_step(store: Store, operation: TransactGet | TransactWrite) -> tuple[Item | None, ...]:
    try:
        if isinstance(operation, TransactGet):
            return store.perform(operation).items
        store.perform(operation)
    except (TransactionCancelled, TransactionBusy):
        pass  # they met, and this one had no effect
    return ()
