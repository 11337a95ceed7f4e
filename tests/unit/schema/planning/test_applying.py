"""Performing plans: in order, resumed, refused, beside others, and on servers that lie."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import Any, TypeVar, cast

import pytest

from persistence import (
    GlobalIndex,
    Key,
    LocalIndex,
    MemoryStore,
    Projection,
    SchemaService,
    Table,
    TableNotFound,
    Throttled,
)
from persistence.errors import (
    ChangeBlocked,
    DeadlineExceeded,
    DropNotAllowed,
    InvalidRequest,
    LimitExceeded,
    NotSupported,
    PlanOutdated,
    SchemaMismatch,
    StoreError,
    StoreUnavailable,
)
from persistence.operation_facts import WRITES
from persistence.operations import (
    CreateTable,
    DeleteTable,
    EnableTimeToLive,
    Operation,
    TableDescription,
    UpdateTable,
)
from persistence.schema.progress import Progress
from persistence.store import AWS_LIMITS, Store
from persistence.table_options import OnDemand, Provisioned, TableOptions
from tests.semantics.declared import slow
from tests.semantics.world import Pauses

R = TypeVar("R")

BY_KIND = GlobalIndex("by-kind", Key("kind"))
BY_NAME = GlobalIndex("by-name", Key("name"))
TABLE = Table("things", "id")
BOTH = replace(TABLE, indexes=(BY_KIND, BY_NAME))


@dataclass
class Between:
    """A layer that does something else instead of changes: raises, or only pretends.

    Attributes:
        instead: gets each change, and the store; None lets it pass.
        asked: all changes, in order.
    """

    below: Store
    instead: Callable[[Operation[Any], Store], Any]
    asked: list[Operation[Any]] = field(default_factory=list)
    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        if type(operation) not in WRITES:
            return self.below.perform(operation)
        self.asked.append(operation)
        done = self.instead(operation, self.below)
        return self.below.perform(operation) if done is None else cast(R, done)


def failing(times: int, error: StoreError) -> Callable[[Operation[Any], Store], Any]:
    """Fail changes that many times, without an effect."""
    left = iter(range(times))

    def fail(operation: Operation[Any], below: Store) -> None:
        if next(left, None) is not None:
            raise error

    return fail


def service(store: Store, pauses: Pauses | None = None, timeout: float = 300.0) -> SchemaService:
    return SchemaService(store, timeout=timeout, timing=(pauses or Pauses()).timing)


def made(table: Table = TABLE) -> MemoryStore:
    store = MemoryStore(auto_create=False)
    service(store).create_table(table)
    return store


class TestApply:
    def test_does_the_steps_in_their_order(self) -> None:
        """What it returns is what it did: all steps of the plan."""
        store = MemoryStore(auto_create=False)
        plan = service(store).plan(BOTH, Table("others", "id", time_to_live="until"))

        done = service(store).apply(plan)

        assert done == plan.steps
        assert [(step.table, step.kind) for step in done] == [
            ("things", "create_table"),
            ("others", "create_table"),
            ("others", "enable_time_to_live"),
        ]

    def test_makes_one_index_at_a_time_and_tells_how_far_it_is(self) -> None:
        """An index is begun when the one before is filled; progress counts its items."""
        store, pauses = slow()
        service(store, pauses).create_table(TABLE)
        told: list[Progress] = []

        service(store, pauses).update_table(replace(TABLE, indexes=(BY_KIND,)), progress=told.append)
        service(store, pauses).batch_update_table(BOTH, progress=told.append)

        assert told[0] == Progress(
            "table 'things'", 0, 1, "steps", "create index 'by-kind' on kind, holding all attributes"
        )
        states = list(dict.fromkeys((each.activity, each.unit, each.detail) for each in told))
        assert [activity for activity, _, _ in states] == [
            "table 'things'",
            "create index 'by-kind'",
            "create index 'by-kind'",
            "table 'things'",
            "create index 'by-name'",
            "create index 'by-name'",
        ]
        assert ("create index 'by-name'", "items", "filling it") in states

    def test_refuses_blocked_plans_before_anything_is_sent(self) -> None:
        """One blocked change of one table is enough."""
        store = made()
        layer = Between(store, lambda operation, below: None)
        plan = service(layer).plan(Table("others", "id"), Table("things", "name"))

        with pytest.raises(ChangeBlocked, match="its key is") as refused:
            service(layer).apply(plan)

        assert [change.table for change in refused.value.blocked] == ["things"]
        assert layer.asked == []

    def test_drops_what_is_named_and_nothing_else(self) -> None:
        """An index that is not declared stays unless it is named."""
        store = made(BOTH)
        plan = service(store).plan(TABLE)

        assert service(store).apply(plan) == ()
        assert [step.subject for step in service(store).apply(plan, allow_drop={"by-name"})] == ["by-name"]
        assert service(store).describe(TABLE).table.indexes == (BY_KIND,)

    def test_refuses_names_that_are_not_in_the_plan(self) -> None:
        """A misspelled name is told, with those that would do."""
        plan = service(store := made(BOTH)).plan(TABLE)

        with pytest.raises(DropNotAllowed, match="drops 'by-kind', 'by-name'") as refused:
            service(store).apply(plan, allow_drop={"by-nam"})

        assert refused.value.names == ("by-nam",)

    def test_refuses_a_name_that_is_in_no_collection(self) -> None:
        """A text would be taken for its letters, and nothing would be dropped."""
        store = made(BOTH)

        with pytest.raises(DropNotAllowed, match=r"write allow_drop=\{'by-name'\}"):
            service(store).apply(service(store).plan(TABLE), allow_drop="by-name")
        with pytest.raises(DropNotAllowed, match=r"write allow_drop=\{'by-name'\}"):
            service(store).update_table(TABLE, allow_drop="by-name")
        with pytest.raises(DropNotAllowed, match=r"write allow_drop=\{'by-name'\}"):
            service(store).auto_migrate(TABLE, allow_drop="by-name")

    def test_refuses_needed_losses_that_are_not_named(self) -> None:
        """An index of another projection is made again with consent only; nothing is done without."""
        layer = Between(
            made(replace(TABLE, indexes=(replace(BY_KIND, projection=Projection.keys_only()),))),
            lambda operation, below: None,
        )
        plan = service(layer).plan(BOTH)

        with pytest.raises(DropNotAllowed, match=r"allow_drop=\{'by-kind'\}") as refused:
            service(layer).apply(plan)

        assert refused.value.names == ("by-kind",)
        assert layer.asked == []
        assert [step.kind for step in service(layer).apply(plan, allow_drop={"things/by-kind"})] == [
            "drop_index",
            "create_index",
            "create_index",
        ]

    def test_refuses_an_outdated_plan(self) -> None:
        """Where more is to be done than was planned, nothing is done, in no table."""
        store = made(BOTH)
        plan = service(store).plan(Table("others", "id"), BOTH)
        service(store).apply(service(store).plan(TABLE), allow_drop={"by-name"})

        with pytest.raises(PlanOutdated, match="lacks: create index 'by-name'") as refused:
            service(store).apply(plan)

        assert refused.value.table == "things"
        assert not service(store).exists(Table("others", "id"))

    def test_refuses_a_plan_of_a_table_that_was_deleted(self) -> None:
        """A plan to add an index does not make a table."""
        store = made()
        plan = service(store).plan(BOTH)
        store.perform(DeleteTable("things"))

        with pytest.raises(PlanOutdated, match="create table 'things'"):
            service(store).apply(plan)

    def test_can_be_repeated(self) -> None:
        """What is done is not done again."""
        plan = service(store := made()).plan(BOTH)
        service(store).apply(plan)

        assert service(store).apply(plan) == ()

    def test_waits_for_a_table_that_is_being_deleted(self) -> None:
        """The table is made anew when the old one is gone."""
        store, pauses = slow()
        service(store, pauses).create_table(TABLE)
        store.perform(DeleteTable("things"))
        plan = service(store, pauses).plan(TABLE)

        assert [step.kind for step in service(store, pauses).apply(plan)] == ["create_table"]
        assert plan.tables[0].status == "DELETING"


class TestBesideOthers:
    def test_goes_on_where_somebody_else_did_the_step(self) -> None:
        """A change that is refused since it is done already is done."""

        def faster(operation: Operation[Any], below: Store) -> None:
            below.perform(operation)

        layer = Between(made(), faster)

        done = service(layer).batch_update_table(replace(BOTH, time_to_live="until"))

        assert done == ()
        assert service(layer).plan(replace(BOTH, time_to_live="until")).empty

    def test_waits_for_the_index_that_somebody_else_makes(self) -> None:
        """One index is made at a time; `LimitExceeded` says so, and passes."""
        busy = LimitExceeded("Only 1 online index can be created or deleted simultaneously per table")
        layer = Between(made(), failing(3, busy))

        assert len(service(layer).batch_update_table(BOTH)) == 2

    def test_tells_other_limits(self) -> None:
        """A limit that does not pass by waiting is told at once."""
        layer = Between(made(), failing(1, LimitExceeded("Too many changes of billing today")))

        with pytest.raises(LimitExceeded, match="billing"):
            service(layer).update_table(TABLE, billing=Provisioned(1, 1))

    def test_outlasts_throttling_until_its_timeout(self) -> None:
        """Throttling is waited for; where it does not end the error says what could not be done."""
        assert len(service(Between(made(), failing(5, Throttled("slow down")))).batch_update_table(BOTH)) == 2

        layer = Between(made(), failing(1000, Throttled("slow down")))
        with pytest.raises(DeadlineExceeded, match=r"could not create index 'by-kind' .* within 20 seconds"):
            service(layer, timeout=20).batch_update_table(BOTH)

    def test_repeats_what_may_have_been_lost(self) -> None:
        """A lost answer is found out by looking; a store that is away for long is told."""

        def lost(operation: Operation[Any], below: Store) -> None:
            below.perform(operation)
            raise StoreUnavailable("the answer was lost")

        layer = Between(made(), lost)
        service(layer).batch_update_table(BOTH)
        assert [type(each) for each in layer.asked] == [UpdateTable, UpdateTable]

        with pytest.raises(StoreUnavailable):
            service(Between(made(), failing(9, StoreUnavailable("away")))).batch_update_table(BOTH)

    def test_tells_what_the_service_refuses(self) -> None:
        """A refusal of what nobody else has done is raised as it is."""
        layer = Between(made(), failing(9, InvalidRequest("no such thing")))

        with pytest.raises(InvalidRequest, match="no such thing"):
            service(layer).batch_update_table(BOTH)

        assert len(layer.asked) == 1

    def test_may_ensure_a_table_in_many_threads(self) -> None:
        """One makes it, the others wait for it; all get it."""
        layer = Between(MemoryStore(auto_create=False, table_delay=0.02), lambda operation, below: None)
        ready = Barrier(4)

        def ensure(_: int) -> TableDescription:
            ready.wait()
            return SchemaService(layer).ensure_table(replace(BOTH, time_to_live="until"))

        with ThreadPoolExecutor(4) as threads:
            descriptions = list(threads.map(ensure, range(4)))

        assert all(description == descriptions[0] for description in descriptions)
        assert descriptions[0].active

    def test_refuses_a_table_that_nothing_can_be_done_about(self) -> None:
        """A state that does not end by itself is not waited for."""

        class Archived(Between):
            def perform(self, operation: Operation[R]) -> R:
                answer = super().perform(operation)
                if isinstance(answer, TableDescription):
                    return cast(R, replace(answer, status="ARCHIVED"))
                return answer

        pauses = Pauses()
        layer = Archived(made(), lambda operation, below: None)

        with pytest.raises(StoreError, match="its status is ARCHIVED"):
            service(layer, pauses).auto_migrate(BOTH)

        assert pauses.seconds == []

    def test_says_what_is_not_ready_in_time(self) -> None:
        """The deadline's error has the state of the table and its parts."""
        store, pauses = slow(delay=600.0)
        service(store, pauses, timeout=1000).create_table(TABLE)

        with pytest.raises(DeadlineExceeded, match="index 'by-kind' is CREATING"):
            service(store, pauses, timeout=400).batch_update_table(BOTH)

        assert len(service(store, pauses, timeout=1000).batch_update_table(BOTH)) == 1


