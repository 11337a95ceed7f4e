"""Flows: procedures of several steps, driven synchronously and asynchronously alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from persistence.errors import InvalidRequest, Throttled
from persistence.flows import Flow, pause, perform, perform_together, run, run_async
from persistence.operations import GetItem, ItemResult, Operation, PutItem
from persistence.store import Limits
from persistence.stores.memory import MemoryStore
from persistence.table import Table

R = TypeVar("R")

TABLE = Table("things", "id")


def get(key: str) -> GetItem:
    return GetItem(TABLE, {"id": {"S": key}}, consistent=True)


class Awaited:
    """A synchronous store, awaited."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        await asyncio.sleep(0)
        return self._store.perform(operation)


Drive = Callable[[Flow[Any]], Any]


@pytest.fixture
def slept() -> list[float]:
    """The pauses that were asked for."""
    return []


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest, slept: list[float]) -> Drive:
    """Both drivers over one item: each test holds for both."""
    store = MemoryStore()
    store.perform(PutItem(TABLE, {"id": {"S": "there"}}))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async_sleep: Callable[[float], Awaitable[None]] = sleep
    if request.param == "sync":
        return lambda flow: run(flow, store, sleep=slept.append)
    return lambda flow: asyncio.run(run_async(flow, Awaited(store), sleep=async_sleep))


def test_give_what_the_flow_returns(drive: Drive) -> None:
    """A flow is sent the answer of each operation."""

    def flow() -> Flow[tuple[bool, bool]]:
        there = yield from perform(get("there"))
        absent = yield from perform(get("absent"))
        return there.item is not None, absent.item is not None

    assert drive(flow()) == (True, False)


def test_serve_flows_without_a_step(drive: Drive) -> None:
    """A flow may know its answer without asking."""

    def flow() -> Flow[str]:
        yield from ()
        return "known"

    assert drive(flow()) == "known"


def test_give_answers_together_in_order(drive: Drive) -> None:
    """Operations that don't depend on each other are answered in the order asked."""

    def flow() -> Flow[list[ItemResult]]:
        return (yield from perform_together([get("there"), get("absent"), get("there")]))

    assert [answer.item for answer in drive(flow())] == [{"id": {"S": "there"}}, None, {"id": {"S": "there"}}]


def test_serve_nothing_together(drive: Drive) -> None:
    """No operations, no answers."""

    def flow() -> Flow[list[ItemResult]]:
        return (yield from perform_together([]))

    assert drive(flow()) == []


def test_pause(drive: Drive, slept: list[float]) -> None:
    """A flow asks to wait; the driver waits."""

    def flow() -> Flow[None]:
        yield from pause(0.5)
        yield from pause(1.5)

    drive(flow())

    assert slept == [0.5, 1.5]


def test_raise_errors_where_the_operation_was_asked(drive: Drive) -> None:
    """A flow may catch the error of an operation and go on."""
    bad = GetItem(TABLE, {"other": {"S": "x"}})

    def flow() -> Flow[object]:
        try:
            yield from perform(bad)
        except InvalidRequest as error:
            found = yield from perform(get("there"))
            return type(error).__name__, found.item
        return None

    assert drive(flow()) == ("InvalidRequest", {"id": {"S": "there"}})


def test_raise_the_first_error_of_operations_together(drive: Drive) -> None:
    """Of operations together the first that fails is told, by itself and not in a group."""
    first, second = (GetItem(TABLE, {name: {"S": "x"}}) for name in ("first", "second"))

    def flow() -> Flow[str]:
        try:
            yield from perform_together([get("there"), first, second])
        except InvalidRequest as error:
            return type(error).__name__
        return "no error"

    assert drive(flow()) == "InvalidRequest"


def test_raise_the_first_error_in_the_order_asked() -> None:
    """Not the one that came first in time."""

    class Refusing(Awaited):
        async def perform(self, operation: Operation[R]) -> R:
            raise Throttled(str(operation))

    operations = [get("a"), get("b")]

    with pytest.raises(Throttled) as raised:
        asyncio.run(run_async(perform_together(operations), Refusing(MemoryStore())))

    assert str(raised.value) == str(Throttled(str(operations[0])))


def test_let_errors_of_the_flow_pass(drive: Drive) -> None:
    """An error that the flow raises, before or after a step, is the caller's."""

    def flow() -> Flow[None]:
        yield from perform(get("there"))
        raise Throttled("too much")

    with pytest.raises(Throttled, match="too much"):
        drive(flow())


def test_keep_the_type_of_the_answer() -> None:
    """`item = yield from perform(GetItem(...))` is typed without casts."""

    def flow() -> Flow[dict[str, Any] | None]:
        answer: ItemResult = yield from perform(get("there"))
        return answer.item

    assert run(flow(), MemoryStore()) is None
