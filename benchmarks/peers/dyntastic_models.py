"""dyntastic: pydantic's models over boto3's resource.

Its `update` reads the item again after each write unless it is told not to, which it is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from dyntastic import A, Dyntastic, transaction

from benchmarks.peers.way import Way, ways_of
from benchmarks.service.models import PARTITION, Shape
from benchmarks.shapes import Line, Status

NAME = "dyntastic"

_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "simple": {
        "id": (str, ...),
        "name": (str, ...),
        "age": (int, ...),
        "active": (bool, ...),
        "balance": (Decimal, ...),
        "created_at": (datetime, ...),
    },
    "complex": {
        "id": (str, ...),
        "customer_id": (str, ...),
        "placed_at": (datetime, ...),
        "status": (Status, ...),
        "total": (Decimal, ...),
        "lines": (list[Line], ...),
        "labels": (dict[str, str], ...),
        "tags": (set[str], ...),
        "note": (str | None, None),
        "discount": (Decimal | None, None),
        "version": (int, 0),
    },
    "wide": {f"text_{number:02}": (str, ...) for number in range(1, 21)}
    | {f"count_{number:02}": (int, ...) for number in range(1, 21)},
}


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    yield ways_of(NAME, lambda shape: _jobs(_model(url, shape), shape))


def _model(url: str, shape: Shape) -> Any:
    names: Any = {
        "__table_name__": shape.name,
        "__table_host__": url,
        "__table_region__": "us-east-1",
        "__hash_key__": shape.partition,
        "__range_key__": shape.sort,
    }
    given = _FIELDS[shape.name]
    annotations = {name: kind for name, (kind, _) in given.items()}
    defaults = {name: default for name, (_, default) in given.items() if default is not ...}
    members = {"__module__": __name__, "__annotations__": annotations, **names, **defaults}
    return type(f"Stored{shape.name.title()}", (Dyntastic,), members)


def _jobs(model: Any, shape: Shape) -> Iterator[tuple[str, Callable[[], object]]]:
    made = [model(**asdict(each)) for each in shape.entities(100)]
    one = model(**asdict(shape.entity(PARTITION, 0)))
    key = (getattr(one, shape.partition), getattr(one, shape.sort))
    ((tag, content),) = shape.given.items()
    change = getattr(A, shape.changes).set(int(content) if tag == "N" else content)
    yield "get", lambda: model.get(*key)
    hash_key: Any = getattr(A, shape.partition)
    absent, present = hash_key.not_exists(), hash_key.exists()
    yield "put", lambda: one.save(condition=absent)
    yield "update", lambda: (one.ignore_unrefreshed(), one.update(change, condition=present, refresh=False))
    yield "query 100", lambda: list(model.query("100"))
    yield "query 1000", lambda: list(model.query("1000"))
    for count in (10, 25, 100):
        yield f"commit of {count}", _Commit(made[:count], absent)

    def bulk() -> None:
        with model.batch_writer():
            for each in made:
                each.save()

    yield "bulk of 100", bulk


class _Commit:
    def __init__(self, models: list[Any], condition: Any) -> None:
        self._models, self._condition = models, condition

    def __call__(self) -> None:
        with transaction():
            for model in self._models:
                model.save(condition=self._condition)
