"""The memory store fulfils the whole contract, and refuses with the errors that docs/conformance.md names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from persistence.errors import PersistenceError
from persistence.operations import Operation
from persistence.store import Limits, Store
from persistence.stores.memory import MemoryStore
from persistence.testing.contract import StoreContract
from tests.rules.conformance import refusals

R = TypeVar("R")


class Noting:
    """A store that notes the errors of another one."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self.errors: list[str] = []

    @property
    def limits(self) -> Limits:
        return self._below.limits

    def perform(self, operation: Operation[R]) -> R:
        try:
            return self._below.perform(operation)
        except PersistenceError as error:
            self.errors.append(type(error).__name__)
            raise


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self, request: pytest.FixtureRequest) -> Iterator[Store]:
        store = Noting(MemoryStore(auto_create=False))
        yield store
        named = refusals().get(request.node.name) or refusals().get(request.function.__name__)
        if named:
            assert store.errors[0] in named
