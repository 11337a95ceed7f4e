"""Snapshots: entities of several repositories as they were at one moment, by one transactional read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from persistence.attributes import Item
from persistence.entity_keys import EntityKey
from persistence.errors import (
    PersistenceError,
    QueryError,
    StaleEntity,
    StoreUnavailable,
    Throttled,
    TransactionBusy,
    TransactionTooLarge,
)
from persistence.evaluate import holds
from persistence.events import event_log
from persistence.expectations import Expectation
from persistence.flows import Flow, pause, perform
from persistence.operations import GetItem, TransactGet
from persistence.store import Limits
from persistence.timing import Timing
from persistence.tracking import Identity, Loaded, Tracked, identity_of, refuse_expired_changes
from persistence.unit_of_work.attempts import pause_after
from persistence.unit_of_work.unit import Unit, reading
from persistence.visibility import sees


def snapshot(
    keys: Sequence[EntityKey[Any]],
    unit: Unit[Any] | None,
    present_store: Callable[[], Any],
    deadline: float,
    timing: Timing,
    clock: Callable[[], datetime],
) -> Flow[tuple[Any, ...]]:
    """Read entities as they are at one moment.

    Args:
        keys: what to read; duplicates are answered each.
        unit: where the entities are tracked; None for none.
        present_store: gives the store that is read outside a unit.
        deadline: seconds for which a read that met a transaction is repeated.
        timing: time and chance.
        clock: gives the time, for what expires.

    Raises:
        TransactionTooLarge: more keys than one transaction takes.
        TransactionBusy, Throttled, StoreUnavailable: until the deadline.
        StaleEntity: an entity that the unit has read before is another one by now.
    """
    _check(keys)
    if not keys:
        return ()
    wanted = {identity_of(key.mapping, key.key): key for key in keys}
    _refuse_two_mappings(keys, wanted)
    _refuse_too_many(list(wanted.values()), (present_store() if unit is None else unit.store).limits)
    items = yield from reading(unit, lambda: _read(list(wanted.values()), deadline, timing))
    found = dict(zip(wanted, items, strict=True))
    readers = {(identity_of(key.mapping, key.key), key.shown): key for key in keys}
    entities = {
        (place, shown): _took_in(unit, key, found[place], clock) for (place, shown), key in readers.items()
    }
    return tuple(entities[identity_of(key.mapping, key.key), key.shown] for key in keys)


def _check(keys: Sequence[EntityKey[Any]]) -> None:
    for key in keys:
        if not isinstance(key, EntityKey):
            raise QueryError(f"snapshot takes keys, such as orders.key('o-1'), not {type(key).__name__}")


def _refuse_two_mappings(keys: Sequence[EntityKey[Any]], wanted: Mapping[Identity, EntityKey[Any]]) -> None:
    for key in keys:
        other = wanted[identity_of(key.mapping, key.key)]
        if other.mapping is not key.mapping:
            raise QueryError(f"snapshot: {key} and {other} are one item; use one mapping per item")


def _refuse_too_many(keys: Sequence[EntityKey[Any]], limits: Limits) -> None:
    if len(keys) > limits.transaction_actions:
        by_type = Counter(key.mapping.name for key in keys)
        raise TransactionTooLarge(len(keys), 0, f"{limits.transaction_actions} reads", by_type)


def _read(keys: Sequence[EntityKey[Any]], deadline: float, timing: Timing) -> Flow[tuple[Item | None, ...]]:
    request = TransactGet(tuple(GetItem(key.mapping.table, key.key) for key in keys))
    end = timing.monotonic() + deadline
    for attempt in count(1):
        try:
            return (yield from perform(request)).items
        except (TransactionBusy, Throttled, StoreUnavailable) as unread:
            failure = unread
        wait = pause_after(failure, attempt, timing)
        if timing.monotonic() + wait >= end:
            raise _named(failure, keys) from failure
        code = getattr(failure, "code", None) or type(failure).__name__
        event_log().info("retry.scheduled", attempt=attempt, code=code, seconds=round(wait, 3))
        yield from pause(wait)
    raise AssertionError("unreachable: the attempts are endless")


def _named(failure: PersistenceError, keys: Sequence[EntityKey[Any]]) -> PersistenceError:
    """Name the entities of which one is held by a transaction; the store does not tell which."""
    if not isinstance(failure, TransactionBusy):
        return failure
    first = keys[0]
    return TransactionBusy(
        f"snapshot: another transaction holds one of {', '.join(map(str, keys))}; try again",
        entity_type=first.mapping.entity_type,
        key=first.mapping.key_values(first.key),
    )


def _took_in(
    unit: Unit[Any] | None, key: EntityKey[Any], stored: Item | None, clock: Callable[[], datetime]
) -> Any:
    """Take in what was read; what the unit holds already must be of the same moment."""
    seen = stored is not None and sees(key.mapping, key.shown, stored, clock)
    item = stored if seen else None
    if unit is None:
        return None if item is None else key.mapping.codec.decode(item)
    tracked = unit.entities.find(key.mapping, key.key)
    if tracked is None or not tracked.known:
        if item is not None and unit.entities.known_absent(key.mapping, key.key, key.shown):
            raise _outdated(key)
        return _loaded(unit, key, tracked, item)
    if isinstance(tracked.origin, Loaded) and not holds(Expectation(tracked, reads=True).condition(), stored):
        raise _outdated(key)
    return tracked.entity if tracked.seen_by(key.shown) else None


def _loaded(unit: Unit[Any], key: EntityKey[Any], tracked: Tracked[Any] | None, item: Item | None) -> Any:
    if item is not None:
        return unit.entities.load(key.mapping, item, shown=key.shown)
    if tracked is not None:
        refuse_expired_changes(tracked)
        unit.entities.forget(tracked)
    unit.entities.remember_absent(key.mapping, key.key, key.shown)
    return None


def _outdated(key: EntityKey[Any]) -> StaleEntity:
    return StaleEntity(
        f"{key} was changed by somebody else since this unit read it, so that it is not of one moment with "
        "the rest of the snapshot; take the snapshot first, or in a new unit",
        entity_type=key.mapping.entity_type,
        key=key.mapping.key_values(key.key),
    )
