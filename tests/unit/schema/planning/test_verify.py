"""Start-up checks: tables that are not as declared are told, all of them, with what mends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import pytest

from persistence import GlobalIndex, Key, LocalIndex, MemoryStore, SchemaService, Table
from persistence.errors import LedgerNeeded, NotSupported, SchemaMismatch
from persistence.operations import (
    DescribeInsights,
    DescribeRecovery,
    DescribeTable,
    DescribeTimeToLive,
    ListTags,
    Operation,
    TableDescription,
    UpdateTable,
)
from persistence.schema.ledger import Ledger
from persistence.store import AWS_LIMITS, Store
from persistence.table_options import TableOptions
from tests.semantics.declared import slow
from tests.semantics.world import Pauses

R = TypeVar("R")

TABLE = Table("things", "id", "at")
BY_KIND = GlobalIndex("by-kind", Key("kind"))


def service(store: Store, pauses: Pauses | None = None) -> SchemaService:
    return SchemaService(store, timing=(pauses or Pauses()).timing)


class TestVerify:
    def test_accepts_more_than_is_declared(self) -> None:
        """Indexes, tags and options of others are no difference."""
        store = MemoryStore(auto_create=False)
        schema = service(store)
        schema.create_table(replace(TABLE, indexes=(BY_KIND,)), tags={"a": "b"}, stream="KEYS_ONLY")

        schema.verify(TABLE)

        assert schema.diff(TABLE) == ()

    def test_tells_all_differences_of_all_tables(self) -> None:
        """One error has everything, and what would mend it."""
        schema = service(MemoryStore(auto_create=False))
        schema.create_table(TABLE)
        wanted = replace(TABLE, indexes=(BY_KIND, LocalIndex("by-size", "size")))

        with pytest.raises(SchemaMismatch) as refused:
            schema.verify(wanted, Table("others", "id"))

        assert refused.value.tables == {
            "things": ("local index 'by-size' is missing", "index 'by-kind' is missing"),
            "others": ("it does not exist",),
        }
        assert (refused.value.table, refused.value.differences) == ("things", schema.diff(wanted))
        assert str(refused.value) == (
            "table 'things' is not as it is declared:\n"
            "  - local index 'by-size' is missing\n"
            "    to mend it: local indexes are made with the table only: declare a global index, or a table "
            "of another name, and copy this one into it with SchemaService.evolve\n"
            "  - index 'by-kind' is missing\n"
            "    to mend it: create index 'by-kind' on kind, holding all attributes\n"
            "table 'others' is not as it is declared:\n"
            "  - it does not exist\n"
            "    to mend it: create table 'others' with key 'id'"
        )

    def test_names_indexes_that_are_still_being_made(self) -> None:
        """They are as declared, but a query of them would fail."""
        store, pauses = slow()
        schema = service(store, pauses)
        schema.create_table(TABLE)
        store.perform(UpdateTable("things", create_index=BY_KIND, key_types={"kind": "S"}))

        with pytest.raises(SchemaMismatch, match="index 'by-kind' is CREATING, so that it can't be queried"):
            schema.verify(replace(TABLE, indexes=(BY_KIND,)))

    def test_names_the_consent_that_mending_needs(self) -> None:
        """What loses something is told as such."""
        schema = service(MemoryStore(auto_create=False))
        schema.create_table(TABLE, stream="KEYS_ONLY")

        with pytest.raises(SchemaMismatch, match=r"that needs allow_drop=\{'stream'\}"):
            schema.verify(replace(TABLE, options=TableOptions(stream="NEW_IMAGE")))


class Reading:
    """A layer that counts what is asked, and hides resource names."""

    limits = AWS_LIMITS

    def __init__(self, below: Store) -> None:
        self.below = below
        self.asked: list[type[Operation[Any]]] = []

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(type(operation))
        answer = self.below.perform(operation)
        return cast(R, replace(answer, arn=None)) if isinstance(answer, TableDescription) else answer


class TestReading:
    def test_asks_for_what_is_declared_only(self) -> None:
        """Fewer permissions are needed where less is declared."""
        layer = Reading(MemoryStore(auto_create=False))
        schema = service(layer)
        schema.create_table(replace(TABLE, time_to_live="until"))
        layer.asked.clear()

        schema.verify(TABLE)
        schema.verify(replace(TABLE, time_to_live="until"))

        assert layer.asked == [DescribeTable, DescribeTable, DescribeTimeToLive]

    def test_needs_a_resource_name_for_tags(self) -> None:
        """A store that tells none can't have tags."""
        layer = Reading(MemoryStore(auto_create=False))
        schema = service(layer)
        schema.create_table(TABLE)

        with pytest.raises(NotSupported, match="resource name"):
            schema.plan(replace(TABLE, options=TableOptions(tags={"a": "b"})))

        assert ListTags not in layer.asked


@dataclass
class Old:
    """A store that has neither recovery nor insights."""

    below: Store
    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, DescribeRecovery | DescribeInsights):
            raise NotSupported("this server does not know the operation")
        return self.below.perform(operation)


class TestStoresThatLackSomething:
    def test_have_it_off(self) -> None:
        """So one declaration is good for the service and for a local server."""
        schema = service(Old(MemoryStore(auto_create=False)))
        off = TableOptions(point_in_time_recovery=False, contributor_insights=False)
        declared = replace(TABLE, indexes=(GlobalIndex("by-x", Key("x")),), options=off)

        schema.ensure_table(declared)

        assert schema.plan(declared).empty

    @pytest.mark.parametrize(
        "on", [TableOptions(point_in_time_recovery=True), TableOptions(contributor_insights=True)]
    )
    def test_are_told_where_it_shall_be_on(self, on: TableOptions) -> None:
        """Nothing passes for done that is not."""
        schema = service(Old(MemoryStore(auto_create=False)))
        schema.ensure_table(TABLE)

        with pytest.raises(NotSupported, match="does not know"):
            schema.plan(replace(TABLE, options=on))


class History:
    def run(self) -> object:
        return "ran"


class TestMigrate:
    def test_needs_a_ledger(self) -> None:
        """Without one there is no history; the error names what there is instead."""
        with pytest.raises(LedgerNeeded) as refused:
            service(MemoryStore()).migrate()

        for name in ("export(", "ensure_table", "evolve", "persistence.schema.migrations"):
            assert name in str(refused.value)

    def test_runs_a_ledger(self) -> None:
        """A ledger has a store of its own."""
        ledger: Ledger = History()

        assert service(MemoryStore()).migrate(ledger) == "ran"
