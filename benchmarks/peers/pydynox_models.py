"""pydynox: models with a core in Rust, over its own HTTP client.

Its lines are dicts, for its lists hold plain values only, so reading a complex item builds one object of it
where the others build six.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydynox import DynamoDBClient, Model, ModelConfig, SyncBatchWriter, SyncTransaction
from pydynox.attributes import (
    BooleanAttribute,
    DatetimeAttribute,
    DecimalAttribute,
    EnumAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    StringAttribute,
    StringSetAttribute,
)

from benchmarks.peers.way import Way, ways_of
from benchmarks.service.models import PARTITION, Shape
from benchmarks.shapes import ENTITIES, Status

NAME = "pydynox"

_COMPLEX: Mapping[str, Callable[[], Any]] = {
    "status": lambda: EnumAttribute(Status),
    "lines": ListAttribute,
    "labels": MapAttribute,
    "tags": StringSetAttribute,
    "note": StringAttribute,
}
_TYPES: Mapping[type, Any] = {
    str: StringAttribute,
    int: NumberAttribute,
    bool: BooleanAttribute,
    Decimal: DecimalAttribute,
    datetime: DatetimeAttribute,
}


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    logging.getLogger("pydynox").setLevel(logging.ERROR)  # it tells each call that takes 100 ms
    client = DynamoDBClient(region="us-east-1", access_key="testing", secret_key="testing", endpoint_url=url)
    yield ways_of(NAME, lambda shape: _jobs(client, _model(client, shape), shape))


def _model(client: DynamoDBClient, shape: Shape) -> Any:
    entity = ENTITIES[shape.name]
    names = [field.name for field in fields(entity)]
    types = _COMPLEX if shape.name == "complex" else {}
    members: dict[str, Any] = {
        name: types[name]() if name in types else _TYPES[type(getattr(entity, name))]() for name in names
    }
    members[shape.partition] = StringAttribute(partition_key=True)
    members[shape.sort] = StringAttribute(sort_key=True)
    config = ModelConfig(table=shape.name, client=client)
    return type(f"Stored{shape.name.title()}", (Model,), {"model_config": config, **members})


def _jobs(client: DynamoDBClient, model: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    made = [model(**asdict(each)) for each in shape.entities(100)]
    one = model(**asdict(shape.entity(PARTITION, 0)))
    key = {name: getattr(one, name) for name in (shape.partition, shape.sort)}
    ((tag, content),) = shape.given.items()
    change = {shape.changes: int(content) if tag == "N" else content}
    yield "get", lambda: model.sync_get(**key)
    hash_key: Any = getattr(model, shape.partition)
    absent, present = hash_key.not_exists(), hash_key.exists()
    yield "put", lambda: one.sync_save(condition=absent, full_replace=True)
    yield "update", lambda: model.sync_update_by_key(condition=present, **key, **change)
    yield "query 100", lambda: list(model.sync_query("100"))
    yield "query 1000", lambda: list(model.sync_query("1000"))
    for count in (10, 25, 100):
        yield f"commit of {count}", _Commit(client, made[:count], absent)

    def bulk() -> None:
        with SyncBatchWriter(client, shape.name) as batch:
            for each in made:
                batch.put(each.to_dict())

    yield "bulk of 100", bulk


class _Commit:
    def __init__(self, client: DynamoDBClient, models: list[Any], condition: Any) -> None:
        self._client, self._models, self._condition = client, models, condition

    def __call__(self) -> None:
        with SyncTransaction(self._client) as transaction:
            for model in self._models:
                transaction.save_model(model, self._condition)
