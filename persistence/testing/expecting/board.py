"""The expectations of one store: which of them an operation meets, and what is left when the test ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from persistence.errors import UnitOfWorkStateError
from persistence.mapping import EntityMapping
from persistence.operations import Operation
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.failures import ExpectationFailed
from persistence.testing.expecting.report import unexpected, unmet

Order = Literal["any", "strict"]


class Elsewhere(Enum):
    """What is said of an operation that nothing expects, where another store performs it."""

    ELSEWHERE = "elsewhere"


ELSEWHERE = Elsewhere.ELSEWHERE


@dataclass(frozen=True, slots=True)
class _Choice:
    """The expectation that an operation meets, and whether it goes on with an answer that has begun."""

    expectation: Expectation
    goes_on: bool = False


class Board:
    """The expectations of one store; safe to share between threads.

    Args:
        order: whether operations come in the order of the expectations.
        passes_on: whether what nothing expects is performed elsewhere.
    """

    def __init__(self, order: Order, *, passes_on: bool) -> None:
        if order not in ("any", "strict"):
            raise UnitOfWorkStateError(f'the order of expectations is "any" or "strict", not {order!r}')
        self._strict = order == "strict"
        self._passes_on = passes_on
        self._lock = threading.RLock()
        self._expectations: list[Expectation] = []
        self._came: list[Operation[Any]] = []
        self._refused: list[ExpectationFailed] = []
        self._reached = 0

    def add(self, expectation: Expectation) -> None:
        """Add an expectation behind the others."""
        with self._lock:
            self._expectations.append(expectation)

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """The mappings that expectations name."""
        with self._lock:
            return tuple(dict.fromkeys(mapping for each in self._expectations for mapping in each.mappings))

    @property
    def refused(self) -> tuple[ExpectationFailed, ...]:
        """The failures so far: what was raised for operations that nothing expects."""
        with self._lock:
            return tuple(self._refused)

    def answer(self, operation: Operation[Any]) -> object:
        """Answer an operation.

        Returns:
            The answer; `ELSEWHERE` where another store performs it.

        Raises:
            ExpectationFailed: nothing expects it.
            BaseException: what its expectation raises.
        """
        with self._lock:
            self._came.append(operation)
            choice = self._chosen(operation)
            if choice is not None:
                return self._answered(choice, operation)
            if self._passes_on:
                return ELSEWHERE
            failure = ExpectationFailed(self._report(operation))
            self._refused.append(failure)
        # Without context: to a unit of work it is an interruption, whose outcome is unknown.
        raise failure from None

    def _answered(self, choice: _Choice, operation: Operation[Any]) -> object:
        try:
            expectation = choice.expectation
            return expectation.go_on(operation) if choice.goes_on else expectation.answer(operation)
        except ExpectationFailed as failure:
            self._refused.append(failure)
            raise

    def _chosen(self, operation: Operation[Any]) -> _Choice | None:
        fitting = [each for each in self._expectations if each.distance(operation).none]
        going_on = next((each for each in fitting if each.continues(operation)), None)
        if going_on is not None:
            return _Choice(going_on, goes_on=True)
        if self._strict:
            return self._next(fitting)
        return next((_Choice(each) for each in fitting if not each.exhausted), None)

    def _next(self, fitting: list[Expectation]) -> _Choice | None:
        """Choose in order: what comes before must be met by now."""
        for place in range(self._reached, len(self._expectations)):
            expectation = self._expectations[place]
            if not expectation.exhausted and any(each is expectation for each in fitting):
                self._reached = place
                return _Choice(expectation)
            if not expectation.met:
                return None
        return None

    def _report(self, operation: Operation[Any]) -> str:
        turn = next((each for each in self._expectations[self._reached :] if not each.met), None)
        return unexpected(operation, self._expectations, turn if self._strict else None, self.mappings)

    def verify(self) -> None:
        """Fail unless all that was expected came, and nothing else.

        Raises:
            ExpectationFailed: with the first failure, or with all that did not come.
        """
        with self._lock:
            if self._refused:
                raise ExpectationFailed(f"refused before, and gone on after it:\n\n{self._refused[0]}")
            open_ones = [each for each in self._expectations if not each.met]
            if open_ones:
                raise ExpectationFailed(unmet(open_ones, self._came, self.mappings))


def told(board: Board, failure: BaseException) -> None:
    """Note at an error of a test what was refused before, which may be why it was raised."""
    seen: set[int] = set()
    links: Iterable[BaseException | None] = (failure,)
    while links:
        links = [link for link in links if link is not None and id(link) not in seen]
        seen.update(map(id, links))
        links = [next_ for link in links if link is not None for next_ in (link.__cause__, link.__context__)]
    for refused in board.refused:
        if id(refused) not in seen:
            failure.add_note(f"an operation had been refused before:\n\n{refused}")
            return
