"""Write operations as the parameters of the service's requests; nothing here does I/O.

The same operation gives the same request each time, down to the order of a set's members: the service
compares repeated transactions as text.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, assert_never

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest
from persistence.expressions import Condition, Path
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    GetItem,
    PutItem,
    QueryPage,
    Returning,
    ScanPage,
    TransactAction,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.render import Renderer
from persistence.stores.dynamodb.identity import identity_of, key_of

Parameters = dict[str, Any]
"""Keyword arguments of a method of boto3's client."""

CAPACITY: Parameters = {"ReturnConsumedCapacity": "TOTAL"}

_RETURN_VALUES: Mapping[Returning, str] = {
    "none": "NONE",
    "old": "ALL_OLD",
    "new": "ALL_NEW",
    "updated_old": "UPDATED_OLD",
    "updated_new": "UPDATED_NEW",
}


def get_item(operation: GetItem) -> Parameters:
    """Write a `GetItem`."""
    return {**_get(operation), **_when(operation.consistent, ConsistentRead=True), **CAPACITY}


def put_item(operation: PutItem) -> Parameters:
    """Write a `PutItem`."""
    return {**_put(operation), **_return_values(operation.returning), **CAPACITY}


def update_item(operation: UpdateItem) -> Parameters:
    """Write an `UpdateItem`."""
    return {**_update(operation), **_return_values(operation.returning), **CAPACITY}


def delete_item(operation: DeleteItem) -> Parameters:
    """Write a `DeleteItem`."""
    return {**_delete(operation), **_return_values(operation.returning), **CAPACITY}


def transact_write(operation: TransactWrite) -> Parameters:
    """Write a `TransactWrite`, its actions in their order.

    Raises:
        InvalidRequest: an action asks for something that the service has only for single writes, or two
            actions have one key (which not every local server refuses).
    """
    _refuse_doubles(
        "TransactWrite",
        operation.actions,
        "Transaction request cannot include multiple operations on one item",
    )
    token = _when(operation.token is not None, ClientRequestToken=operation.token)
    return {"TransactItems": [_action(action) for action in operation.actions], **token, **CAPACITY}


def transact_get(operation: TransactGet) -> Parameters:
    """Write a `TransactGet`; its reads are consistent whatever the single gets say."""
    return {"TransactItems": [{"Get": _get(get)} for get in operation.gets], **CAPACITY}


def batch_get(operation: BatchGetItems) -> Parameters:
    """Write a `BatchGetItems`.

    A projection is widened by the key, without which the answer could not be told apart.

    Raises:
        InvalidRequest: two gets have one key, or gets of one table disagree on how to read.
    """
    _refuse_doubles("BatchGetItems", operation.gets, "Provided list of item keys contains duplicates")
    by_table: dict[str, list[GetItem]] = {}
    for get in operation.gets:
        by_table.setdefault(get.table.name, []).append(get)
    return {"RequestItems": {name: _table_gets(gets) for name, gets in by_table.items()}, **CAPACITY}


def batch_write(operation: BatchWriteItems) -> Parameters:
    """Write a `BatchWriteItems`.

    Raises:
        InvalidRequest: two writes have one key, or a write has a condition or asks for an answer.
    """
    _refuse_doubles("BatchWriteItems", operation.writes, "Provided list of item keys contains duplicates")
    by_table: dict[str, list[Parameters]] = {}
    for write in operation.writes:
        by_table.setdefault(write.table.name, []).append(_write_request(write))
    return {"RequestItems": by_table, **CAPACITY}


def query(operation: QueryPage) -> Parameters:
    """Write a `QueryPage`.

    Raises:
        InvalidRequest: it asks for whole items beside a projection or a count.
    """
    renderer = Renderer()
    key_condition = renderer.key_condition(operation.key_condition)
    return {
        "TableName": operation.table.name,
        **_page(operation),
        "KeyConditionExpression": key_condition,
        **_page_expressions(operation, renderer),
        **_when(operation.descending, ScanIndexForward=False),
        **CAPACITY,
    }


def scan(operation: ScanPage) -> Parameters:
    """Write a `ScanPage`; see `query`."""
    return {
        "TableName": operation.table.name,
        **_page(operation),
        **_page_expressions(operation, Renderer()),
        **_when(operation.segment is not None, Segment=operation.segment),
        **_when(operation.segments is not None, TotalSegments=operation.segments),
        **CAPACITY,
    }


# --- parts of several requests


def _get(get: GetItem) -> Parameters:
    renderer = Renderer()
    return {
        "TableName": get.table.name,
        "Key": stable(get.key),
        **_projection(get.projection, renderer),
        **renderer.placeholders(),
    }


def _put(put: PutItem) -> Parameters:
    renderer = Renderer()
    return {
        "TableName": put.table.name,
        "Item": stable(put.item),
        **_condition(put.condition, renderer, item_on_failure=put.item_on_failure),
    }


def _update(update: UpdateItem) -> Parameters:
    renderer = Renderer()
    return {
        "TableName": update.table.name,
        "Key": stable(update.key),
        **({"UpdateExpression": renderer.update(update.actions)} if update.actions else {}),
        **_condition(update.condition, renderer, item_on_failure=update.item_on_failure),
    }


def _delete(delete: DeleteItem) -> Parameters:
    return {
        "TableName": delete.table.name,
        "Key": stable(delete.key),
        **_condition(delete.condition, Renderer(), item_on_failure=delete.item_on_failure),
    }


def _check(check: ConditionCheck) -> Parameters:
    return {
        "TableName": check.table.name,
        "Key": stable(check.key),
        **_condition(check.condition, Renderer(), item_on_failure=check.item_on_failure),
    }


