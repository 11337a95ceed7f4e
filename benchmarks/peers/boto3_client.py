"""boto3's low-level client: items as the service has them, which nobody makes anything of. The baseline.

It sends what our unit of work sends. Also what people build upon it: marshmallow's schemas with boto3's
serializers, and boto3's own resource. One way that promises nothing is there for comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from boto3.dynamodb.types import TypeDeserializer
from botocore import xform_name
from botocore.config import Config

from benchmarks.contenders import with_marshmallow
from benchmarks.peers.learned import Content, content_of, requests_of
from benchmarks.peers.way import Job, Way, ways_of
from benchmarks.service.models import PARTITION, Shape
from benchmarks.service.sent import Sent

CLIENT = "boto3 client"
NO_CONDITIONS = "boto3 client, no conditions"
RESOURCE = "boto3 resource"
MARSHMALLOW = "boto3 + marshmallow"

Learned = Mapping[Job, tuple[Sent, ...]]
Jobs = Iterator[tuple[str, Callable[[], object]]]

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=50)


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    client: Any = boto3.session.Session().client("dynamodb", endpoint_url=url, config=_CONFIG)
    resource: Any = boto3.session.Session().resource("dynamodb", endpoint_url=url, config=_CONFIG)
    learned = requests_of(url)
    yield ways_of(CLIENT, lambda shape: _plain(client, shape, learned), client.close)
    yield ways_of(NO_CONDITIONS, lambda shape: _without_conditions(client, shape))
    yield ways_of(RESOURCE, lambda shape: _of_resource(resource, shape, learned), resource.meta.client.close)
    yield ways_of(MARSHMALLOW, lambda shape: _with_marshmallow(client, shape, learned))


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


_WRITES = ("put", "update", "commit of 1", "commit of 10", "commit of 25", "commit of 100")


def _plain(client: Any, shape: Shape, learned: Learned) -> Jobs:
    yield "get", _Call(client, learned[f"get {shape.name}"], "Item")
    for count in (100, 1000):
        yield f"query {count}", _Call(client, learned[f"query {count} {shape.name}"], "Items")
    for what in (*_WRITES, "bulk of 100"):
        yield what, _Call(client, learned[f"{what} {shape.name}"])


class _Call:
    """Sends requests that were learned, one after the other.

    Args:
        client: the raw client.
        sent: the requests.
        member: what is wanted of the last answer.
    """

    def __init__(self, client: Any, sent: Sequence[Sent], member: str | None = None) -> None:
        self._calls = [(getattr(client, xform_name(each.operation)), content_of(each)) for each in sent]
        self._member = member

    def __call__(self) -> object:
        answer: Any = None
        for call, content in self._calls:
            answer = call(**content)
        return answer if self._member is None else answer[self._member]


def _without_conditions(client: Any, shape: Shape) -> Jobs:
    item, update = shape.encode(shape.entity(PARTITION, 0)), update_of(shape)
    items = [shape.encode(entity) for entity in shape.entities(100)]
    yield "put", lambda: client.put_item(TableName=shape.name, Item=item)
    yield "update", lambda: client.update_item(**update)
    yield "commit of 1", _Transaction(client, puts_of(shape, [item]))
    for count in (10, 25, 100):
        yield f"commit of {count}", _Transaction(client, puts_of(shape, items[:count]))


class _Query:
    def __init__(self, client: Any, asked: Content, load: Callable[[Any], object]) -> None:
        self._client, self._asked, self._load = client, asked, load

    def __call__(self) -> list[Any]:
        return [self._load(item) for item in self._client.query(**self._asked)["Items"]]


class _Transaction:
    def __init__(self, client: Any, actions: list[dict[str, Any]]) -> None:
        self._client, self._actions = client, actions

    def __call__(self) -> object:
        return self._client.transact_write_items(TransactItems=self._actions)


def _with_marshmallow(client: Any, shape: Shape, learned: Learned) -> Jobs:
    codec = with_marshmallow.CODECS[shape.name]
    entity, entities = shape.entity(PARTITION, 0), shape.entities(100)
    asked = {what: content_of(learned[f"{what} {shape.name}"][0]) for what in ("get", "put")}
    kept = {name: value for name, value in asked["put"]["Item"].items() if not hasattr(entity, name)}
    yield "get", lambda: codec.decode(client.get_item(**asked["get"])["Item"])
    yield "put", lambda: client.put_item(**asked["put"] | {"Item": codec.encode(entity) | kept})
    for count in (100, 1000):
        asked_for = content_of(learned[f"query {count} {shape.name}"][0])
        yield f"query {count}", _Query(client, asked_for, codec.decode)
    for count in (10, 25, 100):
        commit = content_of(learned[f"commit of {count} {shape.name}"][0])
        yield f"commit of {count}", _Encoding(client, commit, entities[:count], codec.encode)
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
    """A transaction whose items are made of entities each time; all else of it was learned."""

    def __init__(
        self, client: Any, learned: Content, entities: list[Any], encode: Callable[[Any], object]
    ) -> None:
        self._client, self._learned, self._entities, self._encode = client, learned, entities, encode

    def __call__(self) -> object:
        pairs = zip(self._learned["TransactItems"], self._entities, strict=True)
        actions = [{"Put": action["Put"] | {"Item": self._encode(entity)}} for action, entity in pairs]
        return self._client.transact_write_items(**self._learned | {"TransactItems": actions})


_deserialize = TypeDeserializer().deserialize
_OF_VALUES = frozenset({"Item", "Key", "ExpressionAttributeValues"})


def in_python(content: Content) -> Content:
    """Give parameters with the values of Python that boto3's resource takes."""
    return {name: _in_python(name, value) for name, value in content.items()}


def _in_python(name: str, value: Any) -> Any:
    if name in _OF_VALUES:
        return {each: _deserialize(stored) for each, stored in value.items()}
    if name == "TransactItems":
        return [{kind: in_python(action) for kind, action in each.items()} for each in value]
    return value


def _of_resource(resource: Any, shape: Shape, learned: Learned) -> Jobs:
    table: Any = resource.Table(shape.name)
    asked = {
        what: in_python(content_of(learned[f"{what} {shape.name}"][0]))
        for what in ("get", "put", "update", "commit of 10", "commit of 25", "commit of 100")
    }
    get, put, update = asked["get"], asked["put"], asked["update"]["TransactItems"][0]["Update"]
    for each in (get, put, update):
        del each["TableName"]
    yield "get", lambda: table.get_item(**get)["Item"]
    yield "put", lambda: table.put_item(**put)
    yield "update", lambda: table.update_item(**update)
    for count in (100, 1000):
        yield f"query {count}", _ResourceQuery(table, shape, count)
    for count in (10, 25, 100):
        what = f"commit of {count}"
        yield what, _ResourceTransaction(resource.meta.client, asked[what])
    values = [each["Put"]["Item"] for each in asked["commit of 100"]["TransactItems"]]

    def bulk() -> None:
        with table.batch_writer() as batch:
            for each in values:
                batch.put_item(Item=each)

    yield "bulk of 100", bulk


class _ResourceTransaction:
    def __init__(self, client: Any, asked: Content) -> None:
        self._client, self._asked = client, asked

    def __call__(self) -> object:
        return self._client.transact_write_items(**self._asked)


class _ResourceQuery:
    def __init__(self, table: Any, shape: Shape, count: int) -> None:
        self._table, self._shape, self._count = table, shape, count

    def __call__(self) -> list[Any]:
        found: list[Any] = self._table.query(
            KeyConditionExpression=Key(self._shape.partition).eq(str(self._count))
        )["Items"]
        return found
