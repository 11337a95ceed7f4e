"""The schema service's procedures: making, waiting, comparing, on a scripted clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
import pytest

from persistence import (
    DynamoStore,
    GlobalIndex,
    Key,
    LocalIndex,
    MappingError,
    MemoryStore,
    Projection,
    SchemaService,
    Table,
    TableNotFound,
)
from persistence.errors import (
    ConfigurationError,
    DeadlineExceeded,
    InvalidRequest,
    SchemaMismatch,
    TableInUse,
)
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    IndexDescription,
    Operation,
    TableDescription,
    TableStatus,
)
from persistence.schema.planning.comparison import differences
from persistence.store import AWS_LIMITS, Store
from persistence.table_options import Provisioned, Scaling, TableOptions
from tests.semantics.declared import slow
from tests.semantics.model import BuyerMapping, NoteMapping, OrderMapping, PurchaseMapping
from tests.semantics.world import Pauses

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

R = TypeVar("R")

TABLE = Table("things", "id", indexes=(GlobalIndex("by-kind", Key("kind")),))


@dataclass
class Slow:
    """A layer over whose tables time passes: each description shows the next of some states."""

    below: Store
    states: Iterable[TableStatus | IndexDescription | None]
    asked: list[Operation[Any]] = field(default_factory=list)
    limits = AWS_LIMITS

    def __post_init__(self) -> None:
        self._states = iter(self.states)

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        answer = self.below.perform(operation)
        state = next(self._states, None) if isinstance(operation, DescribeTable) else None
        if state is None:
            return answer
        description = cast(TableDescription, answer)
        if isinstance(state, IndexDescription):
            return cast(R, replace(description, indexes=(state,)))
        return cast(R, replace(description, status=state))


class Vanishing(Slow):
    """A layer whose table is gone after the states that were given."""

    def perform(self, operation: Operation[R]) -> R:
        answer = super().perform(operation)
        seen = len([each for each in self.asked if isinstance(each, DescribeTable)])
        if isinstance(operation, DescribeTable) and seen == len(list(self.states)):
            self.below.perform(DeleteTable(operation.name))
        return answer


@dataclass
class Hasty:
    """A layer that knows of no time to live when it is asked first: somebody enables it just then."""

    below: Store
    asked: int = 0
    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, DescribeTimeToLive):
            self.asked += 1
            if self.asked == 1:
                return cast(R, None)
        return self.below.perform(operation)


def service(store: Store, pauses: Pauses | None = None, timeout: float = 300.0) -> SchemaService:
    return SchemaService(store, timeout=timeout, timing=(pauses or Pauses()).timing)


def empty() -> MemoryStore:
    return MemoryStore(auto_create=False)


class TestCreateTable:
    def test_waits_until_table_and_indexes_are_active(self) -> None:
        """Waits until table and indexes are active."""
        pauses = Pauses()
        store = Slow(empty(), ["CREATING", "CREATING", IndexDescription("by-kind", "CREATING")])

        description = service(store, pauses).create_table(TABLE)

        assert description.active
        assert pauses.seconds == [0.05, 0.1, 0.2]

    def test_gives_up_after_its_timeout(self) -> None:
        """The wait has a timeout, and says what the table was still doing."""
        pauses = Pauses()
        store = Slow(empty(), ["CREATING"] * 100)

        with pytest.raises(DeadlineExceeded, match="CREATING"):
            service(store, pauses, timeout=10).create_table(TABLE)

        assert 5 < sum(pauses.seconds) <= 10

    def test_refuses_an_existing_table(self) -> None:
        """`create_table` is for tables that are not there."""
        store = empty()
        service(store).create_table(TABLE)

        with pytest.raises(TableInUse):
            service(store).create_table(TABLE)


class TestEnsureTable:
    def test_makes_a_table_once(self) -> None:
        """Any number of calls, one table."""
        store = Slow(empty(), [])

        first = service(store).ensure_table(TABLE)
        second = service(store).ensure_table(TABLE)

        assert first.table.indexes == second.table.indexes == TABLE.indexes
        assert len([each for each in store.asked if isinstance(each, CreateTable)]) == 1

    def test_waits_for_a_table_that_somebody_else_is_making(self) -> None:
        """Any number of processes may call it at once."""
        below, pauses = empty(), Pauses()
        service(below).create_table(TABLE)

        description = service(Slow(below, ["CREATING", "CREATING"]), pauses).ensure_table(TABLE)

        assert description.active

    @pytest.mark.parametrize(
        ("live", "difference"),
        [
            (Table("things", "name"), "key"),
            (Table("things", "id", "at"), "key"),
            (Table("things", "id"), "index 'by-kind' is missing"),
            (Table("things", "id", types={"id": "N"}, indexes=TABLE.indexes), "type N"),
        ],
    )
    def test_refuses_a_table_that_is_another(self, live: Table, difference: str) -> None:
        """A table with another key schema, or without a declared index, is a SchemaMismatch that says so."""
        store = empty()
        service(store).create_table(live)

        with pytest.raises(SchemaMismatch, match=difference) as mismatch:
            service(store).ensure_table(TABLE)

        assert mismatch.value.table == "things"

    def test_keeps_what_a_table_has_beyond_its_declaration(self) -> None:
        """Further indexes are somebody else's."""
        store = empty()
        service(store).create_table(TABLE)

        assert service(store).ensure_table(Table("things", "id")).table.indexes == TABLE.indexes

    def test_switches_time_to_live_on(self) -> None:
        """A declared time to live is part of the table."""
        store = empty()
        declared = replace(TABLE, time_to_live="expires_at")

        service(store).ensure_table(declared)
        service(store).ensure_table(declared)

        with pytest.raises(SchemaMismatch, match="time to live"):
            service(store).ensure_table(replace(TABLE, time_to_live="other"))

    def test_may_switch_time_to_live_on_while_others_do(self) -> None:
        """Who finds it enabled meanwhile accepts it where it is as declared, and no other."""
        declared = replace(TABLE, time_to_live="expires_at")
        service(store := empty()).create_table(declared)

        description = service(Hasty(store)).ensure_table(declared)

        assert description.active
        with pytest.raises(SchemaMismatch, match="time to live"):
            service(Hasty(store)).ensure_table(replace(TABLE, time_to_live="other"))

    def test_makes_a_table_anew_that_is_being_deleted(self) -> None:
        """A table that is on its way out is waited for."""
        pauses, below = Pauses(), empty()
        service(below).create_table(TABLE)
        store = Vanishing(below, ["DELETING", "DELETING"])

        description = service(store, pauses).ensure_table(TABLE)

        assert description.active
        assert pauses.seconds == [0.05, 0.1]
        assert [each for each in store.asked if isinstance(each, CreateTable)] == [CreateTable(TABLE)]


