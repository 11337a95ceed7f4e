"""Backups, and tables restored from them or to a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from persistence.errors import BackupNotFound, InvalidRequest, TableInUse, TableNotFound
from persistence.operations import (
    BackupDescription,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DeleteTable,
    DescribeBackup,
    DescribeRecovery,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    ListBackups,
    ListTags,
    Operation,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    UpdateRecovery,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, LocalIndex, Table
from persistence.table_options import PointInTimeRecovery, Provisioned, TableOptions
from persistence.testing.contract.base import (
    TABLE_DEADLINE,
    Contract,
    TableMaker,
    delete_table,
    unique_table_name,
    wait_until_active,
)
from persistence.testing.contract.words import in_key_order, key, number, put, read, rows, text

INDEXES = (GlobalIndex("by-label", Key("label")), LocalIndex("by-rank", "rank"))
TAGS = {"team": "shop"}

Backup = Callable[[Table], BackupDescription]


class _Restoring(Contract):
    """What is needed to back up and to restore."""

    @pytest.fixture
    def backup(self, store: Store) -> Iterator[Backup]:
        """Back up a table, and wait for the backup; it is deleted after the case, unless that was done."""
        made: list[str] = []

        def make(table: Table) -> BackupDescription:
            begun = store.perform(CreateBackup(table.name, "nightly"))
            made.append(begun.arn)
            return _available(store, begun.arn)

        yield make
        for arn in made:
            try:
                store.perform(DeleteBackup(arn))
            except BackupNotFound:
                continue

    @pytest.fixture
    def target(self, store: Store) -> Iterator[str]:
        """Give the name of a table that is to be restored; it is deleted after the case."""
        name = unique_table_name()
        yield name
        delete_table(store, name)


class BackupContract(_Restoring):
    """On-demand backups."""

    def test_a_backup_is_described(self, store: Store, table: Table, backup: Backup) -> None:
        """By its resource name, with its own and its table's [aws]."""
        made = backup(table)

        found = store.perform(DescribeBackup(made.arn))

        assert found == made
        assert (found.name, found.table, found.status) == ("nightly", table.name, "AVAILABLE")
        assert abs(datetime.now(UTC) - found.created_at) < timedelta(minutes=10)

    def test_backups_are_listed_by_table(self, store: Store, make_table: TableMaker, backup: Backup) -> None:
        """Several may have one name [aws]."""
        table, other = make_table(), make_table()
        mine = {backup(table).arn, backup(table).arn}
        theirs = backup(other).arn

        assert {found.arn for found in store.perform(ListBackups(table.name)).backups} == mine
        assert {found.arn for found in store.perform(ListBackups(other.name)).backups} == {theirs}

    def test_backups_are_listed_page_by_page(self, store: Store, table: Table, backup: Backup) -> None:
        """Each once [aws]."""
        made = [backup(table).arn for _ in range(3)]

        first = store.perform(ListBackups(table.name, limit=2))
        second = store.perform(ListBackups(table.name, start=first.next, limit=2))

        assert [len(first.backups), len(second.backups), second.next] == [2, 1, None]
        assert sorted(found.arn for found in first.backups + second.backups) == sorted(made)

    def test_a_table_without_backups(self, store: Store, table: Table) -> None:
        """Has an empty list [aws]."""
        assert store.perform(ListBackups(table.name)).backups == ()

    def test_a_deleted_backup_is_gone(self, store: Store, table: Table, backup: Backup) -> None:
        """For good [aws]."""
        made = backup(table)

        store.perform(DeleteBackup(made.arn))

        assert store.perform(ListBackups(table.name)).backups == ()
        with pytest.raises(BackupNotFound):
            store.perform(DescribeBackup(made.arn))
        with pytest.raises(BackupNotFound):
            store.perform(DeleteBackup(made.arn))

    def test_a_missing_table_cannot_be_backed_up(self, store: Store) -> None:
        """It is not found [aws]."""
        with pytest.raises(TableNotFound):
            store.perform(CreateBackup(unique_table_name(), "nightly"))

    @rows("name", {"short": "ab", "long": "x" * 256, "characters": "by night"})
    def test_refuses_a_name_that_cannot_be(self, store: Store, table: Table, name: str) -> None:
        """3 to 255 characters of few kinds [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(CreateBackup(table.name, name))


class RestoreContract(_Restoring):
    """Tables from backups."""

    def test_a_restored_table_has_what_the_backup_has(
        self, store: Store, make_table: TableMaker, backup: Backup, target: str
    ) -> None:
        """Items, keys, indexes and billing as they were, whatever happened to the table since [aws]."""
        billing = TableOptions(billing=Provisioned(2, 1))
        table = make_table(sort="sk", indexes=INDEXES, types={"sk": "N", "rank": "N"}, options=billing)
        kept = put(store, table, key("a", 1), label=text("x"), rank=number(1))
        made = backup(table)
        put(store, table, key("a", 1), label=text("y"))
        put(store, table, key("a", 2))

        store.perform(RestoreBackup(made.arn, target))
        wait_until_active(store, target)

        described = store.perform(DescribeTable(target))
        restored = Table(target, "pk", "sk", INDEXES, {"sk": "N", "rank": "N"})
        assert sorted(described.table.indexes, key=str) == sorted(INDEXES, key=str)
        assert (described.table.key_types, described.options.billing) == (
            restored.key_types,
            Provisioned(2, 1),
        )
        assert _items(store, restored) == [kept]
        assert _items(store, restored, "by-rank") == [kept]
        assert self.catching_up(lambda: _items(store, restored, "by-label"), [kept]) == [kept]

    def test_a_restored_table_lacks_what_is_not_restored(
        self, store: Store, make_table: TableMaker, backup: Backup, target: str
    ) -> None:
        """Stream, time to live, tags, protection and recovery are to be set again [aws]."""
        table = make_table(
            options=TableOptions(stream="NEW_IMAGE", deletion_protection=True, tags=TAGS),
        )
        store.perform(EnableTimeToLive(table.name, "expires_at"))
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery()))

        store.perform(RestoreBackup(backup(table).arn, target))
        wait_until_active(store, target)

        described = store.perform(DescribeTable(target))
        assert (described.options.stream, described.options.deletion_protection) == ("DISABLED", False)
        assert described.arn is not None
        assert store.perform(ListTags(described.arn)) == {}
        assert store.perform(DescribeTimeToLive(target)) is None
        assert store.perform(DescribeRecovery(target)).recovery == PointInTimeRecovery(enabled=False)

    def test_a_restored_table_is_a_table_of_its_own(
        self, store: Store, table: Table, backup: Backup, target: str
    ) -> None:
        """What is written to it changes neither the other nor the backup [aws]."""
        stored = put(store, table, key("a"))
        store.perform(RestoreBackup(backup(table).arn, target))
        wait_until_active(store, target)

        store.perform(DeleteItem(Table(target, "pk"), key("a")))

        assert read(store, table, key("a")) == stored

    def test_a_backup_outlives_its_table(self, store: Store, backup: Backup, target: str) -> None:
        """That is what it is for [aws]."""
        table = Table(unique_table_name(), "pk")
        store.perform(CreateTable(table))
        wait_until_active(store, table.name)
        stored = put(store, table, key("a"))
        made = backup(table)
        store.perform(DeleteTable(table.name))

        store.perform(RestoreBackup(made.arn, target))
        wait_until_active(store, target)

        assert _items(store, Table(target, "pk")) == [stored]

    def test_a_backup_is_not_restored_over_a_table(
        self, store: Store, make_table: TableMaker, backup: Backup
    ) -> None:
        """The name must be free; what has it stays as it is [aws]."""
        table, other = make_table(), make_table()
        stored = put(store, other, key("a"))
        made = backup(table)

        with pytest.raises(TableInUse):
            store.perform(RestoreBackup(made.arn, other.name))

        assert read(store, other, key("a")) == stored

    def test_an_unknown_backup_is_not_restored(
        self, store: Store, table: Table, backup: Backup, target: str
    ) -> None:
        """It is not found [aws]."""
        made = backup(table)
        store.perform(DeleteBackup(made.arn))

        with pytest.raises(BackupNotFound):
            store.perform(RestoreBackup(made.arn, target))


class RestoreToPointContract(_Restoring):
    """Tables as they were at a time."""

    def recorded(self, store: Store, table: Table) -> Table:
        """Switch recovery on for a table that has an item already."""
        put(store, table, key("before"))
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery()))
        return table

    def test_a_table_is_restored_as_it_is(self, store: Store, table: Table, target: str) -> None:
        """To the latest time that there is [aws]."""
        put(store, self.recorded(store, table), key("later"))

        store.perform(RestoreToPoint(table.name, target))
        wait_until_active(store, target)

        assert _items(store, Table(target, "pk")) == [key("before"), key("later")]

    def test_a_table_is_restored_as_it_was(self, store: Store, table: Table, target: str) -> None:
        """Without what was written since, and with what was deleted [aws]."""
        recoverable = self.recorded(store, table)
        changed = put(store, recoverable, key("changed"), n=number(1))
        then = store.perform(DescribeRecovery(recoverable.name)).latest
        time.sleep(0.01)
        put(store, recoverable, key("changed"), n=number(2))
        put(store, recoverable, key("new"))
        store.perform(DeleteItem(recoverable, key("before")))

        store.perform(RestoreToPoint(recoverable.name, target, then))
        wait_until_active(store, target)

        assert _items(store, Table(target, "pk")) == [key("before"), changed]

    def test_a_table_without_recovery_is_not_restored(self, store: Store, table: Table, target: str) -> None:
        """There is nothing to go back to [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(RestoreToPoint(table.name, target))

    @rows("away", {"too-early": timedelta(days=-36), "to-come": timedelta(days=1)})
    def test_refuses_a_time_that_cannot_be_restored(
        self, store: Store, table: Table, target: str, away: timedelta
    ) -> None:
        """It lies between the earliest and the latest [aws]."""
        recoverable = self.recorded(store, table)

        with pytest.raises(InvalidRequest):
            store.perform(RestoreToPoint(recoverable.name, target, datetime.now(UTC) + away))

    def test_a_table_is_not_restored_over_another(
        self, store: Store, table: Table, make_table: TableMaker
    ) -> None:
        """Nor over itself [aws]."""
        recoverable = self.recorded(store, table)

        for name in (make_table().name, recoverable.name):
            with pytest.raises(TableInUse):
                store.perform(RestoreToPoint(recoverable.name, name))

    @rows(
        "operation",
        {
            "restore": lambda name: RestoreToPoint(name, "restored-from-nothing"),
            "switch-on": lambda name: UpdateRecovery(name, PointInTimeRecovery()),
        },
    )
    def test_a_missing_table_has_no_times(
        self, store: Store, operation: Callable[[str], Operation[Any]]
    ) -> None:
        """It is not found [aws]."""
        with pytest.raises(TableNotFound):
            store.perform(operation(unique_table_name()))


def _available(store: Store, arn: str) -> BackupDescription:
    deadline = time.monotonic() + TABLE_DEADLINE
    while (found := store.perform(DescribeBackup(arn))).status != "AVAILABLE":
        assert time.monotonic() < deadline, "the backup is made within the deadline"
        time.sleep(0.05)
    return found


def _items(store: Store, table: Table, index: str | None = None) -> list[Any]:
    return in_key_order(store.perform(ScanPage(table, index=index)).items)