class TestServersThatLie:
    @pytest.mark.parametrize(
        ("declared", "what"),
        [
            (BOTH, "create index 'by-kind'"),
            (replace(TABLE, time_to_live="until"), "switch time to live on"),
            (replace(TABLE, options=TableOptions(tags={"a": "b"})), "set the tags 'a'"),
        ],
    )
    def test_are_found_out(self, declared: Table, what: str) -> None:
        """A server that says yes and does nothing does not support it."""
        store = made()
        layer = Between(store, lambda operation, below: "yes")

        with pytest.raises(NotSupported, match=f"answered that it has done this.*{what}"):
            service(layer).auto_migrate(declared)

    def test_are_found_out_when_they_make_tables(self) -> None:
        """A table that was made without what was asked for is no table as declared."""

        def bare(operation: Operation[Any], below: Store) -> Any:
            return below.perform(CreateTable(TABLE)) if isinstance(operation, CreateTable) else None

        declared = replace(TABLE, options=TableOptions(stream="KEYS_ONLY", tags={"a": "b"}))

        with pytest.raises(NotSupported, match=r"not as it was asked to: switch a .*; set the tags"):
            service(Between(MemoryStore(auto_create=False), bare)).create_table(declared)
        with pytest.raises(NotSupported, match=r"not as it was asked to: its stream is DISABLED"):
            service(Between(MemoryStore(auto_create=False), bare)).ensure_table(declared)


