"""Write operations as the parameters of the service's requests; nothing here does I/O.

The same operation gives the same request each time, down to the order of a set's members: the service
compares repeated transactions as text. Items, keys and values are those of the operation, copied only where
they are not in that form; who sends a request doesn't change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import persistence.expressions as trees
import persistence.operations as operations
import persistence.render as rendering
from persistence.errors import InvalidRequest
from persistence.expressions import Path
from persistence.operations import GetItem, Returning
from persistence.stores.dynamodb.identity import DOUBLES_IN_A_BATCH, DOUBLES_IN_A_TRANSACTION, refuse_doubles
from persistence.stores.dynamodb.stable import Settling
from persistence.stores.unserved import served_name

Parameters = dict[str, Any]
"""Keyword arguments of a method of boto3's client."""


class Made(Parameters):
    """Parameters as they were made here.

    Attributes:
        certain: all of them are certainly as their API has them, each of the one type that it has.
    """

    __slots__ = ("certain",)

    def __init__(self, parameters: Parameters, *, certain: bool) -> None:
        super().__init__(parameters)
        self.certain = certain


CAPACITY: Parameters = {"ReturnConsumedCapacity": "TOTAL"}

_RETURN_VALUES: Mapping[Returning, str] = {
    "none": "NONE",
    "old": "ALL_OLD",
    "new": "ALL_NEW",
    "updated_old": "UPDATED_OLD",
    "updated_new": "UPDATED_NEW",
}


def get_item(operation: GetItem) -> Made:
    """Write a `GetItem`."""
    settling = Settling()
    parameters = {**_get(operation, settling), **_when(operation.consistent, ConsistentRead=True), **CAPACITY}
    return Made(parameters, certain=settling.certain)


def put_item(operation: operations.PutItem, settling: Settling | None = None) -> Made:
    """Write a `PutItem`; see `transact_write`."""
    settling = settling or Settling()
    parameters = {**_put(operation, settling), **_return_values(operation.returning), **CAPACITY}
    return Made(parameters, certain=settling.certain)


def update_item(operation: operations.UpdateItem, settling: Settling | None = None) -> Made:
    """Write an `UpdateItem`; see `transact_write`."""
    settling = settling or Settling()
    parameters = {**_update(operation, settling), **_return_values(operation.returning), **CAPACITY}
    return Made(parameters, certain=settling.certain)


def delete_item(operation: operations.DeleteItem, settling: Settling | None = None) -> Made:
    """Write a `DeleteItem`; see `transact_write`."""
    settling = settling or Settling()
    parameters = {**_delete(operation, settling), **_return_values(operation.returning), **CAPACITY}
    return Made(parameters, certain=settling.certain)


def transact_write(operation: operations.TransactWrite, settling: Settling | None = None) -> Made:
    """Write a `TransactWrite`, its actions in their order.

    Args:
        operation: what is to be written.
        settling: gives items in the form that they are sent in; None looks at each of them.

    Raises:
        InvalidRequest: an action asks for something that the service has only for single writes, or two
            actions have one key (which not every local server refuses).
    """
    if not operation.distinct:
        refuse_doubles("TransactWrite", operation.actions, DOUBLES_IN_A_TRANSACTION)
    settling = settling or Settling()
    actions = [action_of(action, settling) for action in operation.actions]
    token = _when(operation.token is not None, ClientRequestToken=operation.token)
    certain = settling.certain and bool(actions) and type(operation.token) is str and operation.token != ""
    return Made({"TransactItems": actions, **token, **CAPACITY}, certain=certain)


def transact_get(operation: operations.TransactGet) -> Made:
    """Write a `TransactGet`; its reads are consistent whatever the single gets say."""
    settling = Settling()
    gets = [{"Get": _get(get, settling)} for get in operation.gets]
    return Made({"TransactItems": gets, **CAPACITY}, certain=settling.certain and bool(gets))


