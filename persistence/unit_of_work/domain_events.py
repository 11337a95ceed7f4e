"""Domain events: which handlers they have, and where entities keep theirs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import persistence.commit_plan as plans
import persistence.outbox as outboxes
from persistence.errors import HandlerFailure, HandlersFailed, UnitOfWorkStateError
from persistence.events import event_log
from persistence.flows import Flow, call
from persistence.tracking import IdentityMap, Loaded, Tracked, version_of

Handler = Callable[[Any], object]
Handlers = Handler | Sequence[Handler] | Mapping[type, Handler | Sequence[Handler]]
"""One handler of all events, several of them, or event type -> its handlers."""

DEFAULT_ATTRIBUTE = "domain_events"


class DomainEvents:
    """What a unit of work does about domain events.

    ```python
    uow = UnitOfWork(store, events={OrderPlaced: send_mail})
    uow = UnitOfWork(store, events=DomainEvents({OrderPlaced: [send_mail, count]}, attribute="events"))
    ```

    Handlers are called after the commit, once, outside the unit, each with the event. A handler of a type is
    called for its subclasses too. Handlers of an asynchronous unit may be coroutine functions.

    Args:
        handlers: one handler of all events, a sequence of them, or a mapping from event types to handlers.
        attribute: the attribute in which entities keep a list of the events that they raise. The mapping does
            not store it: set it in `__post_init__`, or declare it as a `field(init=False)`. The list is
            emptied when its events are committed.

    Raises:
        UnitOfWorkStateError: what was given is no handler, or no name.
    """

    def __init__(self, handlers: Handlers = (), *, attribute: str = DEFAULT_ATTRIBUTE) -> None:
        if not isinstance(attribute, str) or not attribute.isidentifier():
            raise UnitOfWorkStateError(
                f"attribute is the name of an attribute of entities, not {attribute!r}"
            )
        self.attribute = attribute
        self._handlers = tuple(_pairs(handlers))

    def handlers_of(self, event: object) -> list[Handler]:
        """Give the handlers of an event, in the order in which they were given."""
        return [handler for kind, handler in self._handlers if isinstance(event, kind)]

    def raised_by(self, tracked: Tracked[Any]) -> tuple[object, ...]:
        """Give the events that an entity keeps."""
        kept = self._list_of(tracked)
        return () if kept is None else tuple(kept)

    def drain(self, tracked: Tracked[Any], count: int) -> None:
        """Take the first events of an entity away."""
        kept = self._list_of(tracked)
        if kept is not None:
            del kept[:count]

    def _list_of(self, tracked: Tracked[Any]) -> MutableSequence[object] | None:
        kept = getattr(tracked.entity, self.attribute, None)
        if not kept or not isinstance(kept, MutableSequence):
            return None
        # What the mapping stores is data of the entity, and no list of events.
        return None if self.attribute in tracked.mapping.field_names else kept


def domain_events(given: DomainEvents | Handlers | None) -> DomainEvents:
    """Give the policy that an argument stands for."""
    if isinstance(given, DomainEvents):
        return given
    return DomainEvents(() if given is None else given)


def _pairs(handlers: Handlers) -> Iterator[tuple[type, Handler]]:
    if isinstance(handlers, Mapping):
        for kind, named in handlers.items():
            if not isinstance(kind, type):
                raise UnitOfWorkStateError(f"events: handlers are given by event type, not by {kind!r}")
            yield from ((kind, handler) for handler in _sequence(named))
    else:
        yield from ((object, handler) for handler in _sequence(handlers))


def _sequence(handlers: Handler | Sequence[Handler]) -> Iterable[Handler]:
    if callable(handlers):
        return (handlers,)
    if isinstance(handlers, str | bytes) or not isinstance(handlers, Iterable):
        raise UnitOfWorkStateError(f"events: expected handlers, not {type(handlers).__name__}")
    found = tuple(handlers)
    for handler in found:
        if not callable(handler):
            raise UnitOfWorkStateError(f"events: a handler is called with an event, {handler!r} can't be")
    return found


@dataclass(frozen=True, slots=True)
class CollectedEvents:
    """The events of one commit.

    Attributes:
        recorded: those that were recorded, in order.
        raised: those that entities keep, entity by entity.
    """

    recorded: tuple[tuple[object, object | None], ...]
    raised: tuple[tuple[Tracked[Any], tuple[object, ...]], ...]

    @classmethod
    def of(
        cls, recorded: Iterable[tuple[object, object | None]], entities: IdentityMap, policy: DomainEvents
    ) -> CollectedEvents:
        """Collect what a unit has recorded and what its entities keep."""
        attribute = policy.attribute
        kept = [
            (tracked, events)
            for tracked in entities
            if getattr(tracked.entity, attribute, None) and (events := policy.raised_by(tracked))
        ]
        given = tuple(recorded)
        return cls(given, tuple(kept)) if given or kept else NO_EVENTS

    def __bool__(self) -> bool:
        return bool(self.recorded or self.raised)

    def __iter__(self) -> Iterator[object]:
        yield from (event for event, _entity in self.recorded)
        yield from (event for _tracked, events in self.raised for event in events)

    def for_outbox(
        self, entities: IdentityMap, writes: Sequence[plans.PlannedAction[Any]]
    ) -> list[outboxes.Recorded]:
        """Say of each event which entity it is about, and in which version that will be.

        Args:
            entities: what the unit tracks.
            writes: what the commit writes.
        """
        by_object = {id(tracked.entity): tracked for tracked in entities}
        planned = {id(each.tracked): each for each in writes if each.tracked is not None}
        about = [(event, by_object.get(id(entity))) for event, entity in self.recorded]
        about += [(event, tracked) for tracked, events in self.raised for event in events]
        return [_recorded(event, tracked, planned) for event, tracked in about]

    def drain(self, policy: DomainEvents) -> None:
        """Take the events away from the entities that kept them."""
        for tracked, events in self.raised:
            policy.drain(tracked, len(events))


NO_EVENTS = CollectedEvents((), ())
"""What most commits hand on."""


def _recorded(
    event: object, tracked: Tracked[Any] | None, planned: Mapping[int, plans.PlannedAction[Any]]
) -> outboxes.Recorded:
    if tracked is None:
        return outboxes.Recorded(event)
    action = planned.get(id(tracked))
    version = _stored_version(tracked) if action is None else _version_after(action)
    return outboxes.Recorded(
        event,
        tracked.mapping.name,
        tracked.key_values,
        int(version) if isinstance(version, int | Decimal) else None,
    )


def _version_after(action: plans.PlannedAction[Any]) -> object:
    if action.new_version is None and action.kind in (plans.Kind.REMOVE, plans.Kind.PURGE):
        expected = action.expected_version
        # Its events come behind those of the version that was removed.
        return expected + 1 if isinstance(expected, int | Decimal) else expected
    return action.expected_version if action.new_version is None else action.new_version


def _stored_version(tracked: Tracked[Any]) -> object:
    role = tracked.mapping.roles.version
    if role is None or not isinstance(tracked.origin, Loaded):
        return version_of(tracked.mapping, tracked.entity)
    return tracked.mapping.read_role(role, tracked.origin.item)


def hand_on(events: Iterable[object], policy: DomainEvents) -> Flow[None]:
    """Call the handlers of events; what they raise is collected.

    Raises:
        HandlersFailed: some handlers raised; all were called.
    """
    failures = []
    for event in events:
        for handler in policy.handlers_of(event):
            try:
                given = yield from call(partial(handler, event))
                _refuse_unawaited(given)
            except Exception as error:  # noqa: BLE001  # handlers are the application's; told in HandlersFailed
                failures.append(HandlerFailure(event, handler, error))
    if failures:
        kinds = sorted({type(failure.error).__name__ for failure in failures})
        event_log().warning("handlers.failed", failures=len(failures), errors=kinds)
        raise HandlersFailed(failures)


def _refuse_unawaited(given: object) -> None:
    if inspect.isawaitable(given):
        if inspect.iscoroutine(given):
            given.close()
        raise UnitOfWorkStateError(
            "the handler is asynchronous, and its unit of work is not; it was not called. "
            "Use an AsyncUnitOfWork, or a handler that is no coroutine function"
        )
