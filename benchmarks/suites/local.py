"""DynamoDB Local: creating, querying and batches on a server that really stores, by the clock on the wall.

Java does most of the work there, so the contenders are close together; the server is left out where it can't
be had. Who creates an item demands that its key is free, and puts it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Any

import boto3

from benchmarks.harness import Comparison, waiting
from benchmarks.peers.boto3_client import in_batches, query_of
from benchmarks.peers.ours import MAPPINGS
from benchmarks.peers.registry import BASELINE, DEFAULT, environment
from benchmarks.service.models import SHAPES
from persistence import DynamoStore, Repository, SchemaService, UnitOfWork
from persistence.testing.servers import DynamoDBLocal, ServerUnavailable

_SHAPE = SHAPES["simple"]
_ROUNDS = 9
_PARTITION = "100"

Jobs = dict[str, Callable[[], object]]


def compare_on_dynamodb_local() -> Iterator[Comparison]:
    """Compare creating items one by one, querying 100, and batches of 100."""
    try:
        with environment(), DynamoDBLocal() as server:
            yield from _comparisons(server.endpoint_url)
    except ServerUnavailable as unavailable:
        print(f"left out: {unavailable}")


def _comparisons(url: str) -> Iterator[Comparison]:
    store = DynamoStore(endpoint_url=url, region="us-east-1")
    SchemaService(store, [MAPPINGS["simple"]]).ensure_tables()
    jobs = {BASELINE: _with_client(url), DEFAULT: _with_repository(store)}
    if find_spec("pynamodb") is not None:
        jobs["PynamoDB"] = import_module("benchmarks.peers.pynamodb_local").jobs(url)
    for title in ("create one", "batch of 100", "query 100"):
        yield Comparison(
            f"DynamoDB Local: {title}, simple",
            tuple(waiting(name, each[title]) for name, each in jobs.items()),
            most_rounds=_ROUNDS,
        )


def _with_client(url: str) -> Jobs:
    client: Any = boto3.session.Session().client("dynamodb", endpoint_url=url)
    numbers = count()
    items = [_SHAPE.encode(entity) for entity in _SHAPE.entities(100)]

    def create() -> None:
        client.put_item(
            TableName="simple",
            Item=_SHAPE.encode(_SHAPE.entity("raw", next(numbers))),
            ConditionExpression="attribute_not_exists(#p)",
            ExpressionAttributeNames={"#p": _SHAPE.partition},
        )

    def batch() -> None:
        for each in in_batches(items):
            client.batch_write_item(
                RequestItems={"simple": [{"PutRequest": {"Item": item}} for item in each]}
            )

    return {
        "create one": create,
        "batch of 100": batch,
        "query 100": lambda: client.query(**query_of(_SHAPE, 100))["Items"],
    }


def _with_repository(store: DynamoStore) -> Jobs:
    repository = Repository[Any](MAPPINGS["simple"], UnitOfWork(store, single_write="conditional"))
    numbers, entities = count(), _SHAPE.entities(100)

    def batch() -> None:
        with repository.bulk(overwrite=True) as writes:
            for each in entities:
                writes.save(each)

    return {
        "create one": lambda: repository.add(_SHAPE.entity("ours", next(numbers))),
        "batch of 100": batch,
        "query 100": lambda: repository.where("name", "=", _PARTITION).untracked().all(),
    }
