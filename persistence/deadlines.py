"""A deadline for whatever is done within a block: calls, waits, repetitions and whole units.

A function that is killed at a fixed time had better stop a moment before. The deadline is in a `ContextVar`,
so that it holds for the thread or task that set it, and for the threads and tasks that work for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from persistence.errors import DeadlineExceeded, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, by a clock that only grows.

    Attributes:
        end: seconds of that clock.
        seconds: how long it was away when it was set.
        monotonic: the clock.
    """

    end: float
    seconds: float
    monotonic: Callable[[], float] = time.monotonic

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when it has passed."""
        return max(0.0, self.end - self.monotonic())

    def check(self, what: str, seconds: float = 0.0) -> None:
        """Refuse to begin what can't end in time.

        Args:
            what: what would be begun, such as "GetItem".
            seconds: how long it takes at least.

        Raises:
            DeadlineExceeded: it would end too late.
        """
        if self.left <= seconds:
            raise self.exceeded(what)

    def exceeded(self, what: str) -> DeadlineExceeded:
        """Give the error of what did not end, or was not begun, in time."""
        error = DeadlineExceeded(
            f"{what}: of the {self.seconds:.3g} seconds that there were when the deadline was set, too few "
            "are left; nothing else is sent"
        )
        error.operation = what
        error.seconds = self.seconds
        return error

    def cut_off(self, what: str, *, writes: bool) -> DeadlineExceeded | StoreUnavailable:
        """Give the error of what was under way when the deadline passed, and is not waited for any more.

        Args:
            what: what it was, such as "GetItem".
            writes: whether it may take effect all the same.
        """
        if not writes:
            return self.exceeded(what)
        return StoreUnavailable("the deadline passed before the answer came", ambiguous=True, operation=what)


_current: ContextVar[Deadline | None] = ContextVar("persistence_deadline", default=None)


def present_deadline() -> Deadline | None:
    """Give the deadline that holds here, if there is one."""
    return _current.get()


@contextmanager
def deadline_in(seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> Iterator[Deadline]:
    """Set a deadline for the block; one that is nearer stays.

    Args:
        seconds: until then, from now; 0 or less means that nothing may be begun.
        monotonic: the clock.
    """
    outer = _current.get()
    own = Deadline(monotonic() + seconds, max(0.0, seconds), monotonic)
    deadline = own if outer is None or own.left < outer.left else outer
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)


def check_pause(seconds: float) -> None:
    """Refuse a pause that would outlast the deadline which holds here: nothing could be done after it.

    Args:
        seconds: how long it would be.

    Raises:
        DeadlineExceeded: it would.
    """
    deadline = _current.get()
    if deadline is not None:
        deadline.check("a pause before a repetition", seconds)
