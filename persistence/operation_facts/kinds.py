"""Facts of any operation. `items` and `tables` have them, loaded for all but the reading of an item."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from persistence.operations import GetItem, Operation

OperationType = type[Operation[Any]]


def api_name(kind: OperationType) -> str:
    """Give the service's name of a type of operation, as it stands in a request's `X-Amz-Target`."""
    if kind is GetItem:
        return "GetItem"
    name = _of_items().ITEM_API_NAMES.get(kind)
    return str(_of_tables().API_NAMES[kind] if name is None else name)


def can_write(kind: OperationType) -> bool:
    """Tell whether operations of a type can change something."""
    if kind is GetItem:
        return False
    items = _of_items()
    return kind in items.ITEM_WRITES or (kind not in items.ON_ITEMS and kind in _of_tables().WRITES)


def table_of(operation: Operation[Any]) -> str | None:
    """Name the table that an operation concerns; None if it concerns several, or is not known."""
    if isinstance(operation, GetItem):
        return operation.table.name
    items = _of_items()
    known = type(operation) in items.ON_ITEMS or isinstance(operation, tuple(items.ON_ITEMS))
    name: str | None = (items if known else _of_tables()).table_named(operation)
    return name


@cache
def _of_items() -> Any:
    return import_module("persistence.operation_facts.items")


@cache
def _of_tables() -> Any:
    return import_module("persistence.operation_facts.tables")
