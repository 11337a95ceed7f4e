"""Flows: procedures of several steps, driven synchronously and asynchronously alike."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import pytest

from persistence.errors import InvalidRequest, Throttled
from persistence.flows import Flow, pause, perform, perform_together, run, run_async, run_together
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


@pytest.mark.parametrize("step", [None, "GetItem"])
def test_what_is_no_operation_is_the_stores_to_refuse(drive: Drive, step: Any) -> None:
    """A driver never answers for something that it doesn't understand."""

    def asking() -> Flow[object]:
        answer: object = yield step
        return answer

    with pytest.raises(InvalidRequest, match="does not know the operation"):
        drive(asking())


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


def numbered(number: int) -> GetItem:
    return get(f"{number}")


class Busy:
    """A store whose answers take a while; it knows how many operations are under way, and at most were.

    Args:
        at_once: how many operations a call may have under way.
        failing: operations that are refused.
    """

    def __init__(self, at_once: int, failing: Collection[str] = ()) -> None:
        self.limits = Limits(concurrent_requests=at_once)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        self.lock = threading.Lock()
        self.failing = failing
        self.together = threading.Barrier(at_once)

    def begin(self, operation: Operation[Any]) -> str:
        assert isinstance(operation, GetItem)
        name = str(operation.key["id"]["S"])
        with self.lock:
            self.begun.append(name)
            self.most = max(self.most, len(self.begun) - len(self.ended))
        return name

    def answer(self, name: str) -> Any:
        with self.lock:
            self.ended.append(name)
        if name in self.failing:
            self.together.abort()
            raise Throttled(name)
        return ItemResult({"id": {"S": name}})

    def perform(self, operation: Operation[R]) -> R:
        name = self.begin(operation)
        with suppress(threading.BrokenBarrierError):
            self.together.wait(10)
        answer: R = self.answer(name)
        return answer


class BusyAsync(Busy):
    """The same, awaited."""

    async def perform(self, operation: Operation[R]) -> R:  # type: ignore[override]
        name = self.begin(operation)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        answer: R = self.answer(name)
        return answer


def serve(store: Busy, flow: Flow[R]) -> R:
    """Drive a flow over a busy store of either kind."""
    if isinstance(store, BusyAsync):
        return asyncio.run(run_async(flow, store))
    return run(flow, store)


KINDS = pytest.mark.parametrize("kind", [Busy, BusyAsync], ids=["sync", "async"])


@KINDS
class TestAtOnce:
    def test_as_many_operations_are_under_way_as_the_limit_says(self, kind: type[Busy]) -> None:
        """No more, and no fewer, as long as there are enough; the answers are in the order asked."""
        store = kind(at_once=4)

        answers = serve(store, perform_together([numbered(number) for number in range(12)]))

        assert [answer.item for answer in answers] == [{"id": {"S": f"{number}"}} for number in range(12)]
        assert store.most == 4

    def test_one_at_a_time_where_the_store_answers_in_this_process(self, kind: type[Busy]) -> None:
        """A limit of 1 means one after the other, in order."""
        store = kind(at_once=1)

        serve(store, perform_together([numbered(number) for number in range(5)]))

        assert (store.begun, store.most) == (["0", "1", "2", "3", "4"], 1)

    def test_flows_run_side_by_side_as_operations_do(self, kind: type[Busy]) -> None:
        """A flow that waits does not hold up the others."""
        store = kind(at_once=3)

        def twice(number: int) -> Flow[list[str]]:
            first = yield from perform(numbered(number))
            yield from pause(0)
            second = yield from perform(numbered(number + 10))
            return [answer.item["id"]["S"] for answer in (first, second) if answer.item]

        found = serve(store, run_together([twice(number) for number in range(3)]))

        assert found == [["0", "10"], ["1", "11"], ["2", "12"]]
        assert store.most == 3

    def test_a_failure_stops_the_others_58(self, kind: type[Busy]) -> None:
        """One of eight fails: the error is raised, nothing else is begun, and nothing is still under way."""
        store = kind(at_once=2, failing=["1"])

        with pytest.raises(Throttled, match=r"^1$"):
            serve(store, perform_together([numbered(number) for number in range(8)]))

        assert set(store.begun) <= {"0", "1", "2"}
        if kind is Busy:
            assert sorted(store.ended) == sorted(store.begun)

    def test_of_several_failures_the_first_in_order_is_told(self, kind: type[Busy]) -> None:
        """Not the one that came first in time."""
        store = kind(at_once=2, failing=["0", "1"])

        with pytest.raises(Throttled, match=r"^0$"):
            serve(store, perform_together([numbered(number) for number in range(6)]))

    def test_a_failing_flow_stops_the_others(self, kind: type[Busy]) -> None:
        """Those under way end at their next step; whoever catches that ends nevertheless."""
        store = kind(at_once=2, failing=["1"])
        ended: list[int] = []

        def endless(number: int) -> Flow[None]:
            try:
                while True:
                    yield from perform(numbered(number))
                    yield from pause(0.001)
            finally:
                ended.append(number)

        if kind is Busy:
            store.together = threading.Barrier(1)

        with pytest.raises(Throttled, match=r"^1$"):
            serve(store, run_together([endless(0), endless(1)]))

        assert sorted(ended) == [0, 1]

    def test_a_failure_stops_what_others_want_together_in_turn(self, kind: type[Busy]) -> None:
        """What was stopped has no answers that the flow around it could take for some."""
        store = kind(at_once=2, failing=["bad"])
        answered: list[object] = []

        def endless() -> Flow[None]:
            while True:
                yield from perform(get("good"))
                yield from pause(0.001)

        def around() -> Flow[None]:
            answered.append((yield from run_together([endless(), endless()])))

        if kind is Busy:
            store.together = threading.Barrier(1)

        def failing() -> Flow[None]:
            yield from pause(0.01)
            yield from perform(get("bad"))

        with pytest.raises(Throttled, match=r"^bad$"):
            serve(store, run_together([around(), failing()]))

        assert answered == []


