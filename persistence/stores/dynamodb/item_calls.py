"""Which API performs which operation on items, for those beside the reading of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from persistence.stores.dynamodb.calls import READING, Call
from persistence.stores.dynamodb.texts import text_of

ITEM_CALLS: Mapping[type[Operation[Any]], Call] = {
    GetItem: READING,
    BatchGetItems: Call(requests.batch_get, answers.batch_get),
    TransactGet: Call(requests.transact_get, answers.items),
    PutItem: Call(requests.put_item, answers.attributes, repeats="unless in doubt", text=text_of),
    UpdateItem: Call(requests.update_item, answers.attributes, repeats="unless in doubt", text=text_of),
    DeleteItem: Call(requests.delete_item, answers.attributes, repeats="unless in doubt", text=text_of),
    TransactWrite: Call(requests.transact_write, answers.transact_write, text=text_of),
    BatchWriteItems: Call(requests.batch_write, answers.batch_write, text=text_of),
    QueryPage: Call(requests.query, answers.page),
    ScanPage: Call(requests.scan, answers.page),
}
