"""Layers around a memory store, synchronous or asynchronous, behind a synchronous face."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeVar

from persistence import Key, MemoryStore, Table
from persistence.errors import PersistenceError
from persistence.flows import Flow, perform
from persistence.operations import Operation
from persistence.store import Store
from persistence.stores.layers import Layer, layered
from persistence.stores.memory import AsyncMemoryStore
from persistence.table import GlobalIndex
from persistence.testing.contract import SyncView

R = TypeVar("R")

ORDERS = Table("orders", "customer", "id", indexes=(GlobalIndex("by-status", Key("status")),))


class Colour:
    """One colour of stores."""

    def __init__(self, asynchronous: bool, stack: ExitStack) -> None:
        self._asynchronous = asynchronous
        self._stack = stack

    def over_memory(self, *layers: Layer) -> Store:
        """Put layers around a new memory store."""
        memory = MemoryStore()
        if not self._asynchronous:
            return layered(memory, *layers)
        return self._stack.enter_context(SyncView(layered(AsyncMemoryStore(memory), *layers)))


class Refusing(Layer):
    """Raises an error after the other, and then passes operations on."""

    def __init__(self, errors: Sequence[PersistenceError]) -> None:
        self._errors = list(errors)

    def around(self, operation: Operation[R]) -> Flow[R]:
        if self._errors:
            raise self._errors.pop(0)
        return (yield from perform(operation))


class Ticking:
    """A clock that goes on by a step whenever it is asked, or as far as it is set."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self._step = step

    def __call__(self) -> float:
        self.now += self._step
        return self.now
