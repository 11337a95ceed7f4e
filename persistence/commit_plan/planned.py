"""Planned actions, and what becomes of their entities once they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from persistence.attributes import Item, size_at_most
from persistence.changes import Change
from persistence.commit_plan.kept import Kept
from persistence.commit_plan.sizes import action_size, constant_of, constants_in, tenant_names_in
from persistence.errors import TransactionTooLarge, described
from persistence.expressions import Condition, constants_of
from persistence.mapping import EntityMapping, Memento
from persistence.operations import PutItem, TransactAction, TransactWrite, UpdateItem
from persistence.patches import Patch
from persistence.store import Limits
from persistence.table import tenant_prefix
from persistence.tracking import WATCH, IdentityMap, Intent, Loaded, Tracked, version_of

T = TypeVar("T")

COMMIT_ID = "_commit_id"
"""The attribute by which a write without a transaction can be told from others after a lost answer."""


class Kind(Enum):
    """What an action does, in a word."""

    CREATE = "create"
    REPLACE = "replace"
    UPDATE = "update"
    OVERWRITE = "overwrite"
    REMOVE = "remove"
    MARK = "mark as deleted"
    """Hide an item from readers instead of deleting it."""
    RESTORE = "restore"
    """Take the mark of a deletion away."""
    PURGE = "purge"
    """Delete an item for good, where a removal would only mark it."""
    PURGE_LATER = "purge later"
    """Let the service delete an item that is marked as deleted."""
    PATCH = "patch"
    CHECK = "check"
    """Demand that an entity is still as it was read."""
    CHECK_ABSENCE = "check absence of"
    """Demand that nothing is stored where nothing was found."""


_NO_ROLES: Final[Mapping[str, object]] = {}

_CHECKS: Final = (Kind.CHECK, Kind.CHECK_ABSENCE)

_STEPS = frozenset({Kind.UPDATE, Kind.MARK, Kind.RESTORE, Kind.PURGE_LATER})


@dataclass(slots=True, eq=False)
class PlannedAction(Generic[T]):
    """One action of a commit and what becomes of its entity afterwards.

    Attributes:
        kind: what it does.
        mapping: the mapping of the item.
        key: the item's stored key.
        action: what will be sent.
        tracked: the entity's record; None where the unit holds no entity, or let it go.
        roles: Python attribute -> value that the entity gets after the commit (version, timestamps).
        encoded: the encoding of the entity that the action stores, or its memento, or what is known of its
            item then; None for a deletion or its mark, and where the unit let the entity go.
        stored: the item as it will be stored; None if that can't be known, for a deletion or its mark, and
            where the unit let the entity go.
        expected_version: the version that the action demands, None if it demands none.
        new_version: the version that the item has afterwards, None where that is not known.
        listed: what the unit changed in a loaded entity; see `changed`.
        before: what the update replaces, as it was loaded, where nothing is listed.
        patch: the patch that is part of the action, if one is.
        seen: what it demands so that it finds no item which readers don't see; None if they see all.
        weight: bytes that it has at most, its condition included; None where nobody has weighed it.
    """

    kind: Kind
    mapping: EntityMapping[T]
    key: Item
    action: TransactAction
    tracked: Tracked[T] | None = None
    roles: Mapping[str, object] = field(default_factory=dict)
    encoded: Item | Memento | Loaded | None = None
    stored: Item | None = None
    expected_version: object = None
    new_version: object = None
    listed: tuple[Change, ...] = ()
    before: Item | None = None
    patch: Patch[T] | None = None
    seen: Condition | None = None
    weight: int | None = None

    @property
    def changed(self) -> tuple[Change, ...]:
        """What the unit changed in a loaded entity."""
        if self.before is None or not isinstance(self.action, UpdateItem):
            return self.listed
        return tuple(self._replacements(self.before, self.action))

    def _replacements(self, before: Item, update: UpdateItem) -> Iterator[Change]:
        managed = self.mapping.managed_attributes
        for action in update.actions:
            name = action.path.attribute
            if name not in managed:
                yield Change(action.path, before.get(name), constant_of(action))

    @property
    def entity_name(self) -> str:
        """Name of the entity's class."""
        return self.mapping.name

    @property
    def entity(self) -> T | None:
        """The entity, where the unit holds it."""
        return None if self.tracked is None else self.tracked.entity

    @property
    def key_values(self) -> tuple[object, ...]:
        """The key as `get(*key)` takes it."""
        return self.mapping.key_values(self.key)

    @property
    def verb(self) -> str:
        """What happens to the entity, in a word."""
        return self.kind.value

    @property
    def pinned(self) -> Item:
        """What it demands of the item that no later item under its key has; empty if nothing.

        Versions repeat when an item is deleted and made anew; a time of creation and an incarnation don't.
        """
        roles, origin = self.mapping.roles, None if self.tracked is None else self.tracked.origin
        if not isinstance(origin, Loaded) or not origin.complete or roles.version is None:
            return {}
        names = [role.attribute for role in (roles.incarnation, roles.created_at) if role is not None]
        return {name: origin.item[name] for name in names if name in origin.item}

    @property
    def steps_version(self) -> bool:
        """Whether it takes a stored item from one version to the next."""
        return self.kind in _STEPS

    @property
    def writes(self) -> bool:
        """Whether it is more than a check."""
        return self.kind not in _CHECKS

    def release(self) -> None:
        """Let go of the entity, and of its item where that is not what was sent."""
        self.tracked = self.encoded = None
        if not isinstance(self.action, PutItem):
            self.stored = None

    def showing(self, values: Mapping[str, object]) -> PlannedAction[T]:
        """Let the entity get further values after the commit, by the names of its attributes."""
        return replace(self, roles={**self.roles, **values}) if values else self

    def __str__(self) -> str:
        return described(self.mapping.name, self.key_values)

    def __repr__(self) -> str:
        patched = () if self.patch is None else self.patch.actions
        paths = [str(change.path) for change in (*self.changed, *patched)]
        return f"<{self.verb} {self}{' ' if paths else ''}{', '.join(paths)}>"


