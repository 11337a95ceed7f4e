"""The transactional outbox: domain events as items of the transaction that they tell of, and their relay.

A commit that records events writes each as an `OutboxEntry` beside the entities, so that none is lost and
none tells of what did not happen. A relay reads the entries, hands them on at least once and in order per
aggregate, and only then removes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.outbox.declaration import OutboxEntry, OutboxMapping
    from persistence.outbox.deliveries import Delivery, FailedDelivery, Polled
    from persistence.outbox.recording import Recorded, check_event, check_outbox, entries
    from persistence.outbox.relay import AsyncOutboxRelay, OutboxRelay

__all__ = [
    "AsyncOutboxRelay",
    "Delivery",
    "FailedDelivery",
    "OutboxEntry",
    "OutboxMapping",
    "OutboxRelay",
    "Polled",
    "Recorded",
    "check_event",
    "check_outbox",
    "entries",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.outbox.declaration": ("OutboxEntry", "OutboxMapping"),
        "persistence.outbox.deliveries": ("Delivery", "FailedDelivery", "Polled"),
        "persistence.outbox.recording": ("Recorded", "check_event", "check_outbox", "entries"),
        "persistence.outbox.relay": ("AsyncOutboxRelay", "OutboxRelay"),
    },
)
