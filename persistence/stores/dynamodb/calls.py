"""Which API performs which operation: `CALLS`, one table of pure functions around a client's method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from persistence.operation_facts import API_NAMES, WRITES, table_of
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb import answers, requests, tables
from persistence.stores.dynamodb.attempts import Repeats
from persistence.stores.dynamodb.faults import Asked


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


def method_of(operation: type[Operation[Any]]) -> str:
    """Give the name of the client's method for a type of operation."""
    return str(xform_name(API_NAMES[operation]))


CALLS: Mapping[type[Operation[Any]], Call] = {
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
    CreateTable: Call(tables.create_table, tables.description, repeats="unless in doubt"),
    DescribeTable: Call(tables.name_only, tables.description),
    DeleteTable: Call(tables.name_only, tables.nothing, repeats="unless in doubt"),
    DescribeTimeToLive: Call(tables.name_only, tables.time_to_live),
    EnableTimeToLive: Call(tables.enable_time_to_live, tables.nothing, repeats="unless in doubt"),
}


def repeats_of(operation: Operation[Any], call: Call) -> Repeats:
    """Say which failed attempts of an operation botocore may repeat.

    A transaction without a client token gets one from botocore, which nobody else could repeat it under.
    """
    has_token = isinstance(operation, TransactWrite) and operation.token is not None
    return "never" if has_token else call.repeats


def asked(operation: Operation[Any]) -> Asked:
    """Describe an operation for errors."""
    return Asked(type(operation).__name__, table_of(operation), type(operation) in WRITES)
