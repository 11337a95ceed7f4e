"""Transactions: everything is decided first, then all of it is done or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from persistence.attributes import item_size, value_size
from persistence.errors import CancellationReason, TokenMismatch, TransactionCancelled
from persistence.operations import (
    Capacity,
    ConditionCheck,
    ConsumedCapacity,
    GetItem,
    ItemsResult,
    PutItem,
    TransactAction,
    TransactGet,
    TransactWrite,
    TransactWriteResult,
    UpdateItem,
)
from persistence.store import Limits
from persistence.stores.memory.capacity import TRANSACTION_FACTOR, read_units, total, write_units
from persistence.stores.memory.control.tables import Tables
from persistence.stores.memory.reads import check_get, found
from persistence.stores.memory.record import Record
from persistence.stores.memory.table import LiveTable, TableKey
from persistence.stores.memory.tokens import Tokens, check_token, constants, fingerprint
from persistence.stores.memory.writes import Prepared, check_expressions, decide, prepare
from persistence.stores.validation.refused import Refused, SchemaMismatch

INNOCENT = CancellationReason("None")
VALIDATION = "ValidationError"
TWICE = "Transaction request cannot include multiple operations on one item"


class Transactions:
    """The transactions of a store; whoever uses it holds the store's lock.

    Args:
        tables: the live tables.
        tokens: what was done already.
        limits: what one transaction may hold.
    """

    def __init__(self, tables: Tables, tokens: Tokens, limits: Limits) -> None:
        self._tables = tables
        self._tokens = tokens
        self._limits = limits

    def write(self, operation: TransactWrite) -> TransactWriteResult:
        """Do all actions or none."""
        actions = operation.actions
        check_token(operation.token)
        _check_count(len(actions), self._limits)
        attempts = [self._attempt(action) for action in actions]
        if len(actions) > 1:  # one action alone can't be that large
            _check_payload(attempts, actions, self._limits)
        _check_distinct(attempts)
        request = fingerprint(actions) if operation.token is not None else 0
        if operation.token is not None and self._is_replay(operation.token, request):
            return TransactWriteResult(_replay_price(attempts))
        decisions = _decisions(attempts, self._limits)
        capacity = total(_apply(decision) for decision in decisions)
        if operation.token is not None:
            self._tokens.remember(operation.token, request)
        return TransactWriteResult(capacity)

    def _attempt(self, action: TransactAction) -> Prepared | Refused:
        """Check one action; a key that does not fit the table is the action's failure, not the request's."""
        table = self._tables.use(action.table)
        _check_has_actions(action)
        check_expressions(action, table)
        try:
            return prepare(action, table, self._limits)
        except SchemaMismatch as refused:
            return refused

    def _is_replay(self, token: str, request: int) -> bool:
        seen = self._tokens.seen(token)
        if seen is not None and seen != request:
            raise TokenMismatch(
                "the client token was used within the last 10 minutes with another request",
                operation="TransactWrite",
                code="IdempotentParameterMismatchException",
            )
        return seen is not None

    def read(self, operation: TransactGet) -> ItemsResult:
        """Read several items at one moment."""
        gets = operation.gets
        _check_count(len(gets), self._limits)
        wanted = [self._wanted(get) for get in gets]
        mismatched = [part if isinstance(part, SchemaMismatch) else None for part in wanted]
        if any(mismatched):
            reasons = (_invalid(refused) if refused else INNOCENT for refused in mismatched)
            raise TransactionCancelled(_first_alone(list(reasons)), operation="TransactGet")
        places = [part for part in wanted if not isinstance(part, SchemaMismatch)]
        if len({(table.name, key) for table, key in places}) < len(places):
            raise Refused(TWICE)
        records = [table.records.get(key) for table, key in places]
        prices = (_read_price(get.table.name, record) for get, record in zip(gets, records, strict=True))
        items = (found(record, get.projection) for get, record in zip(gets, records, strict=True))
        return ItemsResult(tuple(items), total(prices))

    def _wanted(self, get: GetItem) -> tuple[LiveTable, TableKey] | SchemaMismatch:
        table = self._tables.use(get.table)
        try:
            return table, check_get(get, table)
        except SchemaMismatch as mismatch:
            return mismatch


class _Decision(NamedTuple):
    prepared: Prepared
    old: Record | None
    new: Record | None


def _check_has_actions(action: TransactAction) -> None:
    # A single update may do no more than bring an item into being; in a transaction the service demands more.
    if isinstance(action, UpdateItem) and not action.actions:
        raise Refused("An update of a transaction needs at least one action")


def _check_count(count: int, limits: Limits) -> None:
    if not 1 <= count <= limits.transaction_actions:
        raise Refused(
            "Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and "
            f"{limits.transaction_actions}, found {count}"
        )


def _check_payload(
    attempts: Sequence[Prepared | Refused], actions: Sequence[TransactAction], limits: Limits
) -> None:
    size = sum(map(_payload, attempts, actions))
    if size > limits.transaction_bytes:
        raise Refused(
            "Request size is too large: a transaction takes items, keys and values of "
            f"{limits.transaction_bytes} bytes, found {size}"
        )


def _payload(attempt: Prepared | Refused, action: TransactAction) -> int:
    if isinstance(attempt, Prepared) and attempt.record is not None:
        size = attempt.record.size
    else:
        size = item_size(action.item if isinstance(action, PutItem) else action.key)
    update = action.actions if isinstance(action, UpdateItem) else ()
    return size + sum(map(value_size, constants((update, action.condition))))


def _check_distinct(attempts: Sequence[Prepared | Refused]) -> None:
    prepared = [attempt for attempt in attempts if isinstance(attempt, Prepared)]
    if len({(attempt.table.name, attempt.key) for attempt in prepared}) < len(prepared):
        raise Refused(TWICE)


def _decisions(attempts: Sequence[Prepared | Refused], limits: Limits) -> list[_Decision]:
    """Decide every action against what is stored.

    Raises:
        TransactionCancelled: an action can't be done; nothing is.
    """
    outcomes = [_outcome(attempt, limits) for attempt in attempts]
    decisions = [outcome for outcome in outcomes if isinstance(outcome, _Decision)]
    if len(decisions) < len(outcomes):
        raise TransactionCancelled(_reasons(outcomes))
    return decisions


def _outcome(attempt: Prepared | Refused, limits: Limits) -> _Decision | CancellationReason:
    if isinstance(attempt, Refused):
        return _invalid(attempt)
    old = attempt.current()
    if not attempt.admits(old):
        item = old.copy() if attempt.action.item_on_failure and old is not None else None
        return CancellationReason("ConditionalCheckFailed", "The conditional request failed", item)
    try:
        return _Decision(attempt, old, decide(attempt, old, limits))
    except Refused as refused:
        return _invalid(refused)


def _reasons(outcomes: Sequence[_Decision | CancellationReason]) -> list[CancellationReason]:
    return _first_alone(
        [outcome if isinstance(outcome, CancellationReason) else INNOCENT for outcome in outcomes]
    )


def _first_alone(reasons: list[CancellationReason]) -> list[CancellationReason]:
    """Let the first validation error hide all other failures, as the service does."""
    for position, reason in enumerate(reasons):
        if reason.code == VALIDATION:
            return [INNOCENT] * position + [reason] + [INNOCENT] * (len(reasons) - position - 1)
    return reasons


def _invalid(refused: Refused) -> CancellationReason:
    return CancellationReason(VALIDATION, str(refused))


def _apply(decision: _Decision) -> ConsumedCapacity:
    prepared = decision.prepared
    if isinstance(prepared.action, ConditionCheck):
        units = write_units(decision.old.size if decision.old else 0)
    else:
        units = prepared.table.replace(prepared.key, decision.new)
    return ConsumedCapacity(prepared.table.name, write_units=units * TRANSACTION_FACTOR)


def _replay_price(attempts: Sequence[Prepared | Refused]) -> Capacity:
    """Price a repeated request: the service charges it as reads."""
    prepared = (attempt for attempt in attempts if isinstance(attempt, Prepared))
    return total(_read_price(attempt.table.name, attempt.current()) for attempt in prepared)


def _read_price(table: str, record: Record | None) -> ConsumedCapacity:
    units = read_units(record.size if record else 0, consistent=True)
    return ConsumedCapacity(table, read_units=units * TRANSACTION_FACTOR)
