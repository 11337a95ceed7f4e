"""Bodies of answers, made once and then given again and again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from benchmarks.entries import number_of
from benchmarks.service import entry_pages
from benchmarks.service.models import PARTITION, SHAPES, Shape

Body = bytes

PAGE = 250
"""Items on a page of a scan."""

SCANNED = 16 * PAGE
"""Items that a scan of a shape's table finds."""

_TABLE = re.compile(rb'"TableName": ?"(\w+)"')
_NOTHING = b"{}"


_MOMENT = re.compile(rb'(T\d\d:\d\d:\d\d\.\d{6})Z"')
_OFFSETS = {"pynamodb": rb"+0000", "bloop": rb"+00:00"}
"""Peers that read moments in a form of their own only: whose table it is -> how UTC ends."""


def shape_of(table: str) -> Shape:
    """Give the shape of a table: "simple", and "simple_pynamodb" with moments as that one writes them."""
    return SHAPES[table.partition("_")[0]]


def _in_form_of(table: str, body: Body) -> Body:
    offset = _OFFSETS.get(table.partition("_")[2])
    return body if offset is None else _MOMENT.sub(rb"\1" + offset + b'"', body)


def answer(operation: str, request: Body) -> Body:
    """Answer a request.

    Args:
        operation: such as "GetItem".
        request: the body, which is looked at as little as possible.

    Raises:
        KeyError: the stub has no answer to such operations.
    """
    return _ANSWERS[operation](request)


def _table(request: Body) -> str:
    found = _TABLE.search(request)
    if found is None:
        raise ValueError(f"no table in {request[:200]!r}")
    return found[1].decode()


def _get(request: Body) -> Body:
    return _one(_table(request), "Item")


def _update(request: Body) -> Body:
    return _one(_table(request), "Attributes") if b"ALL_NEW" in request else _NOTHING


@cache
def _one(table: str, member: str) -> Body:
    shape = shape_of(table)
    return _in_form_of(table, _text({member: shape.encode(shape.entity(PARTITION, 0))}))


def _read(entries: Callable[[Mapping[str, Any]], Body], pages: Callable[[str, Any], Body]) -> Any:
    def read(request: Body) -> Body:
        asked = json.loads(request)
        table = asked["TableName"]
        if table.partition("_")[0] == "entries":
            return _in_form_of(table, entries(asked))
        return pages(table, asked)

    return read


def _query(table: str, asked: Mapping[str, Any]) -> Body:
    values = asked["ExpressionAttributeValues"].values()
    return page(table, min(int(value["S"]) for value in values), None)


def _scan(table: str, asked: Mapping[str, Any]) -> Body:
    shape = shape_of(table)
    segment, segments = asked.get("Segment", 0), asked.get("TotalSegments", 1)
    end = SCANNED * (segment + 1) // segments
    start = asked.get("ExclusiveStartKey")
    first = SCANNED * segment // segments if start is None else number_of(start[shape.sort]["S"]) + 1
    last = min(first + PAGE, end) - 1
    return page(table, last - first + 1, None if last == end - 1 else last)


@cache
def page(table: str, count: int, last: int | None) -> Body:
    """Make a page of a query or a scan.

    Args:
        table: a shape's name.
        count: how many items it has.
        last: the number that its last evaluated key has; None for a page that is the last one.
    """
    shape = shape_of(table)
    text = f'{{"Count":{count},"Items":{_items(table, count)},"ScannedCount":{count}'
    if last is not None:
        key = shape.key_of(shape.encode(shape.entity(str(count), last)))
        text += f',"LastEvaluatedKey":{json.dumps(key)}'
    return f"{text}}}".encode()


@cache
def _items(table: str, count: int) -> str:
    shape = shape_of(table)
    return _in_form_of(table, _text([shape.encode(entity) for entity in shape.entities(count)])).decode()


def _batch_get(request: Body) -> Body:
    ((table, asked),) = json.loads(request)["RequestItems"].items()
    shape = shape_of(table)
    texts = [_item_like(table, key[shape.partition]["S"], key[shape.sort]["S"]) for key in asked["Keys"]]
    return f'{{"Responses":{{"{table}":[{",".join(texts)}]}},"UnprocessedKeys":{{}}}}'.encode()


@cache
def _item_like(table: str, partition: str, sort: str) -> str:
    shape = shape_of(table)
    return _in_form_of(table, _text(shape.encode(shape.entity(partition, number_of(sort))))).decode()


def _described(request: Body) -> Body:
    return _description(_table(request))


@cache
def _description(table: str) -> Body:
    shape = shape_of(table)
    key = [(shape.partition, "HASH"), (shape.sort, "RANGE")]
    described = {
        "TableName": table,
        "TableStatus": "ACTIVE",
        "TableArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
        "TableId": "11111111-1111-1111-1111-111111111111",
        "CreationDateTime": 1767225600.0,
        "ItemCount": SCANNED,
        "TableSizeBytes": SCANNED,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in key],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in key],
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
        },
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    }
    return _text({"Table": described})


def _text(content: object) -> Body:
    return json.dumps(content, separators=(",", ":")).encode()


def _constant(body: Body) -> Callable[[Body], Body]:
    return lambda _: body


_ANSWERS: Mapping[str, Callable[[Body], Body]] = MappingProxyType(
    {
        "GetItem": _get,
        "PutItem": _constant(_NOTHING),
        "UpdateItem": _update,
        "DeleteItem": _constant(_NOTHING),
        "Query": _read(entry_pages.query, _query),
        "Scan": _read(entry_pages.scan, _scan),
        "TransactWriteItems": _constant(_NOTHING),
        "BatchWriteItem": _constant(b'{"UnprocessedItems":{}}'),
        "BatchGetItem": _batch_get,
        "DescribeTable": _described,
        "DescribeTimeToLive": _constant(b'{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}'),
        "DescribeContinuousBackups": _constant(
            b'{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"DISABLED"}}'
        ),
    }
)