class TestDeleteTable:
    def test_waits_until_it_is_gone(self) -> None:
        """A table that is being deleted is still there."""
        store = empty()
        schema = service(store)
        schema.create_table(TABLE)

        schema.delete_table(TABLE)

        assert not schema.exists(TABLE)

    def test_waits_for_a_table_that_is_being_made(self) -> None:
        """The service deletes none before it is."""
        store, pauses = slow()
        store.perform(CreateTable(TABLE))

        service(store, pauses).delete_table(TABLE)

        assert not service(store).exists(TABLE)

    def test_waits_for_a_table_that_somebody_else_deletes(self) -> None:
        """It is gone then, which is what was wanted."""
        store, pauses = slow()
        service(store, pauses).create_table(TABLE)
        store.perform(DeleteTable(TABLE.name))

        service(store, pauses).delete_table(TABLE)

        assert not service(store).exists(TABLE)

    def test_gives_up_on_a_table_that_stays_in_use(self) -> None:
        """It does not ask for ever."""

        class Used(Slow):
            def perform(self, operation: Operation[R]) -> R:
                if isinstance(operation, DeleteTable):
                    raise TableInUse("a global table is being changed", table=operation.name)
                return super().perform(operation)

        store = empty()
        service(store).create_table(TABLE)

        with pytest.raises(TableInUse, match="being changed"):
            service(Used(store, []), timeout=2).delete_table(TABLE)

    def test_removes_the_scaling_that_is_declared(self, moto_client: DynamoDBClient) -> None:
        """It is kept by another service, which does not care about the table."""
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        units = Provisioned(1, 1, read_scaling=Scaling(1, 5), write_scaling=Scaling(1, 5))
        scaled = replace(TABLE, options=TableOptions(billing=units, index_billing=units))
        schema = service(DynamoStore(moto_client, scaling_client=scaling))
        schema.create_table(scaled)
        before = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]

        schema.delete_table(scaled)

        after = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        assert (len(before), after) == (4, [])

    def test_does_not_need_a_service_that_scales(self, moto_client: DynamoDBClient) -> None:
        """A store that can't ask it has set nothing in it."""
        units = Provisioned(1, 1, read_scaling=Scaling(1, 5))
        schema = service(DynamoStore(moto_client))
        schema.create_table(TABLE)

        schema.delete_table(replace(TABLE, options=TableOptions(billing=units)))

        assert not schema.exists(TABLE)

    def test_keeps_scaling_where_the_table_is_protected(self) -> None:
        """What is refused changes nothing."""
        units = Provisioned(1, 1, read_scaling=Scaling(1, 5))
        options = TableOptions(billing=units, deletion_protection=True)
        schema = service(empty())
        schema.create_table(replace(TABLE, options=options))

        with pytest.raises(InvalidRequest, match="protect"):
            schema.delete_table(replace(TABLE, options=options))

        assert schema.plan(replace(TABLE, options=options)).empty

    def test_refuses_a_missing_table(self) -> None:
        """There is nothing to delete or describe."""
        with pytest.raises(TableNotFound):
            service(empty()).delete_table(TABLE)
        with pytest.raises(TableNotFound):
            service(empty()).describe(TABLE)