class TestBilling:
    def test_gives_units_to_all_indexes_of_a_table_that_becomes_provisioned(self) -> None:
        """The service refuses the switch else; indexes of which nothing is declared get the table's units."""
        store = made(replace(BOTH, sort="at", indexes=(*BOTH.indexes, LocalIndex("by-rank", "rank"))))
        own = replace(BY_KIND, billing=Provisioned(4, 3))
        declared = Table("things", "id", "at", (own,), options=TableOptions(billing=Provisioned(2, 1)))

        done = service(store).apply(service(store).plan(declared))

        assert [step.kind for step in done] == ["set_billing"]
        assert service(store).plan(declared).empty
        assert [(each.name, each.billing) for each in service(store).describe(declared).indexes] == [
            ("by-kind", Provisioned(4, 3)),
            ("by-name", Provisioned(2, 1)),
            ("by-rank", None),
        ]


class TestUpdateTable:
    def test_changes_one_index(self) -> None:
        """More than one is for `batch_update_table`, which the error names; nothing was done."""
        layer = Between(made(), lambda operation, below: None)

        with pytest.raises(ChangeBlocked, match=r"2 changes of indexes .* call batch_update_table"):
            service(layer).update_table(BOTH)

        assert layer.asked == []
        assert len(service(layer).batch_update_table(BOTH)) == 2

    def test_needs_a_table(self) -> None:
        """It makes none."""
        with pytest.raises(TableNotFound, match="ensure_table"):
            service(MemoryStore(auto_create=False)).update_table(TABLE)

    def test_takes_options_that_win_over_declared_ones(self) -> None:
        """Options are keyword arguments; what they don't say stays as declared."""
        declared = replace(TABLE, options=TableOptions(billing=OnDemand(), stream="NEW_IMAGE"))
        store = made(declared)

        done = service(store).update_table(declared, billing=Provisioned(3, 2), deletion_protection=True)

        assert [step.kind for step in done] == ["set_protection", "set_billing"]
        live = service(store).describe(TABLE).options
        assert (live.billing, live.stream, live.deletion_protection) == (Provisioned(3, 2), "NEW_IMAGE", True)

    def test_gives_all_indexes_units_where_the_table_becomes_provisioned(self) -> None:
        """Indexes that are not declared, or say nothing, get the table's: the service wants some for all."""
        layer = Between(made(BOTH), lambda operation, below: None)
        declared = replace(TABLE, indexes=(replace(BY_KIND, billing=Provisioned(1, 1)),))

        service(layer).update_table(declared, billing=Provisioned(3, 2))

        assert layer.asked == [
            UpdateTable(
                "things",
                billing=Provisioned(3, 2),
                index_billing={"by-kind": Provisioned(1, 1), "by-name": Provisioned(3, 2)},
            )
        ]

    def test_lets_names_pass_that_are_gone(self) -> None:
        """It is called again and again with the same arguments."""
        schema = service(made(BOTH))

        assert len(schema.update_table(replace(TABLE, indexes=(BY_KIND,)), allow_drop={"by-name"})) == 1
        assert schema.update_table(replace(TABLE, indexes=(BY_KIND,)), allow_drop={"by-name"}) == ()


