"""Stores that answer from a recording: synchronous and asynchronous."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, Literal, TypeVar, cast

from persistence.errors import UnitOfWorkStateError
from persistence.operations import Operation
from persistence.store import Limits
from persistence.stores.tenancy.face import AsyncForTenants, ForTenants
from persistence.testing.expecting.recognising import shown_operation
from persistence.testing.expecting.showing import counted, indented
from persistence.testing.recordings.comparing import Sameness, differing
from persistence.testing.recordings.failures import RecordingMismatch
from persistence.testing.recordings.recording import Call, Recording
from persistence.testing.recordings.redaction import Redaction
from persistence.testing.recordings.values import Json

R = TypeVar("R")

ReplayOrder = Literal["strict", "any"]

_SHOWN = 20
"""How many operations a report lists."""


class Replaying:
    """What both stores share: finding the recorded call that an operation repeats.

    Args:
        recording: a recording, or the path of its file.
        order: "strict" where operations come as they were recorded; or "any", where each is answered by the
            first call of the same operation that was not repeated yet.
        ignoring: names of attributes whose values may differ, at any depth.
        redact: what was given when it was recorded.

    Raises:
        RecordingError: there is no such file, or it is no recording.
    """

    def __init__(
        self,
        recording: Recording | str | os.PathLike[str],
        *,
        order: ReplayOrder = "strict",
        ignoring: Iterable[str] = (),
        redact: Redaction = (),
    ) -> None:
        if order not in ("strict", "any"):
            raise UnitOfWorkStateError(f'the order of a replay is "strict" or "any", not {order!r}')
        self._name = "the recording" if isinstance(recording, Recording) else os.fspath(recording)
        loaded = recording if isinstance(recording, Recording) else Recording.load(recording)
        self._sameness = Sameness(_kept(ignoring), redact if callable(redact) else _kept(redact))
        # One after the other, so that what is asked at once comes in the order in which it was asked.
        self._limits = replace(loaded.limits, concurrent_requests=1)
        self._strict = order == "strict"
        self._lock = threading.Lock()
        self._left: list[tuple[int, Call, Json]] = [
            (number, call, self._sameness.form(call.operation)) for number, call in enumerate(loaded.calls, 1)
        ]
        self._count = len(self._left)
        self._refused: RecordingMismatch | None = None

    @property
    def limits(self) -> Limits:
        """The limits of the store that was recorded; one request at a time."""
        return self._limits

    def _answer(self, operation: Operation[Any]) -> Any:
        call = self._call(operation)
        if call.error is not None:
            raise deepcopy(call.error)
        return deepcopy(call.answer)

    def _call(self, operation: Operation[Any]) -> Call:
        form = self._sameness.form(operation)
        with self._lock:
            possible = self._left[:1] if self._strict else self._left
            for place, (_, call, recorded) in enumerate(possible):
                if recorded == form:
                    del self._left[place]
                    return call
            failure = RecordingMismatch("\n".join(self._report(operation, form)))
            self._refused = self._refused or failure
        # Without context: to a unit of work it is an interruption, whose outcome is unknown.
        raise failure from None

    def _report(self, operation: Operation[Any], form: Json) -> Iterator[str]:
        yield f"an operation came that {self._name} does not have {'here' if self._strict else 'any more'}:"
        yield ""
        yield from indented(shown_operation(operation, ()))
        yield ""
        yield from self._expected(form)
        yield ""
        yield (
            "If the code is right, record it anew: run the test with PERSISTENCE_CASSETTES=record, or delete "
            "the file. Attributes that differ each time can be left out: ignoring=[...]."
        )

    def _expected(self, form: Json) -> Iterator[str]:
        if not self._left:
            yield f"all of its {counted(self._count, 'operation')} were asked before."
            return
        number, call, recorded = min(
            self._left[:1] if self._strict else self._left,
            key=lambda each: sum(1 for _ in differing(each[2], form)),
        )
        yield f"{'next' if self._strict else 'nearest'} is number {number} of {self._count}:"
        yield ""
        yield from indented(shown_operation(call.operation, ()))
        yield ""
        yield "it differs:"
        yield ""
        yield from indented(differing(recorded, form))
        if self._strict:
            later = [each[0] for each in self._left[1:] if each[2] == form]
            if later:
                yield ""
                yield f'it is number {later[0]} of them; where the order does not matter, write order="any"'

    def verify(self) -> None:
        """Fail unless all that was recorded was asked again, and nothing else.

        Raises:
            RecordingMismatch: with what was refused, or with what is left.
        """
        __tracebackhide__ = True
        with self._lock:
            if self._refused is not None:
                raise RecordingMismatch(f"refused before, and gone on after it:\n\n{self._refused}")
            if self._left:
                raise RecordingMismatch("\n".join(self._unasked()))

    def _unasked(self) -> Iterator[str]:
        yield f"{counted(len(self._left), 'operation')} of {self._name} did not come:"
        yield ""
        for number, call, _ in self._left[:_SHOWN]:
            yield f"    {number}. {shown_operation(call.operation, ())[0]}"
        if len(self._left) > _SHOWN:
            yield f"    and {len(self._left) - _SHOWN} more"
        yield ""
        yield "If the code is right, record it anew: run the test with PERSISTENCE_CASSETTES=record."


def _kept(names: Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


class ReplayStore(Replaying, ForTenants):
    """A store that answers from a recording, without any store behind it.

        store = ReplayStore("tests/recordings/orders.jsonl")

    Errors are raised as they were. An operation that was not recorded is refused with a report.
    """

    def perform(self, operation: Operation[R]) -> R:
        """Answer an operation as it was answered when it was recorded.

        Raises:
            RecordingMismatch: it was not recorded, or not here.
            PersistenceError: what was raised then.
        """
        __tracebackhide__ = True
        return cast("R", self._answer(operation))


class AsyncReplayStore(Replaying, AsyncForTenants):
    """The same as `ReplayStore` for asynchronous code."""

    async def perform(self, operation: Operation[R]) -> R:
        """Answer an operation as it was answered when it was recorded; see `ReplayStore.perform`."""
        __tracebackhide__ = True
        return cast("R", self._answer(operation))
