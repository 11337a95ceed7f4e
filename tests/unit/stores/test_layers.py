"""The metering layer: what it counts, and what it hands out."""

from __future__ import annotations

from typing import TypeVar

import pytest

from persistence import MemoryStore, Table
from persistence.operations import GetItem, Operation
from persistence.store import AWS_LIMITS
from persistence.stores.layers import Metered

R = TypeVar("R")

GET = GetItem(Table("things", "id"), {"id": {"S": "1"}}, consistent=True)


class Broken:
    """A store with an error that is none of the framework's."""

    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        raise RuntimeError("broken")


class TestMetered:
    def test_gives_totals_that_stay_as_they_are(self) -> None:
        """What was handed out does not change with what is counted later."""
        metered = Metered(MemoryStore(), clock=lambda: 0.0)
        metered.perform(GET)
        before = metered.totals

        metered.perform(GET)

        assert before["GetItem"].calls == 1
        assert metered.totals["GetItem"].calls == 2

    def test_counts_errors_of_any_kind(self) -> None:
        """An error of a broken store is a failure like others, in copies of its own."""
        metered = Metered(Broken())
        for _ in range(2):
            with pytest.raises(RuntimeError):
                metered.perform(GET)
        metered.totals["GetItem"].errors.clear()

        totals = metered.totals["GetItem"]

        assert (totals.calls, totals.errors) == (2, {"RuntimeError": 2})
