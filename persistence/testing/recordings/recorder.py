"""A layer that records what a store is asked and what it answers."""

from __future__ import annotations

import os
import threading
from copy import copy, deepcopy
from typing import Any, TypeVar

from persistence.errors import PersistenceError
from persistence.flows import Flow, perform
from persistence.operations import Operation, Page
from persistence.store import Limits
from persistence.stores.layers import Layer
from persistence.testing.copying import copied
from persistence.testing.recordings.recording import Call, Recording
from persistence.testing.recordings.redaction import Redaction, redacting
from persistence.testing.recordings.walking import replaced, replaced_error

R = TypeVar("R")


class Recorder(Layer):
    """A layer that records operations with their answers and errors; it changes nothing about them.

        recorder = Recorder(redact=["email"])
        store = layered(DynamoStore(), recorder)
        ...
        recorder.save("tests/recordings/orders.jsonl")

    What is broken off, by a cancelled task for example, is not recorded, since it has no answer.

    Args:
        redact: names of attributes, at any depth, whose values are not recorded; or a function that gets the
            name of an attribute and its value, and gives the value that is recorded.
    """

    def __init__(self, *, redact: Redaction = ()) -> None:
        self._redacting = redacting(redact)
        self._lock = threading.Lock()
        self._calls: list[Call | None] = []

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation by way of the store below, and record it."""
        asked = self._redacted(copied(operation))
        with self._lock:
            place = len(self._calls)
            self._calls.append(None)
        try:
            answer = yield from perform(operation)
        except PersistenceError as error:
            self._put(place, Call(asked, error=self._redacted_error(error)))
            raise
        self._put(place, Call(asked, self._redacted(_kept(answer))))
        return answer

    def _put(self, place: int, call: Call) -> None:
        with self._lock:
            self._calls[place] = call

    def _redacted(self, part: R) -> R:
        return part if self._redacting is None else replaced(part, self._redacting)

    def _redacted_error(self, error: PersistenceError) -> PersistenceError:
        if self._redacting is None:
            return copy(error)  # as it is now: above, it may come to hold what an application reads
        return replaced_error(error, self._redacting)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was recorded so far, in the order in which it was asked."""
        with self._lock:
            return tuple(call for call in self._calls if call is not None)

    def recording(self, limits: Limits | None = None, *, asynchronous: bool = False) -> Recording:
        """Give what was recorded so far.

        Args:
            limits: those of the store, so that its replay plans as it did.
            asynchronous: whether the store is.
        """
        return Recording(self.calls, limits or Limits(), asynchronous)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was recorded so far to a file.

        Raises:
            OSError: the file can't be written.
        """
        self.recording().save(path)


def _kept(answer: R) -> R:
    """Copy an answer, since it is its receiver's to change."""
    if isinstance(answer, Page):
        page: Any = Page(
            tuple(deepcopy(list(answer.items))),
            deepcopy(answer.last_key),
            answer.count,
            answer.scanned_count,
            answer.capacity,
        )
        return page  # type: ignore[no-any-return]  # a page it is
    return deepcopy(answer)
