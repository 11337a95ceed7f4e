"""What a relay gives to handlers and to its caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from persistence.outbox.declaration import OutboxEntry


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler is called with.

    Attributes:
        event: the event, as it was recorded.
        entry: the stored entry, which knows the aggregate and its version.
    """

    event: Any
    entry: OutboxEntry

    @property
    def id(self) -> str:
        """The event's id; it is the same each time the event is handed on."""
        return self.entry.id


Handler = Callable[[Delivery], object]
"""Takes a delivery; what it returns is awaited by an asynchronous relay, and otherwise ignored."""


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """An entry that was not handed on, or not removed afterwards; it is still pending.

    Attributes:
        position: the entry's place in the outbox.
        error: what the handler raised, or why the entry could not be read or removed.
        entry: the entry; None if it could not be read.
    """

    position: str
    error: Exception
    entry: OutboxEntry | None = None


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll did.

    Attributes:
        delivered: number of entries that were handed on and removed.
        failed: one for each entry that was not; later entries of its aggregate were not tried.
        more: whether entries wait that this poll had no room for.
    """

    delivered: int
    failed: tuple[FailedDelivery, ...]
    more: bool
