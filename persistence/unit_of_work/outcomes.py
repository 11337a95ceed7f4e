"""How commits ended, and what is kept of those that nobody knows it of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from persistence.commit_plan import Alone, PlannedAction
from persistence.errors import DeadlineExceeded, UnitOfWorkStateError
from persistence.store import tenant_of
from persistence.unit_of_work.attempts import Attempts
from persistence.unit_of_work.domain_events import CollectedEvents
from persistence.unit_of_work.policies import LONGEST_DEADLINE


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that took effect.

    Attributes:
        token: its client token.
        actions: entity type name -> number of its actions.
        commit_id: what its commit record is found by; None if it wrote none.
        planned: the actions themselves, in order, with what was sent, and without the entities, which live as
            long as the application keeps them; empty where another `UnitOfWork` had begun it.
        committed: always True.
    """

    token: str
    actions: Mapping[str, int] = field(default_factory=dict)
    commit_id: str | None = None
    planned: tuple[PlannedAction[Any], ...] = field(default=(), compare=False, repr=False)
    committed: ClassVar[bool] = True

    @classmethod
    def by(cls, sending: Attempts[Any]) -> Committed:
        """Give the outcome of attempts that succeeded."""
        commit = sending.commit
        return cls(sending.token, commit.by_type, sending.commit_id, commit.actions)


class CommittedAlone:
    """A write by itself that took effect; its outcome is put into words where somebody asks for it.

    Args:
        token: its client token.
        write: what was written.
    """

    def __init__(self, token: str, write: Alone) -> None:
        self._token = token
        self._write = write

    @cached_property
    def outcome(self) -> Committed:
        """How it ended."""
        plan = self._write.done
        return Committed(self._token, plan.by_type, None, plan.actions)


class Unresolved(NamedTuple):
    """A commit whose outcome is unknown.

    Attributes:
        sending: its attempts, which can go on.
        events: what was recorded in its unit.
        store: where it was sent.
        begun: when it was sent first, by the clock that only grows.
    """

    sending: Attempts[Any]
    events: CollectedEvents
    store: Any
    begun: float


class UnresolvedCommits:
    """The unknown commits of the last minutes, by token; safe to share between threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[str, Unresolved] = {}

    def keep(self, unresolved: Unresolved) -> None:
        """Keep a commit as long as it may be resumed."""
        with self._lock:
            oldest = self._monotonic() - LONGEST_DEADLINE
            self._known = {token: each for token, each in self._known.items() if each.begun > oldest}
            self._known[unresolved.sending.token] = unresolved

    def take(self, token: str) -> Unresolved | None:
        """Give a commit to the one caller who resumes it; who fails keeps it again."""
        with self._lock:
            return self._known.pop(token, None)


def time_left(age: float, longest: float) -> float:
    """Give the seconds for which a request may still be repeated.

    Args:
        age: seconds since it was sent first.
        longest: the age up to which it may be repeated.

    Raises:
        DeadlineExceeded: it may not be any more.
    """
    if 0 <= age < longest:
        return longest - age
    why = (
        f"the commit was sent first {age:.0f} seconds ago, and after 10 minutes the service forgets its token"
        if age > 0
        else "the commit was begun in the future by the clock here, so that its age is not known"
    )
    error = DeadlineExceeded(
        f"resume: {why}; it could take effect twice. Ask was_committed(...), or read its entities"
    )
    error.committed = None
    raise error


def refuse_other_tenant(tenant: str | None, store: object) -> None:
    """Refuse to resume a commit of one tenant where the store is another one's.

    Args:
        tenant: whose commit it is; None where it is nobody's.
        store: the store that a unit opened now would use.

    Raises:
        UnitOfWorkStateError: it is another one's; the commit stays as unknown as it was.
    """
    if tenant_of(store) != tenant:
        error = UnitOfWorkStateError(
            "resume: the commit was begun in the store of another tenant; resume it where the store is that "
            "tenant's"
        )
        error.committed = None
        raise error


def refuse_strange_token(token: object) -> UnitOfWorkStateError:
    """Give the error for a token that nothing is known of."""
    error = UnitOfWorkStateError(
        f"resume: no commit with the token {token!r} is known to this UnitOfWork as unknown; give the "
        "CommitOutcomeUnknown itself, which holds the request of a transaction. A write that was sent "
        "without one can be resumed only by the UnitOfWork that sent it"
    )
    error.committed = None
    return error
