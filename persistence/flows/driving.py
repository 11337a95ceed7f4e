"""The synchronous driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, TypeVar

from persistence.deadlines import Deadline, check_pause, present_deadline
from persistence.errors import DeadlineExceeded, StoreUnavailable, Throttled
from persistence.flows.steps import Call, Flow, Sleep, Together
from persistence.operation_facts import can_write
from persistence.operations import Operation
from persistence.store import Store

R = TypeVar("R")


def run(flow: Flow[R], store: Store, *, sleep: Callable[[float], None] = time.sleep) -> R:
    """Drive a flow over a synchronous store.

    Where something fails of what is wanted together, or the caller is interrupted, operations that are under
    way are waited for, and nothing else is begun; no thread outlives the call.

    Args:
        flow: a fresh flow.
        store: performs its operations.
        sleep: waits for a number of seconds.

    Returns:
        What the flow returns.
    """
    try:
        step = next(flow)
        while True:
            try:
                # Most flows ask for one operation, or for nothing at all.
                if isinstance(step, Operation):
                    answer = perform_in_time(step, store)
                else:
                    answer = _serve(step, store, sleep)
            except BaseException as error:  # noqa: BLE001  # the flow decides what to do about any error
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


def _serve(step: Sleep | Together | Call, store: Store, sleep: Callable[[float], None]) -> Any:
    match step:
        case Sleep(seconds):
            check_pause(seconds)
            return sleep(seconds)
        case Together(parts):
            return _serve_all(parts, store, sleep)
        case Call(work):
            return work()
        case _:  # what is no operation is the store's to refuse
            return perform_in_time(step, store)


def perform_in_time(operation: Operation[R], store: Store) -> R:
    """Perform an operation, unless the deadline that holds here has passed.

    Raises:
        DeadlineExceeded: it has, or passed in between, and nothing took effect.
    """
    deadline = present_deadline()
    if deadline is None:
        return store.perform(operation)
    deadline.check(type(operation).__name__)
    try:
        return store.perform(operation)
    except (StoreUnavailable, Throttled) as failure:
        late = too_late(deadline, operation, failure)
        if late is None:
            raise
        raise late from failure


def too_late(
    deadline: Deadline, operation: Operation[Any], failure: StoreUnavailable | Throttled
) -> DeadlineExceeded | None:
    """Give the error to raise in place of a failure: the deadline has passed, and nothing took effect."""
    kind = type(operation)
    in_doubt = can_write(kind) and getattr(failure, "ambiguous", False)
    return None if in_doubt or deadline.left > 0 else deadline.exceeded(kind.__name__)


class _Halted(BaseException):
    """What is wanted together ends here, since something else of it failed or nobody waits any more."""


class _Halting:
    """A store, and a way to wait, that threads have in common until one of them fails."""

    def __init__(self, store: Store, sleep: Callable[[float], None]) -> None:
        self.limits = store.limits
        self.halted = threading.Event()
        self._store = store
        self._sleep = sleep

    def perform(self, operation: Operation[R]) -> R:
        self._check()
        return self._store.perform(operation)

    def sleep(self, seconds: float) -> None:
        self._check()
        self._sleep(seconds)

    def serve(self, part: Operation[Any] | Flow[Any]) -> Any:
        try:
            return _serve_part(part, self, self.sleep)
        except BaseException:
            self.halted.set()
            raise

    def _check(self) -> None:
        if self.halted.is_set():
            raise _Halted


def _serve_all(
    parts: Sequence[Operation[Any] | Flow[Any]], store: Store, sleep: Callable[[float], None]
) -> list[Any]:
    most = min(store.limits.concurrent_requests, len(parts))
    if most <= 1:
        return [_serve_part(part, store, sleep) for part in parts]
    halting = _Halting(store, sleep)
    working: list[Future[Any]] = []
    with ThreadPoolExecutor(most, "persistence") as threads:
        try:
            working.extend(threads.submit(copy_context().run, halting.serve, part) for part in parts)
            wait(working, return_when=FIRST_EXCEPTION)
        except BaseException:
            halting.halted.set()
            raise
    failures = (future.exception() for future in working)
    failure = next((error for error in failures if error and not isinstance(error, _Halted)), None)
    if failure is not None:
        raise failure
    return [future.result() for future in working]


def _serve_part(part: Operation[Any] | Flow[Any], store: Store, sleep: Callable[[float], None]) -> Any:
    if isinstance(part, Generator):
        return run(part, store, sleep=sleep)
    return perform_in_time(part, store)
