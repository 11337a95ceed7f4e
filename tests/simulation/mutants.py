"""The library broken on purpose, to show that the simulation would notice.

Each mutant is what somebody might simplify, done to the requests on their way or to one function, here and
never in the library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from unittest.mock import patch
from uuid import uuid4

from persistence import tracking
from persistence.commit_plan import CommitPlan
from persistence.conflicts import conflict
from persistence.errors import TransactionCancelled
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    Condition,
    Path,
    all_of,
    attributes_of,
)
from persistence.flows import Flow
from persistence.mapping import Watch
from persistence.operations import (
    BatchGetResult,
    BatchWriteResult,
    ConditionCheck,
    DeleteItem,
    Operation,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.query.pages import Paging
from persistence.store import AsyncStore, Limits, Store
from persistence.unit_of_work import transaction
from persistence.unit_of_work.transaction import TransactionAttempts
from tests.simulation.checker.findings import Kind

R = TypeVar("R")

Rewrite = Callable[[TransactWrite], TransactWrite]
Reread = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the library.

    Attributes:
        gives_it_away: what the checker finds, one of these at least.
        rewrite: changes each request of a transaction.
        reread: changes each answer.
        patched: changes the library, while its context is entered.
    """

    gives_it_away: frozenset[Kind]
    rewrite: Rewrite = lambda request: request
    reread: Reread = lambda answer: answer
    patched: Callable[[], AbstractContextManager[Any]] = nullcontext


class Rewriting:
    """A layer that changes transactions on their way, and answers on their way back."""

    def __init__(self, store: Store, mutant: Mutant) -> None:
        self._store = store
        self._mutant = mutant

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        return cast(R, self._mutant.reread(self._store.perform(_rewritten(operation, self._mutant.rewrite))))


class AsyncRewriting:
    """The same over an asynchronous store."""

    def __init__(self, store: AsyncStore, mutant: Mutant) -> None:
        self._store = store
        self._mutant = mutant

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        answer = await self._store.perform(_rewritten(operation, self._mutant.rewrite))
        return cast(R, self._mutant.reread(answer))


def _rewritten(operation: Operation[R], rewrite: Rewrite) -> Operation[R]:
    if isinstance(operation, TransactWrite):
        return cast(Operation[R], rewrite(operation))
    return operation


def _with_new_token(request: TransactWrite) -> TransactWrite:
    return replace(request, token=uuid4().hex)


def _for_each_action(change: Callable[[TransactAction], TransactAction]) -> Rewrite:
    return lambda request: replace(request, actions=tuple(map(change, request.actions)))


def _without_version_condition(action: TransactAction) -> TransactAction:
    if isinstance(action, UpdateItem | DeleteItem):
        return replace(action, condition=AttributeExists(_partition(action)))
    return action


def _without_read_check(action: TransactAction) -> TransactAction:
    if not isinstance(action, ConditionCheck):
        return action
    key = _partition(action)
    return replace(action, condition=AttributeExists(key) | AttributeNotExists(key))


def _without_incarnation(action: TransactAction) -> TransactAction:
    """Demand the version of an item, and not that it is the item that was read."""
    if not isinstance(action.condition, And):
        return action
    kept = all_of(*(each for each in action.condition.conditions if not _asks_for_incarnation(each)))
    return action if kept is None else replace(action, condition=kept)


def _asks_for_incarnation(condition: Condition) -> bool:
    return any(name.endswith("_incarnation") for name in attributes_of(condition))


def _partition(action: TransactAction) -> Path:
    return Path.of(action.table.key_names()[0])


def _bumping_versions_early() -> AbstractContextManager[Any]:
    """Let the objects have their new versions when the request is made, not when it was answered."""
    honest = CommitPlan.request

    def request(plan: CommitPlan, token: str) -> TransactWrite:
        for planned in plan.actions:
            if planned.tracked is not None and planned.roles:
                planned.mapping.assign(planned.tracked.entity, planned.roles)
        return honest(plan, token)

    return patch.object(CommitPlan, "request", request)


@contextmanager
def _snapshots_by_reference() -> Iterator[None]:
    """Let what was loaded be what the object is now, as a snapshot does that refers to it."""
    honest, compare = tracking.encoded_changes, Watch.compare

    def encoded_changes(tracked: Any, origin: Any, encoded: Any) -> Any:
        alias = replace(origin, snapshot=tracked.mapping.codec.snapshot(tracked.entity))
        return honest(tracked, alias, encoded)

    def compare_with_itself(watch: Any, entity: Any, item: Any, memento: Any) -> Any:
        return compare(watch, entity, item, watch.remember(entity, item) or memento)

    with ExitStack() as patches:
        patches.enter_context(patch.object(Watch, "compare", compare_with_itself))
        for name, module in list(sys.modules.items()):
            if name.startswith("persistence") and getattr(module, "encoded_changes", None) is honest:
                patches.enter_context(patch.object(module, "encoded_changes", encoded_changes))
        yield


def _without_unprocessed(answer: object) -> object:
    match answer:
        case BatchWriteResult():
            return replace(answer, unprocessed=())
        case BatchGetResult():
            return replace(answer, unprocessed=())
        case _:
            return answer


def _cursors_of_the_pages_that_were_read() -> AbstractContextManager[Any]:
    """Let a cursor lead behind what the service read, not behind what was shown of it."""
    return patch.object(Paging, "next_key", property(lambda paging: paging.run.reader.start))


@contextmanager
def _every_cancellation_is_a_conflict() -> Iterator[None]:
    """Let a commit end with its first cancellation, whatever became of an earlier attempt."""

    def no_fence(attempts: TransactionAttempts, refusal: TransactionCancelled) -> Flow[Any]:
        raise conflict(attempts.commit, refusal.reasons)
        yield  # a flow

    with (
        patch.object(transaction, "is_transient", lambda _reasons: False),
        patch.object(TransactionAttempts, "_fence", no_fence),
    ):
        yield


NO_MUTANT = Mutant(frozenset())

NEEDS_BAD_LUCK = "no-incarnation"
"""An item must be deleted and made anew between the read and the write of a unit that is not seen to wait."""

MUTANTS: Mapping[str, Mutant] = {
    "new-token-per-retry": Mutant(frozenset({Kind.REFUSED_UNIT}), _with_new_token),
    "no-version-condition": Mutant(
        frozenset({Kind.LOST_UPDATE}), _for_each_action(_without_version_condition)
    ),
    "no-read-checks": Mutant(frozenset({Kind.CYCLE}), _for_each_action(_without_read_check)),
    "version-bumped-early": Mutant(
        frozenset({Kind.FALSE_READ, Kind.WRONG_SUM}), patched=_bumping_versions_early
    ),
    "snapshot-by-reference": Mutant(frozenset({Kind.LOST_EFFECT}), patched=_snapshots_by_reference),
    "unprocessed-ignored": Mutant(frozenset({Kind.LOST_LETTER}), reread=_without_unprocessed),
    "cursor-of-the-page-read": Mutant(
        frozenset({Kind.WRONG_PAGES}), patched=_cursors_of_the_pages_that_were_read
    ),
    "every-cancellation-a-conflict": Mutant(
        frozenset({Kind.REFUSED_UNIT}), patched=_every_cancellation_is_a_conflict
    ),
    "no-incarnation": Mutant(
        frozenset({Kind.LOST_UPDATE, Kind.FALSE_READ}), _for_each_action(_without_incarnation)
    ),
}
