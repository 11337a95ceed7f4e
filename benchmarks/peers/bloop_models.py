"""bloop. It writes with UpdateItem, reads one item with BatchGetItem, and commits 10 actions at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

import boto3
from bloop import BaseModel, Boolean, Column, DateTime, Engine, Integer, List, Map, Number, Set, String

from benchmarks.peers.way import Way, ways_of
from benchmarks.service.models import PARTITION, Shape
from benchmarks.shapes import ENTITIES, Status

NAME = "bloop"


class _StatusType(String):
    python_type = Status

    def dynamo_dump(self, value: Any, *, context: Any, **kwargs: Any) -> Any:
        return None if value is None else value.value

    def dynamo_load(self, value: Any, *, context: Any, **kwargs: Any) -> Any:
        return None if value is None else Status(value)


_TEXTS = ("channel", "campaign", "country", "language", "device")
_COMPLEX: Mapping[str, Any] = {
    "placed_at": DateTime,
    "status": _StatusType,
    "total": Number,
    "lines": List(Map(sku=String, title=String, quantity=Integer, price=Number)),
    "labels": Map(**dict.fromkeys(_TEXTS, String)),
    "tags": Set(String),
    "note": String,
    "discount": Number,
    "version": Integer,
}
_TYPES: Mapping[type, Any] = {str: String, int: Integer, bool: Boolean, Decimal: Number}


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    session = boto3.session.Session()
    engine: Any = Engine(
        dynamodb=session.client("dynamodb", endpoint_url=url),
        dynamodbstreams=session.client("dynamodbstreams", endpoint_url=url),
    )
    yield ways_of(NAME, lambda shape: _jobs(engine, _model(engine, shape), shape))


def _model(engine: Any, shape: Shape) -> Any:
    entity = ENTITIES[shape.name]
    names = [field.name for field in fields(entity)]
    types = _COMPLEX if shape.name == "complex" else {}
    columns = {name: types.get(name) or _TYPES.get(type(getattr(entity, name)), DateTime) for name in names}
    columns_of = {
        name: Column(kind, hash_key=name == shape.partition, range_key=name == shape.sort)
        for name, kind in columns.items()
    }
    meta = type("Meta", (), {"table_name": f"{shape.name}_bloop"})
    model = type(f"Stored{shape.name.title()}", (BaseModel,), {"Meta": meta, **columns_of})
    engine.bind(model, skip_table_setup=True)
    return model


def _jobs(engine: Any, model: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    made = [model(**_values(each)) for each in shape.entities(100)]
    one = model(**_values(shape.entity(PARTITION, 0)))
    key = {name: getattr(one, name) for name in (shape.partition, shape.sort)}

    def get() -> object:
        found = model(**key)
        engine.load(found)
        return found

    yield "get", get
    condition = getattr(model, shape.partition)
    absent = condition.is_(None)
    yield "put", lambda: engine.save(one, condition=absent)
    yield "query 100", lambda: list(engine.query(model, key=condition == "100"))
    yield "query 1000", lambda: list(engine.query(model, key=condition == "1000"))

    def commit() -> None:
        with engine.transaction() as transaction:
            for each in made[:10]:
                transaction.save(each, condition=absent)

    yield "commit of 10", commit


def _values(entity: Any) -> dict[str, Any]:
    return asdict(entity)
