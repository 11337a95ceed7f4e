"""The memory store against moto, and against a bare dict.

First what a store itself does: operations on the memory store, and the same requests to moto by the raw boto3
client, with the same codec. Then entities through the same repository, where only the store differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from itertools import count
from typing import Any, TypeAlias

import boto3

from benchmarks.contenders import handwritten
from benchmarks.contenders.ours import MAPPINGS
from benchmarks.harness import Comparison, Contender, Limit, Target, calling
from benchmarks.shapes import ENTITIES
from persistence import DynamoStore, MemoryStore, Repository, SchemaService, Store, UnitOfWork
from persistence.attributes import Item
from persistence.mapping import mapping_of
from persistence.operations import GetItem, PutItem, TransactWrite

MEMORY = "MemoryStore"
MOTO = "moto"
DICT = "dict + hand-written"

_Repository: TypeAlias = "Repository[Any] | _Dict"
_Work = Callable[[_Repository, Any], Callable[[], Any]]

_ITEMS = 100
# Said outright, whatever endpoint the environment configures.
_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"


def compare_stores() -> Iterator[Comparison]:
    """Compare gets, puts, both together, and transactions of ten."""
    demanded = (Target(MOTO, MEMORY, "at least", 100),)
    for shape in ("simple", "complex"):
        with _mocked():
            yield Comparison(f"store: put + get, {shape}", _on_stores(shape, _put_and_get), demanded)
        with _mocked():
            contenders = _on_stores(shape, _transaction_of_ten)
            yield Comparison(f"store: transaction of 10, {shape}", contenders, demanded, most_rounds=9)
    with _mocked():
        yield Comparison("get, simple", _contenders("simple", _get), limits=(Limit(MEMORY, 8e-6),))
    with _mocked():
        yield Comparison("add, simple", _contenders("simple", _add), limits=(Limit(MEMORY, 25e-6),))
    with _mocked():
        yield Comparison("add + get, simple", _contenders("simple", _add_and_get))
    with _mocked():
        yield Comparison("add + get, complex", _contenders("complex", _add_and_get))
    with _mocked():
        yield Comparison("save + get, complex", _contenders("complex", _save_and_get))
    with _mocked():
        yield Comparison("commit of 10 added, complex", _commits("complex"), most_rounds=9)


def _mocked() -> AbstractContextManager[object]:
    """Have moto answer; it is loaded here, for all clients that are made afterwards ask it first."""
    mocked: AbstractContextManager[object] = import_module("moto").mock_aws()
    return mocked


class _OnMemory:
    """The operations of a memory store, with a mapping's codec."""

    def __init__(self, shape: str) -> None:
        self.mapping = mapping_of(MAPPINGS[shape])
        self._codec = MAPPINGS[shape].codec
        self._store = MemoryStore(auto_create=True)

    def put(self, entity: Any) -> None:
        self._store.perform(PutItem(self.mapping.table, self._codec.encode(entity)))

    def get(self, key: Item) -> Any:
        return self._codec.decode(self._store.perform(GetItem(self.mapping.table, key)).item or {})

    def transact(self, entities: Iterable[Any]) -> None:
        puts = tuple(PutItem(self.mapping.table, self._codec.encode(each)) for each in entities)
        self._store.perform(TransactWrite(puts))


class _OnMoto:
    """The same requests by a boto3 client, which moto answers, with the same codec."""

    def __init__(self, shape: str) -> None:
        self.mapping = mapping_of(MAPPINGS[shape])
        self._codec, self._table = MAPPINGS[shape].codec, self.mapping.table.name
        store = _moto_store()
        SchemaService(store, [MAPPINGS[shape]]).ensure_tables()
        self._client: Any = store.client

    def put(self, entity: Any) -> None:
        self._client.put_item(TableName=self._table, Item=self._codec.encode(entity))

    def get(self, key: Item) -> Any:
        return self._codec.decode(self._client.get_item(TableName=self._table, Key=key)["Item"])

    def transact(self, entities: Iterable[Any]) -> None:
        puts = [{"Put": {"TableName": self._table, "Item": self._codec.encode(each)}} for each in entities]
        self._client.transact_write_items(TransactItems=puts)


_OnStore = _OnMemory | _OnMoto


