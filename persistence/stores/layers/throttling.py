"""What errors say about throttling: what was throttled, where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from persistence.errors import THROTTLING_CODES, Throttled, ThrottlingReason, TransactionCancelled
from persistence.operations import Operation
from persistence.stores.layers.facts import ItemAction, actions_in
from persistence.stores.layers.observing import Performed

HOT_KEY = "KeyRangeThroughputExceeded"
"""How a reason ends where one partition key had too much traffic (API reference, ThrottlingReason)."""


@dataclass(frozen=True, slots=True)
class Throttling:
    """One reason why something was throttled.

    Attributes:
        table, index: where, as far as it is known.
        reason: the service's word for it.
        hit: the operation, or the action of a transaction; None if it may have been any of several.
    """

    table: str | None
    index: str | None
    reason: str
    hit: Operation[Any] | ItemAction | None = None

    @property
    def is_of_a_key(self) -> bool:
        """True where the service says that one partition key had too much traffic."""
        return self.reason.endswith(HOT_KEY)


def throttlings_of(call: Performed) -> list[Throttling]:
    """Give the reasons why an operation was throttled; none if it was not."""
    match call.error:
        case Throttled():
            return _of_an_operation(call, call.error)
        case TransactionCancelled():
            return _of_actions(call, call.error)
        case _:
            return []


def _of_an_operation(call: Performed, error: Throttled) -> list[Throttling]:
    hit = call.operation if len(actions_in(call.operation)) <= 1 else None
    told = error.throttling or (ThrottlingReason(error.code or "Throttled"),)
    return [Throttling(*_place(reason, call), reason.reason, hit) for reason in told]


def _of_actions(call: Performed, error: TransactionCancelled) -> list[Throttling]:
    return [
        Throttling(action.table.name, None, reason.code, action)
        for action, reason in zip(actions_in(call.operation), error.reasons, strict=False)
        if reason.code in THROTTLING_CODES
    ]


def _place(reason: ThrottlingReason, call: Performed) -> tuple[str | None, str | None]:
    if reason.resource is None:
        return call.table, call.index
    # arn:aws:dynamodb:<region>:<account>:table/<table>/index/<index>
    _, _, name = reason.resource.partition(":table/")
    table, _, index = name.partition("/index/")
    return table or call.table, index or None
