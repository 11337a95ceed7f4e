"""The threads of an asynchronous store: how many there are, whose work they do, how they end."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial
from itertools import count

import pytest

from persistence.stores.dynamodb.workers import Workers

MOST = 3
_names = count(1)


class Closed(Exception):
    pass


@pytest.fixture
def name() -> str:
    return f"workers-of-test-{next(_names)}"


@pytest.fixture
def workers(name: str) -> Iterator[Workers]:
    made = Workers(MOST, name, Closed)
    yield made
    made.close()
    for thread in threads(name):
        thread.join(10)
        assert not thread.is_alive()


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"{name}-")]


class Gate:
    """Work that waits until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.open.wait(10), "the test never opened the gate"
        return "done"

    def fill(self, workers: Workers) -> list[Future[str]]:
        """Have all threads wait at the gate."""
        futures = [workers.submit(self) for _ in range(MOST)]
        for _ in futures:
            assert self.begun.acquire(timeout=10)
        return futures


class TestThreads:
    def test_are_started_when_there_is_work(self, workers: Workers, name: str) -> None:
        assert threads(name) == []

        assert workers.submit(lambda: threading.current_thread().name).result(10) == f"{name}-1"

    def test_are_no_more_than_allowed(self, workers: Workers, name: str) -> None:
        """What comes in beyond that waits, and is done in its order."""
        gate, order = Gate(), list[int]()
        first = gate.fill(workers)

        further = [workers.submit(partial(order.append, number)) for number in range(20)]

        assert sorted(thread.name for thread in threads(name)) == [f"{name}-{n}" for n in (1, 2, 3)]
        assert not any(future.done() for future in further)
        gate.open.set()
        assert [future.result(10) for future in first] == ["done"] * MOST
        for future in further:
            future.result(10)
        assert sorted(order) == list(range(20))

    def test_let_a_program_end(self, workers: Workers, name: str) -> None:
        """They may be waiting for an answer that never comes."""
        workers.submit(lambda: None).result(10)

        assert all(thread.daemon for thread in threads(name))

    def test_keep_nothing_alive_when_idle(self, workers: Workers) -> None:
        class Answer:
            pass

        answer = weakref.ref(workers.submit(Answer).result(10))
        workers.submit(lambda: None).result(10)

        gc.collect()
        assert answer() is None


class TestWork:
    def test_fails_for_who_asked(self, workers: Workers) -> None:
        def fail() -> None:
            raise KeyError("x")

        with pytest.raises(KeyError):
            workers.submit(fail).result(10)

        assert workers.submit(lambda: "still there").result(10) == "still there"

    def test_has_the_context_of_who_asked(self, workers: Workers) -> None:
        """A copy of it: what the work sets stays there."""
        request: ContextVar[str] = ContextVar("request", default="none")
        request.set("r-1")

        seen = workers.submit(request.get).result(10)
        workers.submit(lambda: request.set("theirs")).result(10)

        assert (seen, request.get()) == ("r-1", "r-1")

    def test_can_be_withdrawn_while_it_waits(self, workers: Workers) -> None:
        gate, done = Gate(), list[str]()
        gate.fill(workers)
        withdrawn = workers.submit(lambda: done.append("withdrawn"))
        last = workers.submit(lambda: done.append("last"))

        assert withdrawn.cancel()

        gate.open.set()
        last.result(10)
        assert done == ["last"]

    def test_can_not_be_withdrawn_once_begun(self, workers: Workers) -> None:
        gate = Gate()
        first, *_ = gate.fill(workers)

        assert not first.cancel()

        gate.open.set()
        assert first.result(10) == "done"


class TestClose:
    def test_refuses_what_was_not_begun(self, workers: Workers) -> None:
        gate = Gate()
        first, *_ = gate.fill(workers)
        waiting, withdrawn = workers.submit(lambda: None), workers.submit(lambda: None)
        withdrawn.cancel()

        workers.close()

        with pytest.raises(Closed):
            waiting.result(10)
        assert withdrawn.cancelled()
        gate.open.set()
        assert first.result(10) == "done"

    def test_refuses_what_comes_later(self, workers: Workers) -> None:
        workers.close()

        with pytest.raises(Closed):
            workers.submit(lambda: None).result(10)

    def test_ends_idle_threads(self, workers: Workers, name: str) -> None:
        workers.submit(lambda: None).result(10)
        (thread,) = threads(name)

        workers.close()

        thread.join(10)
        assert not thread.is_alive()

    def test_twice_is_once(self, workers: Workers) -> None:
        workers.close()
        workers.close()
