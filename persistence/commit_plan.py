"""What a commit will do, worked out without asking any store.

`plan` turns tracked entities into one action per item, in the order in which the entities came under the
unit; that order holds up to the cancellation reasons, so that each reason finds its entity. Nothing changes
in memory until `CommitPlan.absorb`, which is called after the store said yes.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from persistence.attributes import Item, item_size
from persistence.changes import Change
from persistence.errors import ItemTooLarge, KeyChanged, TransactionTooLarge, ValidationFailed
from persistence.evaluate import apply_update
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, RoleField
from persistence.operations import (
    ConditionCheck,
    DeleteItem,
    PutItem,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Limits
from persistence.tracking import (
    Detached,
    IdentityMap,
    Intent,
    Loaded,
    Tracked,
    loaded_changes,
    managed_roles,
    refuse_changed_key,
)

T = TypeVar("T")

FIRST_VERSION = 0
"""The version of a new item."""


@dataclass(frozen=True, slots=True, eq=False)
class PlannedAction(Generic[T]):
    """One action of a commit and what becomes of its entity afterwards.

    Attributes:
        tracked: the entity's record.
        action: what will be sent.
        roles: Python attribute -> value that the entity gets after the commit (version, timestamps).
        encoded: the entity's encoding that the action stores; None for a deletion.
        stored: the item as it will be stored; None if that can't be known, or for a deletion.
        expected_version: the version that the action demands, None if it demands none.
        changed: what the unit changed in a loaded entity.
    """

    tracked: Tracked[T]
    action: TransactAction
    roles: Mapping[str, object] = field(default_factory=dict)
    encoded: Item | None = None
    stored: Item | None = None
    expected_version: object = None
    changed: tuple[Change, ...] = ()

    @property
    def entity_name(self) -> str:
        """Name of the entity's class."""
        return self.tracked.mapping.name

    @property
    def verb(self) -> str:
        """What happens to the entity, in a word."""
        intent = self.tracked.intent
        return "update" if intent is Intent.WATCH else str(intent.value)

    def __repr__(self) -> str:
        changed = f" {', '.join(str(change.path) for change in self.changed)}" if self.changed else ""
        return f"<{self.verb} {self.tracked}{changed}>"


@dataclass(frozen=True, slots=True, eq=False)
class CommitPlan:
    """All actions of one commit.

    Attributes:
        actions: in the order in which they are sent.
    """

    actions: tuple[PlannedAction[Any], ...]

    def request(self, token: str) -> TransactWrite:
        """Make the one request that the commit sends, again and again if need be."""
        return TransactWrite(tuple(planned.action for planned in self.actions), token)

    @property
    def by_type(self) -> dict[str, int]:
        """Entity type name -> number of its actions."""
        return dict(Counter(planned.entity_name for planned in self.actions))

    def check(self, limits: Limits) -> None:
        """Refuse a commit that one transaction can't hold.

        Raises:
            TransactionTooLarge: more actions or bytes than one transaction takes.
        """
        count = len(self.actions)
        size = sum(_action_size(planned.action) for planned in self.actions)
        if count > limits.transaction_actions:
            raise TransactionTooLarge(count, size, f"{limits.transaction_actions} actions", self.by_type)
        if size > limits.transaction_bytes:
            raise TransactionTooLarge(count, size, f"{limits.transaction_bytes} bytes", self.by_type)

    def absorb(self, identities: IdentityMap) -> None:
        """Bring the entities and the identity map in line with what is stored now."""
        for planned in self.actions:
            _absorb(planned, identities)
        identities.forget_absent()


def plan(tracked: Iterable[Tracked[Any]], now: Callable[[], datetime], limits: Limits) -> CommitPlan:
    """Work out what has to be sent for a unit's entities.

    Args:
        tracked: the entities in the order in which they came under the unit.
        now: gives the time of the commit, aware; it is asked once.
        limits: what the store takes.

    Returns:
        One action for each entity that was added, changed, saved or removed.

    Raises:
        ValidationFailed: an entity can't be stored as it is.
        KeyChanged: a key attribute of a tracked entity was changed.
        ItemTooLarge: an item is over the store's limit.
    """
    planner = _Planner(now, limits)
    actions = [planned for planned in map(planner.plan, tracked) if planned is not None]
    return CommitPlan(tuple(actions))