def batch_get(operation: operations.BatchGetItems) -> Made:
    """Write a `BatchGetItems`.

    A projection is widened by the key, without which the answer could not be told apart.

    Raises:
        InvalidRequest: two gets have one key, or gets of one table disagree on how to read.
    """
    refuse_doubles("BatchGetItems", operation.gets, DOUBLES_IN_A_BATCH)
    by_table: dict[str, list[GetItem]] = {}
    for get in operation.gets:
        by_table.setdefault(served_name(get.table), []).append(get)
    settling = Settling()
    asked = {name: _table_gets(gets, settling) for name, gets in by_table.items()}
    return Made({"RequestItems": asked, **CAPACITY}, certain=settling.certain and bool(asked))


def batch_write(operation: operations.BatchWriteItems, settling: Settling | None = None) -> Made:
    """Write a `BatchWriteItems`; see `transact_write`.

    Raises:
        InvalidRequest: two writes have one key, or a write has a condition or asks for an answer.
    """
    if not operation.distinct:
        refuse_doubles("BatchWriteItems", operation.writes, DOUBLES_IN_A_BATCH)
    settling = settling or Settling()
    by_table: dict[str, list[Parameters]] = {}
    for write in operation.writes:
        by_table.setdefault(served_name(write.table), []).append(_write_request(write, settling))
    return Made({"RequestItems": by_table, **CAPACITY}, certain=settling.certain and bool(by_table))


def query(operation: operations.QueryPage) -> Parameters:
    """Write a `QueryPage`.

    Raises:
        InvalidRequest: it asks for whole items beside a projection or a count.
    """
    settling = Settling()
    return {
        "TableName": served_name(operation.table),
        **_page(operation, settling),
        **_expressions(
            settling,
            key_condition=operation.key_condition,
            filtering=operation.filter,
            projection=None if operation.count_only else operation.projection,
        ),
        **_when(operation.descending, ScanIndexForward=False),
        **CAPACITY,
    }


def scan(operation: operations.ScanPage) -> Parameters:
    """Write a `ScanPage`; see `query`."""
    settling = Settling()
    return {
        "TableName": served_name(operation.table),
        **_page(operation, settling),
        **_expressions(
            settling,
            filtering=operation.filter,
            projection=None if operation.count_only else operation.projection,
        ),
        **_when(operation.segment is not None, Segment=operation.segment),
        **_when(operation.segments is not None, TotalSegments=operation.segments),
        **CAPACITY,
    }


# --- parts of several requests


def _get(get: GetItem, settling: Settling) -> Parameters:
    parameters = {"TableName": served_name(get.table), "Key": settling(get.key)}
    if get.projection is not None:
        parameters.update(_expressions(settling, projection=get.projection))
    return parameters


def _put(put: operations.PutItem, settling: Settling) -> Parameters:
    parameters: Parameters = {"TableName": served_name(put.table), "Item": settling(put.item)}
    if put.condition is not None:
        _add_condition(parameters, settling, put)
    return parameters


def _update(update: operations.UpdateItem, settling: Settling) -> Parameters:
    parameters: Parameters = {"TableName": served_name(update.table), "Key": settling(update.key)}
    if update.condition is not None:
        _add_condition(parameters, settling, update, update.actions)
    elif update.actions:
        parameters.update(_expressions(settling, update=update.actions))
    return parameters


def _delete(delete: operations.DeleteItem | operations.ConditionCheck, settling: Settling) -> Parameters:
    parameters: Parameters = {"TableName": served_name(delete.table), "Key": settling(delete.key)}
    if delete.condition is not None:
        _add_condition(parameters, settling, delete)
    return parameters


def _add_condition(
    parameters: Parameters,
    settling: Settling,
    write: operations.TransactAction,
    actions: tuple[trees.UpdateAction, ...] = (),
) -> None:
    condition = write.condition
    if not actions and isinstance(condition, (trees.AttributeExists, trees.AttributeNotExists)):
        parameters.update(rendering.presence(condition))
    else:
        parameters.update(_expressions(settling, update=actions, condition=condition))
    if write.item_on_failure:
        parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"


