"""Layers that let a store fail as rules say, synchronous and asynchronous from the same flow."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar, assert_never

from persistence.errors import PersistenceError
from persistence.flows import Flow, pause, perform, run, run_async
from persistence.operations import Operation, TransactWrite
from persistence.store import AsyncStore, Limits, Store, takes_text, tenant_of
from persistence.stores.tenancy.face import AsyncForTenants, ForTenants
from persistence.testing.copying import copied
from persistence.testing.faults import injuries
from persistence.testing.faults.batches import perform_partly
from persistence.testing.faults.decisions import Decisions, Injected, Landed, Latecomers
from persistence.testing.faults.rules import (
    Abandoned,
    Cancellation,
    Delay,
    ExpiredCredentials,
    Fault,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
    Unreachable,
)
from persistence.testing.faults.subjects import subject_of

R = TypeVar("R")
S = TypeVar("S", bound=Store | AsyncStore)


class FaultLayer(Generic[S]):
    """What both faulty stores share: decisions, records, and what happens, as a flow."""

    def __init__(self, store: S, plan: Iterable[Rule], seed: int) -> None:
        self._store = store
        self._decisions = Decisions(plan, seed)
        self._late = Latecomers[Operation[Any]]()
        self._lock = threading.Lock()
        self._transactions: list[TransactWrite] = []
        self._landed: list[Landed] = []

    @property
    def limits(self) -> Limits:
        """The limits of the store below."""
        return self._store.limits

    @property
    def tenant(self) -> str | None:
        """The tenant of the store below; None where it has none."""
        return tenant_of(self._store)

    @property
    def takes_text(self) -> bool:
        """Whether the store below sends new items as JSON; whoever looks at one is given it."""
        return takes_text(self._store)

    @property
    def injected(self) -> tuple[Injected, ...]:
        """The faults so far, in order."""
        return self._decisions.injected

    @property
    def transactions(self) -> tuple[TransactWrite, ...]:
        """Every transaction that was asked for, each as it was at that moment: repetitions are equal."""
        with self._lock:
            return tuple(self._transactions)

    @property
    def landed(self) -> tuple[Landed, ...]:
        """What arrived late so far, and what became of it."""
        with self._lock:
            return tuple(self._landed)

    def _flow(self, operation: Operation[R]) -> Flow[R]:
        self._note(operation)
        fault = self._decisions.decide(subject_of(operation))
        if fault is None:
            return (yield from self._reach(perform(operation)))
        return (yield from self._strike(operation, fault))

    def _note(self, operation: Operation[Any]) -> None:
        if isinstance(operation, TransactWrite):
            # Copied, so that a caller who changes an operation between two attempts is found out.
            asked = copied(operation)
            with self._lock:
                self._transactions.append(asked)

    def _strike(self, operation: Operation[R], fault: Fault) -> Flow[R]:
        match fault:
            case Delay(seconds):
                yield from pause(seconds)
                return (yield from self._reach(perform(operation)))
            case Trickle(seconds):
                answer: R = yield from self._reach(perform(operation))
                yield from pause(seconds)
                return answer
            case Unprocessed(left):
                undone = self._decisions.choose(subject_of(operation).size, left)
                partly: R = yield from self._reach(perform_partly(operation, undone))
                return partly
            case LostAnswer() | Abandoned():
                unheard = yield from self._reach_unheard(operation)
                raise injuries.no_answer(operation) from unheard
            case LostRequest():
                raise injuries.no_answer(operation)
            case LateArrival(after):
                self._late.hold(copied(operation), after)
                raise injuries.no_answer(operation)
            case Stall(seconds, applied):
                unheard = (yield from self._reach_unheard(operation)) if applied else None
                yield from pause(seconds)
                raise injuries.no_answer(operation) from unheard
            case ServerError(applied):
                unheard = (yield from self._reach_unheard(operation)) if applied else None
                raise injuries.server_error(operation) from unheard
            case Unreachable():
                raise injuries.unreachable(operation)
            case Throttling():
                raise injuries.throttled(operation, fault)
            case Cancellation():
                raise injuries.cancelled(operation, fault)
            case InProgress():
                raise injuries.in_progress(operation)
            case ExpiredCredentials():
                raise injuries.denied(operation)
            case _:
                assert_never(fault)

    def _reach(self, performing: Flow[R]) -> Flow[R]:
        """Perform at the store below, and let what is late arrive behind it."""
        try:
            answer = yield from performing
        except PersistenceError:
            yield from self._land(self._late.arriving())
            raise
        yield from self._land(self._late.arriving())
        return answer

    def _reach_unheard(self, operation: Operation[Any]) -> Flow[PersistenceError | None]:
        try:
            yield from self._reach(perform(operation))
        except PersistenceError as unheard:
            return unheard
        return None

    def _land(self, late: Iterable[Operation[Any]]) -> Flow[None]:
        for operation in late:
            refused = None
            try:
                yield from perform(operation)
            except PersistenceError as error:
                refused = type(error).__name__
            subject = subject_of(operation)
            with self._lock:
                self._landed.append(Landed(subject.name, subject.token, refused))


class FaultyStore(FaultLayer[Store], ForTenants):
    """A layer that lets operations fail as rules say; safe to share between threads.

        store = FaultyStore(MemoryStore(), [Rule(LostAnswer(), (TransactWrite,), count=2)], seed=1)

    Whatever it raises keeps the contract of `persistence.store.Store`: after an error that is not ambiguous
    the operation had no effect, after an ambiguous one it had all of its effect, or none, or will have it.

    Args:
        store: the store that does the work.
        plan: the rules; the first one that strikes decides.
        seed: of chance; the same seed decides alike about the same sequence of operations.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        store: Store,
        plan: Iterable[Rule],
        *,
        seed: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(store, plan, seed)
        self._sleep = sleep

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below, unless a rule strikes; see `Store.perform`."""
        return run(self._flow(operation), self._store, sleep=self._sleep)

    def settle(self) -> None:
        """Let everything that is late arrive now."""
        run(self._land(self._late.all()), self._store, sleep=self._sleep)


class AsyncFaultyStore(FaultLayer[AsyncStore], AsyncForTenants):
    """The same as `FaultyStore` over an asynchronous store.

    Args:
        store: the store that does the work.
        plan: the rules; the first one that strikes decides.
        seed: of chance; the same seed decides alike about the same sequence of operations.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        store: AsyncStore,
        plan: Iterable[Rule],
        *,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(store, plan, seed)
        self._sleep = sleep

    async def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below, unless a rule strikes; see `AsyncStore.perform`."""
        return await run_async(self._flow(operation), self._store, sleep=self._sleep)

    async def settle(self) -> None:
        """Let everything that is late arrive now."""
        await run_async(self._land(self._late.all()), self._store, sleep=self._sleep)
