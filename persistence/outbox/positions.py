"""Where entries stand: their partition and their sort key, which is their order.

An entry of an aggregate sorts by the aggregate, then by its version after the commit, and only then by time,
so that the order does not depend on the clocks of different machines. An entry without an aggregate sorts by
time.

    a#Order#o-1#00000000000000000003#2026-01-02T03:04:05.000006Z#0000#5f0c...
    e#2026-01-02T03:04:05.000006Z#0000#5f0c...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from hashlib import sha256

from persistence.fields import utc_text
from persistence.mapping.plain import number

FIRST = "a"
"""Not above any position."""
LAST = "f"
"""Above every position."""

_OF_AGGREGATE = "a"
_OF_NONE = "e"
_SEPARATOR = "#"
_AFTER_SEPARATOR = "$"
_BETWEEN_KEY_PARTS = ","
_ESCAPES = (("%", "%25"), (_SEPARATOR, "%23"), (_BETWEEN_KEY_PARTS, "%2C"))
_DIGEST_MARK = "%%"
"""Escaped text never contains it."""

LONGEST_AGGREGATE = 800
"""Bytes that an aggregate may take of the 1024 of a sort key; a longer one is known by its digest."""

_VERSION_DIGITS = 20
_INDEX_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What an event is about: the name of the entity's type, and its key as texts."""

    type: str
    key: tuple[str, ...]


def key_texts(key: Sequence[object]) -> tuple[str, ...]:
    """Give the values of a key as texts, equal ones for keys that are one to the service."""
    return tuple(map(_text, key))


def _text(value: object) -> str:
    match value:
        case Enum():
            return _text(value.value)
        case str():
            return str.__str__(value)
        case bytes() | bytearray():
            return value.hex()
        case datetime() if value.utcoffset() is not None:
            return utc_text(value)
        case date() | time():
            return value.isoformat()
        case int() | float() | Decimal() if not isinstance(value, bool):
            return number(value)
        case _:
            return str(value)


def pending(shard: int) -> str:
    """Name the partition of the entries of a shard that wait to be handed on."""
    return f"pending{_SEPARATOR}{shard}"


def delivered(partition: str) -> str:
    """Name the partition for the delivered entries of the shard that a pending partition is of."""
    return f"delivered{_SEPARATOR}{partition.rpartition(_SEPARATOR)[2]}"


def shard_of(aggregate: Aggregate | None, event_id: str, shards: int) -> int:
    """Give the shard of an entry: one for all of an aggregate, any for those of none."""
    place = event_id if aggregate is None else _place_of(aggregate)
    return int.from_bytes(sha256(place.encode()).digest()[:8]) % shards


def position(
    aggregate: Aggregate | None, version: int | None, at: datetime, index: int, event_id: str
) -> str:
    """Give the sort key of an entry.

    Args:
        aggregate: what the event is about, if anything.
        version: the aggregate's version after the commit; None for one without.
        at: aware time of recording.
        index: the event's place within its commit.
        event_id: its id.
    """
    moment = (utc_text(at), f"{index:0{_INDEX_DIGITS}d}", _escaped(event_id))
    if aggregate is None:
        return _SEPARATOR.join((_OF_NONE, *moment))
    return _SEPARATOR.join((_place_of(aggregate), f"{version or 0:0{_VERSION_DIGITS}d}", *moment))


def _place_of(aggregate: Aggregate) -> str:
    key = _BETWEEN_KEY_PARTS.join(map(_escaped, aggregate.key))
    name = _SEPARATOR.join((_escaped(aggregate.type), key))
    if len(name.encode()) > LONGEST_AGGREGATE:
        name = _SEPARATOR.join((_DIGEST_MARK, sha256(name.encode()).hexdigest()))
    return _SEPARATOR.join((_OF_AGGREGATE, name))


def _escaped(text: str) -> str:
    for plain, escape in _ESCAPES:
        text = text.replace(plain, escape)
    return text


def group_of(text: str) -> str:
    """Give the part of a position that all entries share which must keep their order.

    That is the aggregate; an entry without one is a group of its own.
    """
    mark, *parts = text.split(_SEPARATOR)
    return _SEPARATOR.join((mark, *parts[:2])) if mark == _OF_AGGREGATE else text


def behind(group: str) -> str:
    """Give the lowest position that comes after all entries of a group."""
    return group + _AFTER_SEPARATOR


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a shard: the positions between two texts, both included."""

    shard: int
    low: str = FIRST
    high: str = LAST

    @property
    def empty(self) -> bool:
        """Whether nothing can be between its ends."""
        return self.low > self.high

    def after(self, group: str) -> Stretch:
        """Give what is left of it behind a group."""
        return Stretch(self.shard, behind(group), self.high)


def stretches(shards: int, begin: tuple[int, str] | None) -> tuple[Stretch, ...]:
    """Give all shards as stretches, in the order in which they are worked off.

    Args:
        shards: how many there are.
        begin: shard and group where to begin, so that nobody waits for ever behind a busy aggregate; what is
            before them comes last.
    """
    if begin is None:
        return tuple(Stretch(shard) for shard in range(shards))
    first, group = begin
    others = (Stretch((first + step) % shards) for step in range(1, shards))
    return (Stretch(first, low=group), *others, Stretch(first, high=group))