class _Planner:
    """Plans single entities; the time of the commit is the same for all."""

    def __init__(self, now: Callable[[], datetime], limits: Limits) -> None:
        self._clock = now
        self._now: datetime | None = None
        self._limits = limits

    def plan(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        match tracked.intent:
            case Intent.CREATE:
                return self._create(tracked)
            case Intent.REPLACE:
                return self._replace(tracked)
            case Intent.OVERWRITE:
                return self._overwrite(tracked)
            case Intent.REMOVE:
                return self._remove(tracked)
            case Intent.WATCH:
                return self._update(tracked)

    def _create(self, tracked: Tracked[T]) -> PlannedAction[T]:
        return self._put(tracked, AttributeNotExists(_partition(tracked)), FIRST_VERSION)

    def _replace(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = _Expected(tracked)
        return self._put(
            tracked, expected.condition(_all_loaded(tracked)), expected.next_version, expected.version
        )

    def _put(
        self, tracked: Tracked[T], condition: Condition, version: int, expected_version: object = None
    ) -> PlannedAction[T]:
        roles = self._roles(tracked.mapping, version=version, created=True)
        item = self._encoded(tracked, roles)
        action = PutItem(tracked.mapping.table, item, condition, item_on_failure=True)
        return PlannedAction(tracked, action, _named(roles), item, item, expected_version)

    def _update(self, tracked: Tracked[T]) -> PlannedAction[T] | None:
        if isinstance(tracked.origin, Loaded):
            return self._update_loaded(tracked, tracked.origin)
        expected = _Expected(tracked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        step = (
            _set_roles(roles)
            if expected.version_known
            else _step_roles(tracked.mapping, roles, FIRST_VERSION)
        )
        actions = (*_set_all(tracked, item), *step)
        update = self._update_item(tracked, actions, expected.condition())
        stored = item if expected.version_known else None
        return PlannedAction(tracked, update, _named(roles), item, stored, expected.version)

    def _update_loaded(self, tracked: Tracked[T], origin: Loaded) -> PlannedAction[T] | None:
        _refuse_moved(tracked)
        if not tracked.changed:
            return None
        expected = _Expected(tracked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        changed = loaded_changes(tracked, origin, item)
        actions = (*(change.action for change in changed), *_set_roles(roles))
        update = self._update_item(tracked, actions, expected.condition(changed))
        stored = apply_update(origin.item, actions)
        return PlannedAction(tracked, update, _named(roles), item, stored, expected.version, changed)

    def _overwrite(self, tracked: Tracked[T]) -> PlannedAction[T]:
        roles = self._roles(tracked.mapping, version=FIRST_VERSION, created=True)
        item = self._encoded(tracked, roles)
        actions = (*_set_all(tracked, item), *_step_roles(tracked.mapping, roles, FIRST_VERSION - 1))
        return PlannedAction(tracked, self._update_item(tracked, actions, None), encoded=item)

    def _update_item(
        self, tracked: Tracked[T], actions: tuple[UpdateAction, ...], condition: Condition | None
    ) -> UpdateItem:
        return UpdateItem(tracked.mapping.table, tracked.key, actions, condition, item_on_failure=True)

    def _remove(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = _Expected(tracked)
        delete = DeleteItem(
            tracked.mapping.table, tracked.key, expected.condition(_all_loaded(tracked)), item_on_failure=True
        )
        return PlannedAction(tracked, delete, expected_version=expected.version)

    def _roles(
        self, mapping: EntityMapping[Any], *, version: int, created: bool = False
    ) -> dict[RoleField, object]:
        roles = mapping.roles
        values: dict[RoleField, object] = {}
        if roles.version is not None:
            values[roles.version] = version
        if roles.created_at is not None and created:
            values[roles.created_at] = self._time()
        if roles.updated_at is not None:
            values[roles.updated_at] = self._time()
        return values

    def _time(self) -> datetime:
        if self._now is None:
            self._now = self._clock()
        return self._now

    def _encoded(self, tracked: Tracked[T], roles: Mapping[RoleField, object]) -> Item:
        """Encode an entity as it will be after the commit."""
        mapping = tracked.mapping
        named = _named(roles)
        entity = mapping.assign(copy.copy(tracked.entity), named) if named else tracked.entity
        item = mapping.codec.encode(entity)
        refuse_changed_key(tracked, {name: item[name] for name in mapping.table.key_names()})
        item.update((role.attribute, role.encode(value)) for role, value in roles.items())
        self._refuse_too_large(tracked, item_size(item))
        return item

    def _refuse_too_large(self, tracked: Tracked[T], size: int) -> None:
        if size > self._limits.item_bytes:
            raise ItemTooLarge(
                f"{tracked} would be an item of {size} bytes; DynamoDB's "
                "limit "
                f"is {self._limits.item_bytes}. Nothing was sent; store large values elsewhere or split the "
                "entity",
                entity=tracked.entity,
                entity_type=tracked.mapping.entity_type,
                key=tracked.key_values,
            )


class _Expected(Generic[T]):
    """What a write demands of the stored item, from what was loaded or what the entity carries."""

    def __init__(self, tracked: Tracked[T]) -> None:
        self._tracked = tracked
        self._mapping = tracked.mapping
        self._role = tracked.mapping.roles.version

    @property
    def version(self) -> object:
        """The version demanded, in Python; None if there is none."""
        match self._tracked.origin:
            case Loaded(item) if self._role is not None:
                return self._mapping.read_role(self._role, item)
            case Detached(version):
                return version
            case _:
                return None

    @property
    def next_version(self) -> int:
        """The version after the write; an item without one is taken for a new one."""
        version = self.version
        if version is None:
            return FIRST_VERSION + 1
        if isinstance(version, int | Decimal):
            return int(version) + 1
        raise ValidationFailed(
            self._mapping.entity_type,
            {self._role.name or self._role.attribute if self._role else "version": ["Not an integer."]},
            self._tracked.key_values,
        )

    def condition(self, changed: Iterable[Change] = ()) -> Condition:
        """Demand that the item exists and is what the entity was made from."""
        changed = tuple(changed)
        conditions = [*self._version_conditions(), *self._creation_conditions()]
        if self._mapping.concurrency == "compare":
            conditions += [_unchanged(change) for change in _by_whole_lists(changed, self._tracked)]
        if not any(isinstance(condition, Compare) for condition in conditions):
            conditions.insert(0, AttributeExists(_partition(self._tracked)))
        if self._mapping.concurrency == "exists":
            conditions += _parents_exist(changed)
        result = all_of(*conditions)
        assert result is not None
        return result

    @property
    def version_known(self) -> bool:
        """Whether the version after the write can be told; an entity may have no place for it."""
        return self._role is None or self._role.name is not None or isinstance(self._tracked.origin, Loaded)

    def _version_conditions(self) -> list[Condition]:
        if self._role is None:
            return []
        path = Path.of(self._role.attribute)
        match self._tracked.origin:
            case Loaded(item):
                return [equals(path, item.get(self._role.attribute))]
            case Detached(None):
                return [] if self._role.name is None else [AttributeNotExists(path)]
            case Detached(version):
                demanded = equals(path, self._role.encode(version))
                # An item that never had a version reads as version 0: its first writer adopts it.
                return [demanded | AttributeNotExists(path) if version == FIRST_VERSION else demanded]
            case _:
                return []

    def _creation_conditions(self) -> list[Condition]:
        """Versions repeat when an item is deleted and made anew; the time of its creation does not."""
        role = self._mapping.roles.created_at
        if role is None or self._role is None or not isinstance(self._tracked.origin, Loaded):
            return []
        return [equals(Path.of(role.attribute), self._tracked.origin.item.get(role.attribute))]


def _unchanged(change: Change) -> Condition:
    return equals(change.path, change.stored)


def _by_whole_lists(changed: Iterable[Change], tracked: Tracked[Any]) -> list[Change]:
    """Compare a list as a whole where an element of it changed, since others may shift its elements."""
    if not isinstance(tracked.origin, Loaded):
        return []
    widened: dict[Path, Change] = {}
    for change in changed:
        segments = change.path.segments
        at = next((i for i, segment in enumerate(segments) if isinstance(segment, int)), None)
        if at is None:
            widened[change.path] = change
        else:
            path = Path(segments[:at])
            widened[path] = Change(path, _value_at(tracked.origin.item, path), None)
    return list(widened.values())


def _value_at(item: Item, path: Path) -> dict[str, Any]:
    value: dict[str, Any] = {"M": item}
    for segment in path.segments:
        value = value["M"][segment]
    return value


def _parents_exist(changed: Iterable[Change]) -> list[Condition]:
    """Demand the parents of nested SETs, which fail without; no version rules their absence out."""
    parents = dict.fromkeys(
        Path(change.path.segments[:-1])
        for change in changed
        if change.after is not None and len(change.path.segments) > 1
    )
    return [AttributeExists(parent) for parent in parents]


def _all_loaded(tracked: Tracked[Any]) -> tuple[Change, ...]:
    """Take a deletion for a change of everything that was loaded."""
    if not isinstance(tracked.origin, Loaded):
        return ()
    keys = tracked.mapping.table.key_names()
    known = (name for name in tracked.origin.snapshot if name not in keys)
    return tuple(Change(Path.of(name), tracked.origin.item.get(name), None) for name in known)


def _refuse_moved(tracked: Tracked[Any]) -> None:
    try:
        key = tracked.mapping.key_of(tracked.entity)
    except ValidationFailed as error:
        names = tracked.mapping.table.key_names()
        raise KeyChanged(tracked.entity, tracked.mapping.entity_type, tracked.key_values, names) from error
    refuse_changed_key(tracked, key)


def _set_all(tracked: Tracked[Any], item: Item) -> list[UpdateAction]:
    """SET every attribute that the entity has, REMOVE those that it could have; unknown ones stay."""
    mapping = tracked.mapping
    left_out = {*mapping.table.key_names(), *(role.attribute for role in managed_roles(mapping))}
    sets = [Set(Path.of(name), Value(value)) for name, value in item.items() if name not in left_out]
    absent = [
        Remove(Path.of(name)) for name in mapping.attributes if name not in item and name not in left_out
    ]
    return [*sets, *absent]


def _set_roles(roles: Mapping[RoleField, object]) -> list[UpdateAction]:
    return [Set(Path.of(role.attribute), Value(role.encode(value))) for role, value in roles.items()]


def _step_roles(
    mapping: EntityMapping[Any], roles: Mapping[RoleField, object], start: int
) -> list[UpdateAction]:
    """Step the stored version, whatever it is, from `start` without one; keep a stored creation time."""
    actions: list[UpdateAction] = []
    for role, value in roles.items():
        path = Path.of(role.attribute)
        if role is mapping.roles.version:
            actions.append(Set(path, Plus(IfNotExists(path, Value({"N": str(start)})), Value({"N": "1"}))))
        elif role is mapping.roles.created_at:
            actions.append(Set(path, IfNotExists(path, Value(role.encode(value)))))
        else:
            actions.append(Set(path, Value(role.encode(value))))
    return actions


def _named(roles: Mapping[RoleField, object]) -> dict[str, object]:
    return {role.name: value for role, value in roles.items() if role.name is not None}


def _partition(tracked: Tracked[Any]) -> Path:
    return Path.of(tracked.mapping.table.partition)


def _action_size(action: TransactAction) -> int:
    match action:
        case PutItem():
            return item_size(action.item)
        case UpdateItem():
            return item_size(action.key) + sum(_update_size(part) for part in action.actions)
        case DeleteItem() | ConditionCheck():
            return item_size(action.key)


def _update_size(action: UpdateAction) -> int:
    name = action.path.attribute
    value = getattr(action, "value", None)
    return item_size({name: value.value}) if isinstance(value, Value) else len(name)


def _absorb(planned: PlannedAction[T], identities: IdentityMap) -> None:
    tracked = planned.tracked
    if planned.encoded is None or planned.stored is None:
        # Gone, or stored with a version that only the store knows: the next read loads it anew.
        identities.forget(tracked)
        return
    if planned.roles:
        identities.exchange(tracked, tracked.mapping.assign(tracked.entity, planned.roles))
    tracked.intent = Intent.WATCH
    tracked.origin = Loaded(planned.stored, planned.encoded)