def _on_stores(shape: str, work: Callable[[_OnStore, Any], Callable[[], Any]]) -> tuple[Contender, ...]:
    found: dict[str, _OnStore] = {MEMORY: _OnMemory(shape), MOTO: _OnMoto(shape)}
    entity = ENTITIES[shape]
    for store in found.values():
        for number in range(_ITEMS):
            store.put(_with_key(store, entity, f"known-{number}"))
    return tuple(calling(name, work(store, entity)) for name, store in found.items())


def _with_key(store: _OnStore, entity: Any, key: str) -> Any:
    (name,) = store.mapping.table.key_names()
    return replace(entity, **{name: key})


def _put_and_get(store: _OnStore, entity: Any) -> Callable[[], Any]:
    numbers = count()
    (name,) = store.mapping.table.key_names()

    def put_and_get() -> Any:
        key = f"k-{next(numbers)}"
        store.put(_with_key(store, entity, key))
        return store.get({name: {"S": key}})

    return put_and_get


def _transaction_of_ten(store: _OnStore, entity: Any) -> Callable[[], None]:
    numbers = count()

    def transact() -> None:
        store.transact(_with_key(store, entity, f"k-{next(numbers)}") for _ in range(10))

    return transact


def _contenders(shape: str, work: _Work) -> tuple[Contender, ...]:
    entity = ENTITIES[shape]
    return (
        calling(MEMORY, work(_repository(shape, MemoryStore()), entity)),
        calling(MOTO, work(_repository(shape, _moto_store()), entity)),
        calling(DICT, work(_Dict(shape), entity)),
    )


def _commits(shape: str) -> tuple[Contender, ...]:
    return tuple(
        calling(name, _commit_of_ten(_filled(shape, store), ENTITIES[shape]))
        for name, store in ((MEMORY, MemoryStore()), (MOTO, _moto_store()))
    )


def _commit_of_ten(filled: tuple[Repository[Any], UnitOfWork], entity: Any) -> Callable[[], None]:
    (repository, uow), numbers = filled, count()

    def commit() -> None:
        with uow:
            for _ in range(10):
                repository.add(replace(entity, id=f"k-{next(numbers)}"))

    return commit


def _moto_store() -> DynamoStore:
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=_ENDPOINT,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    return DynamoStore(client)


def _repository(shape: str, store: Store) -> Repository[Any]:
    return _filled(shape, store)[0]


def _filled(shape: str, store: Store) -> tuple[Repository[Any], UnitOfWork]:
    """Make a repository over a table that is not empty, as it would be in the midst of a test."""
    mapping, entity = MAPPINGS[shape], ENTITIES[shape]
    SchemaService(store, [mapping]).ensure_tables()
    uow = UnitOfWork(store)
    repository = Repository(mapping, uow)
    with uow:
        for number in range(_ITEMS):
            repository.add(replace(entity, id=f"known-{number}"))
    return repository, uow


class _Dict:
    """What a store comes to at the least: items in a dict, with hand-written codecs."""

    def __init__(self, shape: str) -> None:
        self._codec = handwritten.CODECS[shape]
        self._items: dict[str, Item] = {}
        for number in range(_ITEMS):
            self.add(replace(ENTITIES[shape], id=f"known-{number}"))

    def add(self, entity: Any) -> None:
        self._items[entity.id] = self._codec.encode(entity)

    save = add

    def get(self, key: str) -> Any:
        return self._codec.decode(self._items[key])


def _get(repository: _Repository, entity: Any) -> Callable[[], Any]:
    return lambda: repository.get("known-1")


def _add(repository: _Repository, entity: Any) -> Callable[[], None]:
    numbers = count()
    return lambda: repository.add(replace(entity, id=f"k-{next(numbers)}"))


def _add_and_get(repository: _Repository, entity: Any) -> Callable[[], Any]:
    numbers = count()

    def add_and_get() -> Any:
        key = f"k-{next(numbers)}"
        repository.add(replace(entity, id=key))
        return repository.get(key)

    return add_and_get


def _save_and_get(repository: _Repository, entity: Any) -> Callable[[], Any]:
    def save_and_get() -> Any:
        repository.save(entity)
        return repository.get(entity.id)

    return save_and_get
