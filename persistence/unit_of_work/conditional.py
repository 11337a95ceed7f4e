"""A commit of one write without a transaction: half the price, and a commit id in the item.

No client token makes its repetition harmless. It leaves its id in the item instead: whoever finds it there
knows that the write took effect. The write is sent again only where its condition can't come true a second
time: where it demands the version of one incarnation, or of one time of creation. A version alone repeats
when others delete the item and make it anew, and so does a free key; there a lost answer is only looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from persistence.attributes import Item
from persistence.commit_plan import COMMIT_ID, CommitPlan, PlannedAction
from persistence.conflicts import conflict
from persistence.errors import (
    CancellationReason,
    ConditionFailed,
    DecodeError,
    InvalidRequest,
    ItemTooLarge,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    Throttled,
    TransactionBusy,
)
from persistence.expressions import Path, Set, Value
from persistence.flows import Flow, perform
from persistence.operations import (
    ConditionCheck,
    DeleteItem,
    GetItem,
    PutItem,
    Returning,
    TransactAction,
    UpdateItem,
    WriteResult,
)
from persistence.operations.writes import held_item
from persistence.unit_of_work.attempts import Attempts, NoAnswer
from persistence.written_items import WrittenItem

SingleOperation = PutItem | UpdateItem | DeleteItem

_COMMIT_ID = Path.of(COMMIT_ID)
_LEAVES_WHAT_WAS = ("old", "updated_old")


def takes_one_write(commit: CommitPlan) -> bool:
    """Tell whether a commit is one write that can do without a transaction."""
    if len(commit.actions) != 1:
        return False
    (planned,) = commit.actions
    return planned.patch is None and not isinstance(planned.action, ConditionCheck)


def single_write(action: TransactAction, commit_id: str, returning: Returning = "none") -> SingleOperation:
    """Make the write of one action, with its commit id."""
    mark = {"S": commit_id}
    match action:
        # `replace` takes several times as long.
        case PutItem() as put:
            held = held_item(put)
            item = (
                held.having(COMMIT_ID, mark) if isinstance(held, WrittenItem) else {**held, COMMIT_ID: mark}
            )
            return PutItem(put.table, cast(Item, item), put.condition, put.returning, put.item_on_failure)
        case UpdateItem() as update:
            actions = (*update.actions, Set(_COMMIT_ID, Value(mark)))
            return UpdateItem(
                update.table, update.key, actions, update.condition, returning, update.item_on_failure
            )
        case DeleteItem() as delete:
            return delete
        case ConditionCheck():
            raise AssertionError("a check is never alone")


@dataclass(slots=True)
class ConditionalAttempts(Attempts[WriteResult]):
    """The attempts of one write.

    Attributes:
        answer_needed: whether somebody waits for what the write returns, and not only for its outcome.
    """

    answer_needed: bool = field(default=True, kw_only=True)

    def forgo_answer(self) -> None:
        """Settle for the outcome."""
        self.answer_needed = False

    @property
    def _planned(self) -> PlannedAction[Any]:
        (planned,) = self.commit.actions
        return planned

    @property
    def _holds_once(self) -> bool:
        """Whether the condition of the write can't hold any more once it took effect."""
        return bool(self._planned.pinned) and self._planned.patch is None

    def _attempt(self) -> Flow[WriteResult]:
        if self.ambiguous:
            item = yield from self._read()
            if self._is_own(item):
                return self._settled(item)
            if not self._holds_once:
                raise NoAnswer(StoreUnavailable("the write was not found"))
        try:
            return _without_id((yield from self._asked()))
        except ConditionFailed as refused:
            return (yield from self._refused(refused))
        except ItemTooLarge as refused:
            raise self._conflict("ValidationError", message="item size") from refused
        except (TransactionBusy, Throttled, StoreUnavailable) as unanswered:
            raise NoAnswer(unanswered) from unanswered
        except Exception as refused:  # raised again, or as unknown: after a doubt no error is an answer
            if self.ambiguous or getattr(refused, "ambiguous", False):
                raise self.unknown() from refused
            if isinstance(refused, InvalidRequest) and refused.code is not None:
                # The service's own refusal, which a transaction would tell as the reason of its action.
                raise self._conflict("ValidationError", message=refused.text) from refused
            raise

    def _refused(self, refused: ConditionFailed) -> Flow[WriteResult]:
        item = dict(refused.found) if isinstance(refused.found, Mapping) else (yield from self._read())
        if not self.ambiguous or self._was_overtaken(item):
            raise self._conflict("ConditionalCheckFailed", item) from refused
        if self._is_own(item):
            return self._settled(item)
        raise self.unknown() from refused

    def _was_overtaken(self, item: Item | None) -> bool:
        """Tell whether somebody else made the step of the version that this write would have made."""
        planned, role = self._planned, self._planned.mapping.roles.version
        if role is None or item is None or self._is_own(item) or not planned.steps_version:
            return False
        pinned = planned.pinned
        if not pinned or any(item.get(name) != value for name, value in pinned.items()):
            return False
        try:
            return planned.mapping.read_role(role, item) == planned.new_version
        except DecodeError:
            return False

    def _read(self) -> Flow[Item | None]:
        get = GetItem(self._planned.mapping.table, self._planned.key, consistent=True)
        try:
            return (yield from perform(get)).item
        except (StoreError, TransactionBusy) as unread:
            raise NoAnswer(unread) from unread

    def _is_own(self, item: Item | None) -> bool:
        return item is not None and item.get(COMMIT_ID) == {"S": self.token}

    def _settled(self, item: Item | None) -> WriteResult:
        """Give the answer that was lost, as far as the item still tells it."""
        returning = self.request.returning if isinstance(self.request, UpdateItem) else "none"
        if returning == "none" or item is None or not self.answer_needed:
            return WriteResult()
        if returning in _LEAVES_WHAT_WAS:
            unknown = self.unknown()
            unknown.add_note("it did take effect, but what was stored before it is lost with the answer")
            raise unknown
        if returning == "updated_new" and isinstance(self.request, UpdateItem):
            touched = {action.path.attribute for action in self.request.actions}
            item = {name: value for name, value in item.items() if name in touched}
        return _without_id(WriteResult(item))

    def _give_up(self, failure: PersistenceError) -> Flow[WriteResult]:
        if self.ambiguous:
            raise self.unknown() from failure
        if isinstance(failure, TransactionBusy):
            raise self._conflict("TransactionConflict") from failure
        raise failure

    def _conflict(self, code: str, item: Item | None = None, message: str | None = None) -> PersistenceError:
        return conflict(self.commit, (CancellationReason(code, message, item),))


def _without_id(result: WriteResult) -> WriteResult:
    if not result.attributes or COMMIT_ID not in result.attributes:
        return result
    kept = {name: value for name, value in result.attributes.items() if name != COMMIT_ID}
    return replace(result, attributes=kept)