class TestMappings:
    def test_give_their_tables(self) -> None:
        """A mapping's table has its key, key types and indexes, in attribute names."""
        description = service(empty()).create_table(OrderMapping)

        table = description.table
        assert (table.name, table.key) == ("orders", Key("customerId", "number"))
        assert table.key_types == {
            "customerId": "S",
            "number": "N",
            "status": "S",
            "placed_at": "S",
            "courier": "S",
            "total": "N",
        }
        assert sorted(index.name for index in table.indexes) == [
            "by-courier",
            "by-date",
            "by-status",
            "keys-of-couriers",
        ]

    def test_that_share_a_table_make_it_once(self) -> None:
        """Where several mappings share a table, it is made with the indexes of all."""
        schema = SchemaService(empty(), [BuyerMapping, PurchaseMapping, NoteMapping])

        descriptions = schema.ensure_tables()

        assert [description.table.name for description in descriptions] == ["shop", "notes"]
        assert schema.exists(BuyerMapping)
        assert schema.describe(PurchaseMapping) == schema.describe(BuyerMapping)

    def test_that_share_a_table_are_joined_where_they_are_named(self) -> None:
        """A service that does not know them plans the indexes of all of them."""
        other = GlobalIndex("by-name", Key("name"))

        plan = service(empty()).plan(TABLE, replace(TABLE, indexes=(other,)))

        (only,) = plan.tables
        assert only.declared.indexes == (*TABLE.indexes, other)

    def test_that_contradict_each_other_are_refused_where_they_are_named(self) -> None:
        """None of them wins."""
        with pytest.raises(MappingError, match="two declarations of table 'things' disagree on its key"):
            service(empty()).plan(TABLE, Table("things", "number"))
        with pytest.raises(MappingError, match="two declarations of table 'things' disagree on its key"):
            service(empty()).verify(TABLE, Table("things", "number"))

    def test_must_be_mappings(self) -> None:
        """Anything else is a MappingError."""
        with pytest.raises(MappingError):
            service(empty()).create_table(str)  # type: ignore[arg-type]  # that is the subject


class TestDifferences:
    @pytest.mark.parametrize(
        ("live", "expected"),
        [
            (TABLE, ()),
            (Table("things", "name"), 2),
            (replace(TABLE, indexes=(GlobalIndex("by-kind", Key("other")),)), 1),
            (
                replace(TABLE, indexes=(GlobalIndex("by-kind", Key("kind"), Projection.keys_only()),)),
                1,
            ),
            (replace(TABLE, indexes=(*TABLE.indexes, GlobalIndex("more", Key("x")))), ()),
        ],
    )
    def test_are_told_in_words(self, live: Table, expected: tuple[str, ...] | int) -> None:
        """Each difference is a sentence; what a table has beyond its declaration is none."""
        found = differences(TABLE, live)

        assert (found if expected == () else len(found)) == expected

    def test_of_an_included_projection_don_t_depend_on_order(self) -> None:
        """The attributes of a projection are a set."""
        one = Table("things", "id", "at", (LocalIndex("by-x", "x", Projection.include("a", "b")),))
        other = Table("things", "id", "at", (LocalIndex("by-x", "x", Projection.include("b", "a")),))

        assert differences(one, other) == ()


class TestService:
    @pytest.mark.parametrize("timeout", [0, -1, float("nan")])
    def test_refuses_a_timeout_that_never_lasts(self, timeout: float) -> None:
        with pytest.raises(ConfigurationError, match="positive number of seconds"):
            SchemaService(MemoryStore(), timeout=timeout)
