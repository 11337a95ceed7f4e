"""Handing entries on: one poll of the outbox as a flow."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import partial

from persistence.attributes import Item
from persistence.errors import DecodeError, MappingError, UnitOfWorkStateError, WrongEntityType
from persistence.events import event_log
from persistence.expressions import Between, KeyCondition, Path, Value
from persistence.flows import Flow, call
from persistence.mapping import EntityMapping
from persistence.operations import QueryPage
from persistence.outbox.declaration import OutboxEntry, OutboxMapping, catalogue_of
from persistence.outbox.deliveries import Delivery, FailedDelivery, Handler, Polled
from persistence.outbox.positions import Stretch, group_of, pending, stretches
from persistence.outbox.removal import Removal, patiently
from persistence.timing import Timing

PAGE_SIZE = 100
"""Entries that are read at once, at most."""


@dataclass(slots=True)
class _Round:
    """The state of one poll.

    Attributes:
        blocked: groups of entries of which one failed.
        rest: shard and group of the first entry that there was no room for.
    """

    limit: int
    delivered: int = 0
    failed: list[FailedDelivery] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    rest: tuple[int, str] | None = None

    @property
    def room(self) -> int:
        return self.limit - self.delivered - len(self.failed)

    def note(self, failure: FailedDelivery | None) -> None:
        if failure is None:
            self.delivered += 1
            return
        self.failed.append(failure)
        self.blocked.add(group_of(failure.position))
        kind = None if failure.entry is None else failure.entry.type
        event_log().warning("outbox.delivery_failed", event_type=kind, error=type(failure.error).__name__)


class RelayFlows:
    """The flows of a relay.

    Args:
        outbox: the mapping as it was declared.
        mapping: the same, compiled.
        handler: takes the deliveries.
        removal: what becomes of entries that were handed on.
        timing: chance, for pauses.
    """

    def __init__(
        self,
        outbox: type[OutboxMapping],
        mapping: EntityMapping[OutboxEntry],
        handler: Handler,
        removal: Removal,
        timing: Timing,
    ) -> None:
        self._outbox = outbox
        self._mapping = mapping
        self._partition, self._position = mapping.key_parts()
        self._handler = handler
        self._removal = removal
        self._timing = timing
        self._rest: tuple[int, str] | None = None

    def poll(self, limit: int) -> Flow[Polled]:
        """Hand on what is pending, beginning where the last poll had no more room."""
        this = _Round(limit)
        try:
            for stretch in stretches(self._outbox.shards, self._rest):
                yield from self._work_off(stretch, this)
                if this.rest is not None:
                    break
            self._rest = this.rest
        finally:
            if this.delivered or this.failed:
                event_log().info("outbox.polled", delivered=this.delivered, failed=len(this.failed))
        return Polled(this.delivered, tuple(this.failed), this.rest is not None)

    def _work_off(self, stretch: Stretch, this: _Round) -> Flow[None]:
        start: Item | None = None
        while not stretch.empty:
            page = yield from patiently(self._query(stretch, start, this.room + 1), self._timing)
            for item in page.items:
                yield from self._hand_on(item, stretch.shard, this)
                if this.rest is not None:
                    return
            if page.last_key is None:
                return
            start = page.last_key
            group = group_of(self._place(start))
            if group in this.blocked:
                stretch, start = stretch.after(group), None

    def _query(self, stretch: Stretch, start: Item | None, size: int) -> QueryPage:
        partition = self._partition.encode({"partition": pending(stretch.shard)})
        low, high = (Value(self._position.encode({"position": end})) for end in (stretch.low, stretch.high))
        within = Between(Path.of(self._position.attribute), low, high)
        return QueryPage(
            self._mapping.table,
            KeyCondition((self._partition.attribute, partition), within),
            limit=min(size, PAGE_SIZE),
            start=start,
            consistent=True,
        )

    def _place(self, item: Item) -> str:
        return str(self._position.parse(item[self._position.attribute])["position"])

    def _hand_on(self, item: Item, shard: int, this: _Round) -> Flow[None]:
        place = self._place(item)
        if group_of(place) in this.blocked:
            return
        if not this.room:
            this.rest = (shard, group_of(place))
            return
        this.note((yield from self._attempt(item, place)))

    def _attempt(self, item: Item, place: str) -> Flow[FailedDelivery | None]:
        try:
            entry = self._mapping.codec.decode(item)
        except (DecodeError, WrongEntityType) as unreadable:
            return FailedDelivery(place, unreadable)
        try:
            delivery = Delivery(self._event(entry), entry)
        except (DecodeError, MappingError) as unreadable:
            return FailedDelivery(place, unreadable, entry)
        error = yield from self._handle(delivery)
        if error is None:
            error = yield from self._removal.flow(item, entry)
        return None if error is None else FailedDelivery(place, error, entry)

    def _event(self, entry: OutboxEntry) -> object:
        kind = catalogue_of(self._outbox).find(entry.type)
        if kind is None:
            expected = f"an event type that {self._outbox.__name__} knows"
            key = (entry.partition, entry.position)
            raise DecodeError(OutboxEntry, "type", expected, "another name (S)", key)
        return kind.event(entry.payload, entry.id)

    def _handle(self, delivery: Delivery) -> Flow[Exception | None]:
        try:
            answer = yield from call(partial(self._handler, delivery))
        except Exception as error:  # noqa: BLE001  # whatever it is, the entry stays and is reported with it
            return error
        _refuse_awaitable(answer)
        return None


def _refuse_awaitable(answer: object) -> None:
    """Refuse work that has only begun: its entry would be removed before it is done."""
    if not inspect.isawaitable(answer):
        return
    if inspect.iscoroutine(answer):
        answer.close()
    raise UnitOfWorkStateError(
        "the relay's handler is asynchronous, and the relay is not; use AsyncOutboxRelay. Nothing was removed"
    )
