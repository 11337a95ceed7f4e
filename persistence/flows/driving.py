"""The synchronous driver."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
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

    What is wanted together is done by the caller's thread and by others. Where something of it fails, or the
    caller is interrupted, operations that others have under way are waited for, and nothing else is begun; no
    thread outlives the call.

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


class _Shared:
    """What several threads do together, and the store and the way to wait that they do it with.

    Once something fails nothing else is begun.
    """

    def __init__(
        self, parts: Sequence[Operation[Any] | Flow[Any]], store: Store, sleep: Callable[[float], None]
    ) -> None:
        self.limits = store.limits
        self._store = store
        self._sleep = sleep
        self._halted = threading.Event()
        self._waiting = deque((place, part, copy_context()) for place, part in enumerate(parts))
        self._answers: list[Any] = [None] * len(parts)
        self._failures: dict[int, BaseException] = {}

    def perform(self, operation: Operation[R]) -> R:
        self._check()
        return self._store.perform(operation)

    def sleep(self, seconds: float) -> None:
        self._check()
        self._sleep(seconds)

    def _check(self) -> None:
        if self._halted.is_set():
            raise _Halted

    def work(self) -> None:
        """Serve one part after the other, as long as there are some that nobody has begun."""
        while not self._halted.is_set():
            try:
                place, part, context = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._answers[place] = context.run(_serve_part, part, self, self.sleep)
            except BaseException as error:  # noqa: BLE001  # who waits for all of them raises it
                self._failures[place] = error
                self.halt()

    def halt(self) -> None:
        """Begin nothing else."""
        self._halted.set()

    def answers(self) -> list[Any]:
        """Give the answers in the order of the parts, once all threads have ended.

        Raises:
            BaseException: that of the first part that failed; an interruption of the caller goes before it.
        """
        failures, self._failures = self._failures, {}
        if not failures:
            return self._answers
        # Where all were halted something failed outside, of which all this is a part.
        failed = [place for place, error in failures.items() if not isinstance(error, _Halted)] or [*failures]
        raise failures[min(failed, key=lambda place: (isinstance(failures[place], Exception), place))]


def _serve_all(
    parts: Sequence[Operation[Any] | Flow[Any]], store: Store, sleep: Callable[[float], None]
) -> list[Any]:
    """Serve all, the caller one of those that do it: a thread less takes its time to start."""
    most = min(store.limits.concurrent_requests, len(parts))
    if most <= 1:
        return [_serve_part(part, store, sleep) for part in parts]
    shared = _Shared(parts, store, sleep)
    helpers: list[threading.Thread] = []
    try:
        for number in range(1, most):
            helper = threading.Thread(target=shared.work, name=f"persistence-{number}")
            helpers.append(helper)
            helper.start()
        shared.work()
        _join(helpers)
    except BaseException:
        shared.halt()
        _join(helpers)
        raise
    return shared.answers()


def _join(threads: Iterable[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:  # it was started
            thread.join()


def _serve_part(part: Operation[Any] | Flow[Any], store: Store, sleep: Callable[[float], None]) -> Any:
    if isinstance(part, Generator):
        return run(part, store, sleep=sleep)
    return perform_in_time(part, store)
