"""What repositories and units of work cost on the memory store: figures without targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from benchmarks.contenders.ours import ComplexMapping
from benchmarks.harness import Comparison, calling
from benchmarks.shapes import COMPLEX, Complex
from persistence import MemoryStore, Repository, UnitOfWork

_KEYS = tuple(f"o-{number}" for number in range(10))
# One for all contenders, so that each of them finds totals that differ from those it sets.
_NUMBERS = count(1000)


def measure_work() -> Iterator[Comparison]:
    """Measure single reads, and units of work that change ten entities."""
    uow = UnitOfWork(MemoryStore())
    orders = Repository(ComplexMapping, uow)
    with uow:
        for key in _KEYS:
            orders.add(replace(COMPLEX, id=key))
    yield Comparison(
        "one complex entity, outside a unit",
        (calling("Repository.get", orders.get, _KEYS[0]), calling("Repository.save", orders.save, COMPLEX)),
    )
    yield Comparison(
        "a unit of work on ten complex entities",
        (
            calling("get 10, change 10, commit", _unit(uow, orders, _commit)),
            calling("get 10, change 10, roll back", _unit(uow, orders, uow.rollback)),
            calling("get 10, change 10, plan, roll back", _unit(uow, orders, lambda: _plan(uow))),
            calling("get 10, commit (nothing to do)", _reading(uow, orders)),
            calling("get_many of 10, outside a unit", orders.get_many, _KEYS),
        ),
    )


def _unit(uow: UnitOfWork, orders: Repository[Complex], end: Callable[[], Any]) -> Callable[[], None]:
    def change_ten() -> None:
        total = Decimal(next(_NUMBERS))
        with uow:
            for key in _KEYS:
                orders.get(key).total = total
            end()

    return change_ten


def _commit() -> None:
    """Leave it to the unit, which commits when its block is left."""


def _plan(uow: UnitOfWork) -> None:
    if len(uow.pending) != len(_KEYS):
        raise AssertionError("the unit does not plan what was changed in it")
    uow.rollback()


def _reading(uow: UnitOfWork, orders: Repository[Complex]) -> Callable[[], None]:
    def read_ten() -> None:
        with uow:
            for key in _KEYS:
                orders.get(key)

    return read_ten
