"""What users declare: the outbox's mapping, to be subclassed with the name of a table and the events."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping import MappingSchema
from persistence.outbox.catalogue import Catalogue
from persistence.table import Key


@dataclasses.dataclass
class OutboxEntry:
    """One recorded event, as it is stored until it is handed on, and longer if it is marked.

    Attributes:
        partition: "pending#" or "delivered#" and the number of the shard.
        position: the order: aggregate, version, time, place in the commit, id.
        id: names the event once and for all; a consumer that sees it again has seen the event.
        type: the name of the event's type.
        payload: what the event holds, as plain data.
        recorded_at: when the commit that recorded it began, aware, by the unit of work's clock.
        aggregate_type: name of the type of the entity that the event is about, if it is about one.
        aggregate_key: the entity's key as texts.
        aggregate_version: the entity's version after the commit, if it has versions.
        delivered_at: when it was handed on, for one that is marked.
        expires_at: when the service may delete it, for one that is marked.
    """

    partition: str
    position: str
    id: str
    type: str
    payload: dict[str, Any] = dataclasses.field(repr=False)
    recorded_at: datetime
    aggregate_type: str | None = None
    aggregate_key: tuple[str, ...] = ()
    aggregate_version: int | None = None
    delivered_at: datetime | None = None
    expires_at: datetime | None = None


class OutboxMapping(MappingSchema[OutboxEntry]):
    """Declares where an outbox is stored and which events it takes.

    ```python
    class ShopOutbox(OutboxMapping):
        class Meta:
            table = "outbox"

        events = (OrderPlaced, OrderCancelled)
    ```

    It is a mapping like any other: `Repository(ShopOutbox, uow)` reads entries, and
    `SchemaService(store, [ShopOutbox])` makes the table.

    Attributes:
        events: the event types that may be recorded, dataclasses or mappings of dataclasses, which are
            called by their names; or names and event types, for names that outlive a renamed class: where a
            type has several, the first is written and all are read. Without any, every dataclass is taken,
            and known by its module and name.
        shards: number of partitions over which aggregates are spread, each good for some 300 small events
            per second. Change it only while the outbox is empty.
    """

    class Meta:
        """The keys of every outbox; a subclass adds the table."""

        key = Key("partition", "position")

    events: ClassVar[Mapping[str, type] | Sequence[type]] = ()
    shards: ClassVar[int] = 1

    _catalogue: ClassVar[Catalogue]

    expires_at = fields.TimeToLive()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type(cls.shards) is not int or cls.shards < 1:
            raise MappingError(f"{cls.__name__}.shards is a whole number of at least 1, not {cls.shards!r}")
        cls._catalogue = Catalogue(cls.__name__, cls.events)


def catalogue_of(mapping: type[OutboxMapping]) -> Catalogue:
    """Give the event types of an outbox."""
    return mapping._catalogue
