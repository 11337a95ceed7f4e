"""PynamoDB: its models are the entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from benchmarks.contenders.with_pynamodb import DecimalAttribute, LineMap, StatusAttribute, values_of
from benchmarks.peers.way import Way, ways_of
from benchmarks.service.models import PARTITION, Shape

NAME = "PynamoDB"


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    found, connection = models(url), Connection(region="us-east-1", host=url)
    yield ways_of(NAME, lambda shape: _jobs(found[shape.name], shape, connection))


def models(url: str) -> Mapping[str, type[Model]]:
    """Make the models of all shapes, for a server."""

    class SimpleModel(Model):
        class Meta:
            table_name = "simple_pynamodb"
            host = url
            region = "us-east-1"

        name = UnicodeAttribute(hash_key=True)
        id = UnicodeAttribute(range_key=True)
        age = NumberAttribute()
        active = BooleanAttribute()
        balance = DecimalAttribute()
        created_at = UTCDateTimeAttribute()

    class ComplexModel(Model):
        class Meta:
            table_name = "complex_pynamodb"
            host = url
            region = "us-east-1"

        customer_id = UnicodeAttribute(hash_key=True)
        id = UnicodeAttribute(range_key=True)
        placed_at = UTCDateTimeAttribute()
        status = StatusAttribute()
        total = DecimalAttribute()
        lines = ListAttribute(of=LineMap)
        labels: MapAttribute[str, str] = MapAttribute()  # type: ignore[no-untyped-call]  # it has no types
        tags = UnicodeSetAttribute(null=True)
        note = UnicodeAttribute(null=True)
        discount = DecimalAttribute(null=True)
        version = NumberAttribute(default=0)

    class WideMeta:
        table_name = "wide_pynamodb"
        host = url
        region = "us-east-1"

    numbers = range(1, 21)
    wide: type[Model] = type(
        "WideModel",
        (Model,),
        {
            "Meta": WideMeta,
            "text_01": UnicodeAttribute(hash_key=True),
            "text_02": UnicodeAttribute(range_key=True),
        }
        | {f"text_{number:02}": UnicodeAttribute() for number in numbers[2:]}
        | {f"count_{number:02}": NumberAttribute() for number in numbers},
    )
    return {"simple": SimpleModel, "complex": ComplexModel, "wide": wide}


def native(model: type[Model], entity: Any) -> Model:
    """Make a model of an entity."""
    values = values_of(entity)
    if "lines" in values:
        make_line: Callable[..., LineMap] = LineMap
        values["lines"] = [make_line(**values_of(line)) for line in entity.lines]
    return model(**values)


def _jobs(
    model: type[Model], shape: Shape, connection: Connection
) -> Iterator[tuple[str, Callable[[], object]]]:
    made = [native(model, each) for each in shape.entities(100)]
    one: Any = native(model, shape.entity(PARTITION, 0))
    key = (getattr(one, shape.partition), getattr(one, shape.sort))
    ((tag, content),) = shape.given.items()
    change = getattr(model, shape.changes).set(int(content) if tag == "N" else content)
    yield "get", lambda: model.get(*key)
    hash_key: Any = getattr(model, shape.partition)
    absent, present = hash_key.does_not_exist(), hash_key.exists()
    yield "put", lambda: one.save(condition=absent)
    yield "update", lambda: one.update(actions=[change], condition=present)
    yield "query 100", lambda: list(model.query("100"))
    yield "query 1000", lambda: list(model.query("1000"))
    for count in (10, 25, 100):
        yield f"commit of {count}", _Commit(connection, made[:count], absent)

    def bulk() -> None:
        with model.batch_write() as batch:
            for each in made:
                batch.save(each)

    yield "bulk of 100", bulk


class _Commit:
    def __init__(self, connection: Connection, models: list[Model], condition: Condition) -> None:
        self._connection, self._models, self._condition = connection, models, condition

    def __call__(self) -> None:
        with TransactWrite(connection=self._connection) as transaction:
            for model in self._models:
                transaction.save(model, condition=self._condition)
