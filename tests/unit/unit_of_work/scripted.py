"""A store that answers commits as a test says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, TypeVar, cast

from persistence import PersistenceError
from persistence.operations import Operation, TransactWriteResult
from persistence.store import AWS_LIMITS

R = TypeVar("R")

Answer = TransactWriteResult | PersistenceError


@dataclass
class Scripted:
    """A store that gives one answer after the other, the last one for ever, and keeps what it was sent."""

    answers: Iterable[Answer]
    sent: list[Operation[Any]] = field(default_factory=list)
    limits = AWS_LIMITS

    def __post_init__(self) -> None:
        *first, last = self.answers
        self._answers = chain(first, repeat(last))

    def perform(self, operation: Operation[R]) -> R:
        self.sent.append(operation)
        answer = next(self._answers)
        if isinstance(answer, PersistenceError):
            raise answer
        return cast(R, answer)
