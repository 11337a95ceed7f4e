"""The service's own backups: made, listed, restored, deleted, with waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from persistence import DynamoStore, MemoryStore, QueryError, SchemaService, Store, TableNotFound
from persistence.errors import BackupNotFound, DeadlineExceeded, InvalidRequest, NotSupported, TableInUse
from persistence.flows import run
from persistence.operations import (
    BackupDescription,
    DescribeBackup,
    ListBackups,
    RestoreBackup,
    UpdateRecovery,
)
from persistence.schema.backups import BackupFlows
from persistence.schema.planning.waiting import Patience
from persistence.schema.progress import Progress
from persistence.table_options import PointInTimeRecovery
from tests.semantics.world import Pauses, Recording
from tests.unit.schema.portable.layers import Meeting
from tests.unit.schema.portable.specimens import TABLE, contents, filled, numbered, put

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ITEMS = numbered(20)
RESTORED = replace(TABLE, name="restored")
NOW = 1_800_000_000.0


class Slow:
    """A memory store whose backups and tables take seconds, and a service that waits for them."""

    def __init__(self, delay: float = 10.0, timeout: float = 300.0) -> None:
        self.pauses = Pauses()
        below = MemoryStore(
            auto_create=False, clock=lambda: NOW + sum(self.pauses.seconds), table_delay=delay
        )
        self.store = Recording(below)
        self.schema = SchemaService(self.store, timeout=timeout, timing=self.pauses.timing)
        self.schema.create_table(TABLE)
        put(self.store, TABLE, ITEMS)


class TestBackup:
    def test_can_be_restored(self) -> None:
        """Items as they were, in a new table."""
        store = filled(ITEMS)
        schema = SchemaService(store)
        before = contents(store)

        backup = schema.backup(TABLE, "before-release")
        put(store, TABLE, numbered(40)[30:])
        restored = schema.restore(backup, "restored")

        assert (backup.name, backup.table, backup.status) == ("before-release", "things", "AVAILABLE")
        assert restored.active
        assert restored.table.key == TABLE.key
        assert contents(store, RESTORED) == before != contents(store)

    def test_is_waited_for(self) -> None:
        """It tells its state meanwhile."""
        slow, told = Slow(), list[Progress]()

        backup = slow.schema.backup(TABLE, progress=told.append)

        assert backup.status == "AVAILABLE"
        assert {(each.activity, each.unit) for each in told} == {("back up table 'things'", "seconds")}
        assert [each.detail for each in told] == ["CREATING"] * (len(told) - 1) + ["AVAILABLE"]
        assert told[-1].done >= 10

    def test_is_not_waited_for_without_end(self) -> None:
        """The service goes on with it all the same."""
        slow = Slow(delay=100.0, timeout=400.0)
        hasty = SchemaService(slow.store, timeout=20, timing=slow.pauses.timing)

        with pytest.raises(DeadlineExceeded, match="CREATING"):
            hasty.backup(TABLE, "late")

        assert [backup.name for backup in slow.schema.backups()] == ["late"]

    def test_may_be_described_late(self) -> None:
        """What was just made may not be found at once."""

        def not_yet() -> None:
            raise BackupNotFound("not yet")

        store = Meeting(filled(ITEMS), DescribeBackup, not_yet)

        assert SchemaService(store, timing=Pauses().timing).backup(TABLE).status == "AVAILABLE"

    def test_is_named_after_table_and_time(self) -> None:
        """Where it is given no name."""
        store = filled(ITEMS)
        long = replace(TABLE, name="x" * 255)
        filled([], long, store)
        flows = BackupFlows(
            Patience(Pauses().timing, 60), print, lambda: datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
        )

        assert run(flows.create("things", None), store).name == "things-20260203T040506Z"
        assert run(flows.create(long.name, None), store).name == "x" * 238 + "-20260203T040506Z"

    def test_needs_a_table(self) -> None:
        """There is nothing to back up."""
        with pytest.raises(TableNotFound):
            SchemaService(MemoryStore(auto_create=False)).backup(TABLE)

    def test_needs_a_name_that_the_service_takes(self) -> None:
        """The service's own rule."""
        with pytest.raises(InvalidRequest):
            SchemaService(filled(ITEMS)).backup(TABLE, "a/b")


class TestBackups:
    def test_are_listed_page_by_page(self) -> None:
        """Of a table, or of all; the oldest first."""
        clock = [NOW]
        store = filled([], TABLE, MemoryStore(auto_create=False, clock=lambda: clock[0]))
        other = replace(TABLE, name="others")
        filled([], other, store)
        schema = SchemaService(store)
        for number in range(150):
            clock[0] += 1
            schema.backup(other if number == 7 else TABLE, f"number-{number:03}")

        assert [backup.name for backup in schema.backups()] == [
            f"number-{number:03}" for number in range(150)
        ]
        assert len(schema.backups(TABLE)) == 149
        assert [backup.name for backup in schema.backups(other)] == ["number-007"]

    def test_are_deleted(self) -> None:
        """By the backup or its resource name."""
        schema = SchemaService(filled(ITEMS))
        first, second = schema.backup(TABLE, "first"), schema.backup(TABLE, "second")

        schema.delete_backup(first)
        schema.delete_backup(second.arn)

        assert schema.backups() == ()
        with pytest.raises(BackupNotFound):
            schema.delete_backup(first)
        with pytest.raises(BackupNotFound):
            schema.restore(first, "restored")


