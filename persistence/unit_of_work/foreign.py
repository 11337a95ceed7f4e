"""An unknown commit that is taken up elsewhere: the request is known, its entities are not."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.conflicts import INNOCENT
from persistence.errors import (
    ActionRefused,
    CommitConflict,
    CommitOutcomeUnknown,
    TransactionCancelled,
    described,
)
from persistence.flows import Flow
from persistence.operations import TransactWriteResult
from persistence.unit_of_work.transaction import TransactionAttempts


@dataclass(slots=True)
class ForeignAttempts(TransactionAttempts):
    """The attempts of a transaction of which only the request is known.

    Attributes:
        keys: (entity type name, key values) of each action.
    """

    keys: tuple[tuple[str, tuple[object, ...]], ...] = ()

    def unknown(self) -> CommitOutcomeUnknown:
        """Give the error that says that nobody knows."""
        return CommitOutcomeUnknown(self.token, self.keys, self.request, self.begun, self.commit_id)

    def _refused(self, cancelled: TransactionCancelled) -> Flow[TransactWriteResult]:
        if len(cancelled.reasons) != len(self.keys):
            return (yield from self._doubt(cancelled))
        if self._is_recorded(cancelled):
            return TransactWriteResult()
        self.refusal = cancelled
        return (yield from self._fence(cancelled))

    def _conflict(self, cancelled: TransactionCancelled) -> CommitConflict:
        pairs = zip(self.keys, cancelled.reasons, strict=True)
        return CommitConflict(
            ActionRefused(f"{described(name, key)} was refused: {reason.code}", key=key)
            for (name, key), reason in pairs
            if reason.code != INNOCENT
        )
