"""The hot paths that `benchmarks.guard` watches, each with the plain way to do the same.

What goes to the service through a given client is answered within the process, as late as botocore allows:
all that it does before and after belongs to the price. Clients that the library makes ask the stub, and so
does the plain way beside them; the stub is a process of its own, which does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any
from zlib import crc32

import boto3
from botocore.awsrequest import AWSResponse

from benchmarks.contenders import handwritten
from benchmarks.contenders.ours import CODECS
from benchmarks.peers.boto3_client import puts_of, query_of, update_of
from benchmarks.peers.ours import MAPPINGS
from benchmarks.peers.registry import environment
from benchmarks.service.answers import answer
from benchmarks.service.models import PARTITION, SHAPES, Shape
from benchmarks.service.server import service
from benchmarks.shapes import ENTITIES
from persistence import DynamoStore, Repository, Store, UnitOfWork
from persistence.operations import BatchGetItems, BatchGetResult, Operation, TransactWriteResult
from persistence.store import AWS_LIMITS

Work = Callable[[], object]

_CHANGED = 25


@contextmanager
def paths() -> Iterator[Mapping[str, tuple[Work, Work]]]:
    """Give the paths, as long as they can be gone: name -> what does it, what does it plainly."""
    shape, large = SHAPES["simple"], SHAPES["complex"]
    with service() as stub, environment():
        own = {
            "own client": DynamoStore(endpoint_url=stub.url, region="us-east-1", accelerated=False),
            "fast lane": DynamoStore(
                endpoint_url=stub.url, region="us-east-1", accelerated=False, fast_lane=True
            ),
        }
        client = _client(stub.url)
        asking = {
            f"{what}, {way}": path
            for way, store in own.items()
            for what, path in (
                *_calls_on(store, shape, client),
                ("commit of 25 complex added", _adding(store, large, client)),
                ("query 100 complex", _querying(store, large, client)),
            )
        }
        yield dict(_codecs()) | dict(_calls(shape)) | asking
        for store in own.values():
            store.close()


def _codecs() -> Iterator[tuple[str, tuple[Work, Work]]]:
    for shape, entity in ENTITIES.items():
        ours, plain = CODECS[shape], handwritten.CODECS[shape]
        item = plain.encode(entity)
        yield f"encode {shape}", (_bound(ours.encode, entity), _bound(plain.encode, entity))
        yield f"decode {shape}", (_bound(ours.decode, item), _bound(plain.decode, item))


def _bound(function: Callable[[Any], object], argument: object) -> Work:
    return lambda: [function(argument) for _ in range(10)]


def _calls(shape: Shape) -> Iterator[tuple[str, tuple[Work, Work]]]:
    client, store = canned_client(), DynamoStore(canned_client())
    uow = UnitOfWork(store)
    repository = Repository[Any](MAPPINGS[shape.name], uow)
    actions = puts_of(shape, [shape.encode(each) for each in shape.entities(_CHANGED)])
    yield from _calls_on(store, shape, client)
    yield "query 100", _querying(store, shape, client)
    yield (
        "read 25, change 25, commit",
        (_changing(uow, repository, shape), _plainly_changing(client, shape, actions)),
    )
    instant = UnitOfWork(_Instant(shape))
    yield (
        "read 25, change 25, commit: the unit's share",
        (
            _changing(instant, Repository[Any](MAPPINGS[shape.name], instant), shape),
            lambda: client.transact_write_items(TransactItems=actions),
        ),
    )


class _Instant:
    """A store that has its answers at hand, so that what a unit does by itself is all that counts."""

    limits = AWS_LIMITS

    def __init__(self, shape: Shape) -> None:
        self._items = tuple(shape.encode(each) for each in shape.entities(_CHANGED))

    def perform(self, operation: Operation[Any]) -> Any:
        """Answer; see `Store`."""
        if isinstance(operation, BatchGetItems):
            return BatchGetResult(self._items)
        return TransactWriteResult()


def _calls_on(store: Store, shape: Shape, client: Any) -> Iterator[tuple[str, tuple[Work, Work]]]:
    uow = UnitOfWork(store)
    repository = Repository[Any](MAPPINGS[shape.name], uow)
    entity = shape.entity(PARTITION, 0)
    key = (getattr(entity, shape.partition), getattr(entity, shape.sort))
    item = shape.encode(entity)
    yield (
        "get",
        (lambda: repository.get(*key), lambda: client.get_item(TableName=shape.name, Key=shape.key_of(item))),
    )
    yield (
        "add",
        (lambda: repository.add(entity), lambda: client.put_item(TableName=shape.name, Item=item)),
    )
    yield (
        "patch",
        (
            lambda: repository.patch(*key).set(shape.changes, 7).execute(),
            lambda: client.update_item(**update_of(shape)),
        ),
    )
    yield "commit of 25 added", _adding(store, shape, client)


def _adding(store: Store, shape: Shape, client: Any) -> tuple[Work, Work]:
    uow, entities = UnitOfWork(store), shape.entities(_CHANGED)
    repository = Repository[Any](MAPPINGS[shape.name], uow)
    actions = puts_of(shape, [shape.encode(each) for each in entities])

    def add() -> None:
        with uow:
            for each in entities:
                repository.add(each)

    return add, lambda: client.transact_write_items(TransactItems=actions)


def _querying(store: Store, shape: Shape, client: Any) -> tuple[Work, Work]:
    repository = Repository[Any](MAPPINGS[shape.name], UnitOfWork(store))
    return (
        lambda: repository.where(shape.partition, "=", "100").untracked().all(),
        lambda: client.query(**query_of(shape, 100)),
    )


def _changing(uow: UnitOfWork, repository: Repository[Any], shape: Shape) -> Work:
    numbers = count()
    keys = [(getattr(each, shape.partition), getattr(each, shape.sort)) for each in shape.entities(_CHANGED)]

    def change() -> None:
        with uow:
            for each in repository.get_many(keys):
                setattr(each, shape.changes, next(numbers))

    return change


def _plainly_changing(client: Any, shape: Shape, actions: list[Any]) -> Work:
    keys = [shape.key_of(each["Put"]["Item"]) for each in actions[:_CHANGED]]

    def change() -> None:
        client.batch_get_item(RequestItems={shape.name: {"Keys": keys}})
        client.transact_write_items(TransactItems=actions[:_CHANGED])

    return change


def canned_client() -> Any:
    """Make a client whose requests are answered within the process, by the stub's answers."""
    client = _client("http://127.0.0.1:1")
    client.meta.events.register("before-send.dynamodb", _answered)
    return client


def _client(url: str) -> Any:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _answered(request: Any, **_: object) -> AWSResponse:
    target = request.headers["X-Amz-Target"]
    name = target.decode() if isinstance(target, bytes) else target
    body = answer(name.rpartition(".")[2], request.body)
    headers: Any = {"x-amz-crc32": str(crc32(body))}
    return AWSResponse(request.url, 200, headers, _Raw(body))


class _Raw:
    """What urllib3 would give."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body
