"""From recorded events to entries of the outbox: pure, done once for a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from persistence.errors import MappingError
from persistence.mapping import EntityMapping, mapping_of
from persistence.outbox.declaration import OutboxEntry, OutboxMapping, catalogue_of
from persistence.outbox.positions import Aggregate, key_texts, pending, position, shard_of

KEY_FIELDS = ("partition", "position")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that was recorded in a unit of work.

    Attributes:
        event: the event.
        aggregate_type: name of the type of the entity that it is about, or None.
        aggregate_key: the entity's key as `get(*key)` takes it, or None.
        version: the entity's version after the commit, or None.
    """

    event: object
    aggregate_type: str | None = None
    aggregate_key: tuple[object, ...] | None = None
    version: int | None = None


def check_outbox(mapping: type[OutboxMapping]) -> EntityMapping[OutboxEntry]:
    """Refuse what is no outbox, and give the compiled mapping of one.

    Raises:
        MappingError: it is no subclass of `OutboxMapping`, or can't be used as it is declared.
    """
    if not (isinstance(mapping, type) and issubclass(mapping, OutboxMapping)):
        came = mapping.__name__ if isinstance(mapping, type) else type(mapping).__name__
        raise MappingError(f"an outbox is a subclass of OutboxMapping, such as ShopOutbox; got {came}")
    compiled = mapping_of(mapping)
    if compiled.key_fields != KEY_FIELDS:
        raise MappingError(
            f"the key of {mapping.__name__} is made of {', '.join(compiled.key_fields)}; that of an outbox "
            'is made of partition and position: Key("partition", "position"), or templates of these two'
        )
    return compiled


def check_event(mapping: type[OutboxMapping], event: object) -> None:
    """Refuse an event that the outbox does not take; for use when it is recorded.

    Raises:
        MappingError: its type is not declared, or can't be mapped.
    """
    catalogue_of(mapping).type_of(event)


def entries(
    mapping: type[OutboxMapping], recorded: Sequence[Recorded], now: datetime, ids: Callable[[], str]
) -> list[OutboxEntry]:
    """Make the entries of one commit.

    Args:
        mapping: the outbox.
        recorded: the events in the order in which they were recorded.
        now: the time of the commit, aware.
        ids: gives the id of each event, in order.

    Returns:
        One entry for each event.

    Raises:
        MappingError: the outbox does not take an event.
        ValidationFailed: an event holds values that can't be stored.
    """
    return [_entry(mapping, each, now, index, ids()) for index, each in enumerate(recorded)]


def _entry(
    mapping: type[OutboxMapping], recorded: Recorded, now: datetime, index: int, event_id: str
) -> OutboxEntry:
    kind = catalogue_of(mapping).type_of(recorded.event)
    aggregate = _aggregate_of(recorded)
    return OutboxEntry(
        partition=pending(shard_of(aggregate, event_id, mapping.shards)),
        position=position(aggregate, recorded.version, now, index, event_id),
        id=event_id,
        type=kind.name,
        payload=kind.payload(recorded.event),
        recorded_at=now,
        aggregate_type=None if aggregate is None else aggregate.type,
        aggregate_key=() if aggregate is None else aggregate.key,
        aggregate_version=recorded.version,
    )


def _aggregate_of(recorded: Recorded) -> Aggregate | None:
    if recorded.aggregate_type is None:
        return None
    return Aggregate(recorded.aggregate_type, key_texts(recorded.aggregate_key or ()))
