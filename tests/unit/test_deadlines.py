"""A deadline of a block: what drivers, repetitions and commits make of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from persistence.deadlines import deadline_in, present_deadline
from persistence.errors import CommitOutcomeUnknown, DeadlineExceeded, StoreUnavailable, Throttled
from persistence.flows import Flow, pause, perform, perform_together, run, run_async
from persistence.mapping import MappingSchema
from persistence.operations import GetItem, Operation, PutItem, TransactWrite
from persistence.repository import Repository
from persistence.store import Limits
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.table import Key, Table
from persistence.timing import Timing
from persistence.unit_of_work import UnitOfWork

R = TypeVar("R")

TABLE = Table("things", "id")
GET = GetItem(TABLE, {"id": {"S": "1"}})
PUT = PutItem(TABLE, {"id": {"S": "1"}})


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Thing:
    id: str
    version: int = 0


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")


class Slow:
    """A store each of whose operations takes a second, and fails as the test says."""

    def __init__(self, clock: Clock, *failures: Exception | None, applied: bool = False) -> None:
        self.sent: list[Operation[Any]] = []
        self.store = MemoryStore()
        self._clock = clock
        self._failures = list(failures)
        self._applied = applied

    @property
    def limits(self) -> Limits:
        return self.store.limits

    def perform(self, operation: Operation[R]) -> R:
        self.sent.append(operation)
        self._clock.now += 1.0
        failure = self._failures.pop(0) if self._failures else None
        if failure is None or self._applied:
            answer = self.store.perform(operation)
        if failure is not None:
            raise failure
        return answer


class Awaited:
    def __init__(self, store: Slow) -> None:
        self._store = store

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        return self._store.perform(operation)


Drive = Callable[[Flow[Any], Slow], Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest, clock: Clock) -> Drive:
    """Both drivers: each test holds for both."""

    def sleep(seconds: float) -> None:
        clock.now += seconds

    async def sleep_async(seconds: float) -> None:
        clock.now += seconds

    if request.param == "sync":
        return lambda flow, store: run(flow, store, sleep=sleep)
    return lambda flow, store: asyncio.run(run_async(flow, Awaited(store), sleep=sleep_async))


class TestBlocks:
    def test_have_no_deadline_by_default(self) -> None:
        assert present_deadline() is None

    def test_end_with_their_deadline(self, clock: Clock) -> None:
        with deadline_in(5, monotonic=clock):
            pass

        assert present_deadline() is None

    def test_keep_the_nearer_deadline(self, clock: Clock) -> None:
        """Whoever calls has less time than whoever is called thinks, or the other way round."""
        with deadline_in(5, monotonic=clock) as outer:
            with deadline_in(9, monotonic=clock) as kept:
                assert kept is outer
            with deadline_in(2, monotonic=clock) as nearer:
                assert nearer.left == 2
            assert present_deadline() is outer

    def test_don_t_hold_for_other_threads(self, clock: Clock) -> None:
        found: list[object] = []
        with deadline_in(5, monotonic=clock):
            thread = threading.Thread(target=lambda: found.append(present_deadline()))
            thread.start()
            thread.join()

        assert found == [None]

    def test_hold_for_threads_that_work_for_them(self, clock: Clock) -> None:
        with deadline_in(5, monotonic=clock) as deadline:
            context = copy_context()

        assert context.run(present_deadline) is deadline


class TestDrivers:
    def test_begin_nothing_after_the_deadline(self, drive: Drive, clock: Clock) -> None:
        store = Slow(clock)

        def flow() -> Flow[None]:
            while True:
                yield from perform(GET)

        with pytest.raises(DeadlineExceeded) as late, deadline_in(2.5, monotonic=clock):
            drive(flow(), store)

        assert len(store.sent) == 3
        assert (late.value.operation, late.value.seconds, late.value.committed) == ("GetItem", 2.5, False)

    def test_begin_nothing_of_several_together(self, drive: Drive, clock: Clock) -> None:
        store = Slow(clock)

        with pytest.raises(DeadlineExceeded), deadline_in(0, monotonic=clock):
            drive(perform_together([GET, GET]), store)

        assert store.sent == []

    def test_don_t_wait_until_it_is_too_late(self, drive: Drive, clock: Clock) -> None:
        """A pause that outlasts the deadline leaves no time for what follows it."""
        with pytest.raises(DeadlineExceeded), deadline_in(5, monotonic=clock):
            drive(pause(5), Slow(clock))

        assert clock.now == 100

    def test_wait_where_time_is_left(self, drive: Drive, clock: Clock) -> None:
        with deadline_in(5, monotonic=clock):
            drive(pause(4), Slow(clock))

        assert clock.now == 104

    @pytest.mark.parametrize("failure", [Throttled("busy"), StoreUnavailable("gone", ambiguous=False)])
    def test_say_that_it_was_the_deadline(self, drive: Drive, clock: Clock, failure: Exception) -> None:
        """What had no effect and can't be repeated in time is not throttling to the caller."""
        with pytest.raises(DeadlineExceeded) as late, deadline_in(0.5, monotonic=clock):
            drive(perform(PUT), Slow(clock, failure))

        assert late.value.__cause__ is failure

    def test_never_say_it_of_what_may_have_taken_effect(self, drive: Drive, clock: Clock) -> None:
        lost = StoreUnavailable("gone", ambiguous=True)

        with pytest.raises(StoreUnavailable) as raised, deadline_in(0.5, monotonic=clock):
            drive(perform(PUT), Slow(clock, lost))

        assert raised.value is lost

    def test_say_it_of_a_read_that_was_lost(self, drive: Drive, clock: Clock) -> None:
        """Nobody asks whether a read took effect."""
        with pytest.raises(DeadlineExceeded), deadline_in(0.5, monotonic=clock):
            drive(perform(GET), Slow(clock, StoreUnavailable("gone", ambiguous=True)))

    def test_don_t_await_an_answer_for_longer(self) -> None:
        """An asynchronous store is waited for until the deadline, whatever it does."""

        class Silent(AsyncMemoryStore):
            async def perform(self, operation: Operation[R]) -> R:
                await asyncio.sleep(60)
                raise AssertionError("nobody waits that long")

        async def ask(operation: Operation[Any]) -> None:
            with deadline_in(0.05):
                await run_async(perform(operation), Silent())

        with pytest.raises(DeadlineExceeded):
            asyncio.run(ask(GET))
        with pytest.raises(StoreUnavailable) as lost:
            asyncio.run(ask(PUT))
        assert lost.value.ambiguous

    def test_leave_time_outs_of_others_alone(self, clock: Clock) -> None:
        class TimesOut(AsyncMemoryStore):
            async def perform(self, operation: Operation[R]) -> R:
                raise TimeoutError("of its own")

        async def ask() -> None:
            with deadline_in(5, monotonic=clock):
                await run_async(perform(GET), TimesOut())

        with pytest.raises(TimeoutError, match="of its own"):
            asyncio.run(ask())


