"""Operations as a store performs them for a tenant: with the tenant's keys; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, assert_never

from persistence.expressions import BeginsWith, Condition, KeyCondition, Path, Value, all_of
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactAction,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.tenancy.conditions import Rewriting
from persistence.stores.tenancy.tenant import Tenant
from persistence.table import TENANT, Table

W = TypeVar("W", bound=TransactAction)


def concerns_tenants(operation: Operation[Any]) -> bool:
    """Tell whether an operation asks for items of a table that is scoped to tenants."""
    match operation:
        case (
            GetItem(table)
            | PutItem(table)
            | UpdateItem(table)
            | DeleteItem(table)
            | QueryPage(table)
            | ScanPage(table)
        ):
            return table.tenant_scoped
        case TransactWrite(parts) | TransactGet(parts) | BatchGetItems(parts) | BatchWriteItems(parts):
            return any(part.table.tenant_scoped for part in parts)
        case _:
            return False


def scoped(operation: Operation[Any], tenant: Tenant) -> Operation[Any]:
    """Give an operation as it is performed for a tenant: the same each time.

    Args:
        operation: one that concerns tenants, and is no scan.
        tenant: whose items are meant.

    Raises:
        QueryError: a condition or update that can't be asked of what is stored.
    """
    return _SCOPED[type(operation)](operation, tenant)


def rewriting_of(table: Table, tenant: Tenant) -> Rewriting:
    """Give what rewrites conditions and updates on items of a table."""
    return Rewriting(tenant, table.tenant_keys)


def position_of(start: Mapping[str, Any] | None, table: Table, tenant: Tenant) -> dict[str, Any] | None:
    """Give the key behind which a page begins, as it is stored."""
    return None if start is None else tenant.stored_item(dict(start), table.tenant_keys)


def scoped_filter(condition: Condition | None, table: Table, tenant: Tenant) -> Condition | None:
    """Give a condition on what is stored."""
    return None if condition is None else rewriting_of(table, tenant).condition(condition)


def lacks_partition(query: QueryPage) -> bool:
    """Tell whether a projection leaves out the partition key of the table."""
    asked = {path.attribute for path in query.projection or ()}
    return bool(asked) and query.table.partition not in asked


def _get(get: GetItem, tenant: Tenant) -> GetItem:
    table = get.table
    if not table.tenant_scoped:
        return get
    return replace(get, table=table.served(TENANT), key=tenant.stored_item(get.key, table.tenant_keys))


def _write(action: W, tenant: Tenant) -> W:
    table = action.table
    if not table.tenant_scoped:
        return action
    names, changes = table.tenant_keys, dict[str, Any]()
    match action:
        case PutItem(item=item):
            changes["item"] = tenant.stored_item(item, names)
        case UpdateItem(key=key, actions=actions):
            rewriting = rewriting_of(table, tenant)
            changes["key"] = tenant.stored_item(key, names)
            changes["actions"] = tuple(map(rewriting.action, actions))
        case DeleteItem(key=key) | ConditionCheck(key=key):
            changes["key"] = tenant.stored_item(key, names)
        case _:
            assert_never(action)
    changes["condition"] = scoped_filter(action.condition, table, tenant)
    return replace(action, table=table.served(TENANT), **changes)


def _transact_write(operation: TransactWrite, tenant: Tenant) -> TransactWrite:
    return replace(operation, actions=tuple(_write(action, tenant) for action in operation.actions))


def _batch_write(operation: BatchWriteItems, tenant: Tenant) -> BatchWriteItems:
    return replace(operation, writes=tuple(_write(write, tenant) for write in operation.writes))


def _gets(operation: Any, tenant: Tenant) -> Any:
    return replace(operation, gets=tuple(_get(get, tenant) for get in operation.gets))


def _query(query: QueryPage, tenant: Tenant) -> QueryPage:
    table, projection = query.table, query.projection
    if lacks_partition(query):  # which tells whose an item is that is found in an index
        projection = (*(projection or ()), Path.of(table.partition))
    return replace(
        query,
        table=table.served(TENANT),
        projection=projection,
        key_condition=_own_keys(query, tenant),
        filter=all_of(_own_items(query, tenant), scoped_filter(query.filter, table, tenant)),
        start=position_of(query.start, table, tenant),
    )


def _own_items(query: QueryPage, tenant: Tenant) -> Condition | None:
    """Demand that what is only counted is the tenant's; what is given is looked at.

    Items of others are under a tenant's key of an index only where something has put them there past the
    tenants' stores. An attribute of the index's own key can't be asked of in a filter (API reference, Query,
    FilterExpression).
    """
    table = query.table
    if not query.count_only or query.index is None or table.partition in table.key_names(query.index):
        return None
    return BeginsWith(Path.of(table.partition), Value({"S": tenant.prefix}))


def _own_keys(query: QueryPage, tenant: Tenant) -> KeyCondition:
    """Give the key condition, which demands the same where the table's key is the sort key of the index."""
    table = query.table
    condition = rewriting_of(table, tenant).key_condition(query.key_condition)
    if not query.count_only or query.index is None or condition.sort is not None:
        return condition
    if table.index_key(query.index).sorts != (table.partition,):
        return condition
    return replace(condition, sort=BeginsWith(Path.of(table.partition), Value({"S": tenant.prefix})))


_SCOPED: Mapping[type[Operation[Any]], Callable[[Any, Tenant], Operation[Any]]] = {
    GetItem: _get,
    BatchGetItems: _gets,
    TransactGet: _gets,
    PutItem: _write,
    UpdateItem: _write,
    DeleteItem: _write,
    TransactWrite: _transact_write,
    BatchWriteItems: _batch_write,
    QueryPage: _query,
}
