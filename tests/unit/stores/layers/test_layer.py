"""Layers: written once, around stores of both colours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar, assert_type

import pytest

from persistence import MemoryStore, UnitOfWork, UnitOfWorkStateError
from persistence.errors import StoreUnavailable, Throttled
from persistence.flows import Flow, pause, perform, perform_together
from persistence.operations import GetItem, ItemResult, Operation, PutItem, ScanPage
from persistence.store import Limits, Store
from persistence.stores.layers import (
    AsyncLayeredStore,
    Layer,
    LayeredStore,
    Meter,
    Observer,
    Performed,
    layered,
)
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.contract import TransactWriteContract
from tests.unit.stores.layers.colours import ORDERS, Colour, Refusing, Ticking

R = TypeVar("R")

KEY = {"customer": {"S": "c1"}, "id": {"S": "o1"}}
GET = GetItem(ORDERS, KEY)
PUT = PutItem(ORDERS, KEY)


class Noting(Layer):
    """Notes when operations come and go."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def around(self, operation: Operation[R]) -> Flow[R]:
        self._notes.append(f"> {self._name}")
        try:
            return (yield from perform(operation))
        finally:
            self._notes.append(f"< {self._name}")


class Cached(Layer):
    """Answers reads from memory."""

    def __init__(self) -> None:
        self._answers: dict[str, Any] = {}

    def around(self, operation: Operation[R]) -> Flow[R]:
        if not isinstance(operation, GetItem):
            return (yield from perform(operation))
        if str(operation) not in self._answers:
            self._answers[str(operation)] = yield from perform(operation)
        answer: R = self._answers[str(operation)]
        return answer


class Repeating(Layer):
    """Tries again what was throttled, after a pause."""

    def around(self, operation: Operation[R]) -> Flow[R]:
        try:
            return (yield from perform(operation))
        except Throttled:
            yield from pause(2.0)
            return (yield from perform(operation))


class Twice(Layer):
    """Asks everything twice, together."""

    def around(self, operation: Operation[R]) -> Flow[R]:
        first, _ = yield from perform_together([operation, operation])
        return first


class TestLayered:
    def test_meets_layers_from_the_first_to_the_last(self, colour: Colour) -> None:
        """The first layer is the outermost: it sees an operation first, and its answer last."""
        notes: list[str] = []
        store = colour.over_memory(Noting("first", notes), Noting("second", notes))

        store.perform(GET)

        assert notes == ["> first", "> second", "< second", "< first"]

    def test_gives_answers_and_errors_of_the_store_below(self, colour: Colour) -> None:
        failure = StoreUnavailable("no answer")
        store = colour.over_memory(Layer(), Refusing([failure]))

        with pytest.raises(StoreUnavailable) as raised:
            store.perform(GET)
        store.perform(PUT)

        assert raised.value is failure
        assert store.perform(GET).item == KEY

    def test_lets_a_layer_answer_itself(self, colour: Colour) -> None:
        meter = Meter()
        store = colour.over_memory(Cached(), meter)

        answers = [store.perform(GET) for _ in range(3)]

        assert answers[0] == answers[2]
        assert meter.totals["GetItem"].calls == 1

    def test_lets_a_layer_ask_several_things_at_once(self, colour: Colour) -> None:
        """What a layer asks for together goes through the layers below it, each operation for itself."""
        meter = Meter()
        store = colour.over_memory(Twice(), meter)

        store.perform(GET)

        assert meter.totals["GetItem"].calls == 2

    def test_passes_limits_on(self) -> None:
        memory = MemoryStore(limits=Limits(transaction_actions=10))

        store = layered(memory, Layer(), Layer())
        async_store = layered(AsyncMemoryStore(memory), Layer(), Layer())

        assert (store.limits, async_store.limits) == (memory.limits, memory.limits)

    def test_keeps_the_colour(self) -> None:
        """Type checkers know the colour too, and the type of each answer."""
        store = layered(MemoryStore(), Layer())
        async_store = layered(AsyncMemoryStore(), Layer())

        assert_type(store, LayeredStore)
        assert_type(async_store, AsyncLayeredStore)
        assert_type(store.perform(GET), ItemResult)

    def test_without_layers_is_the_store(self) -> None:
        memory = MemoryStore()

        assert layered(memory) is memory

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: layered(MemoryStore(), Meter), "the class Meter"),  # type: ignore[call-overload]
            (lambda: layered(MemoryStore(), print), "builtin_function"),  # type: ignore[call-overload]
            (lambda: layered(MemoryStore, Meter()), "class MemoryStore"),  # type: ignore[call-overload]
            (lambda: layered(lambda: MemoryStore(), Meter()), "function"),  # type: ignore[call-overload]
            (lambda: UnitOfWork(Meter()), "not Meter"),  # type: ignore[arg-type]
        ],
        ids=["a class", "a function", "a store's class", "a callable", "a layer as a store"],
    )
    def test_refuses_what_is_no_store_or_layer(self, make: Callable[[], object], message: str) -> None:
        with pytest.raises(UnitOfWorkStateError, match=message):
            make()


