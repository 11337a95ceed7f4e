"""`with_deadline`: stop before the platform kills the process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, runtime_checkable

from persistence.deadlines import Deadline, deadline_in


@runtime_checkable
class LambdaContext(Protocol):
    """The part of the context of an AWS Lambda function that tells the time."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds until the function is killed."""
        ...


class with_deadline:  # noqa: N801  # it reads as a word of the language
    """Have all calls, repetitions and units of the block stop before the function is killed.

        def handler(event, context):
            with with_deadline(context), uow:
                ...

    From `buffer` seconds before the end on nothing is begun any more, and what is under way is not waited
    for:

    - A read, or a write that was not sent or certainly had no effect, is `DeadlineExceeded`; so is a unit of
      which nothing was written.
    - A commit that may have taken effect is `CommitOutcomeUnknown`, as after any lost answer; a single write
      that a store was given directly is `StoreUnavailable` with `ambiguous=True`.

    It holds for the threads and tasks that work for the block. Blocks may be nested; the nearest deadline
    holds. It works with `async with` as well, and can be used again.

    Args:
        context: the second argument of a Lambda handler; or, on other platforms, the seconds until the
            process is killed.
        buffer: seconds before that which are left to the handler, to answer and to tidy up.

    Raises:
        TypeError: the context is neither.
        ValueError: the buffer is negative.
    """

    def __init__(self, context: LambdaContext | float, buffer: float = 1.0) -> None:
        if isinstance(context, bool) or not isinstance(context, int | float | LambdaContext):
            raise TypeError(
                "with_deadline takes the context of a Lambda handler, its second argument, or a number of "
                f"seconds, not {type(context).__name__}"
            )
        if buffer < 0:
            raise ValueError(f"buffer is {buffer!r}; it is a number of seconds, 0 or more")
        self._context = context
        self._buffer = buffer
        self._entered: list[AbstractContextManager[Deadline]] = []

    @property
    def seconds(self) -> float:
        """Seconds from now until the deadline, as the context tells it."""
        context = self._context
        left = context if isinstance(context, int | float) else context.get_remaining_time_in_millis() / 1000
        return left - self._buffer

    def __enter__(self) -> Deadline:
        block = deadline_in(self.seconds)
        self._entered.append(block)
        return block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.pop().__exit__(kind, error, trace)

    async def __aenter__(self) -> Deadline:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
