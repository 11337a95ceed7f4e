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
from benchmarks.contenders.ours import MAPPINGS
from benchmarks.harness import Comparison, Contender, Target, calling
from benchmarks.shapes import ENTITIES
from persistence import DynamoStore, MemoryStore, Repository, SchemaService, Store, UnitOfWork
from persistence.attributes import Item

MEMORY = "MemoryStore"
MOTO = "moto"
DICT = "dict + hand-written"

_Work = Callable[[Repository[Any], Any], Callable[[], Any]]

_ITEMS = 100
# Said outright, whatever endpoint the environment configures.
_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"


def compare_stores() -> Iterator[Comparison]:
    """Compare a put plus a get of one entity, outside any unit of work."""
    demanded = (Target(MOTO, MEMORY, "at least", 50),)
    with mock_aws():
        yield Comparison("add + get, simple", _contenders("simple", _add_and_get), demanded)
    with mock_aws():
        yield Comparison("add + get, complex", _contenders("complex", _add_and_get), demanded)
    with mock_aws():
        yield Comparison("save + get, complex", _contenders("complex", _save_and_get))


def _contenders(shape: str, work: _Work) -> tuple[Contender, ...]:
    entity = ENTITIES[shape]
    return (
        calling(MEMORY, work(_repository(shape, MemoryStore()), entity)),
        calling(MOTO, work(_repository(shape, _moto_store()), entity)),
        calling(DICT, _in_dict(shape, entity)),
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


def _repository(shape: str, store: Store) -> Repository[Any]:
    """Make a repository over a table that is not empty, as it would be in the midst of a test."""
    mapping, entity = MAPPINGS[shape], ENTITIES[shape]
    SchemaService(store, [mapping]).ensure_tables()
    uow = UnitOfWork(store)
    repository = Repository(mapping, uow)
    with uow:
        for number in range(_ITEMS):
            repository.add(replace(entity, id=f"known-{number}"))
    return repository


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
