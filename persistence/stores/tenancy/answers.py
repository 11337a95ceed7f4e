"""Answers and errors of a store as the application knows them: without the tenant's name in keys; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from persistence.attributes import Item
from persistence.errors import CancellationReason, ConditionFailed, ForeignTenant, TransactionCancelled
from persistence.operations import (
    BatchGetResult,
    BatchWriteResult,
    GetItem,
    ItemResult,
    ItemsResult,
    Operation,
    Page,
    QueryPage,
    TransactGet,
    TransactWrite,
    WriteResult,
)
from persistence.stores.tenancy.scoping import lacks_partition
from persistence.stores.tenancy.tenant import Tenant
from persistence.table import Table


def shown(answer: Any, asked: Any, sent: Any, tenant: Tenant) -> Any:
    """Give an answer as the application knows it.

    Args:
        answer: what the store gave.
        asked: the operation that the application asked for.
        sent: the operation that the store performed.
        tenant: whose items are meant.

    Raises:
        ForeignTenant: an item in it is not the tenant's.
    """
    match answer:
        case ItemResult():
            return replace(answer, item=_item(answer.item, asked.table, tenant))
        case WriteResult():
            return replace(answer, attributes=_item(answer.attributes, asked.table, tenant))
        case ItemsResult():
            return replace(answer, items=_items_of(answer.items, asked.gets, tenant))
        case BatchGetResult():
            left = _same_places(answer.unprocessed, sent.gets, asked.gets)
            return replace(answer, items=_items_of(answer.items, asked.gets, tenant), unprocessed=left)
        case BatchWriteResult():
            return replace(answer, unprocessed=_same_places(answer.unprocessed, sent.writes, asked.writes))
        case Page():
            items = tuple(_of_page(item, asked, tenant) for item in answer.items)
            return replace(answer, items=items, last_key=_item(answer.last_key, asked.table, tenant))
        case _:
            return answer


def show_items_in(error: Exception, asked: Operation[Any], tenant: Tenant) -> None:
    """Let an error that a store raised hold items as the application knows them; none that is another's."""
    if isinstance(error, ConditionFailed) and isinstance(error.found, Mapping):
        error.found = _found(error.found, getattr(asked, "table", None), tenant)
    elif isinstance(error, TransactionCancelled):
        parts: Sequence[Any] = (
            asked.actions
            if isinstance(asked, TransactWrite)
            else asked.gets
            if isinstance(asked, TransactGet)
            else ()
        )
        tables = [part.table for part in parts]
        if len(tables) == len(error.reasons):
            error.reasons = tuple(map(_reason(tenant), error.reasons, tables))


def _reason(tenant: Tenant) -> Any:
    def shown_in(reason: CancellationReason, table: Table) -> CancellationReason:
        if reason.item is None:
            return reason
        return replace(reason, item=_found(reason.item, table, tenant))

    return shown_in


def _found(item: Mapping[str, Any], table: Table | None, tenant: Tenant) -> Item | None:
    try:
        return None if table is None else _item(dict(item), table, tenant)
    except ForeignTenant:
        return None


def _item(item: Item | None, table: Table, tenant: Tenant) -> Item | None:
    if item is None or not table.tenant_scoped:
        return item
    return tenant.shown_item(item, table)


def _of_page(item: Item, query: QueryPage, tenant: Tenant) -> Item:
    shown = tenant.shown_item(item, query.table)
    if lacks_partition(query):
        shown.pop(query.table.partition, None)
    return shown


def _items_of(
    items: Sequence[Item | None], gets: Sequence[GetItem], tenant: Tenant
) -> tuple[Item | None, ...]:
    return tuple(_item(item, get.table, tenant) for item, get in zip(items, gets, strict=True))


def _same_places(left: Sequence[Any], sent: Sequence[Any], asked: Sequence[Any]) -> tuple[Any, ...]:
    """Give what was asked for in place of what was sent and is left."""
    return tuple(mine for mine, theirs in zip(asked, sent, strict=True) if theirs in left) if left else ()
