"""Layers that watch: they are told of each operation when it is over, and change nothing about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from persistence.events import event_log
from persistence.flows import Flow, perform
from persistence.operation_facts import table_of
from persistence.operations import Operation
from persistence.stores.layers.facts import Amounts, amounts_of, index_of
from persistence.stores.layers.layer import Layer

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Performed:
    """An operation that is over.

    Attributes:
        operation: what was asked.
        answer: what the store gave; None if it raised, and for operations without an answer.
        error: what the store raised, `CancelledError` of a cancelled task included; None if it answered.
        seconds: how long it took.
    """

    operation: Operation[Any]
    answer: object
    error: BaseException | None
    seconds: float

    @property
    def name(self) -> str:
        """The operation's name, such as "QueryPage"."""
        return type(self.operation).__name__

    @property
    def table(self) -> str | None:
        """The name of its table; None if it concerns several."""
        return table_of(self.operation)

    @property
    def index(self) -> str | None:
        """The name of the index that it reads, if it reads one."""
        return index_of(self.operation)

    @property
    def failure(self) -> str | None:
        """The name of the error's class, or None."""
        return None if self.error is None else type(self.error).__name__

    @property
    def amounts(self) -> Amounts:
        """How much it read, gave back and cost; nothing if it failed."""
        return amounts_of(self.answer)


class Observer(Layer):
    """A layer that is told of each operation when it is over, in `performed`, which subclasses write.

    It can't change what the application gets: where `performed` raises an exception, that goes to the log as
    `observer.failed`, since an operation that took effect must not look like one that failed.

    Attributes:
        clock: gives seconds that only grow.
    """

    # A function of C's, as this one is, does not become a method of the class that holds it.
    clock: Callable[[], float] = time.perf_counter

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Pass an operation on, and tell `performed` how it went."""
        begun = self.clock()
        try:
            answer = yield from perform(operation)
        except BaseException as error:
            self._tell(Performed(operation, None, error, self.clock() - begun))
            raise
        self._tell(Performed(operation, answer, None, self.clock() - begun))
        return answer

    def performed(self, call: Performed) -> None:
        """Take notice of an operation; called by any thread.

        Args:
            call: what was asked, and how it went.
        """

    def _tell(self, call: Performed) -> None:
        try:
            self.performed(call)
        except Exception as failure:  # noqa: BLE001  # whoever watches does not decide what happens
            event_log().warning(
                "observer.failed",
                observer=type(self).__name__,
                operation=call.name,
                error=type(failure).__name__,
            )
