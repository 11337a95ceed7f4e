"""Transactions: everything is decided first, then all of it is done or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
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
from persistence.stores.memory.capacity import TRANSACTION_FACTOR, read_units, total, write_units, written_to
from persistence.stores.memory.control.tables import Tables
from persistence.stores.memory.reads import check_get, found
from persistence.stores.memory.table import LiveTable, TableKey
from persistence.stores.memory.tokens import Tokens, check_token, constants, fingerprint
from persistence.stores.memory.writes import Prepared, check_expressions, decide, prepare
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import EmptyKey, KeyIncomplete, Refused, SchemaMismatch

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
        actions, token = operation.actions, operation.token
        check_token(token)
        if len(actions) == 1:  # as most have; one action alone can't be too large
            attempts = [self._attempt(actions[0])]
        else:
            _check_count(len(actions), self._limits)
            attempts = [self._attempt(action) for action in actions]
            _check_payload(attempts, actions, self._limits)
            _check_distinct(attempts)
        if token is None:
            return self._done(attempts)
        request, seen = fingerprint(actions), self._tokens.seen(token)
        if seen is not None:
            _check_same(seen, request)
            return TransactWriteResult(_replay_price(attempts))
        result = self._done(attempts)
        self._tokens.remember(token, request)
        return result

    def _done(self, attempts: Sequence[Prepared | Refused]) -> TransactWriteResult:
        """Decide all actions, and do what was decided.

        Raises:
            TransactionCancelled: an action can't be done; nothing is.
        """
        if len(attempts) != 1:
            return _applied_together(_decisions(attempts, self._limits))
        outcome = _outcome(attempts[0], self._limits)
        if isinstance(outcome, CancellationReason):
            raise TransactionCancelled([outcome])
        return _done_in_one(outcome.prepared.table.name, _applied(outcome))

    def _attempt(self, action: TransactAction) -> Prepared | Refused:
        """Check one action; a key that does not fit the table is the action's failure, not the request's."""
        table = self._tables.use(action.table)
        _check_form(action)
        check_expressions(action, table)
        try:
            return prepare(action, table, self._limits)
        except SchemaMismatch as refused:
            return refused

    def read(self, operation: TransactGet) -> ItemsResult:
        """Read several items at one moment."""
        gets = operation.gets
        _check_count(len(gets), self._limits)
        wanted = [self._wanted(get) for get in gets]
        mismatched = [part if isinstance(part, Refused) else None for part in wanted]
        if any(mismatched):
            reasons = (_invalid(refused) if refused else INNOCENT for refused in mismatched)
            raise TransactionCancelled(_first_alone(list(reasons)), operation="TransactGet")
        places = [part for part in wanted if not isinstance(part, Refused)]
        if len({(table.name, key) for table, key in places}) < len(places):
            raise Refused(TWICE)
        records = [table.records.get(key) for table, key in places]
        _check_answer(records, self._limits)
        prices = (_read_price(get.table.name, record) for get, record in zip(gets, records, strict=True))
        # What a projection leaves nothing of is told as if it were absent, unlike in other reads.
        items = (found(record, get.projection) or None for get, record in zip(gets, records, strict=True))
        return ItemsResult(tuple(items), total(prices))

    def _wanted(self, get: GetItem) -> tuple[LiveTable, TableKey] | Refused:
        """Check one get; a key that does not fit the table is its own failure, not the request's."""
        table = self._tables.use(get.table)
        try:
            return table, check_get(get, table)
        except (SchemaMismatch, KeyIncomplete) as mismatch:
            return mismatch


class _Decision(NamedTuple):
    prepared: Prepared
    old: Record | None
    new: Record | None


def _check_form(action: TransactAction) -> None:
    # A single update may do no more than bring an item into being; in a transaction the service demands more.
    if isinstance(action, UpdateItem) and not action.actions:
        raise Refused("An update of a transaction needs at least one action")
    if not isinstance(action, ConditionCheck) and action.returning != "none":
        raise Refused(f"{type(action).__name__}(returning={action.returning!r}) is for single writes only")


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


