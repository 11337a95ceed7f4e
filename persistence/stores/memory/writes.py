"""Single actions on one item: checked, then decided against what is stored."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from persistence.attributes import Item
from persistence.evaluate import UpdateRefused, apply_update, holds, project
from persistence.expressions import Condition, Discard, Remove
from persistence.operations import ConditionCheck, DeleteItem, PutItem, TransactAction, UpdateItem
from persistence.store import Limits
from persistence.stores.memory.table import LiveTable, TableKey
from persistence.stores.validation.conditions import check_condition
from persistence.stores.validation.keys import check_index_keys
from persistence.stores.validation.record import Record, copied_item
from persistence.stores.validation.refused import ItemTooBig, Refused
from persistence.stores.validation.updates import check_update
from persistence.stores.validation.values import admit, admit_changed, packed


class Prepared(NamedTuple):
    """An action that passed all checks that need no look at what is stored.

    Attributes:
        action: what is asked.
        table: where.
        key: the identity of its item.
        record: what a put stores.
    """

    action: TransactAction
    table: LiveTable
    key: TableKey
    record: Record | None = None

    def current(self) -> Record | None:
        """Give what is stored now."""
        return self.table.records.get(self.key)

    def admits(self, old: Record | None) -> bool:
        """Tell whether the action's condition holds."""
        condition: Condition | None = self.action.condition
        if condition is None or (old is None and self.table.is_free_by(condition)):
            return True
        return holds(condition, old.item if old is not None else None)


def check_expressions(action: TransactAction, table: LiveTable) -> None:
    """Check an action's condition and update.

    Raises:
        Refused: the service would refuse them whatever is stored.
    """
    if action.condition is not None and not table.is_free_by(action.condition):
        check_condition(action.condition)
    if isinstance(action, UpdateItem):
        check_update(action.actions, table.declaration.key_names())


def prepare(action: TransactAction, table: LiveTable, limits: Limits) -> Prepared:
    """Check an action's key or item, and take a copy of what it stores.

    Raises:
        Refused: the key does not match the table, or the item can't be stored.
    """
    if isinstance(action, PutItem):
        # What indexes hold is looked into.
        record = None if table.indexes else packed(action.item, limits.item_bytes)
        if record is not None:
            return Prepared(action, table, table.checked_keys(action.item), record)
        record = admit(action.item, limits.item_bytes)
        return Prepared(action, table, table.checked_keys(record.item), record)
    return Prepared(action, table, table.checked_key(action.key))


def decide(prepared: Prepared, old: Record | None, limits: Limits) -> Record | None:
    """Give what will be stored after an action whose condition holds.

    Raises:
        Refused: the update does not fit the item, or its result can't be stored.
    """
    if prepared.record is not None:
        return prepared.record
    match prepared.action:
        case PutItem() | DeleteItem():
            return None
        case ConditionCheck():
            return old
        case UpdateItem() as update:
            return _updated(update, prepared.table, old, limits)
        case _:
            assert_never(prepared.action)


def _updated(update: UpdateItem, table: LiveTable, old: Record | None, limits: Limits) -> Record | None:
    if old is None and update.actions and all(isinstance(part, Remove | Discard) for part in update.actions):
        # Taking away from nothing makes nothing; any other update, even an empty one, makes an item.
        return None
    before: Item = update.key if old is None else old.item
    try:
        after = apply_update(before, update.actions)
        new = _admitted(after, old, limits)
    except UpdateRefused as refused:
        raise Refused(str(refused)) from refused
    except ItemTooBig as refused:
        raise ItemTooBig("Item size to update has exceeded the maximum allowed size") from refused
    check_index_keys(table.index_key, new.item)
    return new


def _admitted(after: Item, old: Record | None, limits: Limits) -> Record:
    return admit(after, limits.item_bytes) if old is None else admit_changed(after, old, limits.item_bytes)


def returned(
    action: PutItem | UpdateItem | DeleteItem, old: Record | None, new: Record | None
) -> Item | None:
    """Give the attributes that a write was asked to return, as the caller's own."""
    if action.returning == "none":
        return None
    match action.returning:
        case "old":
            return old.copy() if old is not None else None
        case "new":
            return new.copy() if new is not None else None
        case "updated_old":
            return _touched(action, old)
        case "updated_new":
            return _touched(action, new)
        case _:
            assert_never(action.returning)


def _touched(action: PutItem | UpdateItem | DeleteItem, record: Record | None) -> Item | None:
    if record is None or not isinstance(action, UpdateItem):
        return None
    found = project(record.item, (part.path for part in action.actions))
    return copied_item(found) or None


def check_returning(action: PutItem | UpdateItem | DeleteItem) -> None:
    """Check what a single write is asked to return.

    Raises:
        Refused: only updates can return more than the old item.
    """
    if action.returning == "none":
        return
    allowed = _RETURNING if isinstance(action, UpdateItem) else ("none", "old")
    if action.returning not in allowed:
        raise Refused(
            f"Return values set to invalid value: {action.returning!r}; "
            f"{type(action).__name__} takes one of {', '.join(allowed)}"
        )


_RETURNING = ("none", "old", "new", "updated_old", "updated_new")