def action_of(
    kind: Kind,
    tracked: Tracked[T],
    action: TransactAction,
    kept: Kept | None = None,
    encoded: Item | Memento | None = None,
    stored: Item | None = None,
    expected_version: object = None,
    changed: tuple[Change, ...] = (),
    *,
    weight: int | None = None,
) -> PlannedAction[T]:
    """Make the action of a tracked entity; see `PlannedAction`.

    Args:
        kind: what it does.
        tracked: the entity's record.
        action: what will be sent.
        kept: what the unit of work keeps.
        encoded: the encoding that it stores, or a memento of its entity, if it stores one.
        stored: the item afterwards, if that is known.
        expected_version: the version that it demands, if any.
        changed: what the unit changed in a loaded entity.
        weight: bytes that it has at most, its condition included, if that was weighed.
    """
    return PlannedAction(
        kind,
        tracked.mapping,
        tracked.key,
        action,
        tracked,
        _NO_ROLES if kept is None else kept.named,
        encoded,
        stored,
        expected_version,
        None if kept is None else kept.version,
        changed,
        None,
        None,
        None,
        weight,
    )


@dataclass(frozen=True, slots=True, eq=False)
class CommitPlan:
    """All actions of one commit.

    Attributes:
        actions: in the order in which they are sent.
        distinct: whether no two of them can have one key.
    """

    actions: tuple[PlannedAction[Any], ...]
    distinct: bool = False

    def request(self, token: str) -> TransactWrite:
        """Make the one request that the commit sends, again and again if need be."""
        return TransactWrite(tuple([planned.action for planned in self.actions]), token, self.distinct)

    @property
    def by_type(self) -> dict[str, int]:
        """Entity type name -> number of its actions."""
        names = [planned.mapping.name for planned in self.actions]
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def check(self, limits: Limits, tenant: str | None = None) -> None:
        """Refuse a commit that one transaction can't hold.

        Args:
            limits: what one transaction takes.
            tenant: whose store it is sent to, and puts the name before keys; None where it is nobody's.

        Raises:
            TransactionTooLarge: more actions or bytes than one transaction takes.
        """
        count, named = len(self.actions), 0 if tenant is None else self._bytes_of_names(tenant)
        if count <= limits.transaction_actions and (
            count * limits.item_bytes <= limits.transaction_bytes
            or named + _size_at_most(self.actions) <= limits.transaction_bytes
        ):
            return
        size = named + sum(action_size(planned.action) for planned in self.actions)
        if count > limits.transaction_actions:
            raise TransactionTooLarge(count, size, f"{limits.transaction_actions} actions", self.by_type)
        if size > limits.transaction_bytes:
            raise TransactionTooLarge(count, size, f"{limits.transaction_bytes} bytes", self.by_type)

    def _bytes_of_names(self, tenant: str) -> int:
        return len(tenant_prefix(tenant)) * sum(tenant_names_in(planned.action) for planned in self.actions)

    def absorb(self, identities: IdentityMap) -> None:
        """Bring the entities and the identity map in line with what is stored now."""
        identities.heaviest = None
        for planned in self.actions:
            tracked = planned.tracked
            if tracked is not None and planned.kind not in _CHECKS:
                _absorb(planned, tracked, identities)

    def release(self) -> None:
        """Let go of the entities, once they are in line, so that a plan keeps no more than what was sent."""
        for planned in self.actions:
            planned.release()


