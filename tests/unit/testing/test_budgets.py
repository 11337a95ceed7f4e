"""Cost budgets, with and without pytest's fixtures, and scans that are forbidden."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Repository,
    StoreUnavailable,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.operations import Operation, ScanPage
from persistence.store import AWS_LIMITS, Limits
from persistence.stores.layers import Layer, Meter, layered
from persistence.table import Table
from persistence.testing import CostBudgetExceeded, ForbiddenScan, cost_budget, forbid_scans, tapped
from persistence.testing.faults import FaultyStore, LostAnswer, Rule
from tests.unit.testing.shop import Order, OrderMapping

R = TypeVar("R")
THINGS = Table("things", "id")


class Slotted:
    """A store whose attributes can't be set."""

    __slots__ = ()

    limits: Limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        raise NotImplementedError


class Delegating:
    """A store whose `perform` is a property."""

    limits: Limits = AWS_LIMITS

    @property
    def perform(self) -> Any:
        return MemoryStore().perform


class TestCostBudget:
    def test_lets_pass_what_keeps_to_it(self) -> None:
        """What is spent is the store's own bill: a transaction with an index costs four."""
        uow = UnitOfWork(MemoryStore())
        orders = Repository(OrderMapping, uow)

        with cost_budget(uow, read_units=1, write_units=4, requests=2) as budget:
            orders.add(Order("o-1", "c-1"))
            orders.get("o-1")

        assert (budget.read_units, budget.write_units, budget.requests) == (1, 4, 2)
        assert [charge.operation for charge in budget.charges] == ["TransactWrite", "GetItem"]
        orders.get("o-1")
        assert budget.requests == 2

    @pytest.mark.parametrize(
        ("limits", "excess"),
        [
            ({"read_units": 0.5}, {"read_units": 1}),
            ({"write_units": 3}, {"write_units": 4}),
            ({"requests": 1}, {"requests": 2}),
            ({"read_units": 0, "write_units": 0}, {"read_units": 1, "write_units": 4}),
        ],
    )
    def test_fails_what_does_not(self, limits: dict[str, Any], excess: dict[str, float]) -> None:
        store = MemoryStore()
        orders = Repository(OrderMapping, UnitOfWork(store))

        with pytest.raises(CostBudgetExceeded) as failed, cost_budget(store, **limits):
            orders.add(Order("o-1", "c-1"))
            orders.get("o-1")

        assert failed.value.excess == excess
        assert isinstance(failed.value, AssertionError)

    def test_shows_what_was_sent(self) -> None:
        """With the line of the application, the index, and what failed; neither keys nor values."""
        store = MemoryStore()
        orders = Repository(OrderMapping, UnitOfWork(store))
        orders.add(Order("secret", "c-1"))

        with pytest.raises(CostBudgetExceeded) as failed, cost_budget(store, requests=0):
            orders.query(lambda o: o.customer_id == "c-1").all()
            with pytest.raises(Exception, match="already"):
                orders.add(Order("secret", "c-1"))

        text = re.sub(r"test_budgets\.py:\d+", "test_budgets.py:N", str(failed.value))
        complaint, _, *table = text.splitlines()
        assert complaint == "the cost budget is exceeded: 2 requests of 0"
        assert [re.split(r"  +", line.strip()) for line in table] == [
            ["#", "operation", "table", "items", "read units", "write units", "failed", "sent by"],
            ["1", "QueryPage", "orders / by-customer", "1", "0.5", "0", "test_budgets.py:N"],
            ["2", "TransactWrite", "orders", "1", "0", "0", "TransactionCancelled", "test_budgets.py:N"],
            ["total", "2", "0.5", "0"],
        ]

    def test_leaves_other_failures_alone(self) -> None:
        """The error of the block is the one that counts."""
        store = MemoryStore()

        with pytest.raises(ZeroDivisionError), cost_budget(store, requests=0):
            store.perform(ScanPage(THINGS))
            raise ZeroDivisionError

    def test_counts_what_a_lost_answer_makes_necessary(self) -> None:
        """Repetitions are requests, too."""
        store = FaultyStore(MemoryStore(), [Rule(LostAnswer(), count=1)])
        uow = UnitOfWork(store)

        with cost_budget(uow, requests=2) as budget:
            Repository(OrderMapping, uow).add(Order("o-1", "c-1"))

        assert [charge.failure for charge in budget.charges] == [StoreUnavailable.__name__, None]

    def test_watches_asynchronous_stores(self) -> None:
        """And counts once what passes through two stores that it watches."""
        memory = MemoryStore()
        shared = AsyncMemoryStore(memory)
        uow = AsyncUnitOfWork(shared)

        with cost_budget(uow, memory, requests=1) as budget:
            asyncio.run(AsyncRepository(OrderMapping, uow).find("o-1"))

        assert budget.read_units == 1

    def test_holds_several_at_once(self) -> None:
        """Each counts for itself, in whatever order they end; then the store is as it was."""
        store = MemoryStore()
        first, second = ExitStack(), ExitStack()
        outer = first.enter_context(cost_budget(store, requests=9))
        store.perform(ScanPage(THINGS))
        inner = second.enter_context(cost_budget(store, requests=9))
        store.perform(ScanPage(THINGS))

        first.close()
        store.perform(ScanPage(THINGS))
        second.close()
        store.perform(ScanPage(THINGS))

        assert (outer.requests, inner.requests) == (2, 2)
        assert vars(store).get("perform") is None

    @pytest.mark.parametrize(
        ("limits", "message"),
        [
            ({}, "needs a limit"),
            ({"read_units": -1}, "read_units is a number from 0 on, not -1"),
            ({"write_units": float("nan")}, "write_units is a number from 0 on"),
            ({"requests": "3"}, "requests is a number from 0 on, not '3'"),
            ({"requests": True}, "requests is a number from 0 on, not True"),
        ],
    )
    def test_refuses_limits_that_are_none(self, limits: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            cost_budget(MemoryStore(), **limits)

    def test_refuses_what_it_cannot_watch(self) -> None:
        with pytest.raises(UnitOfWorkStateError, match="no store to watch; ask for the fixture `uow`"):
            cost_budget(read_units=1)
        with (
            pytest.raises(UnitOfWorkStateError, match="Slotted has no attributes"),
            cost_budget(Slotted(), read_units=1),
        ):
            raise AssertionError("not entered")


class TestTapped:
    def test_refuses_a_perform_that_stays(self) -> None:
        """Nothing would be seen, and every budget be kept."""
        store = Delegating()

        with pytest.raises(UnitOfWorkStateError, match="can't be set"), tapped(store, Meter()):
            raise AssertionError("not entered")

        assert vars(store) == {}

    def test_puts_layers_around_a_store_in_place(self) -> None:
        """The last one is the outermost; what held the store works through them."""
        order: list[str] = []

        class Named(Layer):
            def __init__(self, name: str) -> None:
                self.name = name

            def around(self, operation: Operation[R]) -> Any:
                order.append(self.name)
                return (yield operation)

        store = layered(MemoryStore(), meter := Meter())
        with tapped(store, Named("first")), tapped(store, Named("second")):
            store.perform(ScanPage(THINGS))

        assert order == ["second", "first"]
        assert meter.totals["ScanPage"].calls == 1
        assert store.limits == AWS_LIMITS.__class__(concurrent_requests=1)

    def test_keeps_what_stood_there_before(self) -> None:
        """A `perform` that somebody else has put there."""
        store = MemoryStore()
        own = store.perform
        vars(store)["perform"] = replaced = lambda operation: own(operation)

        with tapped(store, Meter()):
            store.perform(ScanPage(THINGS))

        assert store.perform is replaced

    def test_refuses_what_is_no_store(self) -> None:
        with pytest.raises(UnitOfWorkStateError, match="expected a store"), tapped(MemoryStore, Meter()):  # type: ignore[arg-type]
            raise AssertionError("not entered")
        with pytest.raises(UnitOfWorkStateError, match="call it"), tapped(lambda: None, Meter()):  # type: ignore[arg-type]
            raise AssertionError("not entered")


class TestForbidScans:
    def test_refuses_scans_of_both_colours(self) -> None:
        store = AsyncMemoryStore()

        with pytest.raises(ForbiddenScan, match="a scan of table 'things'"), forbid_scans(store):
            asyncio.run(store.perform(ScanPage(THINGS)))

        asyncio.run(store.perform(ScanPage(THINGS)))

    def test_fails_at_the_end_where_the_error_was_swallowed(self) -> None:
        store = MemoryStore()

        with pytest.raises(ForbiddenScan), forbid_scans(store) as guard:
            with pytest.raises(ForbiddenScan):
                store.perform(ScanPage(THINGS))
            assert len(guard.scans) == 1
