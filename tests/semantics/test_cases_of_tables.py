"""The cases of tables that break naive implementations."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from persistence import GlobalIndex, Key, MemoryStore, SchemaService, Table
from persistence.errors import ChangeBlocked, DropNotAllowed
from persistence.operations import Operation, UpdateTable
from persistence.store import AWS_LIMITS, Store
from persistence.table_options import TableOptions
from tests.semantics.declared import slow
from tests.semantics.world import Pauses

R = TypeVar("R")

BARE = Table("things", "id")
NEW = tuple(GlobalIndex(f"by-{name}", Key(name)) for name in ("kind", "name", "size"))
THREE = replace(BARE, indexes=NEW)


class Killed(BaseException):
    """The process ended."""


@dataclass
class Counting:
    """A layer that counts the indexes that are made, and is killed after one of them where it is told so."""

    below: Store
    kill_after: int | None = None
    made: int = 0
    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        answer = self.below.perform(operation)
        if isinstance(operation, UpdateTable):
            self.made += 1
            if self.made == self.kill_after:
                raise Killed
        return answer


def service(store: Store, pauses: Pauses | None = None) -> SchemaService:
    return SchemaService(store, timing=(pauses or Pauses()).timing)


class TestCase54:
    """Three new global indexes, killed after the first."""

    def test_goes_on_one_at_a_time_and_does_nothing_twice(self) -> None:
        """The next call makes the other two, one at a time; the one after it makes no changes."""
        store, pauses = slow()
        service(store, pauses).create_table(BARE)
        with suppress(Killed):
            service(Counting(store, kill_after=1), pauses).auto_migrate(THREE)
            pytest.fail("it was not killed")

        layer = Counting(store)
        resumed = service(layer, pauses).auto_migrate(THREE)
        again = service(layer, pauses).auto_migrate(THREE)

        assert [step.subject for step in resumed] == ["by-name", "by-size"]
        assert again == ()
        assert layer.made == 2
        assert service(store, pauses).describe(BARE).table == THREE


class TestCase55:
    """What is there already, what takes consent, and what can't be."""

    def test_time_to_live_that_is_on_is_no_error(self) -> None:
        """The service refuses to enable it twice; here there is nothing to do."""
        declared = replace(BARE, time_to_live="until")
        schema = service(MemoryStore(auto_create=False))
        schema.ensure_table(declared)

        schema.ensure_table(declared)

        assert schema.auto_migrate(declared) == ()

    def test_another_view_of_the_stream_takes_consent(self) -> None:
        """It is disabled and enabled, so that readers lose their position: with consent only."""
        schema = service(MemoryStore(auto_create=False))
        schema.create_table(BARE, stream="KEYS_ONLY")
        declared = replace(BARE, options=TableOptions(stream="NEW_IMAGE"))

        with pytest.raises(DropNotAllowed, match="stream"):
            schema.auto_migrate(declared)
        assert schema.describe(BARE).options.stream == "KEYS_ONLY"

        done = schema.auto_migrate(declared, allow_drop={"stream"})

        assert [step.kind for step in done] == ["disable_stream", "enable_stream"]
        assert schema.describe(BARE).options.stream == "NEW_IMAGE"

    def test_another_type_of_a_key_is_refused(self) -> None:
        """The key of a table can't be changed; the error says what to do instead."""
        schema = service(MemoryStore(auto_create=False))
        schema.create_table(BARE)

        with pytest.raises(ChangeBlocked, match=r"'id' is of type S, declared is N; .*SchemaService.evolve"):
            schema.auto_migrate(replace(BARE, types={"id": "N"}))
