"""The usual new entity: nothing of its item is there but the text that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from persistence.attributes import Item
from persistence.commit_plan.kept import Kept
from persistence.commit_plan.planned import Kind, PlannedAction
from persistence.operations import PutItem
from persistence.tracking import Tracked, Written
from persistence.written_items import WrittenItem

T = TypeVar("T")


class PlannedCreation(PlannedAction[T]):
    """The put of a new entity that was written as text.

    Args:
        kind: whether it demands that its key is free.
        tracked: the entity's record.
        put: what will be sent.
        written: the item of it.
        weight: bytes that the item has at most.
        kept: what the unit of work keeps.
    """

    __slots__ = ("_kept",)

    listed = ()
    before = patch = seen = expected_version = None

    def __init__(
        self, kind: Kind, tracked: Tracked[T], put: PutItem, written: WrittenItem, weight: int, kept: Kept
    ) -> None:
        self.kind = kind
        self.mapping = tracked.mapping
        self.key = tracked.key
        self.action = put
        self.tracked = tracked
        self.encoded = Written(written)
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
    def stored(self) -> Item:  # type: ignore[override]  # it is read of the text
        """The item as it is stored, which is what was sent."""
        return self.action.item  # type: ignore[union-attr]  # it is a put

    def release(self) -> None:
        """Let go of the entity."""
        self.tracked = self.encoded = None
