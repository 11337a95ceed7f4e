"""Pages of `benchmarks.entries`, as DynamoDB cuts them, made up when they are asked for.

Conditions on the sort key and filters are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.contenders import handwritten
from benchmarks.entries import AGES, ENTRIES, entry, entry_id, number_of
from persistence.attributes import Item, item_size

PAGE_BYTES = 1024 * 1024

Request = Mapping[str, Any]


def query(request: Request) -> bytes:
    """Answer a query: its one value names the partition, which is the number of its items."""
    (value,) = request["ExpressionAttributeValues"].values()
    return _page(request, value["S"], range(int(value["S"])))


def scan(request: Request) -> bytes:
    """Answer a scan of the one partition, or of a segment of it."""
    segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
    first, end = (ENTRIES * number // segments for number in (segment, segment + 1))
    return _page(request, str(ENTRIES), range(first, end))


@dataclass(frozen=True, slots=True)
class _Text:
    """The JSON of an item, in two parts: its id belongs in between."""

    before: str
    behind: str

    @classmethod
    def of(cls, item: Item) -> _Text:
        before, behind = json.dumps(item | {"id": {"S": "<id>"}}).split("<id>")
        return cls(before, behind)

    def __call__(self, number: int) -> str:
        return f"{self.before}{entry_id(number)}{self.behind}"


def _page(request: Request, partition: str, numbers: range) -> bytes:
    start = request.get("ExclusiveStartKey")
    left = numbers if start is None else range(number_of(start["id"]["S"]) + 1, numbers.stop)
    read = left[: min(request.get("Limit", ENTRIES), _fitting(partition))]
    parts = [f'"Count": {len(read)}, "ScannedCount": {len(read)}']
    if request.get("Select") != "COUNT":
        parts.append(f'"Items": [{",".join(_texts(partition, _names(request), read))}]')
    if len(read) < len(left):
        key = {"name": {"S": partition}, "id": {"S": entry_id(read[-1])}}
        parts.append(f'"LastEvaluatedKey": {json.dumps(key)}')
    return f"{{{', '.join(parts)}}}".encode()


def _fitting(partition: str) -> int:
    return -(-PAGE_BYTES // item_size(_item(partition, 0)))


def _names(request: Request) -> tuple[str, ...] | None:
    """Give the attributes that are asked for; None for all."""
    projection, names = request.get("ProjectionExpression"), request.get("ExpressionAttributeNames", {})
    return None if projection is None else tuple(names.get(name, name) for name in projection.split(", "))


def _texts(partition: str, names: tuple[str, ...] | None, numbers: range) -> Iterator[str]:
    texts = _of_each_age(partition, names)
    return (texts[number % AGES](number) for number in numbers)


@cache
def _of_each_age(partition: str, names: tuple[str, ...] | None) -> tuple[_Text, ...]:
    return tuple(_Text.of(_projected(_item(partition, number), names)) for number in range(AGES))


def _projected(item: Item, names: tuple[str, ...] | None) -> Item:
    return item if names is None else {name: item[name] for name in names}


@cache
def _item(partition: str, number: int) -> Item:
    return handwritten.CODECS["simple"].encode(entry(partition, number))
