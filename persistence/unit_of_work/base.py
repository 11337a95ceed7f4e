"""What synchronous and asynchronous units of work share: policies, scopes, and the commit as a flow."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar, get_args

from persistence.commit_plan import CommitPlan, PlannedAction, plan
from persistence.errors import (
    CommitConflict,
    CommitOutcomeUnknown,
    ConcurrentUse,
    ConflictError,
    PersistenceError,
    UnitClosed,
    UnitOfWorkStateError,
)
from persistence.events import event_log, is_heard
from persistence.flows import Flow
from persistence.store import AsyncStore, Store, check_store_source, present_store
from persistence.timing import Timing
from persistence.tracking import IdentityMap
from persistence.unit_of_work import scopes
from persistence.unit_of_work.commit import LONGEST_DEADLINE, CommitAttempts
from persistence.unit_of_work.scopes import ScopeEntry
from persistence.unit_of_work.unit import Unit, UnitState

S = TypeVar("S", bound=Store | AsyncStore)
T = TypeVar("T")

ScanPolicy = Literal["warn", "forbid", "allow"]
"""What happens to a query that only a scan can answer."""

DEFAULT_DEADLINE = 8.0
"""Seconds: the service recovers a transaction that hangs when it is asked again after 5 seconds."""


def utc_now() -> datetime:
    """Give the present time, aware."""
    return datetime.now(UTC)


def random_id() -> str:
    """Give a new identifier of 32 characters; a client token may have 36."""
    return os.urandom(16).hex()


class UnitOfWorkBase(Generic[S]):
    """The policies of a unit of work and its open scopes; see `UnitOfWork` for how it is used."""

    def __init__(
        self,
        store: S | Callable[[], S],
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], str] = random_id,
        deadline: float = DEFAULT_DEADLINE,
        autocommit: bool = True,
        scan_policy: ScanPolicy = "warn",
        timing: Timing | None = None,
    ) -> None:
        if not isinstance(deadline, int | float) or not 0 < deadline <= LONGEST_DEADLINE:
            raise UnitOfWorkStateError(
                f"the deadline of a commit must be over 0 and at most {LONGEST_DEADLINE:.0f} seconds (the "
                "service "
                f"forgets its client token after 10 minutes), not {deadline!r}"
            )
        if scan_policy not in get_args(ScanPolicy):
            raise UnitOfWorkStateError(f"scan_policy is one of {get_args(ScanPolicy)}, not {scan_policy!r}")
        check_store_source(store)
        self._store = store
        self._clock = clock
        self._ids = ids
        self._deadline = deadline
        self._autocommit = autocommit
        self.scan_policy: ScanPolicy = scan_policy
        self.timing = timing or Timing()

    @property
    def store(self) -> S:
        """The store that a unit opened now would use."""
        return present_store(self._store)

    @property
    def pending(self) -> tuple[PlannedAction[Any], ...]:
        """The actions that a commit would send now, in order; nothing is sent or changed by looking.

        Raises:
            ValidationFailed, KeyChanged, ItemTooLarge: as the commit would.
            UnitOfWorkStateError: no unit is open here.
        """
        unit = self._entry("pending").unit
        return self._plan(unit).actions

    def rollback(self) -> None:
        """Drop all entities and changes of the unit; the objects stay as they are, later reads load anew.

        Raises:
            UnitOfWorkStateError: no unit is open here, or this scope only joined it.
        """
        self._opened("rollback").unit.entities.clear()

    def current_unit(self) -> Unit[S] | None:
        """Give the unit that calls in this context belong to, or None where they act at once.

        Raises:
            UnitClosed, UnitBroken, ConcurrentUse, UnitOfWorkStateError: the unit here can't be used.
        """
        entry = scopes.innermost(self)
        if entry is None:
            return None
        entry.unit.check()
        return entry.unit

    def committing_at_once(self, work: Callable[[IdentityMap], T]) -> Flow[T]:
        """Do what a repository call does to the identity map as a unit of its own.

        Args:
            work: puts entities into the identity map.

        Returns:
            What `work` returns.

        Raises:
            UnitOfWorkStateError: the policy is `autocommit=False`.
            ConflictError: the reason itself, if the one action was refused.
        """
        if not self._autocommit:
            raise UnitOfWorkStateError(
                "a write outside a unit of work: this UnitOfWork was made with autocommit=False; "
                "write `with uow:` around it"
            )
        unit = Unit(self.store)
        result = work(unit.entities)
        try:
            yield from self._commit(unit)
        except CommitConflict as refused:
            raise _only_reason(refused) from refused.__cause__
        return result

    def _enter(self, *, one_shot: bool = False) -> ScopeEntry:
        entry = scopes.innermost(self)
        if entry is None or entry.unit.closed:
            entry = ScopeEntry(self, Unit(self.store), opener=True, one_shot=one_shot)
        else:
            entry.unit.check()
            entry.unit.joined += 1
            entry = ScopeEntry(self, entry.unit, opener=False, one_shot=one_shot)
        scopes.push(entry)
        return entry

    def _leave(self, entry: ScopeEntry, failure: BaseException | None) -> Flow[None]:
        scopes.remove(entry)
        unit = entry.unit
        if not entry.opener:
            _leave_joined(unit, failure)
            return
        try:
            if failure is None:
                yield from self._finish(unit)
                unit.end(UnitState.COMMITTED)
        finally:
            if not unit.closed:
                unit.end(UnitState.DISCARDED)
                event_log().debug("uow.discarded", broken=unit.first_failure is not None)

    def _finish(self, unit: Unit[S]) -> Flow[None]:
        unit.raise_first_failure()
        try:
            unit.check_owner()
            _refuse_joined(unit)
        except (ConcurrentUse, UnitOfWorkStateError) as error:
            unit.break_with(error)
            raise
        yield from self._commit(unit)

    def _commit(self, unit: Unit[S]) -> Flow[None]:
        """Collect, plan, perform, absorb; a failure breaks the unit."""
        unit.check()
        try:
            commit = self._plan(unit)
            commit.check(unit.store.limits)
            if commit.actions:
                unit.state = UnitState.COMMITTING
                yield from self._send(commit)
                commit.absorb(unit.entities)
                unit.state, unit.written = UnitState.OPEN, True
            unit.entities.forget_absent()
        except BaseException as error:
            unit.break_with(error)
            raise

    def _plan(self, unit: Unit[S]) -> CommitPlan:
        return plan(unit.entities, self._clock, unit.store.limits)

    def _send(self, commit: CommitPlan) -> Flow[None]:
        log, begun = event_log(), self.timing.monotonic()
        sending = CommitAttempts(commit, commit.request(self._ids()), self._deadline, self.timing, log)
        try:
            result = yield from sending.flow()
        except ConflictError as refused:
            log.warning("uow.conflicted", actions=commit.by_type, reasons=_reason_names(refused))
            raise
        except CommitOutcomeUnknown as unknown:
            log.warning("uow.outcome_lost", actions=commit.by_type, token=unknown.token)
            raise
        except PersistenceError as failed:
            log.warning("uow.failed", actions=commit.by_type, error=type(failed).__name__)
            raise
        if not is_heard(log, logging.INFO):
            return
        log.info(
            "uow.committed",
            actions=commit.by_type,
            tables=sorted({planned.tracked.mapping.table.name for planned in commit.actions}),
            seconds=round(self.timing.monotonic() - begun, 6),
            write_units=sum(consumed.write_units for consumed in result.capacity),
        )

    def _entry(self, call: str) -> ScopeEntry:
        entry = scopes.innermost(self)
        if entry is None:
            raise UnitOfWorkStateError(f"{call}: no unit of work is open here; write `with uow:` around it")
        entry.unit.check()
        return entry

    def _opened(self, call: str) -> ScopeEntry:
        entry = self._entry(call)
        if not entry.opener:
            raise UnitOfWorkStateError(
                f"{call}: this scope joined a unit that an outer `with uow:` opened; only that one may {call}"
            )
        return entry

    def _left_here(self) -> ScopeEntry:
        entry = scopes.innermost_block(self)
        if entry is None:
            raise UnitOfWorkStateError(
                "this block is left in another context than the one in which it was entered, so nothing was "
                "committed; in generators and fixtures write `with uow():`"
            )
        return entry

    def _refuse_open_unit(self, call: str) -> None:
        entry = scopes.innermost(self)
        if entry is not None and not entry.unit.closed:
            raise UnitOfWorkStateError(
                f"{call}: a unit of work is open here; only a whole unit can be repeated, so call it outside"
            )


def _leave_joined(unit: Unit[Any], failure: BaseException | None) -> None:
    """Leave an inner scope; one that ends well says so only if its unit did not fail meanwhile."""
    unit.check_owner()
    unit.joined -= 1
    if failure is not None:
        unit.break_with(failure)
        return
    unit.raise_first_failure()
    if unit.closed:
        raise UnitClosed(
            f"the unit that this scope joined was left before it ({unit.state.value}); nothing was written"
        )


def _refuse_joined(unit: Unit[Any]) -> None:
    if unit.joined:
        raise UnitOfWorkStateError(
            f"the unit's block was left while {unit.joined} scope(s) that joined it were still inside; "
            "nothing was "
            "written. Await the tasks that use a unit before leaving its block"
        )


def _only_reason(refused: CommitConflict) -> ConflictError:
    return refused.reasons[0] if len(refused.reasons) == 1 else refused


def _reason_names(refused: ConflictError) -> dict[str, int]:
    reasons = refused.reasons if isinstance(refused, CommitConflict) else (refused,)
    return dict(
        Counter(
            f"{type(reason).__name__} {getattr(reason.entity_type, '__name__', '')}".strip()
            for reason in reasons
        )
    )