class TestRestore:
    def test_is_waited_for(self) -> None:
        """Until the new table can be used, telling its state."""
        slow, told = Slow(), list[Progress]()
        backup = slow.schema.backup(TABLE)

        restored = slow.schema.restore(backup.arn, "restored", progress=told.append)

        assert restored.active
        assert not restored.restoring
        assert {each.activity for each in told} == {"restore table 'restored'"}
        assert told[0].detail == "CREATING"
        assert told[-1].detail == "ACTIVE"

    def test_is_never_onto_an_existing_table(self) -> None:
        """What is there stays as it is; the service is not even asked."""
        store = Recording(filled(ITEMS))
        schema = SchemaService(store)
        backup = schema.backup(TABLE)

        with pytest.raises(TableInUse, match=r"new table.*name another") as taken:
            schema.restore(backup, "things")

        assert taken.value.table == "things"
        assert not any(isinstance(operation, RestoreBackup) for operation in store.operations)

    def test_of_a_point_in_time_has_what_was_there(self) -> None:
        """Each item as it was then."""
        slow = Slow()
        slow.store.perform(UpdateRecovery("things", PointInTimeRecovery()))
        slow.pauses.seconds.append(60)
        before = contents(slow.store)
        at = datetime.fromtimestamp(NOW + sum(slow.pauses.seconds), UTC)
        slow.pauses.seconds.append(60)
        put(slow.store, TABLE, numbered(40)[30:])
        slow.pauses.seconds.append(900)

        slow.schema.restore_to_point(TABLE, "restored", at)
        slow.schema.restore_to_point(TABLE, "latest")

        assert contents(slow.store, RESTORED) == before
        assert contents(slow.store, replace(TABLE, name="latest")) == contents(slow.store) != before

    def test_of_a_point_in_time_needs_recovery(self) -> None:
        """It must have been on, then."""
        with pytest.raises(InvalidRequest):
            SchemaService(filled(ITEMS)).restore_to_point(TABLE, "restored")

    def test_of_a_point_in_time_needs_an_aware_time(self) -> None:
        """Hours of what zone?"""
        naive = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)

        with pytest.raises(QueryError, match="aware"):
            SchemaService(filled(ITEMS)).restore_to_point(TABLE, "restored", naive)

    def test_of_a_point_in_time_is_never_onto_an_existing_table(self) -> None:
        """The same rule."""
        with pytest.raises(TableInUse, match="new table"):
            SchemaService(filled(ITEMS)).restore_to_point(TABLE, "things")


class TestOtherServers:
    def test_moto_has_backups(self, moto_client: DynamoDBClient) -> None:
        """Made, listed, restored, deleted."""
        store: Store = DynamoStore(moto_client)
        filled(ITEMS[1:], TABLE, store)
        schema = SchemaService(store, timing=Pauses().timing)

        backup = schema.backup(TABLE, "before-release")
        restored = schema.restore(backup, "restored")

        assert [each.arn for each in schema.backups(TABLE)] == [backup.arn]
        assert restored.active
        assert contents(store, RESTORED) == contents(store)
        schema.delete_backup(backup)
        assert schema.backups() == ()

    def test_a_server_without_backups_names_the_portable_way(
        self, dynamodb_local_client: DynamoDBClient
    ) -> None:
        """It is a NotSupported that says what to do."""
        store = DynamoStore(dynamodb_local_client)
        table = replace(TABLE, name="not-backed-up")
        schema = SchemaService(store)
        schema.ensure_table(table)

        for attempt in (
            lambda: schema.backup(table),
            lambda: schema.backups(),
            lambda: schema.delete_backup("arn:aws:dynamodb:x:1:table/x/backup/1"),
            lambda: schema.restore("arn:aws:dynamodb:x:1:table/x/backup/1", "restored"),
            lambda: schema.restore_to_point(table, "restored"),
        ):
            with pytest.raises(NotSupported, match="export_items"):
                attempt()


def test_a_listed_backup_can_be_given_as_it_is() -> None:
    """What `backups` gives goes into `restore`."""
    store = filled(ITEMS)
    schema = SchemaService(store)
    schema.backup(TABLE)
    (listed,) = schema.backups(TABLE)

    assert isinstance(listed, BackupDescription)
    assert schema.restore(listed, "restored").active
    assert store.perform(ListBackups()).backups == (listed,)
