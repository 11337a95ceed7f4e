"""Random programs notice a library, or a store, that is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from persistence import MemoryStore, Store
from persistence.errors import TransactionCancelled
from persistence.operations import (
    ConditionCheck,
    GetItem,
    Operation,
    PutItem,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Limits
from tests.programs.campaign import try_programs
from tests.programs.comparing import Comparison
from tests.programs.library import SyncWorld, make_tables
from tests.programs.outcomes import Differs
from tests.programs.worlds import LIMITS

R = TypeVar("R")

PROGRAMS = 100
"""So many suffice to notice."""


class Broken:
    """A layer that does something else than it was asked."""

    def __init__(self, store: Store) -> None:
        self.below = store

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        return self.below.perform(operation)


class Rewriting(Broken):
    """Changes the actions of transactions."""

    def perform(self, operation: Operation[R]) -> R:
        asked: Operation[Any] = operation
        if isinstance(asked, TransactWrite):
            asked = replace(asked, actions=tuple(self.rewritten(asked.actions)))
        answer: R = self.below.perform(asked)
        return answer

    def rewritten(self, actions: Iterable[TransactAction]) -> Iterable[TransactAction]:
        """Give other actions."""
        raise NotImplementedError


class Unconditional(Rewriting):
    """Updates whatever is stored."""

    def rewritten(self, actions: Iterable[TransactAction]) -> Iterable[TransactAction]:
        for each in actions:
            if isinstance(each, UpdateItem):
                yield replace(each, condition=None, item_on_failure=False)
            else:
                yield each


class Unchecked(Rewriting):
    """Leaves out what a transaction demands of items that it does not write."""

    def rewritten(self, actions: Iterable[TransactAction]) -> Iterable[TransactAction]:
        return (each for each in actions if not isinstance(each, ConditionCheck))


class Shuffled(Broken):
    """Gives the reasons of a refusal in another order than that of the actions."""

    def perform(self, operation: Operation[R]) -> R:
        try:
            return self.below.perform(operation)
        except TransactionCancelled as cancelled:
            raise TransactionCancelled(reversed(cancelled.reasons)) from cancelled


class Halved(Broken):
    """Does half of a transaction that it refuses."""

    def perform(self, operation: Operation[R]) -> R:
        try:
            return self.below.perform(operation)
        except TransactionCancelled:
            if isinstance(operation, TransactWrite):
                puts = [each for each in operation.actions if isinstance(each, PutItem)]
                for put in puts:
                    self.below.perform(replace(put, condition=None, item_on_failure=False))
            raise


class Forgetful(Broken):
    """Reads what was there when it was first asked."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._answers: dict[str, Any] = {}

    def perform(self, operation: Operation[R]) -> R:
        if not isinstance(operation, GetItem):
            return self.below.perform(operation)
        answer: R = self._answers.setdefault(repr(operation), self.below.perform(operation))
        return answer


@pytest.mark.parametrize("broken", [Unconditional, Unchecked, Shuffled, Halved, Forgetful])
def test_is_noticed(broken: Callable[[Store], Store]) -> None:
    store = broken(MemoryStore(auto_create=False, limits=LIMITS))
    make_tables(store)

    with pytest.raises(Differs):
        try_programs(PROGRAMS, 4, [Comparison(lambda: SyncWorld(store))])