class TestAutoMigrate:
    def test_makes_and_changes_what_loses_nothing(self) -> None:
        """Missing tables are made, others changed; what is not declared stays."""
        store = made(replace(TABLE, indexes=(BY_NAME,)))

        done = service(store).auto_migrate(replace(TABLE, indexes=(BY_KIND,)), Table("others", "id"))

        assert [(step.table, step.kind) for step in done] == [
            ("things", "create_index"),
            ("others", "create_table"),
        ]
        assert {index.name for index in service(store).describe(TABLE).table.indexes} == {
            "by-kind",
            "by-name",
        }


class TestEnsureTable:
    def test_completes_a_table_whose_creation_was_interrupted(self) -> None:
        """What CreateTable does not take is switched on where it is not."""
        declared = replace(
            TABLE,
            time_to_live="until",
            options=TableOptions(point_in_time_recovery=True, contributor_insights=True),
        )
        store = made()

        service(store).ensure_table(declared)

        assert service(store).plan(declared).empty

    def test_refuses_what_differs_beyond_that(self) -> None:
        """Billing, stream and the like are left as they are, and all that differs is told."""
        store = made()

        with pytest.raises(SchemaMismatch) as refused:
            service(store).ensure_table(BOTH, stream="KEYS_ONLY", tags={"a": "b"})

        assert refused.value.differences == (
            "index 'by-kind' is missing",
            "index 'by-name' is missing",
            "its stream is DISABLED, declared is KEYS_ONLY",
            "its tags 'a' are not as declared",
        )
        assert service(store).describe(TABLE).table == TABLE.structure


class TestCreateTable:
    def test_goes_on_after_it_was_made(self) -> None:
        """What follows CreateTable is done too, by requests of their own."""
        layer = Between(MemoryStore(auto_create=False), lambda operation, below: None)
        declared = replace(TABLE, time_to_live="until")

        service(layer).create_table(declared, tags={"a": "b"})

        created = replace(declared, options=TableOptions(tags={"a": "b"}))
        assert layer.asked == [CreateTable(created), EnableTimeToLive("things", "until")]
