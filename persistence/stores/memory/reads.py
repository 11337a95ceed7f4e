"""Reads of single items by their keys."""

from __future__ import annotations

from persistence.attributes import Item
from persistence.evaluate import project
from persistence.expressions import Path
from persistence.operations import GetItem
from persistence.stores.memory.table import LiveTable, TableKey
from persistence.stores.validation.conditions import check_projection
from persistence.stores.validation.record import Record, copied_item


def check_get(get: GetItem, table: LiveTable) -> TableKey:
    """Check a get, and give the identity of its item.

    Raises:
        Refused: the key does not match the table, or the projection is malformed.
    """
    if get.projection is not None:
        check_projection(get.projection)
    return table.checked_key(get.key)


def shown(record: Record, projection: tuple[Path, ...] | None) -> Item:
    """Give what of a record was asked for, as the caller's own."""
    return record.copy() if projection is None else copied_item(project(record.glance, projection))


def found(record: Record | None, projection: tuple[Path, ...] | None) -> Item | None:
    """Give what was asked for, or None where nothing is stored."""
    return None if record is None else shown(record, projection)
