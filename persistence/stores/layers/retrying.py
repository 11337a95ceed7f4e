"""Retries by one policy per store, whatever botocore would do.

    store = layered(DynamoStore(attempts=1), Retries())

Plain reads (`GetItem`, `QueryPage`, `ScanPage`) are repeated here. All else is repeated by who asked for it:
commits and snapshots by the unit of work until their deadline, with the same token; batches by `get_many` and
`bulk`. Those repetitions come through here, too, and so find the same budget, circuit and rate.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from persistence.errors import (
    THROTTLING_CODES,
    AccessDenied,
    CircuitOpen,
    ConflictError,
    HeldBack,
    StoreError,
    StoreUnavailable,
    Throttled,
    TransactionCancelled,
)
from persistence.events import event_log
from persistence.flows import Flow, call, pause, perform
from persistence.operation_facts import can_write, table_of
from persistence.operations import GetItem, Operation, QueryPage, ScanPage, TransactWrite
from persistence.stores.layers.circuit import Circuit, CircuitState
from persistence.stores.layers.layer import Layer
from persistence.stores.layers.rate import Rate
from persistence.stores.layers.retry_budget import Budget, FailedTokens
from persistence.stores.layers.retry_policy import RetryPolicy
from persistence.timing import Timing

R = TypeVar("R")

PLAIN_READS = frozenset[type[Operation[Any]]]({GetItem, QueryPage, ScanPage})
"""What is repeated here; nobody else repeats it, and it does no harm."""

EXPIRED_CODES = frozenset({"ExpiredTokenException", "ExpiredToken"})
"""How the service says that credentials have expired; the request had no effect."""

_SHORTEST_WAIT = 0.01
_BETWEEN_RENEWALS = 30.0


@dataclass(frozen=True, slots=True)
class RetryState:
    """How things stand with the reads or the writes of a table.

    Attributes:
        circuit: "open" while it is left alone, else "closed"; None where the policy breaks no circuits.
        rate: requests per second that it is sent at most; None for no bound.
        budget: repetitions that the store has left; None for no bound.
    """

    circuit: CircuitState | None
    rate: float | None
    budget: float | None


@dataclass(frozen=True, slots=True)
class _Gates:
    """What stands before the reads or the writes of one table, or of operations that concern several."""

    table: str | None
    writes: bool
    circuit: Circuit | None
    rate: Rate | None


class Retries(Layer):
    """Repeats what failed, and holds back what would make a store's trouble worse.

    What it holds back is not sent: a `HeldBack`, which is a `Throttled`, or its kind `CircuitOpen`. A unit of
    work takes it for what it is, and tries again when the error's `retry_after` has passed. Circuits and
    rates are those of a table, for reads and writes apart, as their capacity is; operations on several tables
    have some of their own. Keep one instance per store.

    Args:
        policy: how often, how long, and how much.
        timing: time, chance, and the pauses before repetitions of plain reads.
        renew: called, or awaited, when the service says that the credentials have expired, at most every 30
            seconds; whatever it was, it is then repeated once. `store.close` of a `DynamoStore` that made its
            client has it look for credentials anew.
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        timing: Timing | None = None,
        renew: Callable[[], object] | None = None,
    ) -> None:
        self.policy = RetryPolicy() if policy is None else policy
        self._timing = Timing() if timing is None else timing
        self._renew = renew
        self._renewed = -math.inf
        self._lock = threading.Lock()
        self._gates: dict[tuple[str | None, bool], _Gates] = {}
        self._failed_tokens = FailedTokens()
        budget = self.policy.budget
        self._budget = None if budget is None else Budget(budget, self._timing.monotonic())

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation, unless it is held back, and repeat it where it is a plain read.

        Raises:
            CircuitOpen, HeldBack: it was not sent.
            StoreError: or `ConflictError`, as the store below.
        """
        try:
            return (yield from self._pass(operation))
        except AccessDenied as denied:
            if self._renew is None or denied.code not in EXPIRED_CODES:
                raise
        if self._may_renew():
            yield from call(self._renew)
        return (yield from self._pass(operation))

    def _may_renew(self) -> bool:
        with self._lock:
            now = self._timing.monotonic()
            if now < self._renewed + _BETWEEN_RENEWALS:
                return False
            self._renewed = now
            return True

    def _pass(self, operation: Operation[R]) -> Flow[R]:
        gates = self._gates_of(table_of(operation), writes=can_write(type(operation)))
        if type(operation) in PLAIN_READS:
            return (yield from self._repeat(operation, gates))
        token = _token_of(operation)
        if token is None:
            return (yield from self._attempt(operation, gates))
        try:
            answer = yield from self._attempt(operation, gates, repeated=token in self._failed_tokens)
        except (StoreError, ConflictError) as failure:
            self._note_token(token, failure)
            raise
        self._failed_tokens.discard(token)
        return answer

    def state(self, table: str | None, *, writes: bool = False) -> RetryState:
        """Tell how things stand, for a metric or a health check.

        Args:
            table: its name; None for operations on several tables.
            writes: tell of its writes, rather than of its reads.
        """
        gates, now = self._gates_of(table, writes=writes), self._timing.monotonic()
        return RetryState(
            None if gates.circuit is None else gates.circuit.state,
            None if gates.rate is None else gates.rate.limit(now),
            None if self._budget is None else self._budget.left(now),
        )

    def _repeat(self, operation: Operation[R], gates: _Gates) -> Flow[R]:
        now = self._timing.monotonic
        end = now() + self.policy.deadline
        for attempt in count(1):
            try:
                return (yield from self._attempt(operation, gates))
            except HeldBack:
                if attempt > 1 and self._budget is not None:
                    self._budget.give_back()
                raise
            except (Throttled, StoreUnavailable) as failed:
                failure = failed
            wait = self._timing.backoff(attempt)
            if attempt >= self.policy.attempts or now() + wait >= end:
                raise failure
            if self._budget is not None and self._budget.spend(now()):
                raise failure
            event_log().info("retry.scheduled", attempt=attempt, code=_code(failure), seconds=round(wait, 3))
            yield from pause(wait)
        raise AssertionError("unreachable: the attempts are endless")

    def _attempt(self, operation: Operation[R], gates: _Gates, *, repeated: bool = False) -> Flow[R]:
        """Send an operation once, if it may be sent, and note what came of it."""
        yield from self._enter(operation, gates, repeated=repeated)
        try:
            answer = yield from perform(operation)
        except (StoreError, ConflictError) as failure:
            self._note(failure, gates)
            raise
        self._note_answer(gates)
        return answer

    def _enter(self, operation: Operation[Any], gates: _Gates, *, repeated: bool) -> Flow[None]:
        """Pass all gates, or none: what one of them gave is given back where a later one refuses."""
        probing = self._refuse_at_an_open_circuit(operation, gates)
        paid = False
        try:
            if repeated:
                self._spend(operation)
                paid = True
            if gates.rate is not None:
                yield from self._take_turn(operation, gates.rate)
        except BaseException:  # also whatever ends a task that waits for its turn
            if paid and self._budget is not None:
                self._budget.give_back()
            if probing and gates.circuit is not None:
                gates.circuit.give_back_probe(self._timing.monotonic())
            raise

    def _refuse_at_an_open_circuit(self, operation: Operation[Any], gates: _Gates) -> bool:
        """Ask the circuit; tells whether the operation is one that it lets through to look."""
        if gates.circuit is None or gates.circuit.state == "closed":
            return False
        wait = gates.circuit.wait(self._timing.monotonic())
        if wait:
            why = "most requests of a while were throttled or not answered; the circuit is open"
            raise _held(CircuitOpen, operation, wait, why) from gates.circuit.last_failure
        return True

    def _spend(self, operation: Operation[Any]) -> None:
        if self._budget is None:
            return
        wait = self._budget.spend(self._timing.monotonic())
        if wait:
            raise _held(HeldBack, operation, wait, "the store's budget of repetitions is spent")

    def _take_turn(self, operation: Operation[Any], rate: Rate) -> Flow[None]:
        wait = rate.turn(self._timing.monotonic())
        if wait > rate.longest_wait:
            raise _held(HeldBack, operation, wait, "too much waits for its turn already")
        if wait:
            yield from pause(wait)

    def _note(self, failure: StoreError | ConflictError, gates: _Gates) -> None:
        if not _is_trouble(failure):
            self._note_answer(gates)
            return
        now = self._timing.monotonic()
        if gates.rate is not None and not isinstance(failure, StoreUnavailable):
            gates.rate.throttled(now)
        if gates.circuit is not None and gates.circuit.failed(now, failure):
            event_log().warning("circuit.opened", table=gates.table, writes=gates.writes, code=_code(failure))

    def _note_answer(self, gates: _Gates) -> None:
        now = self._timing.monotonic()
        if self._budget is not None:
            self._budget.earn()
        if gates.rate is not None:
            gates.rate.answered(now)
        if gates.circuit is not None and gates.circuit.answered(now):
            event_log().warning("circuit.closed", table=gates.table, writes=gates.writes)

    def _note_token(self, token: str, failure: StoreError | ConflictError) -> None:
        if isinstance(failure, HeldBack):
            return
        if _is_trouble(failure) or getattr(failure, "retryable", False) or _is_passing(failure):
            self._failed_tokens.add(token)
        else:
            self._failed_tokens.discard(token)

    def _gates_of(self, table: str | None, *, writes: bool) -> _Gates:
        gates = self._gates.get((table, writes))
        if gates is None:
            with self._lock:
                gates = self._gates.setdefault((table, writes), self._new_gates(table, writes))
        return gates

    def _new_gates(self, table: str | None, writes: bool) -> _Gates:
        circuit, rate = self.policy.circuit, self.policy.rate
        return _Gates(
            table,
            writes,
            None if circuit is None else Circuit(circuit),
            None if rate is None else Rate(rate, self._timing.monotonic()),
        )


def _token_of(operation: object) -> str | None:
    return operation.token if isinstance(operation, TransactWrite) else None


def _held(kind: type[HeldBack], operation: Operation[Any], wait: float, why: str) -> HeldBack:
    return kind(
        f"{why}; it was not sent, and may be in {wait:.2g} s",
        retry_after=max(wait, _SHORTEST_WAIT),
        operation=type(operation).__name__,
        table=table_of(operation),
    )


def _is_trouble(failure: Exception) -> bool:
    """Tell whether a failure says that there is too much traffic, or nobody there."""
    if isinstance(failure, TransactionCancelled):
        return any(reason.code in THROTTLING_CODES for reason in failure.reasons)
    return isinstance(failure, Throttled | StoreUnavailable)


def _is_passing(failure: Exception) -> bool:
    """Tell whether a cancellation is one that its unit of work repeats."""
    return isinstance(failure, TransactionCancelled) and {
        reason.code for reason in failure.reasons
    } <= THROTTLING_CODES | {"None", "TransactionConflict"}


def _code(failure: Exception) -> str:
    return getattr(failure, "code", None) or type(failure).__name__
