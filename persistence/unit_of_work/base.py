"""What synchronous and asynchronous units of work share: policies, scopes, and what ends them, as flows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar, Generic, TypeVar

import persistence.commit_plan as plans
import persistence.outbox as outboxes
from persistence.attributes import Item
from persistence.cursors import CursorKeys, Cursors, KeySource
from persistence.entity_keys import EntityKey
from persistence.errors import (
    CommitConflict,
    CommitOutcomeUnknown,
    ConcurrentUse,
    PersistenceError,
    UnitOfWorkStateError,
)
from persistence.events import event_log
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.operations import Returning
from persistence.patches import Patch
from persistence.store import AsyncStore, Store, check_colour, check_store_source, present_store
from persistence.table import Table
from persistence.timing import Timing
from persistence.tracking import IdentityMap, Tracked
from persistence.unit_of_work import committing, scopes
from persistence.unit_of_work.declared import DeclaredTables
from persistence.unit_of_work.domain_events import (
    CollectedEvents,
    DomainEvents,
    Handlers,
    domain_events,
    hand_on,
)
from persistence.unit_of_work.joining import leave_joined, refuse_joined, refuse_to_tighten
from persistence.unit_of_work.policies import (
    DEFAULT_DEADLINE,
    Isolation,
    Policies,
    ScanPolicy,
    SingleWrite,
    check_commit_id,
    check_word,
    random_id,
    utc_now,
)
from persistence.unit_of_work.records import compiled_records
from persistence.unit_of_work.scopes import ScopeEntry, innermost
from persistence.unit_of_work.unit import Unit, UnitState

S = TypeVar("S", bound=Store | AsyncStore)
T = TypeVar("T")
E = TypeVar("E")


class UnitOfWorkBase(Generic[S]):
    """The policies of a unit of work and its open scopes; see `UnitOfWork` for how it is used.

    Attributes:
        declared: what its repositories say of their tables.
    """

    _asynchronous: ClassVar[bool]

    def __init__(
        self,
        store: S | Callable[[], S],
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], str] = random_id,
        deadline: float = DEFAULT_DEADLINE,
        single_write: SingleWrite = "transaction",
        autocommit: bool = True,
        scan_policy: ScanPolicy = "warn",
        events: DomainEvents | Handlers | None = None,
        outbox: type[outboxes.OutboxMapping] | None = None,
        commit_record: str | Table | None = None,
        timing: Timing | None = None,
        cursor_keys: KeySource | None = None,
    ) -> None:
        check_store_source(store)
        self._store = store
        self._policies = Policies(
            clock,
            ids,
            deadline,
            single_write,
            autocommit,
            scan_policy,
            domain_events(events),
            outbox,
            compiled_records(commit_record),
            timing or Timing(),
            Cursors(None if cursor_keys is None else CursorKeys.of(cursor_keys), clock=clock),
        )
        self.declared = DeclaredTables()
        self._checked: S | None = None
        self._made: committing.Pipeline[S] | None = None
        self._making = Lock()
        if not callable(store):
            check_colour(store, asynchronous=self._asynchronous)

    @property
    def _pipeline(self) -> committing.Pipeline[S]:
        if self._made is None:
            # One for all threads: it knows which commits are unresolved.
            with self._making:
                self._made = self._made or committing.Pipeline(self._policies)
        return self._made

    @property
    def store(self) -> S:
        """The store that a unit opened now would use.

        Raises:
            UnitOfWorkStateError: it is asynchronous and the unit of work is not, or the other way round.
        """
        store = present_store(self._store)
        if store is not self._checked:
            check_colour(store, asynchronous=self._asynchronous)
            self._checked = store
        return store

    @property
    def policies(self) -> Policies:
        """What was decided once for all of its units."""
        return self._policies

    @property
    def scan_policy(self) -> ScanPolicy:
        """What happens to a query that only a scan can answer."""
        return self._policies.scan_policy

    @property
    def cursors(self) -> Cursors:
        """What seals and opens the cursors of pages."""
        return self._policies.cursors

    @property
    def clock(self) -> Callable[[], datetime]:
        """Gives the time, aware."""
        return self._policies.clock

    @property
    def timing(self) -> Timing:
        """Time and chance."""
        return self._policies.timing

    @property
    def last_outcome(self) -> committing.Committed | PersistenceError | None:
        """How the latest commit that was sent ended: `committed` is True, False, or None for unknown.

        It is the latest of this object in whatever thread or task. Where several commit at once, go by the
        error: an interrupted commit leaves its `CommitOutcomeUnknown` as the interruption's `__context__`.

        A `Committed` keeps no entities alive; an error keeps those that it names, until the next commit.
        """
        return self._pipeline.last_outcome

    @property
    def pending(self) -> tuple[plans.PlannedAction[Any], ...]:
        """The actions that a commit would send now, in order; nothing is sent or changed by looking.

        Raises:
            ValidationFailed, KeyChanged, ItemTooLarge: as the commit would.
            UnitOfWorkStateError: no unit is open here.
        """
        return self._pipeline.pending(self._entry("pending").unit)

    def record(self, event: object, entity: object | None = None) -> None:
        """Note a domain event: it is handed to its handlers, and put into the outbox, if the unit commits.

        Args:
            event: any object; for an outbox one of its event types.
            entity: the entity of this unit that the event is about; an outbox keeps the order of its events.

        Raises:
            UnitOfWorkStateError: no unit is open here.
            MappingError: the outbox does not take such events.
        """
        unit = self._entry("record").unit
        if self._policies.outbox is not None:
            outboxes.check_event(self._policies.outbox, event)
        unit.recorded.append((event, entity))

    def current_unit(self) -> Unit[S] | None:
        """Give the unit that calls in this context belong to, or None where they act at once.

        Raises:
            UnitClosed, UnitBroken, ConcurrentUse, UnitOfWorkStateError: the unit here can't be used.
        """
        entry = innermost(self)
        if entry is None:
            return None
        unit: Unit[S] = entry.unit
        unit.check()
        return unit

    def creating_at_once(self, mapping: EntityMapping[E], entity: E) -> Flow[E]:
        """Store a new entity as a unit of its own.

        Returns:
            The entity; where its class is frozen, as it is stored.

        Raises:
            UnitOfWorkStateError: the policy is `autocommit=False`.
            ConflictError: the reason itself, if it was refused.
        """
        self._refuse_without_autocommit()
        store = self.store
        creation = self._pipeline.creation(mapping, entity, store)
        if creation is not None:
            yield from self._pipeline.alone(creation, store)
            return creation.let_go()

        def add(entities: IdentityMap) -> Tracked[E]:
            entities.add(mapping, entity)
            (tracked,) = entities
            return tracked

        return (yield from self.committing_at_once(add)).entity

    def patching_at_once(self, patch: Patch[Any]) -> Flow[None]:
        """Change an item that is not read as a unit of its own.

        Raises:
            UnitOfWorkStateError: the policy is `autocommit=False`.
            ConflictError: the reason itself, if it was refused.
        """
        self._refuse_without_autocommit()
        store = self.store
        alone = self._pipeline.patching(patch, store.limits)
        if alone is None:
            yield from self.committing_at_once(lambda entities: entities.patch(patch))
        else:
            yield from self._pipeline.alone(alone, store)

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
        self._refuse_without_autocommit()
        store, entities = self.store, IdentityMap()
        result = work(entities)
        single = self._pipeline.single(entities, store)
        if single is not None:
            yield from self._pipeline.alone(single, store)
            return result
        unit = Unit(store)
        unit.entities = entities
        try:
            events = yield from self._pipeline.commit(unit)
        except CommitConflict as refused:
            raise committing.only_reason(refused) from refused.__cause__
        yield from self._hand_on(events)
        return result

    def updating(self, patch: Patch[Any], returning: Returning) -> Flow[Item | None]:
        """Write a patch at once, outside any unit, and give attributes of its item.

        Raises:
            UnitOfWorkStateError: the policy is `autocommit=False`.
            ConflictError: it was refused.
            CommitOutcomeUnknown: its answer was lost, and the item does not tell it any more.
        """
        self._refuse_without_autocommit()
        return (yield from self._pipeline.update(patch, returning, self.store))

    def writing_alone(self, planned: plans.PlannedAction[Any], store: S) -> Flow[None]:
        """Send one planned write by itself, without a transaction; its entity moves on if it took effect.

        Raises:
            ConflictError: it was refused.
            CommitOutcomeUnknown: its answer was lost, and could not be made up for.
        """
        return self._pipeline.write(planned, store)

    def _refuse_without_autocommit(self) -> None:
        if not self._policies.autocommit:
            raise UnitOfWorkStateError(
                "a write outside a unit of work: this UnitOfWork was made with autocommit=False; "
                "write `with uow:` around it"
            )

    def _snapshot(self, keys: Iterable[EntityKey[Any]]) -> Flow[tuple[Any, ...]]:
        unit = self.current_unit()
        policies = self._policies
        return committing.snapshot(
            tuple(keys), unit, lambda: self.store, policies.deadline, policies.timing, policies.clock
        )

    def _rollback(self) -> None:
        self._opened("rollback").unit.forget()

    def _check_scope(self, isolation: Isolation, commit_id: str | None) -> None:
        check_word("isolation", isolation, Isolation)
        if check_commit_id(commit_id) is not None and self._policies.records is None:
            raise UnitOfWorkStateError(
                "a commit_id is kept in a commit record; make the UnitOfWork with commit_record=..."
            )

    def _enter(
        self, *, isolation: Isolation = "default", commit_id: str | None = None, one_shot: bool = False
    ) -> ScopeEntry:
        entry = scopes.innermost(self)
        if entry is None or entry.unit.closed:
            unit = Unit(self.store, isolation, commit_id)
            entry = ScopeEntry(self, unit, opener=True, one_shot=one_shot)
        else:
            entry.unit.check()
            refuse_to_tighten(entry.unit, isolation, commit_id)
            entry.unit.joined += 1
            entry = ScopeEntry(self, entry.unit, opener=False, one_shot=one_shot)
        scopes.push(entry)
        return entry

    def _leave(self, entry: ScopeEntry, failure: BaseException | None) -> Flow[None]:
        scopes.remove(entry)
        unit = entry.unit
        if not entry.opener:
            leave_joined(unit, failure)
            return
        events: CollectedEvents | None = None
        try:
            if failure is None:
                events = yield from self._finish(unit)
                unit.end(UnitState.COMMITTED)
        finally:
            if not unit.closed:
                unit.end(UnitState.DISCARDED)
                event_log().debug("uow.discarded", broken=unit.first_failure is not None)
        if events:
            yield from self._hand_on(events)

    def _finish(self, unit: Unit[S]) -> Flow[CollectedEvents]:
        unit.raise_first_failure()
        try:
            unit.check_owner()
            refuse_joined(unit)
        except (ConcurrentUse, UnitOfWorkStateError) as error:
            unit.break_with(error)
            raise
        return (yield from self._pipeline.commit(unit))

    def _commit_early(self) -> tuple[Flow[None], S]:
        unit: Unit[S] = self._opened("commit").unit

        def flow() -> Flow[None]:
            yield from self._hand_on((yield from self._pipeline.commit(unit)))

        return flow(), unit.store

    def _resumption(self, outcome: CommitOutcomeUnknown | str) -> committing.Resumption[S]:
        if not isinstance(outcome, CommitOutcomeUnknown | str):
            raise UnitOfWorkStateError(
                f"resume takes a CommitOutcomeUnknown or its token, not {type(outcome).__name__}"
            )
        return self._pipeline.resume(outcome, lambda: self.store)

    def _resume(self, resumption: committing.Resumption[S]) -> Flow[committing.Committed]:
        committed, events = yield from resumption.flow
        yield from self._hand_on(events)
        return committed

    def _hand_on(self, events: CollectedEvents) -> Flow[None]:
        if events:
            with scopes.outside(self):
                yield from hand_on(events, self._policies.events)

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
