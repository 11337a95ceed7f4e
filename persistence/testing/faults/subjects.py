"""What a fault can happen to: the operations, and what a rule needs to know of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from persistence.operation_facts import WRITES, OperationType
from persistence.operations import BatchGetItems, BatchWriteItems, Operation, TransactGet, TransactWrite


@dataclass(frozen=True, slots=True)
class Subject:
    """One operation on its way to the store, as far as rules mind it.

    Attributes:
        operation: its type.
        token: the client token of a transaction, if it has one.
        size: number of its actions, gets or writes, where one operation has several.
    """

    operation: OperationType
    token: str | None = None
    size: int = 1

    @property
    def name(self) -> str:
        """The name of the operation's type, such as "TransactWrite"."""
        return self.operation.__name__

    @property
    def writes(self) -> bool:
        """Whether it can change something."""
        return self.operation in WRITES


def subject_of(operation: Operation[Any]) -> Subject:
    """Describe an operation for the rules."""
    match operation:
        case TransactWrite(actions, token):
            return Subject(TransactWrite, token, len(actions))
        case TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            return Subject(type(operation), size=len(parts))
        case _:
            return Subject(type(operation))
