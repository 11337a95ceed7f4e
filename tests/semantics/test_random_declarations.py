"""Whatever is declared: what is applied is done, done once, and done too where it was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Barrier
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import boto3
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from persistence import DynamoStore, MappingError, MemoryStore, SchemaService, Table
from persistence.operation_facts import WRITES
from persistence.operations import (
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    ListTags,
    Operation,
)
from persistence.schema.planning.planner import plan_table
from persistence.schema.planning.plans import PlannedStep
from persistence.store import Store
from tests.semantics.declared import LOCAL, MEMORY, MOTO, Server, consent, migrated, slow, tables
from tests.semantics.world import Pauses

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

R = TypeVar("R")

MANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(MANY, max_examples=30)
SERVED = settings(
    MANY,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Servers take too long for examples to be made smaller."""


class Killed(BaseException):
    """The process ended."""


@dataclass
class Mortal:
    """A layer under which the process is killed when so many changes have been made."""

    below: Store
    changes: int

    def __post_init__(self) -> None:
        self.limits = self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        answer = self.below.perform(operation)
        if type(operation) in WRITES:
            self.changes -= 1
            if self.changes == 0:
                raise Killed
        return answer


def service(store: Store, pauses: Pauses | None = None) -> SchemaService:
    return SchemaService(store, timing=(pauses or Pauses()).timing)


def possible(table: Table) -> bool:
    """Tell whether a table can be made as declared."""
    try:
        plan_table(table, None)
    except MappingError:
        return False
    return True


def declared(server: Server = MEMORY, name: str = "things") -> st.SearchStrategy[Table]:
    return tables(server, name).filter(possible)


def whole_state(store: Store, name: str = "things") -> tuple[Any, ...]:
    """Give all that can be asked of a table, but for the times at which it came about."""
    found = store.perform(DescribeTable(name))
    indexes = [None, *(index.name for index in found.indexes)]
    assert found.arn is not None
    return (
        sorted(found.indexes, key=repr),
        {index.name: index for index in found.table.indexes},
        found.table.key_types,
        found.options,
        store.perform(DescribeTimeToLive(name)),
        store.perform(DescribeRecovery(name)).recovery,
        store.perform(ListTags(found.arn)),
        {index: store.perform(DescribeInsights(name, index)) for index in indexes},
        store.perform(DescribeScaling(name)),
    )


class TestOnMemory:
    @MANY
    @given(first=declared(), second=declared())
    def test_what_is_applied_is_done(self, first: Table, second: Table) -> None:
        """From any declaration to any other: a plan after `apply` is empty, and `verify` is content."""
        schema = service(MemoryStore(auto_create=False))

        for table in (first, second):
            migrated(schema, table)

            assert schema.plan(table).empty
            assert not schema.plan(table).steps
            schema.verify(table)
            assert migrated(schema, table) == ()

    @FEW
    @given(first=declared(), second=declared())
    def test_tables_that_take_their_time_end_as_the_same(self, first: Table, second: Table) -> None:
        """Whether changes are done at once or take a while, the table is the same at the end."""
        at_once, (later, pauses) = MemoryStore(auto_create=False), slow()

        for table in (first, second):
            migrated(service(at_once), table)
            migrated(service(later, pauses), table)

        assert whole_state(later) == whole_state(at_once)

    @FEW
    @given(first=declared(), second=declared())
    def test_the_same_plan_goes_on_after_a_kill(self, first: Table, second: Table) -> None:
        """Killed after any of its changes and applied again, a plan ends as if it had not been killed."""
        undisturbed = MemoryStore(auto_create=False)
        migrated(service(undisturbed), first)
        steps = migrated(service(undisturbed), second)

        for killed_after in range(1, len(steps) + 1):
            store, pauses = slow()
            migrated(service(store, pauses), first)
            plan = service(store, pauses).plan(second)
            with suppress(Killed):
                service(Mortal(store, killed_after), pauses).apply(plan, allow_drop=consent(plan))
                pytest.fail("nobody was killed")

            rest = service(store, pauses).apply(plan, allow_drop=consent(plan))

            assert rest == steps[killed_after:]
            assert whole_state(store) == whole_state(undisturbed)

    @settings(MANY, max_examples=15)
    @given(first=declared(), second=declared())
    def test_two_may_apply_at_once(self, first: Table, second: Table) -> None:
        """Two deployers with the same plan do all of it once between them, and both return."""
        undisturbed = MemoryStore(auto_create=False)
        migrated(service(undisturbed), first)
        steps = migrated(service(undisturbed), second)
        store = MemoryStore(auto_create=False, table_delay=0.02)
        migrated(SchemaService(store), first)
        plan = SchemaService(store).plan(second)

        done = [step for one in together(store, plan) for step in one]

        assert whole_state(store) == whole_state(undisturbed)
        assert set(done) == set(steps)
        assert SchemaService(store).plan(second).empty


class TestOnServers:
    @settings(SERVED, max_examples=8)
    @given(first=declared(MOTO), second=declared(MOTO))
    def test_what_is_applied_is_done_on_moto(
        self, moto_client: DynamoDBClient, first: Table, second: Table
    ) -> None:
        """The same on moto, with what it has."""
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")

        check_done(DynamoStore(moto_client, scaling_client=scaling), first, second)

    @settings(SERVED, max_examples=3)
    @given(first=declared(LOCAL), second=declared(LOCAL))
    def test_what_is_applied_is_done_on_dynamodb_local(
        self, dynamodb_local_client: DynamoDBClient, first: Table, second: Table
    ) -> None:
        """The same on DynamoDB Local, with what it has; there changes take a while."""
        check_done(DynamoStore(dynamodb_local_client), first, second)


def check_done(store: Store, first: Table, second: Table) -> None:
    schema = SchemaService(store, timeout=30)
    name = f"declared-{uuid4()}"
    try:
        for table in (replace(first, name=name), replace(second, name=name)):
            migrated(schema, table)

            assert schema.plan(table).empty
            schema.verify(table)
            assert migrated(schema, table) == ()
    finally:
        bare = Table(name, "id", "at")
        if schema.describe(bare).options.deletion_protection:
            schema.update_table(bare, deletion_protection=False)
        schema.delete_table(bare)


def together(store: Store, plan: Any) -> Iterator[tuple[PlannedStep, ...]]:
    """Apply a plan in two threads that begin at the same time."""
    ready = Barrier(2)

    def one() -> tuple[PlannedStep, ...]:
        ready.wait()
        return SchemaService(store).apply(plan, allow_drop=consent(plan))

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(one), threads.submit(one)]:
            yield each.result()
