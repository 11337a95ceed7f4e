"""What a bulk is given, as planned writes: each by itself under its condition, or without one in a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

from persistence.attributes import Item
from persistence.commit_plan import Creations, Kind, PlannedAction, plan, plan_mark
from persistence.errors import BulkFailure, PersistenceError
from persistence.expressions import Path
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import DeleteItem, PutItem
from persistence.store import Limits
from persistence.tracking import (
    Detached,
    Identity,
    IdentityMap,
    Intent,
    Loaded,
    Stored,
    Tracked,
    identity_of,
    key_part,
    version_of,
)
from persistence.unit_of_work.policies import Policies
from persistence.visibility import is_marked

T = TypeVar("T")

Verb = Literal["add", "update", "save", "remove"]
"""What a bulk can do with an entity; each means what it means to a repository."""

_CALLS: Mapping[Verb, Callable[[IdentityMap, EntityMapping[Any], Any], None]] = MappingProxyType(
    {
        "add": IdentityMap.add,
        "update": IdentityMap.update,
        "save": IdentityMap.save,
        "remove": IdentityMap.remove,
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BulkWrite(NamedTuple, Generic[T]):
    """One write of a bulk.

    Attributes:
        planned: what is sent, and what becomes of its entity.
        batched: whether it has no condition, so that it can be part of a batch.
        lenient: whether an item that is gone by now, or marked as deleted, is as good as removed.
    """

    planned: PlannedAction[T]
    batched: bool
    lenient: bool = False

    @property
    def identity(self) -> Identity:
        """The item that it writes."""
        tracked = self.planned.tracked
        return identity_of(self.planned.mapping, self.planned.key) if tracked is None else tracked.identity

    @property
    def removes(self) -> bool:
        """Whether it deletes, or marks as deleted."""
        return self.planned.kind in (Kind.REMOVE, Kind.MARK)

    def part_of_a_batch(self) -> PutItem | DeleteItem:
        """Give what is sent in a batch."""
        action = self.planned.action
        assert isinstance(action, (PutItem, DeleteItem))
        return action

    def absorb(self) -> None:
        """Bring its entity in line with what is stored now, once it was done in a batch."""
        planned = self.planned
        if planned.roles and planned.entity is not None:
            planned.mapping.assign(planned.entity, planned.roles)

    def failure(self, error: PersistenceError) -> BulkFailure:
        """Say that it was not done."""
        return BulkFailure(self.planned.entity, self.planned.key_values, error)


class WritePlanner(Generic[T]):
    """Plans the writes of a bulk as a unit of work plans those of a commit.

    Args:
        mapping: the mapping of the entities.
        policies: those of the unit of work.
        limits: what the store takes.
        overwrite: whether nothing is demanded of what is stored.
        texts: whether the store sends new items as JSON.
    """

    def __init__(
        self,
        mapping: EntityMapping[T],
        policies: Policies,
        limits: Limits,
        *,
        overwrite: bool,
        texts: bool = False,
    ) -> None:
        self.mapping = mapping
        self._policies = policies
        self._limits = limits
        self._overwrite = overwrite
        self._texts = texts
        self._creations = Creations(mapping, policies.clock, limits, policies.ids, texts=texts)

    def may_batch(self, verb: Verb) -> bool:
        """Tell whether a verb demands nothing of what is stored, as far as its mapping says."""
        roles = self.mapping.roles
        return self._overwrite or (verb != "update" and roles.version is None and roles.deleted_at is None)

    @property
    def _removes_anything(self) -> bool:
        """Whether a removal demands nothing of what is stored, but that it is not marked as deleted."""
        return self._overwrite or self.mapping.roles.version is None

    def plan(self, verb: Verb, entity: T, *, lenient: bool = False) -> BulkWrite[T] | None:
        """Plan what is to become of an entity, as it is now; None if there is nothing to write.

        Raises:
            ValidationFailed, ItemTooLarge: it can't be stored as it is.
        """
        if verb == "remove" and self._removes_anything:
            return self._unconditional(self.mapping.key_of(entity), entity)
        if self.may_batch(verb):
            return BulkWrite(self._overwriting(entity), batched=True)
        identities = IdentityMap()
        _CALLS[verb](identities, self.mapping, entity)
        planned = self._planned(identities)
        return None if planned is None else BulkWrite(planned, batched=False, lenient=lenient)

    def plan_key(self, key: Item) -> BulkWrite[T]:
        """Plan the deletion of whatever is stored under a key."""
        return self._unconditional(key, None)

    def plan_item(self, item: Item) -> BulkWrite[T] | None:
        """Plan the deletion of an item that a query found, if it still is what was found.

        Args:
            item: at least what `removal_paths` names.

        Returns:
            What is to be done; None if the item is marked as deleted already.
        """
        if is_marked(self.mapping, item):
            return None
        key = key_part(self.mapping, item)
        if self._removes_anything:
            return self._unconditional(key, None)
        tracked = self._removed(key, None, Loaded(item, item))
        planned = self._planned(IdentityMap({tracked.identity: tracked}))
        assert planned is not None
        # There is no entity that could show what becomes of it.
        return BulkWrite(replace(planned, roles={}), batched=False, lenient=True)

    def _unconditional(self, key: Item, entity: T | None) -> BulkWrite[T]:
        tracked, policies = self._removed(key, entity, Detached(None)), self._policies
        if self.mapping.roles.deleted_at is None:
            delete = DeleteItem(self.mapping.table, key)
            return BulkWrite(PlannedAction(Kind.REMOVE, self.mapping, key, delete, tracked), batched=True)
        planned = plan_mark(tracked, policies.clock, self._limits, policies.ids)
        shown = planned.roles if entity is not None else {}
        return BulkWrite(replace(planned, roles=shown), batched=False, lenient=True)

    def _removed(self, key: Item, entity: T | None, origin: Stored) -> Tracked[T]:
        identity = identity_of(self.mapping, key)
        return Tracked(self.mapping, identity, key, cast(T, entity), Intent.REMOVE, origin)

    def _overwriting(self, entity: T) -> PlannedAction[T]:
        """Plan a new item that takes the place of whatever is stored."""
        roles = self.mapping.roles
        if roles.version is None and roles.created_at is None:
            return self._creations.plan(entity)
        return self._creations.plan(entity, partial(self._given, entity))

    def _given(self, entity: T) -> Mapping[RoleField, object]:
        roles, given = self.mapping.roles, dict[RoleField, object]()
        if roles.version is not None:
            given[roles.version] = _version_beyond(version_of(self.mapping, entity), self._policies.clock())
        if roles.created_at is not None and roles.created_at.name is not None:
            known = getattr(entity, roles.created_at.name)
            if known is not None:  # it is the entity that was made then, and not a new one
                given[roles.created_at] = known
        return given

    def _planned(self, identities: IdentityMap) -> PlannedAction[T] | None:
        policies = self._policies
        commit = plan(identities, policies.clock, self._limits, ids=policies.ids, texts=self._texts)
        return commit.actions[0] if commit.actions else None


def _version_beyond(version: object, now: datetime) -> int:
    """Give a version that nobody can hold yet, whatever is stored: the time in microseconds.

    A batch can't step the stored version, and a counted one may be what somebody else has loaded.
    """
    microseconds = (now - _EPOCH) // timedelta(microseconds=1)
    counted = int(version) + 1 if isinstance(version, int | Decimal) else 0
    return max(microseconds, counted)


def removal_paths(mapping: EntityMapping[Any]) -> tuple[Path, ...]:
    """Give what has to be read of items that a bulk shall remove: the key, and what shows later changes."""
    roles = mapping.roles
    shown = (roles.version, roles.incarnation, roles.created_at, roles.deleted_at)
    marks = [role.attribute for role in shown if role]
    own = [] if mapping.discriminator is None else [mapping.discriminator[0]]
    return tuple(Path.of(name) for name in dict.fromkeys((*mapping.table.key_names(), *marks, *own)))
