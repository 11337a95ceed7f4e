"""Have a client's method end before the deadline that holds here, as far as it can be had.

botocore takes its timeouts once, for all calls of a client. Where the deadline is further away than one
attempt can take, the call is made as ever, and what failed is not repeated any more once the repetition could
outlast the deadline (see `attempts`). Where it is nearer, the call is made in a thread, and the answer is not
waited for after the deadline: a read is `DeadlineExceeded`, a write that was under way `StoreUnavailable`
with `ambiguous=True`.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient

from persistence.deadlines import Deadline, present_deadline
from persistence.errors import StoreError
from persistence.stores.dynamodb.attempts import Attempts
from persistence.stores.dynamodb.workers import Workers

THREAD_NAME = "dynamo-deadline"
"""How the names of the threads begin."""

_MOST_THREADS = 64


def answer_of(client: BaseClient, call: Callable[[], dict[str, Any]], attempts: Attempts) -> dict[str, Any]:
    """Make a call of a client.

    Args:
        client: a low-level client.
        call: makes it.
        attempts: those of this call, which are watched.

    Raises:
        DeadlineExceeded: the deadline passed, and nothing took effect.
        StoreUnavailable: it passed while a write was under way; ambiguous.
        Exception: what the call raises.
    """
    deadline = present_deadline()
    if deadline is None:
        return call()
    attempts.seconds = _seconds_of_an_attempt(client)
    if deadline.left > attempts.seconds:
        return call()
    return _waited_for(call, deadline, attempts)


def _seconds_of_an_attempt(client: BaseClient) -> float:
    config: Any = client.meta.config
    timeouts = (config.connect_timeout, config.read_timeout)
    return sum(math.inf if seconds is None else seconds for seconds in timeouts)


def _waited_for(call: Callable[[], dict[str, Any]], deadline: Deadline, attempts: Attempts) -> dict[str, Any]:
    deadline.check(attempts.asked.operation)
    answering = _THREADS.present().submit(call)
    try:
        return answering.result(deadline.left)
    except TimeoutError:
        if answering.done() and not answering.cancelled():
            return answering.result()
        writes = attempts.asked.writes and not answering.cancel()
        raise deadline.cut_off(attempts.asked.operation, writes=writes) from None


def _refusal() -> StoreError:
    return StoreError("the process was forked before this was sent; it had no effect")


class _Threads:
    """The threads in which calls are waited for, of all stores of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: Workers | None = None

    def present(self) -> Workers:
        with self._lock:
            if self._workers is None:
                self._workers = Workers(_MOST_THREADS, THREAD_NAME, _refusal)
            return self._workers

    def forget(self) -> None:
        """Begin anew: a process that was forked has none of its parent's threads."""
        self._lock = threading.Lock()
        self._workers = None


_THREADS = _Threads()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_THREADS.forget)