def _action(action: TransactAction) -> Parameters:
    match action:
        case PutItem():
            _refuse_returning("TransactWrite", action)
            return {"Put": _put(action)}
        case UpdateItem():
            _refuse_returning("TransactWrite", action)
            return {"Update": _update(action)}
        case DeleteItem():
            _refuse_returning("TransactWrite", action)
            return {"Delete": _delete(action)}
        case ConditionCheck():
            return {"ConditionCheck": _check(action)}
        case _:
            assert_never(action)


def _write_request(write: PutItem | DeleteItem) -> Parameters:
    _refuse_returning("BatchWriteItems", write)
    if write.condition is not None:
        raise InvalidRequest(
            "a batch takes no conditions; use a transaction or single writes",
            operation="BatchWriteItems",
            table=write.table.name,
        )
    match write:
        case PutItem(item=item):
            return {"PutRequest": {"Item": stable(item)}}
        case DeleteItem(key=key):
            return {"DeleteRequest": {"Key": stable(key)}}
        case _:
            assert_never(write)


def _table_gets(gets: list[GetItem]) -> Parameters:
    first = gets[0]
    if any((get.consistent, get.projection) != (first.consistent, first.projection) for get in gets):
        raise InvalidRequest(
            "the gets of one table in a batch must agree on consistent and projection; make two batches",
            operation="BatchGetItems",
            table=first.table.name,
        )
    renderer = Renderer()
    return {
        "Keys": [stable(get.key) for get in gets],
        **_when(first.consistent, ConsistentRead=True),
        **_projection(_with_key(first), renderer),
        **renderer.placeholders(),
    }


def _with_key(get: GetItem) -> tuple[Path, ...] | None:
    if not get.projection:
        return get.projection  # of nothing: that is refused, and must not become the key
    return get.projection + tuple(Path.of(name) for name in unasked_key_names(get))


def unasked_key_names(get: GetItem) -> tuple[str, ...]:
    """Name the key attributes that a get's projection leaves out; a batch reads them all the same."""
    if get.projection is None:
        return ()
    asked = {path.attribute for path in get.projection}
    return tuple(name for name in get.table.key_names() if name not in asked)


def _condition(condition: Condition | None, renderer: Renderer, *, item_on_failure: bool) -> Parameters:
    if condition is None:
        return _placeholders(renderer)
    return {
        "ConditionExpression": renderer.condition(condition),
        **_placeholders(renderer),
        **_when(item_on_failure, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    }


def _projection(projection: tuple[Path, ...] | None, renderer: Renderer) -> Parameters:
    return {} if projection is None else {"ProjectionExpression": renderer.projection(projection)}


def _page(page: QueryPage | ScanPage) -> Parameters:
    _refuse_half_wholes(page)
    return {
        **_when(page.index is not None, IndexName=page.index),
        **_when(page.count_only, Select="COUNT"),
        **_when(page.whole, Select="ALL_ATTRIBUTES"),
        **_when(page.consistent, ConsistentRead=True),
        **_when(page.limit is not None, Limit=page.limit),
        **({} if page.start is None else {"ExclusiveStartKey": stable(page.start)}),
    }


def _page_expressions(page: QueryPage | ScanPage, renderer: Renderer) -> Parameters:
    filtered = {} if page.filter is None else {"FilterExpression": renderer.condition(page.filter)}
    projected = {} if page.count_only else _projection(page.projection, renderer)
    return {**filtered, **projected, **_placeholders(renderer)}


def _placeholders(renderer: Renderer) -> Parameters:
    parameters = renderer.placeholders()
    values = parameters.get("ExpressionAttributeValues")
    return {**parameters, **({"ExpressionAttributeValues": stable(values)} if values else {})}


def _return_values(returning: Returning) -> Parameters:
    return {} if returning == "none" else {"ReturnValues": _RETURN_VALUES[returning]}


def _when(given: bool, **parameters: Any) -> Parameters:
    return parameters if given else {}


def _refuse_returning(where: str, write: PutItem | UpdateItem | DeleteItem) -> None:
    if write.returning != "none":
        raise InvalidRequest(
            f"{type(write).__name__}(returning={write.returning!r}) is for single writes only",
            operation=where,
            table=write.table.name,
        )


def _refuse_half_wholes(page: QueryPage | ScanPage) -> None:
    # There is one `Select` for both, and not every local server refuses a projection beside it.
    if page.whole and (page.count_only or page.projection is not None):
        raise InvalidRequest(
            f"Cannot specify {'a count' if page.count_only else 'the ProjectionExpression'} when choosing to "
            "get ALL_ATTRIBUTES; ask for whole=True alone",
            operation=type(page).__name__,
            table=page.table.name,
            code="ValidationException",
        )


def _refuse_doubles(where: str, actions: Iterable[TransactAction | GetItem], text: str) -> None:
    seen: set[Hashable] = set()
    for action in actions:
        identity = identity_of(action.table, key_of(action))
        if identity is not None and identity in seen:
            raise InvalidRequest(text, operation=where, table=action.table.name, code="ValidationException")
        seen.add(identity)


# --- values


def stable(item: Mapping[str, AttributeValue]) -> Item:
    """Copy an item with the members of its sets in a stable order."""
    return {name: _stable_value(value) for name, value in item.items()}


def _stable_value(value: AttributeValue) -> AttributeValue:
    return {tag: _stable_content(tag, content) for tag, content in value.items()}


def _stable_content(tag: str, content: Any) -> Any:
    # What does not fit its tag goes on as it is, to be refused.
    match tag, content:
        case "SS" | "NS" | "BS", list() | tuple() | set() | frozenset():
            return sorted(content, key=repr)
        case "L", list() | tuple():
            return [_stable_value(part) for part in content]
        case "M", Mapping():
            return stable(content)
        case _:
            return content
