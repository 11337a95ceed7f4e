"""Which API performs which operation on items, as pure functions around a client's method.

Operations on tables are in `table_calls`, which is loaded when the first of them is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from botocore import xform_name

from persistence.operation_facts import api_name, can_write, table_of
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb import answers, requests
from persistence.stores.dynamodb.attempts import Repeats
from persistence.stores.dynamodb.exchanges import Exchange
from persistence.stores.dynamodb.failures import Asked


@dataclass(frozen=True, slots=True)
class Call:
    """How one type of operation is performed.

    Attributes:
        parameters: operation -> keyword arguments of the client's method.
        answer: operation, the method's answer -> the operation's own answer.
        repeats: which failed attempts botocore may repeat.
    """

    parameters: Callable[[Any], dict[str, Any]]
    answer: Callable[[Any, Mapping[str, Any]], Any]
    repeats: Repeats = "always"


@dataclass(frozen=True, slots=True)
class Talk:
    """How a type of operation is performed that takes several requests.

    Attributes:
        exchange: operation -> its requests, one after the other, and the operation's own answer.
        repeats: which failed attempts of the request that does it botocore may repeat.
    """

    exchange: Callable[[Any], Exchange[Any]]
    repeats: Repeats = "always"


def method_of(operation: type[Operation[Any]]) -> str:
    """Give the name of the client's method for a type of operation."""
    return method_named(api_name(operation))


@cache
def method_named(api: str) -> str:
    """Give the name of the client's method for an action of a service."""
    return str(xform_name(api))


ITEM_CALLS: Mapping[type[Operation[Any]], Call] = {
    GetItem: Call(requests.get_item, answers.item),
    BatchGetItems: Call(requests.batch_get, answers.batch_get),
    TransactGet: Call(requests.transact_get, answers.items),
    PutItem: Call(requests.put_item, answers.attributes, repeats="unless in doubt"),
    UpdateItem: Call(requests.update_item, answers.attributes, repeats="unless in doubt"),
    DeleteItem: Call(requests.delete_item, answers.attributes, repeats="unless in doubt"),
    TransactWrite: Call(requests.transact_write, answers.transact_write),
    BatchWriteItems: Call(requests.batch_write, answers.batch_write),
    QueryPage: Call(requests.query, answers.page),
    ScanPage: Call(requests.scan, answers.page),
}


def call_of(kind: type[Operation[Any]]) -> Call | Talk | None:
    """Say how a type of operation is performed; None if it is not known."""
    return ITEM_CALLS.get(kind) or _all_calls().get(kind)


def _all_calls() -> Mapping[type[Operation[Any]], Call | Talk]:
    calls: Mapping[type[Operation[Any]], Call | Talk] = import_module(
        "persistence.stores.dynamodb.table_calls"
    ).CALLS
    return calls


def repeats_of(operation: Operation[Any], call: Call) -> Repeats:
    """Say which failed attempts of an operation botocore may repeat.

    A transaction without a client token gets one from botocore, which nobody else could repeat it under.
    """
    has_token = isinstance(operation, TransactWrite) and operation.token is not None
    return "never" if has_token else call.repeats


def asked(operation: Operation[Any]) -> Asked:
    """Describe an operation for errors."""
    kind = type(operation)
    table = operation.table.name if isinstance(operation, _OF_ONE_TABLE) else table_of(operation)
    return Asked(kind.__name__, table, can_write(kind))


_OF_ONE_TABLE = (GetItem, PutItem, UpdateItem, DeleteItem, QueryPage, ScanPage)