def _size_at_most(actions: Sequence[PlannedAction[Any]]) -> int:
    """Give a number of bytes that is not less than the size of all actions, at a fraction of its cost."""
    weights = [planned.weight for planned in actions if planned.weight is not None]
    if len(weights) == len(actions):
        return sum(weights)
    parts: list[Any] = []
    for planned in actions:
        if planned.weight is not None:
            continue
        action = planned.action
        if isinstance(action, PutItem):
            parts.append(action.item)
        else:
            parts.append(action.key)
            if isinstance(action, UpdateItem):
                parts += [each.path.attribute for each in action.actions]
                parts += [value for each in action.actions for value in constants_in(each)]
        if action.condition is not None:
            parts += constants_of(action.condition)
    return sum(weights) + size_at_most(parts)


def _absorb(planned: PlannedAction[T], tracked: Tracked[T], identities: IdentityMap) -> None:
    encoded = planned.encoded
    if isinstance(encoded, Loaded):
        if planned.roles:
            _assign(planned, tracked, identities)
        tracked.intent, tracked.origin = WATCH, encoded
        return
    stored, origin = planned.stored, tracked.origin
    if encoded is None:
        identities.forget(tracked)
        tracked.entity = tracked.mapping.assign(tracked.entity, planned.roles)
        return
    if isinstance(encoded, Memento):
        # A loaded entity was changed: nothing but its values, and what was loaded, is another one now.
        assert isinstance(origin, Loaded)
        assert stored is not None
        if planned.roles:
            _assign(planned, tracked, identities)
        tracked.origin = Loaded(stored, None, origin.complete, encoded)
        return
    tracked.was_read, tracked.restored = None, False
    if stored is None:
        tracked.intent, tracked.origin = Intent.EXPIRED, Loaded(encoded, encoded)
        return
    # A write leaves nothing in the item that this unit has not read or put there, if it put or has read all.
    complete = isinstance(planned.action, PutItem) or (isinstance(origin, Loaded) and origin.complete)
    if planned.roles:
        _assign(planned, tracked, identities)
    tracked.intent, tracked.origin = WATCH, Loaded(stored, encoded, complete)


def _assign(planned: PlannedAction[T], tracked: Tracked[T], identities: IdentityMap) -> None:
    mapping, entity = tracked.mapping, tracked.entity
    tracked.superseded += (version_of(mapping, entity),)
    assigned = mapping.assign(entity, planned.roles)
    if assigned is not entity:
        identities.exchange(tracked, assigned)
