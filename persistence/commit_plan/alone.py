"""One write by itself: what is sent is made at once, the plan of it where somebody asks for that.

The plan says who is told of a failure, and what a commit was. Most writes succeed, and nobody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from persistence.attributes import Item, size_at_most
from persistence.commit_plan.brief import PlannedCreation
from persistence.commit_plan.encodings import Encodings, encoding_with
from persistence.commit_plan.kept import NOTHING_KEPT, Kept
from persistence.commit_plan.patching import update_of
from persistence.commit_plan.planned import CommitPlan, Kind, PlannedAction, action_of
from persistence.errors import ValidationFailed
from persistence.expectations import FIRST_VERSION
from persistence.mapping import EntityMapping
from persistence.operations import PutItem, TransactAction
from persistence.patches import Patch
from persistence.store import Limits
from persistence.tracking import CREATE, IdentityMap, Tracked, key_part, refuse_changed_key
from persistence.written_items import WrittenItem

T = TypeVar("T")


class Alone(Protocol):
    """A commit of one action."""

    @property
    def action(self) -> TransactAction:
        """What is to be sent."""
        ...

    @property
    def is_patch(self) -> bool:
        """Whether it changes an item that was not read."""
        ...

    @property
    def plan(self) -> CommitPlan:
        """The commit, before it took effect."""
        ...

    @property
    def done(self) -> CommitPlan:
        """The commit that took effect, without its entities."""
        ...

    def absorb(self) -> object:
        """Bring entities in line with what is stored now, once; who keeps the write keeps none alive."""
        ...


class PlannedAlone:
    """A commit of one action that was planned among others that might have been.

    Args:
        plan: the commit.
        entities: what it brings in line with what is stored.
    """

    __slots__ = ("_entities", "action", "done", "is_patch", "plan")

    def __init__(self, plan: CommitPlan, entities: IdentityMap) -> None:
        (planned,) = plan.actions
        self.plan = self.done = plan
        self.action = planned.action
        self.is_patch = planned.patch is not None
        self._entities = entities

    def absorb(self) -> None:
        """Bring entities in line with what is stored now, and let go of them."""
        self.plan.absorb(self._entities)
        self.plan.release()
        del self._entities


class Creation(Generic[T]):
    """A new entity that is stored by itself; its mapping knows neither schema versions nor marks of deletion.

    Args:
        mapping: the entity's mapping.
        entity: the entity.
        now: gives the time of the commit, aware; it is asked once, if at all.
        limits: what the store takes.
        ids: gives random ids, for incarnations.
        texts: whether the store sends new items as JSON.

    Attributes:
        entity: what it stores; once it is stored, as it is then.
        action: what is to be sent.

    Raises:
        ValidationFailed: the entity can't be stored as it is.
        KeyChanged: it is encoded with another key than its own.
        ItemTooLarge: its item is over the store's limit.
    """

    __slots__ = ("_held", "_kept", "_key", "_mapping", "_weight", "action", "entity")

    is_patch = False

    def __init__(
        self,
        mapping: EntityMapping[T],
        entity: T,
        now: Callable[[], datetime],
        limits: Limits,
        ids: Callable[[], str],
        *,
        texts: bool = False,
    ) -> None:
        self._mapping = mapping
        self.entity = entity
        self._key: Item | None = None
        text = None
        if texts and mapping.codec.text is not None:
            new = Encodings(now, limits, ids, texts=True).new(mapping)
            self._kept = new.kept
            self._key = mapping.key_of(entity)
            text = new.written(entity, self._key)
        else:
            self._kept = _kept_of_new(mapping, now, limits, ids)
        self._held: Any  # as the action holds it
        if text is None:
            self._held = self._made(now, limits, ids)
        else:
            self._held, self._weight = WrittenItem(text), len(text)
        self.action = PutItem(mapping.table, self._held, mapping.is_free, "none", True)

    def _made(self, now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]) -> Item:
        mapping, entity, kept = self._mapping, self.entity, self._kept
        key = None if mapping.encodes_own_key else self._key or mapping.key_of(entity)
        try:
            item = encoding_with(mapping, entity, kept.named)
        except ValidationFailed:
            mapping.key_of(entity)  # what is wrong with the key is told first, and by itself
            raise
        if kept.roles:
            item.update(kept.attributes)
        self._weight = size_at_most(item)
        if key is not None and not key.items() <= item.items():
            refuse_changed_key(self._new(key), key_part(mapping, item))
        self._key = None  # the item has it
        if self._weight > limits.item_bytes:
            tracked = self._new(key_part(mapping, item))
            self._weight = Encodings(now, limits, ids).weighed(tracked, item)
        return item

    @property
    def plan(self) -> CommitPlan:
        """The commit, before it took effect; each time another one."""
        return self._planned(self._new(self._stored_key))

    @property
    def done(self) -> CommitPlan:
        """The commit that took effect, without its entity; each time another one."""
        mapping, key = self._mapping, self._stored_key
        plan = self._planned(Tracked(mapping, mapping.identity(key), key, None, CREATE, None))
        plan.release()
        return plan

    @property
    def _stored_key(self) -> Item:
        return self._key or key_part(self._mapping, self.action.item)

    def absorb(self) -> None:
        """Bring the entity in line with what is stored now; one whose class is frozen is replaced."""
        named = self._kept.named
        if named:
            self.entity = self._mapping.assign(self.entity, named)

    def let_go(self) -> T:
        """Give the entity to the one who goes on with it: who keeps the write does not keep it alive."""
        entity = self.entity
        del self.entity
        return entity

    def _new(self, key: Item) -> Tracked[T]:
        mapping = self._mapping
        return Tracked(mapping, mapping.identity(key), key, self.entity, CREATE, None)

    def _planned(self, tracked: Tracked[Any]) -> CommitPlan:
        kept, held, weight = self._kept, self._held, self._weight
        planned: PlannedAction[Any]
        if isinstance(held, WrittenItem):
            planned = PlannedCreation(Kind.CREATE, tracked, self.action, held, weight, kept)
        else:
            planned = action_of(Kind.CREATE, tracked, self.action, kept, held, held, weight=weight)
        return CommitPlan((planned,), distinct=True)


class PatchAlone(Generic[T]):
    """A patch that is written by itself; its mapping knows no schema versions.

    Args:
        patch: the patch.
        now: gives the time of the commit, aware; it is asked once, if at all.
        limits: what the store takes.
        ids: gives random ids, for incarnations.

    Attributes:
        action: what is to be sent.

    Raises:
        QueryError: it is too long for one request.
    """

    __slots__ = ("_patch", "_seen", "action")

    is_patch = True

    def __init__(
        self, patch: Patch[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
    ) -> None:
        self._patch = patch
        encodings = Encodings(now, limits, ids)
        kept = encodings.kept(patch.mapping, version=FIRST_VERSION, created=patch.upsert)
        self.action, self._seen = update_of(patch, kept.roles, encodings.time)

    @property
    def plan(self) -> CommitPlan:
        """The commit; each time another one."""
        patch = self._patch
        planned = PlannedAction(
            Kind.PATCH,
            patch.mapping,
            patch.key,
            self.action,
            expected_version=patch.expected_version,
            patch=patch,
            seen=self._seen,
        )
        return CommitPlan((planned,), distinct=True)

    @property
    def done(self) -> CommitPlan:
        """The same."""
        return self.plan

    def absorb(self) -> None:
        """Do nothing: there is no entity."""


def _kept_of_new(
    mapping: EntityMapping[T], now: Callable[[], datetime], limits: Limits, ids: Callable[[], str]
) -> Kept:
    if not mapping.managed_attributes:
        return NOTHING_KEPT
    return Encodings(now, limits, ids).kept(mapping, version=FIRST_VERSION, created=True)