class TestThreads:
    def test_see_the_context_of_the_caller(self) -> None:
        """Each works in a copy of it, as tasks do."""
        variable: ContextVar[str] = ContextVar("variable", default="unset")
        seen: list[str] = []

        class Looking(Busy):
            def answer(self, name: str) -> Any:
                seen.append(variable.get())
                variable.set(name)
                return super().answer(name)

        variable.set("of the caller")
        run(perform_together([numbered(number) for number in range(4)]), Looking(at_once=2))

        assert seen == ["of the caller"] * 4
        assert variable.get() == "of the caller"

    def test_end_before_the_call_does(self) -> None:
        """No thread outlives what it was started for."""
        before = threading.active_count()

        run(perform_together([numbered(number) for number in range(8)]), Busy(at_once=4))

        assert threading.active_count() == before

    def test_the_caller_is_one_of_them(self) -> None:
        """Four operations at once take three more threads."""
        working: set[str] = set()

        class Looking(Busy):
            def answer(self, name: str) -> Any:
                working.add(threading.current_thread().name)
                return super().answer(name)

        run(perform_together([numbered(number) for number in range(4)]), Looking(at_once=4))

        caller = threading.current_thread().name
        assert working == {caller, "persistence-1", "persistence-2", "persistence-3"}

    def test_an_interrupted_caller_waits_for_what_others_have_under_way_only(self) -> None:
        """The interruption is raised after that, whatever else failed; nothing else is begun."""
        caller, interrupted = threading.get_ident(), threading.Event()

        class Interrupted(Busy):
            def answer(self, name: str) -> Any:
                if threading.get_ident() == caller:
                    interrupted.set()
                    raise KeyboardInterrupt
                interrupted.wait(10)
                return super().answer(name)

        store = Interrupted(at_once=2, failing=["0", "1"])

        with pytest.raises(KeyboardInterrupt):
            run(perform_together([numbered(number) for number in range(6)]), store)

        assert sorted(store.begun) == ["0", "1"]
        assert len(store.ended) == 1

    def test_an_interruption_while_others_work_is_raised_when_they_are_done(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The caller may have nothing to do any more but to wait."""
        caller, join = threading.get_ident(), threading.Thread.join
        interruptions = [KeyboardInterrupt()]

        class Slow(Busy):
            def answer(self, name: str) -> Any:
                if threading.get_ident() != caller:
                    time.sleep(0.01)
                return super().answer(name)

        def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
            if interruptions:
                raise interruptions.pop()
            join(thread, timeout)

        store = Slow(at_once=2)
        monkeypatch.setattr(threading.Thread, "join", interrupted)

        with pytest.raises(KeyboardInterrupt):
            run(perform_together([numbered(0), numbered(1)]), store)

        assert sorted(store.ended) == ["0", "1"]

    def test_a_single_part_needs_none(self) -> None:
        """One operation is performed by the caller itself."""
        caller: list[int] = []

        class Looking(Busy):
            def answer(self, name: str) -> Any:
                caller.append(threading.get_ident())
                return super().answer(name)

        store = Looking(at_once=4)
        store.together = threading.Barrier(1)
        run(perform_together([numbered(1)]), store)

        assert caller == [threading.get_ident()]
