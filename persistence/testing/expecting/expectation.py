"""What all expectations have in common: how often, with which answers, and where they were made."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from persistence.errors import QueryError
from persistence.mapping import EntityMapping
from persistence.operations import Operation
from persistence.testing.expecting.showing import counted
from persistence.testing.expecting.wanted import Distance

_HERE = str(Path(__file__).parent)

Answer = Callable[[Any], object]
"""Gives the answer to an operation, or raises an error."""


def caller() -> str:
    """Say where in the user's code something is called: `test_orders.py:41`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return "?" if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _error(error: object) -> BaseException:
    """Give the error that something stands for."""
    made = error
    if isinstance(error, type) and issubclass(error, BaseException):
        try:
            made = error("raised by an expectation")
        except TypeError as failure:
            raise QueryError(f"will_raise: make the {error.__name__} itself, with its arguments") from failure
    if not isinstance(made, BaseException):
        raise QueryError(
            f"will_raise takes an error, such as Throttled('slow down'), not {type(error).__name__}"
        )
    return made


class Expectation(ABC):
    """An operation that is expected, and what is answered then.

    It is expected once, unless `times`, `any_times` or `at_least` says otherwise, or several answers are
    given: then once for each.

    Attributes:
        made_at: where it was made.
        calls: how often it came.
    """

    def __init__(self) -> None:
        self.made_at = caller()
        self.calls = 0
        self._answers: list[Answer] = []
        self._least: int | None = None
        self._most: int | None = None
        self._said = False

    def times(self, number: int) -> Self:
        """Expect it this often, not more and not less; 0 says that it must not come.

        Raises:
            QueryError: the number is negative.
        """
        return self._often(number, number)

    def any_times(self) -> Self:
        """Accept it any number of times, or not at all."""
        return self._often(0, None)

    def at_least(self, number: int) -> Self:
        """Expect it this often or more.

        Raises:
            QueryError: the number is negative.
        """
        return self._often(number, None)

    def _often(self, least: int, most: int | None) -> Self:
        if isinstance(least, bool) or not isinstance(least, int) or least < 0:
            raise QueryError(f"an operation is expected 0 times or more, not {least!r}")
        self._least, self._most, self._said = least, most, True
        return self

    def will_raise(self, error: BaseException | type[BaseException]) -> Self:
        """Answer with an error.

        Args:
            error: what a store would raise: a `StoreError` or `ConflictError` of `persistence.errors`, such
                as `Throttled("slow down")`; or its class.

        Raises:
            QueryError: it is no error, or a class that needs further arguments.
        """
        raised = _error(error)

        def failing(operation: object) -> object:
            raise raised

        return self._answering(failing)

    def _answering(self, answer: Answer) -> Self:
        self._answers.append(answer)
        return self

    @property
    def least(self) -> int:
        """How often it must come."""
        return self._least if self._said and self._least is not None else max(1, len(self._answers))

    @property
    def exhausted(self) -> bool:
        """Whether it came as often as it may."""
        most = self._most if self._said else self.least
        return most is not None and self.calls >= most

    @property
    def met(self) -> bool:
        """Whether it came as often as it must."""
        return self.calls >= self.least

    @property
    def how_often(self) -> str:
        """Say how often it is expected, and how often it came."""
        if self._said and self._most is None:
            wish = f"at least {counted(self.least, 'time')}" if self.least else "any number of times"
        else:
            wish = "never" if self.least == 0 else "once" if self.least == 1 else counted(self.least, "time")
        return f"expected {wish}, came {counted(self.calls, 'time') if self.calls else 'not yet'}"

    def answer(self, operation: Operation[Any]) -> object:
        """Count the operation, and answer it.

        Raises:
            BaseException: what it will raise.
        """
        place = min(self.calls, len(self._answers) - 1)
        self.calls += 1
        return self._answers[place](operation) if self._answers else self.usual_answer(operation)

    def continues(self, operation: Operation[Any]) -> bool:
        """Tell whether an operation goes on with an answer that has begun, so that it does not count anew."""
        return False

    def go_on(self, operation: Operation[Any]) -> object:
        """Answer an operation that goes on."""
        raise NotImplementedError

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """The mappings that it names."""
        return ()

    @property
    @abstractmethod
    def title(self) -> str:
        """What is expected, in words."""

    @abstractmethod
    def lines(self) -> list[str]:
        """Say what is expected of it, one line each."""

    @abstractmethod
    def distance(self, operation: Operation[Any]) -> Distance:
        """Tell how an operation differs from what is expected."""

    @abstractmethod
    def usual_answer(self, operation: Operation[Any]) -> object:
        """Give the answer where none was said."""