def _check_same(seen: int, request: int) -> None:
    if seen != request:
        raise TokenMismatch(
            "the client token was used within the last 10 minutes with another request",
            operation="TransactWrite",
            code="IdempotentParameterMismatchException",
        )


def _check_answer(records: Sequence[Record | None], limits: Limits) -> None:
    size = sum(record.size for record in records if record is not None)
    if size > limits.transaction_bytes:
        raise Refused(
            "The aggregate size of the items in the transaction has exceeded the maximum allowed size: "
            f"{limits.transaction_bytes} bytes, found {size}"
        )


def _payload(attempt: Prepared | Refused, action: TransactAction) -> int:
    if isinstance(attempt, Prepared) and attempt.record is not None:
        size = attempt.record.size
    else:
        size = item_size(action.item if isinstance(action, PutItem) else action.key)
    if isinstance(action, UpdateItem):
        size += sum(map(value_size, constants(action.actions)))
    return size if action.condition is None else size + sum(map(value_size, constants(action.condition)))


def _check_distinct(attempts: Sequence[Prepared | Refused]) -> None:
    places = [(attempt.table.name, attempt.key) for attempt in attempts if isinstance(attempt, Prepared)]
    if len(set(places)) < len(places):
        raise Refused(TWICE)


def _decisions(attempts: Sequence[Prepared | Refused], limits: Limits) -> list[_Decision]:
    """Decide every action against what is stored.

    Raises:
        TransactionCancelled: an action can't be done; nothing is.
    """
    decisions: list[_Decision] = []
    for attempt in attempts:
        outcome = _outcome(attempt, limits)
        if isinstance(outcome, CancellationReason):
            outcomes = [_outcome(one, limits) for one in attempts]
            raise TransactionCancelled(_reasons(outcomes))
        decisions.append(outcome)
    return decisions


def _outcome(attempt: Prepared | Refused, limits: Limits) -> _Decision | CancellationReason:
    if isinstance(attempt, Refused):
        return _invalid(attempt)
    old = attempt.table.records.get(attempt.key)
    if not attempt.admits(old):
        item = old.copy() if attempt.action.item_on_failure and old is not None else None
        return CancellationReason("ConditionalCheckFailed", "The conditional request failed", item)
    try:
        return _Decision(attempt, old, decide(attempt, old, limits))
    except EmptyKey:
        raise
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


def _applied_together(decisions: Sequence[_Decision]) -> TransactWriteResult:
    """Do what was decided, and price it by table, in the order of the actions."""
    units: dict[str, float] = {}
    for decision in decisions:
        table = decision.prepared.table.name
        units[table] = units.get(table, 0.0) + _applied(decision)
    if len(units) == 1:
        ((table, taken),) = units.items()
        return _done_in_one(table, taken)
    return TransactWriteResult(
        tuple(ConsumedCapacity(table, write_units=taken) for table, taken in units.items())
    )


def _applied(decision: _Decision) -> float:
    """Do what was decided for one action, and give the write units that it takes."""
    prepared, old, new = decision
    if isinstance(prepared.action, ConditionCheck):
        taken = write_units(old.size if old else 0)
    else:
        taken = prepared.table.replace(prepared.key, new)
    return taken * TRANSACTION_FACTOR


@lru_cache(256)
def _done_in_one(table: str, units: float) -> TransactWriteResult:
    return TransactWriteResult(written_to(table, units))


def _replay_price(attempts: Sequence[Prepared | Refused]) -> Capacity:
    """Price a repeated request: the service charges it as reads."""
    prepared = (attempt for attempt in attempts if isinstance(attempt, Prepared))
    return total(_read_price(attempt.table.name, attempt.current()) for attempt in prepared)


def _read_price(table: str, record: Record | None) -> ConsumedCapacity:
    units = read_units(record.size if record else 0, consistent=True)
    return ConsumedCapacity(table, read_units=units * TRANSACTION_FACTOR)
