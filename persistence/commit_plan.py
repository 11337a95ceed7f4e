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
from typing import Any, Generic, TypeVar

from persistence.attributes import Item, item_size, surely_fits
from persistence.changes import Change
from persistence.errors import (
    ItemTooLarge,
    KeyChanged,
    TransactionTooLarge,
    UnitOfWorkStateError,
    ValidationFailed,
)
from persistence.evaluate import apply_update
from persistence.expectations import FIRST_VERSION, Expectation, all_loaded, partition_path, type_condition
from persistence.expressions import (
    AttributeNotExists,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
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
from persistence.render import EXPRESSION_BYTES
from persistence.store import Limits
from persistence.tracking import (
    IdentityMap,
    Intent,
    Loaded,
    Tracked,
    demands_version,
    loaded_changes,
    managed_roles,
    refuse_changed_key,
    refuse_expired_changes,
    version_of,
)

T = TypeVar("T")

_EACH_SEGMENT, _EACH_CHANGE, _ROLES_AND_CLAUSES = 7, 11, 100
"""Bytes that a path segment (`.#n999`), the rest of a change (` = :v999, `) and all else take at most."""


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
        intent: what the commit was to do with the entity.
    """

    tracked: Tracked[T]
    action: TransactAction
    roles: Mapping[str, object] = field(default_factory=dict)
    encoded: Item | None = None
    stored: Item | None = None
    expected_version: object = None
    changed: tuple[Change, ...] = ()
    intent: Intent = field(init=False)

    def __post_init__(self) -> None:
        # The entity's own intent moves on when the commit is absorbed; what was planned does not.
        object.__setattr__(self, "intent", self.tracked.intent)

    @property
    def entity_name(self) -> str:
        """Name of the entity's class."""
        return self.tracked.mapping.name

    @property
    def verb(self) -> str:
        """What happens to the entity, in a word."""
        return "update" if self.intent is Intent.WATCH else str(self.intent.value)

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
        if count <= limits.transaction_actions and count * limits.item_bytes <= limits.transaction_bytes:
            return
        size = sum(_action_size(planned.action) for planned in self.actions)
        if count > limits.transaction_actions:
            raise TransactionTooLarge(count, size, f"{limits.transaction_actions} actions", self.by_type)
        if size > limits.transaction_bytes:
            raise TransactionTooLarge(count, size, f"{limits.transaction_bytes} bytes", self.by_type)

    def absorb(self, identities: IdentityMap) -> None:
        """Bring the entities and the identity map in line with what is stored now."""
        for planned in self.actions:
            _absorb(planned, identities)


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
            case Intent.EXPIRED:
                refuse_expired_changes(tracked)
                return None

    def _create(self, tracked: Tracked[T]) -> PlannedAction[T]:
        return self._put(tracked, AttributeNotExists(partition_path(tracked.mapping)), FIRST_VERSION)

    def _replace(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = Expectation(tracked)
        return self._put(
            tracked, expected.condition(all_loaded(tracked)), expected.next_version, expected.version
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
        expected = Expectation(tracked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        actions = (*_set_all(tracked, item), *_set_roles(roles))
        if not actions:
            return None
        update = self._update_item(tracked, actions, expected.condition())
        return PlannedAction(tracked, update, _named(roles), item, item, expected.version)

    def _update_loaded(self, tracked: Tracked[T], origin: Loaded) -> PlannedAction[T] | None:
        _refuse_moved(tracked)
        if not tracked.changed:
            return None
        expected = Expectation(tracked)
        roles = self._roles(tracked.mapping, version=expected.next_version)
        item = self._encoded(tracked, roles)
        changed = loaded_changes(tracked, origin, item)
        stored = apply_update(origin.item, [*(change.action for change in changed), *_set_roles(roles)])
        self._refuse_too_large(tracked, stored)
        write = self._write_changes(tracked, origin, changed, roles, stored)
        return PlannedAction(tracked, write, _named(roles), item, stored, expected.version, changed)

    def _write_changes(
        self,
        tracked: Tracked[T],
        origin: Loaded,
        changed: tuple[Change, ...],
        roles: Mapping[RoleField, object],
        stored: Item,
    ) -> PutItem | UpdateItem:
        expected = Expectation(tracked)
        if _outgrow_an_expression(changed):
            if origin.complete and demands_version(tracked.mapping, origin.item):
                # Under the version nobody else can have changed the item, so that all of it is known.
                return PutItem(tracked.mapping.table, stored, expected.condition(), item_on_failure=True)
            changed = _by_whole_attributes(changed, origin.item, stored)
        actions = (*(change.action for change in changed), *_set_roles(roles))
        return self._update_item(tracked, actions, expected.condition(changed))

    def _overwrite(self, tracked: Tracked[T]) -> PlannedAction[T]:
        roles = self._roles(tracked.mapping, version=FIRST_VERSION, created=True)
        item = self._encoded(tracked, roles)
        actions = (*_set_all(tracked, item), *_step_roles(tracked.mapping, roles))
        if not any(isinstance(action, Set) for action in actions):
            # An update that sets nothing creates no absent item, and a put would drop what is unknown.
            raise UnitOfWorkStateError(
                f"save: {tracked} has nothing to store beside its key; add or update it"
            )
        return PlannedAction(
            tracked, self._update_item(tracked, actions, _free_or_own_type(tracked.mapping)), encoded=item
        )

    def _update_item(
        self, tracked: Tracked[T], actions: tuple[UpdateAction, ...], condition: Condition | None
    ) -> UpdateItem:
        wants_item = condition is not None
        return UpdateItem(tracked.mapping.table, tracked.key, actions, condition, item_on_failure=wants_item)

    def _remove(self, tracked: Tracked[T]) -> PlannedAction[T]:
        expected = Expectation(tracked)
        delete = DeleteItem(
            tracked.mapping.table, tracked.key, expected.condition(all_loaded(tracked)), item_on_failure=True
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
        self._refuse_too_large(tracked, item)
        return item

    def _refuse_too_large(self, tracked: Tracked[T], item: Item) -> None:
        limit = self._limits.item_bytes
        if surely_fits(item, limit) or (size := item_size(item)) <= limit:
            return
        raise ItemTooLarge(
            f"{tracked} would be an item of {size} bytes; DynamoDB's limit is {limit}. Nothing was sent; "
            "store large values elsewhere or split the entity",
            entity=tracked.entity,
            entity_type=tracked.mapping.entity_type,
            key=tracked.key_values,
        )


def _refuse_moved(tracked: Tracked[Any]) -> None:
    try:
        key = tracked.mapping.key_of(tracked.entity)
    except ValidationFailed as error:
        mapping = tracked.mapping
        raise KeyChanged(
            tracked.entity, mapping.entity_type, tracked.key_values, mapping.key_fields
        ) from error
    refuse_changed_key(tracked, key)


def _outgrow_an_expression(changed: Iterable[Change]) -> bool:
    """Tell whether changes are too long for one expression (developer guide, "Expression parameters")."""
    size = sum(_EACH_CHANGE + _EACH_SEGMENT * len(change.path.segments) for change in changed)
    return size + _ROLES_AND_CLAUSES > EXPRESSION_BYTES


def _by_whole_attributes(changed: Iterable[Change], before: Item, after: Item) -> tuple[Change, ...]:
    names = dict.fromkeys(change.path.attribute for change in changed)
    return tuple(Change(Path.of(name), before.get(name), after.get(name)) for name in names)


def _free_or_own_type(mapping: EntityMapping[Any]) -> Condition | None:
    """Demand that an upsert meets no entity of another type."""
    own_type = type_condition(mapping)
    return None if own_type is None else AttributeNotExists(partition_path(mapping)) | own_type


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


def _step_roles(mapping: EntityMapping[Any], roles: Mapping[RoleField, object]) -> list[UpdateAction]:
    """Step the stored version, whatever it is, from 0 where there is none; keep a stored creation time."""
    actions: list[UpdateAction] = []
    for role, value in roles.items():
        path = Path.of(role.attribute)
        if role is mapping.roles.version:
            before_first = Value({"N": str(FIRST_VERSION - 1)})
            actions.append(Set(path, Plus(IfNotExists(path, before_first), Value({"N": "1"}))))
        elif role is mapping.roles.created_at:
            actions.append(Set(path, IfNotExists(path, Value(role.encode(value)))))
        else:
            actions.append(Set(path, Value(role.encode(value))))
    return actions


def _named(roles: Mapping[RoleField, object]) -> dict[str, object]:
    return {role.name: value for role, value in roles.items() if role.name is not None}


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
    if planned.encoded is None:
        identities.forget(tracked)
        return
    if planned.stored is None:
        tracked.intent, tracked.origin = Intent.EXPIRED, Loaded(planned.encoded, planned.encoded)
        return
    if planned.roles:
        tracked.superseded += (version_of(tracked.mapping, tracked.entity),)
        identities.exchange(tracked, tracked.mapping.assign(tracked.entity, planned.roles))
    tracked.intent, tracked.origin = (
        Intent.WATCH,
        Loaded(planned.stored, planned.encoded, _all_known(planned)),
    )


def _all_known(planned: PlannedAction[Any]) -> bool:
    """Tell whether a write leaves nothing in the item that this unit has not read or put there."""
    origin = planned.tracked.origin
    return isinstance(planned.action, PutItem) or (isinstance(origin, Loaded) and origin.complete)
