"""What flows ask for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from persistence.operations import Operation

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sleep:
    """A wish to wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Together:
    """Operations and flows that don't depend on each other; the answers come in the same order.

    If some fail, the error is that of the first of them, and what has not been begun is not begun any more.

    Attributes:
        parts: the operations, and fresh flows. Flows may run in other threads than the one that waits.
    """

    parts: tuple[Operation[Any] | Generator[Any, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A wish to have other code called; an asynchronous driver awaits what is awaitable.

    Attributes:
        work: what to call.
        blocking: whether it waits for somebody; an asynchronous driver calls it in a thread.
    """

    work: Callable[[], object]
    blocking: bool = False


Step = Operation[Any] | Sleep | Together | Call
Flow = Generator[Step, Any, R]


def perform(operation: Operation[R]) -> Flow[R]:
    """Ask for one operation; `yield from` gives its typed answer."""
    answer: R = yield operation
    return answer


def perform_together(operations: Sequence[Operation[R]]) -> Flow[list[R]]:
    """Ask for several operations that don't depend on each other."""
    answers: list[R] = yield Together(tuple(operations))
    return answers


def run_together(flows: Sequence[Flow[R]]) -> Flow[list[R]]:
    """Ask for several flows that don't depend on each other to be run."""
    if len(flows) == 1:
        return [(yield from flows[0])]
    results: list[R] = yield Together(tuple(flows))
    return results


def pause(seconds: float) -> Flow[None]:
    """Ask to wait.

    Args:
        seconds: how long.
    """
    yield Sleep(seconds)


def call(work: Callable[[], object]) -> Flow[object]:
    """Ask to have the application's own code called.

    Args:
        work: what to call; the flow gets what it returns, awaited where an asynchronous driver can.
    """
    answer: object = yield Call(work)
    return answer


def wait_for(work: Callable[[], R]) -> Flow[R]:
    """Ask to have something called that takes a while: no event loop stands still for it.

    Args:
        work: what to call; the flow gets what it returns.
    """
    answer: R = yield Call(work, blocking=True)
    return answer
