"""The policies of a unit of work: what its constructor takes, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import persistence.outbox as outboxes
from persistence.cursors import Cursors
from persistence.errors import UnitOfWorkStateError
from persistence.mapping import EntityMapping
from persistence.timing import Timing
from persistence.unit_of_work.domain_events import DomainEvents
from persistence.unit_of_work.records import CommitRecord

ScanPolicy = Literal["warn", "forbid", "allow"]
"""What happens to a query that only a scan can answer."""

SingleWrite = Literal["transaction", "conditional"]
"""How a unit of one write is sent."""

Isolation = Literal["default", "serializable"]
"""What a commit demands of what the unit has read and does not write: nothing, or that it is unchanged."""

DEFAULT_DEADLINE = 8.0
"""Seconds: the service recovers a transaction that hangs when it is asked again after 5 seconds."""

LONGEST_DEADLINE = 540.0
"""Seconds for which a commit may be repeated: the service forgets a client token after 10 minutes."""

COMMIT_ID_LENGTH = 200
"""Characters of a commit id; it is part of a key."""


def utc_now() -> datetime:
    """Give the present time, aware."""
    return datetime.now(UTC)


def random_id() -> str:
    """Give a new identifier of 32 characters; a client token may have 36."""
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class Policies:
    """What is decided once for all units of a unit of work; see `UnitOfWork` for what each means."""

    clock: Callable[[], datetime]
    ids: Callable[[], str]
    deadline: float
    single_write: SingleWrite
    autocommit: bool
    scan_policy: ScanPolicy
    events: DomainEvents
    outbox: type[outboxes.OutboxMapping] | None
    records: EntityMapping[CommitRecord] | None
    timing: Timing
    cursors: Cursors

    def __post_init__(self) -> None:
        if (
            isinstance(self.deadline, bool)
            or not isinstance(self.deadline, int | float)
            or not 0 < self.deadline <= LONGEST_DEADLINE
        ):
            raise UnitOfWorkStateError(
                f"the deadline of a commit must be over 0 and at most {LONGEST_DEADLINE:.0f} seconds (the "
                f"service forgets its client token after 10 minutes), not {self.deadline!r}"
            )
        for name in ("clock", "ids"):
            if not callable(getattr(self, name)):
                raise UnitOfWorkStateError(
                    f"{name} is a function without arguments, not {getattr(self, name)!r}"
                )
        if not isinstance(self.autocommit, bool):
            raise UnitOfWorkStateError(f"autocommit is True or False, not {self.autocommit!r}")
        if not isinstance(self.timing, Timing):
            raise UnitOfWorkStateError(f"timing is a Timing, not {type(self.timing).__name__}")
        check_word("scan_policy", self.scan_policy, ScanPolicy)
        check_word("single_write", self.single_write, SingleWrite)
        if self.outbox is not None:
            outboxes.check_outbox(self.outbox)


def check_word(argument: str, given: object, words: Any) -> None:
    """Refuse a word that an argument does not take.

    Raises:
        UnitOfWorkStateError: with the words that it takes.
    """
    if given not in get_args(words):
        raise UnitOfWorkStateError(f"{argument} is one of {get_args(words)}, not {given!r}")


def check_commit_id(commit_id: str | None) -> str | None:
    """Refuse what can't be a commit id.

    Raises:
        UnitOfWorkStateError: it is no text of 1 to 200 characters.
    """
    if commit_id is None or (isinstance(commit_id, str) and 1 <= len(commit_id) <= COMMIT_ID_LENGTH):
        return commit_id
    raise UnitOfWorkStateError(f"commit_id is a text of 1 to {COMMIT_ID_LENGTH} characters")
