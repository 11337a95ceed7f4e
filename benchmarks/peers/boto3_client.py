"""boto3's low-level client: items as the service has them, which nobody makes anything of. The baseline.

Also what people build upon it: marshmallow's schemas with boto3's serializers, and boto3's own resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from botocore.config import Config

from benchmarks.contenders import with_marshmallow
from benchmarks.peers.way import Way, ways_of
from benchmarks.service.models import PARTITION, Shape

CLIENT = "boto3 client"
RESOURCE = "boto3 resource"
MARSHMALLOW = "boto3 + marshmallow"

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=50)


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    client: Any = boto3.session.Session().client("dynamodb", endpoint_url=url, config=_CONFIG)
    resource: Any = boto3.session.Session().resource("dynamodb", endpoint_url=url, config=_CONFIG)
    yield ways_of(CLIENT, lambda shape: _plain(client, shape), client.close)
    yield ways_of(RESOURCE, lambda shape: _of_resource(resource, shape), resource.meta.client.close)
    yield ways_of(MARSHMALLOW, lambda shape: _with_marshmallow(client, shape))


def query_of(shape: Shape, count: int) -> dict[str, Any]:
    """Give the parameters of a query that finds so many items."""
    return {
        "TableName": shape.name,
        "KeyConditionExpression": "#p = :p",
        "ExpressionAttributeNames": {"#p": shape.partition},
        "ExpressionAttributeValues": {":p": {"S": str(count)}},
    }


def update_of(shape: Shape) -> dict[str, Any]:
    """Give the parameters of an update of one attribute."""
    return {
        "TableName": shape.name,
        "Key": shape.key_of(shape.encode(shape.entity(PARTITION, 0))),
        "UpdateExpression": "SET #a = :a",
        "ExpressionAttributeNames": {"#a": shape.changes},
        "ExpressionAttributeValues": {":a": dict(shape.given)},
    }


def puts_of(shape: Shape, items: list[Any]) -> list[dict[str, Any]]:
    """Give the actions of a transaction that puts items, without any condition."""
    return [{"Put": {"TableName": shape.name, "Item": item}} for item in items]


def in_batches(items: list[Any]) -> Iterator[list[Any]]:
    """Cut items to what one batch write may hold."""
    return (items[start : start + 25] for start in range(0, len(items), 25))


def _plain(client: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    item = shape.encode(shape.entity(PARTITION, 0))
    key, update = shape.key_of(item), update_of(shape)
    items = [shape.encode(entity) for entity in shape.entities(100)]
    yield "get", lambda: client.get_item(TableName=shape.name, Key=key)["Item"]
    yield "put", lambda: client.put_item(TableName=shape.name, Item=item)
    yield "update", lambda: client.update_item(**update)
    for count in (100, 1000):
        yield f"query {count}", _Query(client, shape, count)
    for count in (1, 10, 25, 100):
        yield f"commit of {count}", _Transaction(client, puts_of(shape, items[:count]))
    yield (
        "bulk of 100",
        lambda: [
            client.batch_write_item(
                RequestItems={shape.name: [{"PutRequest": {"Item": each}} for each in batch]}
            )
            for batch in in_batches(items)
        ],
    )


class _Query:
    def __init__(
        self, client: Any, shape: Shape, count: int, load: Callable[[Any], object] | None = None
    ) -> None:
        self._client, self._asked, self._load = client, query_of(shape, count), load

    def __call__(self) -> list[Any]:
        items = self._client.query(**self._asked)["Items"]
        return items if self._load is None else [self._load(item) for item in items]


class _Transaction:
    def __init__(self, client: Any, actions: list[dict[str, Any]]) -> None:
        self._client, self._actions = client, actions

    def __call__(self) -> object:
        return self._client.transact_write_items(TransactItems=self._actions)


def _with_marshmallow(client: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    codec = with_marshmallow.CODECS[shape.name]
    entity, entities = shape.entity(PARTITION, 0), shape.entities(100)
    key = shape.key_of(shape.encode(entity))
    yield "get", lambda: codec.decode(client.get_item(TableName=shape.name, Key=key)["Item"])
    yield "put", lambda: client.put_item(TableName=shape.name, Item=codec.encode(entity))
    for count in (100, 1000):
        yield f"query {count}", _Query(client, shape, count, codec.decode)
    for count in (10, 25, 100):
        yield f"commit of {count}", _Encoding(client, shape, entities[:count], codec.encode)
    yield (
        "bulk of 100",
        lambda: [
            client.batch_write_item(
                RequestItems={shape.name: [{"PutRequest": {"Item": codec.encode(each)}} for each in batch]}
            )
            for batch in in_batches(entities)
        ],
    )


class _Encoding:
    def __init__(
        self, client: Any, shape: Shape, entities: list[Any], encode: Callable[[Any], object]
    ) -> None:
        self._client, self._shape, self._entities, self._encode = client, shape, entities, encode

    def __call__(self) -> object:
        items = [self._encode(entity) for entity in self._entities]
        return self._client.transact_write_items(TransactItems=puts_of(self._shape, items))


def plain_values(entity: Any) -> dict[str, Any]:
    """Give the fields of an entity as values that boto3's serializers take; absent ones are left out."""
    return {name: _plain_value(value) for name, value in asdict(entity).items() if value is not None}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _of_resource(resource: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    table: Any = resource.Table(shape.name)
    entity = shape.entity(PARTITION, 0)
    values = [plain_values(each) for each in shape.entities(100)]
    key = {shape.partition: getattr(entity, shape.partition), shape.sort: getattr(entity, shape.sort)}
    given = _given(shape.given)
    yield "get", lambda: table.get_item(Key=key)["Item"]
    yield "put", lambda: table.put_item(Item=values[0])
    yield (
        "update",
        lambda: table.update_item(
            Key=key,
            UpdateExpression="SET #a = :a",
            ExpressionAttributeNames={"#a": shape.changes},
            ExpressionAttributeValues={":a": given},
        ),
    )
    for count in (100, 1000):
        yield f"query {count}", _ResourceQuery(table, shape, count)
    for count in (10, 25, 100):
        yield f"commit of {count}", _Transaction(resource.meta.client, puts_of(shape, values[:count]))

    def bulk() -> None:
        with table.batch_writer() as batch:
            for each in values:
                batch.put_item(Item=each)

    yield "bulk of 100", bulk


def _given(stored: Mapping[str, str]) -> object:
    ((tag, content),) = stored.items()
    return int(content) if tag == "N" else content


class _ResourceQuery:
    def __init__(self, table: Any, shape: Shape, count: int) -> None:
        self._table, self._shape, self._count = table, shape, count

    def __call__(self) -> list[Any]:
        found: list[Any] = self._table.query(
            KeyConditionExpression=Key(self._shape.partition).eq(str(self._count))
        )["Items"]
        return found