def action_of(action: operations.TransactAction, settling: Settling) -> Parameters:
    """Write an action of a transaction."""
    name, write = _writers()[type(action)]
    if not isinstance(action, operations.ConditionCheck) and action.returning != "none":
        raise _single_only("TransactWrite", action)
    written = write(action, settling)
    if name == "Update" and "UpdateExpression" not in written:
        settling.certain = False  # the service demands it
    return {name: written}


@cache
def _writers() -> Mapping[type[operations.TransactAction], tuple[str, Callable[[Any, Settling], Parameters]]]:
    return {
        operations.PutItem: ("Put", _put),
        operations.UpdateItem: ("Update", _update),
        operations.DeleteItem: ("Delete", _delete),
        operations.ConditionCheck: ("ConditionCheck", _delete),
    }


def _write_request(write: operations.PutItem | operations.DeleteItem, settling: Settling) -> Parameters:
    if write.returning != "none":
        raise _single_only("BatchWriteItems", write)
    if write.condition is not None:
        raise InvalidRequest(
            "a batch takes no conditions; use a transaction or single writes",
            operation="BatchWriteItems",
            table=write.table.name,
        )
    match write:
        case operations.PutItem(item=item):
            return {"PutRequest": {"Item": settling(item)}}
        case operations.DeleteItem(key=key):
            return {"DeleteRequest": {"Key": settling(key)}}
        case other:  # who is not type-checked may come with anything
            raise _no_part(other)


def _no_part(write: object) -> InvalidRequest:
    return InvalidRequest(
        f"a batch takes puts and deletes, not {type(write).__name__}; use a transaction or single writes",
        operation="BatchWriteItems",
    )


def _table_gets(gets: list[GetItem], settling: Settling) -> Parameters:
    first = gets[0]
    if any((get.consistent, get.projection) != (first.consistent, first.projection) for get in gets):
        raise InvalidRequest(
            "the gets of one table in a batch must agree on consistent and projection; make two batches",
            operation="BatchGetItems",
            table=first.table.name,
        )
    return {
        "Keys": [settling(get.key) for get in gets],
        **_when(first.consistent, ConsistentRead=True),
        **_expressions(settling, projection=_with_key(first)),
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


def _page(page: operations.QueryPage | operations.ScanPage, settling: Settling) -> Parameters:
    _refuse_half_wholes(page)
    return {
        **_when(page.index is not None, IndexName=page.index),
        **_when(page.count_only, Select="COUNT"),
        **_when(page.whole, Select="ALL_ATTRIBUTES"),
        **_when(page.consistent, ConsistentRead=True),
        **_when(page.limit is not None, Limit=page.limit),
        **({} if page.start is None else {"ExclusiveStartKey": settling(page.start)}),
    }


def _expressions(settling: Settling, **parts: Any) -> Parameters:
    found = rendering.expressions(**parts)
    values = found.get("ExpressionAttributeValues")
    if values is not None:
        found["ExpressionAttributeValues"] = settling(values)
    for name in found.get("ExpressionAttributeNames", {}).values():
        if type(name) is not str:
            settling.certain = False
    return found


def _return_values(returning: Returning) -> Parameters:
    return {} if returning == "none" else {"ReturnValues": _RETURN_VALUES[returning]}


def _when(given: bool, **parameters: Any) -> Parameters:
    return parameters if given else {}


def _single_only(
    where: str, write: operations.PutItem | operations.UpdateItem | operations.DeleteItem
) -> InvalidRequest:
    return InvalidRequest(
        f"{type(write).__name__}(returning={write.returning!r}) is for single writes only",
        operation=where,
        table=write.table.name,
    )


def _refuse_half_wholes(page: operations.QueryPage | operations.ScanPage) -> None:
    # There is one `Select` for both, and not every local server refuses a projection beside it.
    if page.whole and (page.count_only or page.projection is not None):
        raise InvalidRequest(
            f"Cannot specify {'a count' if page.count_only else 'the ProjectionExpression'} when choosing to "
            "get ALL_ATTRIBUTES; ask for whole=True alone",
            operation=type(page).__name__,
            table=page.table.name,
            code="ValidationException",
        )
