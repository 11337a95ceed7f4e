"""Actions of which most commits consist, made of few objects: what else they tell is made for who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from persistence.attributes import Item
from persistence.commit_plan.kept import Kept
from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.operations import PutItem, TransactAction
from persistence.tracking import Loaded, Tracked, Written
from persistence.written_items import WrittenItem

T = TypeVar("T")


class BriefAction(PlannedAction[T]):
    """The write of an entity after which all that is known of its item is known in one piece.

    Args:
        tracked: the entity's record.
        action: what will be sent.
        kept: what the unit of work keeps.
        after: what is known of the item then.
        weight: bytes that the action has at most.
    """

    __slots__ = ("_kept",)

    listed = ()
    patch = seen = None

    def __init__(
        self, tracked: Tracked[T], action: TransactAction, kept: Kept, after: Loaded, weight: int
    ) -> None:
        self.mapping = tracked.mapping
        self.key = tracked.key
        self.action = action
        self.tracked = tracked
        self.encoded = after
        self.weight = weight
        self._kept = kept

    @property
    def roles(self) -> Mapping[str, object]:  # type: ignore[override]  # they are what is kept
        """Python attribute -> value that the entity gets after the commit."""
        return self._kept.named

    @property
    def new_version(self) -> object:  # type: ignore[override]  # it is what is kept
        """The version that the item has afterwards, None where that is not known."""
        return self._kept.version

    @property
    def stored(self) -> Item | None:  # type: ignore[override]  # it is made of what is known
        """The item as it will be stored; None once the unit let the entity go."""
        return self.encoded.item if isinstance(self.encoded, Loaded) else None

    def release(self) -> None:
        """Let go of the entity."""
        self.tracked = self.encoded = None


class PlannedCreation(BriefAction[T]):
    """The put of a new entity that was written as text.

    Args:
        kind: whether it demands that its key is free.
        tracked: the entity's record.
        put: what will be sent.
        written: the item of it.
        weight: bytes that the item has at most.
        kept: what the unit of work keeps.
    """

    __slots__ = ()

    before = expected_version = None

    def __init__(
        self, kind: Kind, tracked: Tracked[T], put: PutItem, written: WrittenItem, weight: int, kept: Kept
    ) -> None:
        super().__init__(tracked, put, kept, Written(written), weight)
        self.kind = kind

    @property
    def stored(self) -> Item:  # type: ignore[override]  # it is read of the text
        """The item as it is stored, which is what was sent."""
        return self.action.item  # type: ignore[union-attr]  # it is a put