def unit_over(store: Slow, clock: Clock) -> UnitOfWork:
    def sleep(seconds: float) -> None:
        clock.now += seconds

    return UnitOfWork(store, timing=Timing(monotonic=clock, sleep=sleep, chance=lambda: 1.0))


class TestUnits:
    def test_write_nothing_after_the_deadline(self, clock: Clock) -> None:
        store = Slow(clock)
        uow = unit_over(store, clock)
        things = Repository(ThingMapping, uow)

        with pytest.raises(DeadlineExceeded) as late, deadline_in(2, monotonic=clock), uow:
            things.add(Thing("1"))
            clock.now += 3

        assert late.value.committed is False
        assert store.sent == []

    def test_stop_repeating(self, clock: Clock) -> None:
        """Throttled all the time: no attempt is begun after the deadline, and nothing was written."""
        store = Slow(clock, *(Throttled("busy") for _ in range(99)))
        uow = unit_over(store, clock)

        with pytest.raises(DeadlineExceeded) as late, deadline_in(3, monotonic=clock), uow:
            Repository(ThingMapping, uow).add(Thing("1"))

        assert late.value.committed is False
        assert len(store.sent) == 3
        assert clock.now < 103 + 1

    @pytest.mark.parametrize("seconds", [0.5, 1.5, 3])
    def test_say_that_the_outcome_is_unknown(self, clock: Clock, seconds: float) -> None:
        """A commit that may have taken effect is never "too late": it says that nobody knows."""
        lost = (StoreUnavailable("gone", ambiguous=True) for _ in range(99))
        store = Slow(clock, *lost, applied=True)
        uow = unit_over(store, clock)

        with pytest.raises(CommitOutcomeUnknown) as unknown, deadline_in(seconds, monotonic=clock), uow:
            Repository(ThingMapping, uow).add(Thing("1"))

        assert unknown.value.committed is None
        assert all(isinstance(sent, TransactWrite) for sent in store.sent)

    def test_can_be_resumed_later(self, clock: Clock) -> None:
        store = Slow(clock, StoreUnavailable("gone", ambiguous=True), applied=True)
        uow = unit_over(store, clock)
        things = Repository(ThingMapping, uow)
        with pytest.raises(CommitOutcomeUnknown) as unknown, deadline_in(1, monotonic=clock), uow:
            things.add(Thing("1"))

        uow.resume(unknown.value)

        assert things.get("1").id == "1"

    def test_are_not_run_again_after_the_deadline(self, clock: Clock) -> None:
        """`uow.run` repeats a unit after a conflict, but not beyond the deadline."""
        store = Slow(clock)
        uow = unit_over(store, clock)
        runs: list[int] = []

        def work() -> None:
            runs.append(1)
            clock.now += 2
            raise Throttled("by the test")

        with pytest.raises((DeadlineExceeded, Throttled)), deadline_in(3, monotonic=clock):
            uow.run(work, attempts=5, retry_on=(Throttled,))

        assert clock.now <= 105
        assert len(runs) <= 2
