"""Read the service's answers about items; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import persistence.operations as operations
from persistence.attributes import Item
from persistence.operations import Capacity, ConsumedCapacity, GetItem, ItemResult
from persistence.stores.dynamodb.identity import identity_of, key_of
from persistence.stores.dynamodb.requests import unasked_key_names
from persistence.wire_items import WireItems

Answer = Mapping[str, Any]
"""What a method of boto3's client returns."""


def item(operation: GetItem, answer: Answer) -> ItemResult:
    """Read the answer to a `GetItem`."""
    return ItemResult(answer.get("Item"), read_capacity(answer), weight(answer))


def attributes(
    operation: operations.PutItem | operations.UpdateItem | operations.DeleteItem, answer: Answer
) -> operations.WriteResult:
    """Read the answer to a single write; the service leaves out attributes where there are none."""
    return operations.WriteResult(answer.get("Attributes"), write_capacity(answer))


def transact_write(operation: operations.TransactWrite, answer: Answer) -> operations.TransactWriteResult:
    """Read the answer to a `TransactWrite`; a repeated one was charged as reads."""
    return operations.TransactWriteResult(write_capacity(answer))


def items(operation: operations.TransactGet, answer: Answer) -> operations.ItemsResult:
    """Read the answer to a `TransactGet`, which is in the order asked."""
    return operations.ItemsResult(
        tuple(one.get("Item") for one in answer["Responses"]), read_capacity(answer)
    )


def batch_get(operation: operations.BatchGetItems, answer: Answer) -> operations.BatchGetResult:
    """Read the answer to a `BatchGetItems`, which has no order, and put it into the order asked."""
    tables = {get.table.name: get.table for get in operation.gets}
    found: dict[Hashable, Item] = {
        identity_of(tables[name], one): one
        for name, several in answer.get("Responses", {}).items()
        for one in several
    }
    unprocessed = {
        identity_of(tables[name], key)
        for name, request in answer.get("UnprocessedKeys", {}).items()
        for key in request["Keys"]
    }
    asked = [(get, identity_of(get.table, get.key)) for get in operation.gets]
    return operations.BatchGetResult(
        tuple(_as_asked(get, found.get(identity)) for get, identity in asked),
        tuple(get for get, identity in asked if identity in unprocessed),
        read_capacity(answer),
        weight(answer),
    )


def batch_write(operation: operations.BatchWriteItems, answer: Answer) -> operations.BatchWriteResult:
    """Read the answer to a `BatchWriteItems`, and tell which of its writes were not done."""
    tables = {write.table.name: write.table for write in operation.writes}
    undone = {
        identity_of(tables[name], _requested(request))
        for name, requests in answer.get("UnprocessedItems", {}).items()
        for request in requests
    }
    if not undone:
        return operations.BatchWriteResult((), write_capacity(answer))
    unprocessed = (write for write in operation.writes if identity_of(write.table, key_of(write)) in undone)
    return operations.BatchWriteResult(tuple(unprocessed), write_capacity(answer))


def page(operation: operations.QueryPage | operations.ScanPage, answer: Answer) -> operations.Page:
    """Read the answer to a `QueryPage` or `ScanPage`."""
    found = answer.get("Items", ())
    return operations.Page(
        items=found if isinstance(found, WireItems) else tuple(found),
        last_key=answer.get("LastEvaluatedKey") or None,
        count=answer["Count"],
        scanned_count=answer["ScannedCount"],
        capacity=read_capacity(answer),
    )


def weight(answer: Answer) -> int | None:
    """Give a number of bytes that no item of an answer exceeds: those of its text, in which all of them are.

    None where it is not told, or is that of a compressed text.
    """
    metadata = answer.get("ResponseMetadata") or {}
    headers = metadata.get("HTTPHeaders") or {}
    told = str(headers.get("content-length", ""))
    return int(told) if told.isdecimal() and "content-encoding" not in headers else None


def read_capacity(answer: Answer) -> Capacity:
    """Read what a reading operation consumed; empty where the server does not tell."""
    return tuple(_consumed(told, "read") for told in _capacities(answer))


def write_capacity(answer: Answer) -> Capacity:
    """Read what a writing operation consumed; empty where the server does not tell."""
    return tuple(_consumed(told, "write") for told in _capacities(answer))


def _capacities(answer: Answer) -> list[Mapping[str, Any]]:
    told = answer.get("ConsumedCapacity") or []
    several = [told] if isinstance(told, Mapping) else told
    return [one for one in several if "TableName" in one]


def _consumed(told: Mapping[str, Any], kind: str) -> ConsumedCapacity:
    reads, writes = told.get("ReadCapacityUnits"), told.get("WriteCapacityUnits")
    if reads is None and writes is None:  # only transactions are told by kind
        total = told.get("CapacityUnits", 0.0)
        reads, writes = (total, 0.0) if kind == "read" else (0.0, total)
    return ConsumedCapacity(told["TableName"], read_units=reads or 0.0, write_units=writes or 0.0)


def _as_asked(get: GetItem, found: Item | None) -> Item | None:
    added = unasked_key_names(get)
    if found is None or not added:
        return found
    return {name: value for name, value in found.items() if name not in added}


def _requested(request: Mapping[str, Any]) -> Item:
    put = request.get("PutRequest")
    requested: Item = put["Item"] if put is not None else request["DeleteRequest"]["Key"]
    return requested
