"""Which stored items readers don't see: those that are marked as deleted, and those that have expired.

What is hidden is stored all the same: its key is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import persistence.evaluate as evaluate
import persistence.expressions as expressions
from persistence.attributes import Item
from persistence.expressions import Path
from persistence.mapping import EntityMapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a reader sees beside what is alive.

    Attributes:
        deleted: items that are marked as deleted.
        expired: items whose time to live has passed, until the service deletes them.
    """

    deleted: bool = False
    expired: bool = True

    @classmethod
    def of(cls, mapping: EntityMapping[Any]) -> Visibility:
        """Give what readers see unless they say otherwise."""
        return cls(expired=not mapping.hide_expired)

    @property
    def with_deleted(self) -> Visibility:
        """The same, and what is marked as deleted."""
        return replace(self, deleted=True)

    @property
    def live(self) -> Visibility:
        """The same without what has expired."""
        return replace(self, expired=False)

    def covers(self, other: Visibility) -> bool:
        """Tell whether whoever sees this sees all of the other too."""
        return (self.deleted or not other.deleted) and (self.expired or not other.expired)


USUAL = Visibility()
"""What readers see where their mapping does not say otherwise."""


def hides(mapping: EntityMapping[Any], shown: Visibility) -> bool:
    """Tell whether there can be items that a reader does not see."""
    roles = mapping.roles
    return bool((roles.deleted_at and not shown.deleted) or (roles.time_to_live and not shown.expired))


def hidden_filter(
    mapping: EntityMapping[Any], now: datetime, shown: Visibility
) -> expressions.Condition | None:
    """Give the condition that visible items fulfil; None where all are visible.

    Args:
        mapping: the items' mapping.
        now: the time, aware; an item expires at the whole second that its time to live says.
        shown: what the reader sees.
    """
    alive = unmarked(mapping) if not shown.deleted else None
    unexpired = None if shown.expired or (expired := is_expired(mapping, now)) is None else ~expired
    return expressions.all_of(alive, unexpired)


def visible(
    mapping: EntityMapping[Any], clock: Callable[[], datetime], shown: Visibility
) -> expressions.Condition | None:
    """Give the condition that items fulfil which a reader sees; None where all are visible.

    Args:
        mapping: the items' mapping.
        clock: gives the time; it is asked only where it matters.
        shown: what the reader sees.
    """
    return hidden_filter(mapping, clock(), shown) if hides(mapping, shown) else None


def hidden(mapping: EntityMapping[Any], now: datetime, shown: Visibility) -> expressions.Condition | None:
    """Give the condition that items fulfil which a reader does not see; None where all are visible."""
    deleted = marked(mapping) if not shown.deleted else None
    expired = is_expired(mapping, now) if not shown.expired else None
    if deleted is None:
        return expired
    return deleted if expired is None else deleted | expired


def sees(mapping: EntityMapping[Any], shown: Visibility, item: Item, clock: Callable[[], datetime]) -> bool:
    """Tell whether a reader sees an item.

    Args:
        mapping: its mapping.
        shown: what the reader sees.
        item: as it is stored.
        clock: gives the time; it is asked only where it matters.
    """
    demanded = visible(mapping, clock, shown)
    return demanded is None or evaluate.holds(demanded, item)


def marked(mapping: EntityMapping[Any]) -> expressions.Condition | None:
    """Demand the mark of a deletion; None where items carry none."""
    role = mapping.roles.deleted_at
    return None if role is None else expressions.AttributeExists(Path.of(role.attribute))


def unmarked(mapping: EntityMapping[Any]) -> expressions.Condition | None:
    """Demand that there is no mark of a deletion; None where items carry none."""
    role = mapping.roles.deleted_at
    return None if role is None else expressions.AttributeNotExists(Path.of(role.attribute))


def is_marked(mapping: EntityMapping[Any], item: Item) -> bool:
    """Tell whether an item is marked as deleted."""
    role = mapping.roles.deleted_at
    return role is not None and role.attribute in item


def is_expired(mapping: EntityMapping[Any], now: datetime) -> expressions.Condition | None:
    """Demand a time to live that has passed; None where items have none.

    What is no number never expires (developer guide, "Time to Live").
    """
    role = mapping.roles.time_to_live
    if role is None:
        return None
    seconds = (now - _EPOCH) // timedelta(seconds=1)
    return expressions.Compare("<=", Path.of(role.attribute), expressions.Value({"N": str(seconds)}))
