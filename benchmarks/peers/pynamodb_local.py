"""PynamoDB on a server that really stores."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from benchmarks.peers.pynamodb_models import models, native
from benchmarks.service.models import SHAPES

_SHAPE = SHAPES["simple"]


def jobs(url: str) -> dict[str, Callable[[], object]]:
    """Give the jobs, on a table of its own."""
    model = models(url)["simple"]
    model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
    numbers = count()
    absent = getattr(model, _SHAPE.partition).does_not_exist()
    made = [native(model, each) for each in _SHAPE.entities(100)]

    def batch() -> None:
        with model.batch_write() as writes:
            for each in made:
                writes.save(each)

    return {
        "create one": lambda: native(model, _SHAPE.entity("theirs", next(numbers))).save(condition=absent),
        "batch of 100": batch,
        "query 100": lambda: list(model.query("100")),
    }
