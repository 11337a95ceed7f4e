"""The memory store against moto, and against a bare dict.

Entities are put and read back through the same repository; only the store differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.contenders import handwritten
from benchmarks.contenders.ours import ComplexMapping, SimpleMapping
from benchmarks.harness import Comparison, Target, calling
from benchmarks.shapes import COMPLEX, SIMPLE
from persistence import DynamoStore, MappingSchema, MemoryStore, Repository, SchemaService, Store, UnitOfWork
from persistence.attributes import Item

MEMORY = "MemoryStore"
MOTO = "moto"
DICT = "dict + hand-written"

# Said outright, whatever endpoint the environment configures.
_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"


def compare_stores() -> Iterator[Comparison]:
    """Compare a put plus a get of one entity, outside any unit of work."""
    with mock_aws():
        yield _comparison("add + get, simple", SimpleMapping, SIMPLE, "simple", _add_and_get)
    with mock_aws():
        yield _comparison("add + get, complex", ComplexMapping, COMPLEX, "complex", _add_and_get)
    with mock_aws():
        yield _comparison(
            "save + get of one item, complex", ComplexMapping, COMPLEX, "complex", _save_and_get
        )


def _comparison(
    title: str,
    mapping: type[MappingSchema[Any]],
    entity: Any,
    shape: str,
    work: Callable[[Repository[Any], Any], Callable[[], Any]],
) -> Comparison:
    return Comparison(
        title,
        (
            calling(MEMORY, work(_repository(mapping, MemoryStore()), entity)),
            calling(MOTO, work(_repository(mapping, _moto_store()), entity)),
            calling(DICT, _in_dict(shape, entity)),
        ),
        (Target(MOTO, MEMORY, "at least", 50),),
    )


def _moto_store() -> Store:
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=_ENDPOINT,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    return DynamoStore(client)


def _repository(mapping: type[MappingSchema[Any]], store: Store) -> Repository[Any]:
    SchemaService(store, [mapping]).ensure_tables()
    return Repository(mapping, UnitOfWork(store))


def _add_and_get(repository: Repository[Any], entity: Any) -> Callable[[], Any]:
    numbers = count()

    def add_and_get() -> Any:
        key = f"k-{next(numbers)}"
        repository.add(replace(entity, id=key))
        return repository.get(key)

    return add_and_get


def _save_and_get(repository: Repository[Any], entity: Any) -> Callable[[], Any]:
    def save_and_get() -> Any:
        repository.save(entity)
        return repository.get(entity.id)

    return save_and_get


def _in_dict(shape: str, entity: Any) -> Callable[[], Any]:
    codec = handwritten.CODECS[shape]
    items: dict[str, Item] = {}
    numbers = count()

    def put_and_get() -> Any:
        key = f"k-{next(numbers)}"
        items[key] = codec.encode(replace(entity, id=key))
        return codec.decode(items[key])

    return put_and_get
