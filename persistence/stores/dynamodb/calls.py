"""Which API performs which operation: `CALLS`, one table of pure functions around a client's method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

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
from persistence.stores.dynamodb.faults import Asked


@dataclass(frozen=True, slots=True)
class Call:
    """How one type of operation is performed.

    Attributes:
        api: the service's name of the action.
        parameters: operation -> keyword arguments of the client's method.
        answer: operation, the method's answer -> the operation's own answer.
        writes: whether it can change anything.
        repeatable: whether botocore may repeat it after an attempt that may have taken effect.
    """

    api: str
    parameters: Callable[[Any], dict[str, Any]]
    answer: Callable[[Any, Mapping[str, Any]], Any]
    writes: bool = False
    repeatable: bool = True

    @property
    def method(self) -> str:
        """The name of the client's method."""
        return str(xform_name(self.api))


CALLS: Mapping[type[Operation[Any]], Call] = {
    GetItem: Call("GetItem", requests.get_item, answers.item),
    BatchGetItems: Call("BatchGetItem", requests.batch_get, answers.batch_get),
    TransactGet: Call("TransactGetItems", requests.transact_get, answers.items),
    PutItem: Call("PutItem", requests.put_item, answers.attributes, writes=True, repeatable=False),
    UpdateItem: Call("UpdateItem", requests.update_item, answers.attributes, writes=True, repeatable=False),
    DeleteItem: Call("DeleteItem", requests.delete_item, answers.attributes, writes=True, repeatable=False),
    TransactWrite: Call("TransactWriteItems", requests.transact_write, answers.transact_write, writes=True),
    BatchWriteItems: Call("BatchWriteItem", requests.batch_write, answers.batch_write, writes=True),
    QueryPage: Call("Query", requests.query, answers.page),
    ScanPage: Call("Scan", requests.scan, answers.page),
    CreateTable: Call("CreateTable", tables.create_table, tables.description, writes=True, repeatable=False),
    DescribeTable: Call("DescribeTable", tables.name_only, tables.description),
    DeleteTable: Call("DeleteTable", tables.name_only, tables.nothing, writes=True, repeatable=False),
    DescribeTimeToLive: Call("DescribeTimeToLive", tables.name_only, tables.time_to_live),
    EnableTimeToLive: Call(
        "UpdateTimeToLive", tables.enable_time_to_live, tables.nothing, writes=True, repeatable=False
    ),
}


def asked(operation: Operation[Any], call: Call) -> Asked:
    """Describe an operation for errors."""
    names = _table_names(operation)
    return Asked(type(operation).__name__, names.pop() if len(names) == 1 else None, call.writes)


def _table_names(operation: Operation[Any]) -> set[str]:
    match operation:
        case BatchGetItems(gets) | TransactGet(gets):
            return {get.table.name for get in gets}
        case TransactWrite(actions) | BatchWriteItems(actions):
            return {action.table.name for action in actions}
        case DescribeTable(name) | DeleteTable(name) | DescribeTimeToLive(name) | EnableTimeToLive(name):
            return {name}
        case (
            GetItem(table)
            | PutItem(table)
            | UpdateItem(table)
            | DeleteItem(table)
            | QueryPage(table)
            | ScanPage(table)
            | CreateTable(table)
        ):
            return {table.name}
        case _:
            return set()