class TestPauses:
    def test_are_waited_for(self) -> None:
        waited: list[float] = []
        memory = layered(MemoryStore(), Refusing([Throttled("slow down")]))

        LayeredStore(memory, Repeating(), sleep=waited.append).perform(GET)

        assert waited == [2.0]

    def test_are_awaited(self) -> None:
        waited: list[float] = []
        memory = layered(AsyncMemoryStore(), Refusing([Throttled("slow down")]))

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        asyncio.run(AsyncLayeredStore(memory, Repeating(), sleep=sleep).perform(GET))

        assert waited == [2.0]


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[Performed] = []
        self.clock = Ticking(step=0.5)

    def performed(self, call: Performed) -> None:
        self.seen.append(call)


class Clumsy(Observer):
    def performed(self, call: Performed) -> None:
        raise ZeroDivisionError


class TestObserver:
    def test_is_told_of_answers(self, colour: Colour) -> None:
        watching = Watching()
        store = colour.over_memory(watching)

        answer = store.perform(GET)

        assert watching.seen == [Performed(GET, answer, None, 0.5)]

    def test_is_told_of_errors(self, colour: Colour) -> None:
        watching, failure = Watching(), Throttled("slow down")
        store = colour.over_memory(watching, Refusing([failure]))

        with pytest.raises(Throttled):
            store.perform(GET)

        assert watching.seen == [Performed(GET, None, failure, 0.5)]

    def test_needs_no_constructor(self) -> None:
        """A subclass with a method alone is complete; it has a clock."""
        seconds: list[float] = []

        class Timed(Observer):
            def performed(self, call: Performed) -> None:
                seconds.append(call.seconds)

        layered(MemoryStore(), Timed()).perform(GET)

        assert len(seconds) == 1

    def test_can_not_spoil_an_operation(self, colour: Colour, events: list[dict[str, Any]]) -> None:
        """A write that took effect is not reported as failed because somebody who watched it failed."""
        store = colour.over_memory(Clumsy())

        store.perform(PUT)

        assert store.perform(GET).item == KEY
        assert events[0] == {
            "level": "warning",
            "event": "observer.failed",
            "observer": "Clumsy",
            "operation": "PutItem",
            "error": "ZeroDivisionError",
        }

    def test_names_where_it_happened(self) -> None:
        call = Performed(ScanPage(ORDERS, "by-status"), None, Throttled("slow down"), 1.0)

        assert (call.name, call.table, call.index, call.failure) == (
            "ScanPage",
            "orders",
            "by-status",
            "Throttled",
        )


class TestThreads:
    def test_share_a_layered_store(self) -> None:
        """8 threads count exactly."""
        meter = Meter()
        store = layered(MemoryStore(), Layer(), meter)

        def work() -> None:
            for _ in range(50):
                store.perform(GET)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert meter.totals["GetItem"].calls == 400


class TestLayeredContract(TransactWriteContract):
    """A layered store is a store like others."""

    @pytest.fixture
    def store(self) -> Store:
        return layered(MemoryStore(auto_create=False), Layer(), Meter())
