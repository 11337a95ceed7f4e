"""Threads in which an asynchronous store waits for the service."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Work:
    future: Future[Any]
    context: Context
    call: Callable[[], Any]


class Workers:
    """A bounded number of threads, each started when there is work and no other one is free.

    `concurrent.futures.ThreadPoolExecutor` lets the interpreter end only when all its work is done: a program
    that was interrupted would wait for an answer that may never come. These are daemon threads, for which it
    does not wait.

    Args:
        most: how many threads at most.
        name: how their names begin.
        refusal: makes the error of work that was not begun when the workers were closed.
    """

    def __init__(self, most: int, name: str, refusal: Callable[[], Exception]) -> None:
        self._most = most
        self._name = name
        self._refusal = refusal
        self._changed = threading.Condition()
        self._waiting: deque[_Work] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False
        self._process = os.getpid()

    @property
    def are_of_a_parent_process(self) -> bool:
        """Tell whether this process was forked: the threads did not come along."""
        return self._process != os.getpid()

    def submit(self, call: Callable[[], R]) -> Future[R]:
        """Have a function called in a thread, in a copy of the caller's context, as `asyncio.to_thread` does.

        Args:
            call: the function.

        Returns:
            What comes of it. As long as it waits for a thread, cancelling this withdraws it.
        """
        work = _Work(Future(), copy_context(), call)
        with self._changed:
            if self._closed:
                _refuse(work, self._refusal())
            else:
                self._enqueue(work)
        return work.future

    def close(self) -> None:
        """Refuse what was not begun, and let threads end as soon as they are free; doesn't wait for them."""
        with self._changed:
            self._closed = True
            refused = tuple(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for work in refused:
            _refuse(work, self._refusal())

    def _enqueue(self, work: _Work) -> None:
        if len(self._waiting) >= self._idle and self._threads < self._most:
            name = f"{self._name}-{self._threads + 1}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
            self._threads += 1
        self._waiting.append(work)
        self._changed.notify()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            _perform(work)
            del work  # what was done and answered is not kept alive by an idle thread

    def _next(self) -> _Work | None:
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._changed.wait()
            self._idle -= 1
            return self._waiting.popleft() if self._waiting else None


def _perform(work: _Work) -> None:
    future = work.future
    if not future.set_running_or_notify_cancel():
        return  # it was withdrawn
    try:
        answer = work.context.run(work.call)
    except BaseException as error:  # noqa: BLE001  # whoever waits for it has it raised
        future.set_exception(error)
        del future, work  # the error's traceback holds this frame, and the future holds the error
    else:
        future.set_result(answer)


def _refuse(work: _Work, error: Exception) -> None:
    if work.future.set_running_or_notify_cancel():
        work.future.set_exception(error)
